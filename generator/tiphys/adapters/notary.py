"""`Notary` by securesystemslib: DSSE envelopes, signed by an Ed25519 key or as a CI platform's job.

The key is a PEM text in TIPHYS_SIGNING_KEY (how a CI system hands one over), else a file that is
made when it is first needed and that only its owner can read. A job needs none: its signature is a
token of the platform (`identity_oidc`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.domain.errors import InvalidInput, Refused, Unavailable

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner, Key

    from tiphys.adapters.identity_oidc import Identities

_PUBLIC = re.compile(r"ed25519:([0-9a-f]{64})\Z")
_BYTES = 2 << 20
_SIGNATURES = 16  # of one envelope


class DsseNotary:
    """Signs as the job that this is, else with the key of `private_pem` (asked at the first need).

    Signatures by `trusted` keys ("ed25519:<64 hex>") and by jobs that `identities` trust count;
    where neither names anybody, those by its own key.
    """

    def __init__(
        self,
        private_pem: Callable[[], bytes],
        trusted: Sequence[str] = (),
        identities: Identities | None = None,
    ) -> None:
        self._private_pem = private_pem
        self._trusted = tuple(trusted)
        self._identities = identities

    @property
    def public_key(self) -> str:
        """Its own public key, as it stands in a list of trusted ones."""
        return f"ed25519:{self._signer.public_key.keyval['public']}"

    def sign(self, payload: bytes, payload_type: str) -> bytes:
        """An envelope as JSON. Unavailable without a usable key or token."""
        from securesystemslib.dsse import Envelope
        from securesystemslib.signer import Signature

        envelope = Envelope(payload, payload_type, {})
        if self._identities is not None and self._identities.signs:
            keyid, token = self._identities.sign(envelope.pae())
            envelope.signatures[keyid] = Signature(keyid, token.hex())
        else:
            envelope.sign(self._signer)
        return json.dumps(envelope.to_dict(), sort_keys=True).encode()

    def open(self, envelope: bytes, payload_type: str) -> bytes:
        """The payload. Refused unless somebody trusted signed it; InvalidInput for no envelope.

        One signature that counts is enough, whatever else there is. Unavailable if none does, but
        one would be worth asking its issuer about, who does not answer.
        """
        found = _read(envelope)
        if found.payload_type != payload_type:
            raise InvalidInput(f"signed as {found.payload_type[:80]!r}, not as {payload_type}")
        if not self._by_key(found):
            self._check_jobs(found)
        return bytes(found.payload)

    def _by_key(self, envelope: Envelope) -> bool:
        from securesystemslib.exceptions import VerificationError

        try:
            return bool(self._keys) and bool(envelope.verify(self._keys, 1))
        except VerificationError:
            return False

    def _check_jobs(self, envelope: Envelope) -> None:
        from tiphys.adapters.identity_oidc import KEYID

        away: Unavailable | None = None
        why = ""
        for each in envelope.signatures.values():
            if self._identities is None or not str(each.keyid).startswith(KEYID):
                continue
            token = bytes.fromhex(each.signature)
            try:
                return self._identities.check(str(each.keyid), token, envelope.pae())
            except Unavailable as problem:
                away = problem
            except Refused as problem:
                why = f" ({problem})"
        if away is not None:
            raise away
        raise Refused(
            f"not signed by a key or job that is trusted here{why}; "
            "`tiphys config` shows trusted_keys and trusted_identities"
        )

    @cached_property
    def _signer(self) -> CryptoSigner:
        return load_signer(self._private_pem())

    @cached_property
    def _keys(self) -> list[Key]:
        named = self._trusted or (self._identities is not None and self._identities.trusts)
        return [load_public(text) for text in (self._trusted if named else (self.public_key,))]


def load_signer(pem: bytes) -> CryptoSigner:
    """What signs with an Ed25519 private key. Unavailable for anything else."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise Unavailable(f"the signing key is not a PEM private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Unavailable("the signing key is not an Ed25519 key; remove it to get a new one")
    return CryptoSigner(key)


def check_public(text: str) -> str:
    """The text, if it is a public key such as "ed25519:<64 hex>". InvalidInput."""
    if not _PUBLIC.match(text):
        raise InvalidInput(f"{text[:80]!r} is not a public key; `tiphys key` shows yours")
    return text


def key_from(environment: Callable[[str], str | None], file: Path) -> bytes:
    """The private key's PEM: TIPHYS_SIGNING_KEY, else `file`, which is made. Unavailable."""
    if given := environment("TIPHYS_SIGNING_KEY"):
        return given.encode()
    try:
        if not file.exists():
            _make(file)
        return file.read_bytes()
    except OSError as error:
        raise Unavailable(f"the signing key {file} cannot be read or made: {error}") from error


def _make(file: Path) -> None:
    from securesystemslib.signer import CryptoSigner

    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Whole under its name or not at all, and of two processes that make one, the first wins.
    part = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:  # noqa: PTH123  # a mode from the start
            out.write(CryptoSigner.generate_ed25519().private_bytes)
        try:
            os.link(part, file)
        except FileExistsError:
            return
    finally:
        part.unlink(missing_ok=True)


def _read(data: bytes) -> Envelope:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import FormatError

    if len(data) > _BYTES:
        raise InvalidInput(f"a signed verdict has at most {_BYTES} bytes, not {len(data)}")
    try:
        found = Envelope.from_dict(json.loads(data))
        if not isinstance(found.payload, bytes) or not isinstance(found.payload_type, str):
            raise TypeError
        if len(found.signatures) > _SIGNATURES:
            raise InvalidInput(f"an envelope has at most {_SIGNATURES} signatures")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, FormatError) as error:
        raise InvalidInput(f"not a signed envelope: {type(error).__name__}") from error
    return found


def load_public(text: str) -> Key:
    """The key that "ed25519:<64 hex>" stands for. InvalidInput."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from securesystemslib.signer import SSlibKey

    raw = bytes.fromhex(check_public(text).removeprefix("ed25519:"))
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(raw))
