"""Signatures of what people do on the local forge, by the keys that sign verdicts too."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from tiphys.adapters.notary import key_from, load_public, load_signer

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, Key


class Signer(Protocol):
    """Signs in one name, where there is a key."""

    @property
    def public_key(self) -> str | None:
        """ "ed25519:<64 hex>", or None without a key."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""


class KeySigner:
    """Signs with the private key that `private_pem` gives (asked once), if it gives any."""

    def __init__(self, private_pem: Callable[[], bytes | None]) -> None:
        self._private_pem = private_pem

    @cached_property
    def _signer(self) -> CryptoSigner | None:
        pem = self._private_pem()
        return None if pem is None else load_signer(pem)

    @property
    def public_key(self) -> str | None:
        """Its public half. Unavailable for a key that is no Ed25519 key."""
        return f"ed25519:{self._signer.public_key.keyval['public']}" if self._signer else None

    def sign(self, message: bytes) -> bytes:
        """64 bytes over `message`."""
        assert self._signer is not None  # noqa: S101 -- public_key said that there is one
        return bytes.fromhex(self._signer.sign(message).signature)


def verify(key: str, signature: bytes, message: bytes) -> bool:
    """Whether the key ("ed25519:<64 hex>") signed the message. InvalidInput for no key."""
    from securesystemslib.exceptions import UnverifiedSignatureError
    from securesystemslib.signer import Signature

    public = _public(key)
    try:
        public.verify_signature(Signature(public.keyid, signature.hex()), message)
    except UnverifiedSignatureError:
        return False
    return True


@lru_cache(maxsize=256)
def _public(key: str) -> Key:
    return load_public(key)


def private_key(
    actor: str,
    folder: Path,
    environment: Callable[[str], str | None],
    *,
    own: bool,
    make: bool = False,
) -> bytes | None:
    """PEM of the key that signs in a name; None where there is none and none is to be made.

    The person at the keyboard (`own`) signs with TIPHYS_SIGNING_KEY or the key of their verdicts.
    Other names, programs', have a file each below `folder`, and without one take the variable too,
    so that a CI job needs nothing else. Unavailable.
    """
    file = folder / "signing-key.pem" if own else folder / "actors" / _file_name(actor)
    given = environment("TIPHYS_SIGNING_KEY")
    if given and (own or not file.exists()):
        return given.encode()
    if not make and not file.exists():
        return None
    return key_from(lambda _: None, file)


def _file_name(actor: str) -> str:
    """One for each name, readable where it is short enough for a file's name."""
    plain = quote(actor, safe=" ")
    return f"{plain if len(plain) < 200 else hashlib.sha256(actor.encode()).hexdigest()}.pem"
