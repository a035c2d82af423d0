"""Signatures and where they are kept: the real ones and the fakes."""

from __future__ import annotations

import base64
import itertools
import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.adapters.git_repository import GitRepository
from tiphys.adapters.notary import DsseNotary, key_from
from tiphys.adapters.verdicts_git import VERDICTS_REF, GitVerdicts
from tiphys.domain.errors import InvalidInput, Refused, TiphysError, Unavailable
from tiphys.testing.conformance.verdicts import NotaryConformance, VerdictStoreConformance
from tiphys.testing.memory_verdicts import MemoryNotary, MemoryVerdicts

TYPE = "application/test"


def make(folder: Path, name: str, *trusted: str) -> DsseNotary:
    return DsseNotary(lambda: key_from({}.get, folder / name), trusted)


@pytest.fixture
def signer(tmp_path: Path) -> DsseNotary:
    return make(tmp_path, "mine.pem")


class TestMemoryVerdicts(VerdictStoreConformance):
    @pytest.fixture
    def store(self) -> MemoryVerdicts:
        return MemoryVerdicts()


class TestGitVerdicts(VerdictStoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> GitVerdicts:
        ticks = itertools.count(1000)
        GitRepository.init(tmp_path / "r", bare=True)
        return GitVerdicts(tmp_path / "r", lambda: float(next(ticks)))


class TestMemoryNotary(NotaryConformance):
    @pytest.fixture
    def notary(self) -> MemoryNotary:
        return MemoryNotary("ann")

    @pytest.fixture
    def stranger(self) -> MemoryNotary:
        return MemoryNotary("eve")

    @pytest.fixture
    def friend(self) -> MemoryNotary:
        return MemoryNotary("bob", "ann", "eve")


class TestDsseNotary(NotaryConformance):
    @pytest.fixture
    def notary(self, tmp_path: Path) -> DsseNotary:
        return make(tmp_path, "ann")

    @pytest.fixture
    def stranger(self, tmp_path: Path) -> DsseNotary:
        return make(tmp_path, "eve")

    @pytest.fixture
    def friend(self, tmp_path: Path, notary: DsseNotary, stranger: DsseNotary) -> DsseNotary:
        return make(tmp_path, "bob", notary.public_key, stranger.public_key)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "key.pem"
    first = DsseNotary(lambda: key_from({}.get, file))
    second = DsseNotary(lambda: key_from({}.get, file))
    assert first.public_key == second.public_key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_key_in_the_environment_wins(tmp_path: Path, signer: DsseNotary) -> None:
    pem = key_from({}.get, tmp_path / "other.pem").decode()
    given = DsseNotary(lambda: key_from({"TIPHYS_SIGNING_KEY": pem}.get, tmp_path / "x.pem"))
    assert given.public_key == make(tmp_path, "other.pem").public_key
    assert given.public_key != signer.public_key
    assert not (tmp_path / "x.pem").exists()


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END"])
def test_a_broken_key_is_told_apart_from_a_broken_proposal(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.pem").write_text(text)
    with pytest.raises(Unavailable, match="signing key"):
        make(tmp_path, "bad.pem").sign(b"x", TYPE)


def test_a_broken_trusted_key_names_itself(tmp_path: Path, signer: DsseNotary) -> None:
    notary = make(tmp_path, "mine.pem", "ed25519:nonsense")
    with pytest.raises(InvalidInput, match="ed25519:nonsense"):
        notary.open(signer.sign(b"x", TYPE), TYPE)


@given(at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_one_flipped_bit_voids_the_signature(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    signer = make(tmp_path_factory.getbasetemp(), "flip.pem")
    envelope = json.loads(signer.sign(b"the payload that was signed", TYPE))
    part = envelope if at % 2 else envelope["signatures"][0]
    name = "payload" if at % 2 else "sig"
    raw = bytearray(base64.b64decode(part[name]))
    raw[at // 2 % len(raw)] ^= 1 << bit
    part[name] = base64.b64encode(raw).decode()
    with pytest.raises(Refused):
        signer.open(json.dumps(envelope).encode(), TYPE)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    with pytest.raises(TiphysError):
        make(tmp_path_factory.getbasetemp(), "any.pem").open(data, TYPE)


def test_the_store_never_takes_a_name_for_a_path(tmp_path: Path) -> None:
    GitRepository.init(tmp_path / "r", bare=True)
    store = GitVerdicts(tmp_path / "r")
    for bad in ("", "../" * 20, "A" * 64, "a" * 63 + "/"):
        with pytest.raises(InvalidInput, match="not a digest"):
            store.get(bad)
    with pytest.raises(InvalidInput, match="bytes"):
        store.put("a" * 64, "b" * 40, b"x" * (2 << 20))
    assert store.get("a" * 64) == []


def test_two_processes_lose_nothing(tmp_path: Path) -> None:
    home = tmp_path / "r"
    GitRepository.init(home, bare=True)
    stores = [GitVerdicts(home) for _ in range(3)]
    for number in range(9):
        stores[number % 3].put("a" * 64, f"{number:040x}", str(number).encode())
    assert len(stores[0].get("a" * 64)) == 9
    assert VERDICTS_REF in GitRepository(home)._repo.references
