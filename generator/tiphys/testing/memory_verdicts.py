"""A `VerdictStore` without a disk and a `Notary` without cryptography."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence

from tiphys.domain.errors import InvalidInput, Refused


class MemoryVerdicts:
    """Envelopes in a list."""

    def __init__(self) -> None:
        self._kept: list[tuple[str, str, bytes]] = []

    def get(self, key: str) -> Sequence[bytes]:
        """By key, newest first."""
        return [envelope for k, _, envelope in reversed(self._kept) if k == key]

    def of_commit(self, sha: str) -> Sequence[bytes]:
        """By commit, newest first."""
        return [envelope for _, s, envelope in reversed(self._kept) if s == sha]

    def put(self, key: str, sha: str, envelope: bytes) -> None:
        """Keep it beside the others."""
        self._kept.append((key, sha, envelope))


class MemoryNotary:
    """Signs with a name and trusts the names it is given: for tests of what asks a notary."""

    def __init__(self, name: str, *trusted: str) -> None:
        self._name = name
        self._trusted = trusted or (name,)

    def sign(self, payload: bytes, payload_type: str) -> bytes:
        """An envelope with the name as its signature."""
        return json.dumps(
            {
                "payloadType": payload_type,
                "payload": base64.b64encode(payload).decode(),
                "signatures": [{"keyid": self._name, "sig": ""}],
            }
        ).encode()

    def open(self, envelope: bytes, payload_type: str) -> bytes:
        """The payload, if a trusted name stands under it."""
        try:
            parts = json.loads(envelope)
            signers = [str(each["keyid"]) for each in parts["signatures"]]
            kind, payload = parts["payloadType"], base64.b64decode(parts["payload"], validate=True)
        except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
            raise InvalidInput("not a signed verdict") from None
        if kind != payload_type:
            raise InvalidInput(f"signed as {kind}, not as {payload_type}")
        if not set(signers) & set(self._trusted):
            raise Refused(f"signed by {', '.join(signers) or 'nobody'}, who is not trusted here")
        return payload
