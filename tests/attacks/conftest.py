"""One built repository and one leased cluster for all attacks, one copy for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.world import ANN, BOB, BOT, Scene, build, copy, own_notary, own_signer
from tests.cluster_fixtures import locate_binaries
from tiphys.adapters import git_trees
from tiphys.adapters.cluster_local import LocalClusters
from tiphys.adapters.forge_keys import KeySigner
from tiphys.adapters.notary import DsseNotary
from tiphys.ports import Lease

CANARY = "canary-5f1d2c"


@pytest.fixture(scope="session")
def attacked_lease(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lease]:
    """A cluster of its own: guardrails are in force there, and other tests share another."""
    clusters = LocalClusters(locate_binaries(), root=tmp_path_factory.mktemp("attacks") / "c")
    with clusters.lease() as lease:
        yield lease


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> DsseNotary:
    """The signing key, outside of every repository."""
    return own_notary(tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, KeySigner]:
    """The keys by which people and the bot speak."""
    folder = tmp_path_factory.mktemp("signers")
    return {name: own_signer(folder, name) for name in (ANN, BOB, BOT)}


@pytest.fixture(scope="session")
def built(
    tmp_path_factory: pytest.TempPathFactory, key: DsseNotary, signers: dict[str, KeySigner],
    attacked_lease: Lease,
) -> Path:  # fmt: skip
    """The repository to start from, with the verdict on one honest proposal remembered."""
    home = tmp_path_factory.mktemp("built") / "repo"
    build(home, signers)
    scene = Scene(home, home, key, attacked_lease, signers)
    sha = scene.push(scene.release())
    number = scene.open()
    verdict = scene.judge(number)
    assert verdict.decision == "accept", verdict
    scene.forge.set_state(number, "closed")
    scene.repository.delete_branch(scene.forge.pull(number).source, sha)
    return home


@pytest.fixture
def scene(
    tmp_path: Path, built: Path, key: DsseNotary, signers: dict[str, KeySigner],
    attacked_lease: Lease, monkeypatch: pytest.MonkeyPatch,
) -> Scene:  # fmt: skip
    """A repository to attack, canaries around it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text(f"file-{CANARY}")
    monkeypatch.setattr(git_trees, "MAX_OBJECTS", 20_000)  # a bomb is one at any limit
    monkeypatch.setenv("TIPHYS_ATTACK_CANARY", f"env-{CANARY}")
    return Scene(copy(outside / "repo", built), outside, key, attacked_lease, signers)
