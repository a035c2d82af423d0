"""Both runners on the shared cluster, and a fresh namespace for each case."""

import os
import secrets
import shutil
from pathlib import Path

import pytest

from tests.cluster_fixtures import eventually
from tiphys.adapters.runner_chainsaw import ChainsawRunner
from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.domain.errors import TiphysError


def locate(name):
    """An executable: in TIPHYS_BINARIES, from `tiphys tools install`, or on PATH; else an error."""
    if (folder := os.environ.get("TIPHYS_BINARIES")) and (path := Path(folder, name)).exists():
        return path
    from tiphys.toolchain import locate as installed

    try:
        return installed(name)
    except TiphysError:
        if found := shutil.which(name):
            return Path(found)
        raise


@pytest.fixture(scope="session")
def embedded(api):
    return EmbeddedRunner(lambda lease: api)


@pytest.fixture(scope="session")
def chainsaw():
    """Without kubectl, as most machines have it."""
    return ChainsawRunner(locate("chainsaw"))


@pytest.fixture(scope="session")
def chainsaw_and_kubectl():
    return ChainsawRunner(locate("chainsaw"), kubectl=locate("kubectl"))


@pytest.fixture
def fresh_namespaces(api):
    """Makes a namespace in which pods can start."""
    made = []

    def make():
        name = f"case-{secrets.token_hex(4)}"
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        made.append(name)
        eventually(lambda: api.get("v1", "ServiceAccount", "default", name))
        return name

    yield make
    for name in made:
        api.delete("v1", "Namespace", name)
