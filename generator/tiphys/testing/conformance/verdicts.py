"""What every VerdictStore and every Notary does; the fakes too.

Subclass `VerdictStoreConformance` with a fixture `store` (empty), `NotaryConformance` with
`notary`, `stranger` (another key, which `notary` does not trust) and `friend` (which trusts both).
"""
# ruff: noqa: S101, D102 -- a suite is made of assertions; a test's name says what it shows

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tiphys.domain.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from tiphys.ports import Notary, VerdictStore

_KEYS = ("a" * 64, "b" * 64)
_SHAS = ("c" * 40, "d" * 40)
_TYPE = "application/test"


class VerdictStoreConformance:
    """Envelopes by key and by commit."""

    def test_it_starts_empty(self, store: VerdictStore) -> None:
        assert not store.get(_KEYS[0])
        assert not store.of_commit(_SHAS[0])

    def test_the_newest_comes_first(self, store: VerdictStore) -> None:
        for envelope in (b"1", b"2", b"3"):
            store.put(_KEYS[0], _SHAS[0], envelope)
        assert list(store.get(_KEYS[0])) == [b"3", b"2", b"1"]
        assert list(store.of_commit(_SHAS[0])) == [b"3", b"2", b"1"]

    def test_keys_and_commits_are_apart(self, store: VerdictStore) -> None:
        store.put(_KEYS[0], _SHAS[0], b"1")
        store.put(_KEYS[0], _SHAS[1], b"2")
        store.put(_KEYS[1], _SHAS[1], b"3")
        assert set(store.get(_KEYS[0])) == {b"1", b"2"}
        assert set(store.of_commit(_SHAS[1])) == {b"2", b"3"}
        assert list(store.get(_KEYS[1])) == [b"3"]


class NotaryConformance:
    """What is signed is what is opened, and only from keys that count."""

    def test_what_it_signs_it_opens(self, notary: Notary) -> None:
        envelope = notary.sign(b"payload \x00\xff", _TYPE)
        assert notary.open(envelope, _TYPE) == b"payload \x00\xff"
        assert json.loads(envelope)["payloadType"] == _TYPE

    def test_a_strangers_signature_does_not_count(self, notary: Notary, stranger: Notary) -> None:
        with pytest.raises(Refused, match="trusted"):
            notary.open(stranger.sign(b"x", _TYPE), _TYPE)

    def test_trust_is_a_list(self, notary: Notary, stranger: Notary, friend: Notary) -> None:
        for signer in (notary, stranger):
            assert friend.open(signer.sign(b"x", _TYPE), _TYPE) == b"x"

    def test_another_type_is_refused(self, notary: Notary) -> None:
        with pytest.raises(InvalidInput, match="signed as"):
            notary.open(notary.sign(b"x", "application/other"), _TYPE)

    @pytest.mark.parametrize(
        "data",
        [
            b"", b"\xff", b"null", b"[]", b"{}", b'{"payload": 1}', b"[" * 5000,
            b'{"payload": "eA==", "payloadType": "application/test", "signatures": [1]}',
            b'{"payload": "eA==", "payloadType": ["application/test"], "signatures": []}',
            b'{"payload": "eA==", "payloadType": "application/test", "signatures": 7}',
        ],
    )  # fmt: skip
    def test_what_is_no_envelope_is_refused(self, notary: Notary, data: bytes) -> None:
        with pytest.raises((InvalidInput, Refused)):
            notary.open(data, _TYPE)

    def test_without_a_signature_nothing_counts(self, notary: Notary) -> None:
        bare = json.loads(notary.sign(b"x", _TYPE)) | {"signatures": []}
        with pytest.raises(Refused):
            notary.open(json.dumps(bare).encode(), _TYPE)
