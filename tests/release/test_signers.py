"""Whose signature it is that makes a verdict count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tiphys.adapters.notary import DsseNotary, key_from
from tiphys.bootstrap import open_notary, signers
from tiphys.domain.attestation import PAYLOAD_TYPE
from tiphys.domain.policy import Settings


@pytest.fixture
def ann(tmp_path: Path) -> DsseNotary:
    return DsseNotary(lambda: key_from({}.get, tmp_path / "ann.pem"))


@pytest.fixture
def bob(tmp_path: Path) -> DsseNotary:
    return DsseNotary(lambda: key_from({}.get, tmp_path / "bob.pem"))


def test_it_is_the_trusted_key_that_signed(ann: DsseNotary, bob: DsseNotary) -> None:
    both = signers(Settings(trusted_keys=(ann.public_key, bob.public_key)))
    assert both(bob.sign(b"x", PAYLOAD_TYPE)) == bob.public_key
    assert signers(Settings(trusted_keys=(ann.public_key,)))(bob.sign(b"x", PAYLOAD_TYPE)) == ""


def test_a_name_on_an_envelope_is_no_signature(ann: DsseNotary, bob: DsseNotary) -> None:
    envelope = json.loads(bob.sign(b"x", PAYLOAD_TYPE))
    anns = json.loads(ann.sign(b"y", PAYLOAD_TYPE))["signatures"]
    envelope["signatures"] = anns + envelope["signatures"]
    both = signers(Settings(trusted_keys=(ann.public_key, bob.public_key)))
    assert both(json.dumps(envelope).encode()) == bob.public_key


def test_without_a_list_it_is_this_machines_user(ann: DsseNotary) -> None:
    own = open_notary().sign(b"x", PAYLOAD_TYPE)
    assert signers(Settings())(own) == "the key of this machine's user"
    assert signers(Settings())(ann.sign(b"x", PAYLOAD_TYPE)) == ""
    assert signers(Settings())(b"no envelope") == ""
