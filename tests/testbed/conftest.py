"""One node after the other: they share this machine's control groups, and its two cores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.testbed import argo
from tests.testbed.bed import BOXES, Bed, bed
from tests.testbed.images.box import box, pause
from tests.testbed.team import Team, start_of, team_on
from tiphys.bootstrap import init_repository


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them go to one worker."""
    for item in items:
        if item.get_closest_marker("testbed"):
            item.add_marker(pytest.mark.xdist_group("testbed"))


@pytest.fixture(scope="session")
def small_images(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What holds a pod together, and what the tests' own pods run."""
    folder = tmp_path_factory.mktemp("images")
    pause(folder / "pause.tar")
    box(folder / "box.tar", BOXES)
    return [folder / "pause.tar", folder / "box.tar"]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, small_images: list[Path]) -> Iterator[Bed]:
    """An empty cluster for one module."""
    with bed(tmp_path_factory.mktemp("bed") / "clusters", small_images) as made:
        yield made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the starter skills."""
    folder = tmp_path_factory.mktemp("home") / "skills"
    init_repository(folder)
    return folder


@pytest.fixture(scope="session")
def team(tmp_path_factory: pytest.TempPathFactory, small_images: list[Path]) -> Iterator[Team]:
    """A team on a node of its own, both as the guide leaves them."""
    folder = tmp_path_factory.mktemp("team")
    walk = start_of(folder)
    walk.make_images()
    archives = [*small_images, *argo.images(folder), folder / "runner.tar"]
    with bed(folder / "clusters", archives) as made, team_on(made, walk) as ready:
        yield ready
