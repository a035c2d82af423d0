"""A subject is read once, by any number of threads, and stays as it was read."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
from tests.control.world import GOOD, VALUES, sandbox_over, subject_of, whole_test
from tests.library.skills import files

from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.domain.policy import Policy
from tiphys.domain.tree import Entry
from tiphys.library import make_release, release_files
from tiphys.testing.memory_cluster import MemoryCluster
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.verify.plan import verify
from tiphys.verify.subject import Subject

HELD = files(
    **{
        "tests/chainsaw-test.yaml": whole_test(
            "- try: [{apply: {file: manifests/*.yaml}}]\n" + GOOD
        ),
        "examples/one/values.yaml": "name: a\nnamespace: b\ndata: {K: v, L: w}\n",
        "examples/two/values.yaml": "name: c\nnamespace: d\ndata: {M: x}\n",
    }
)


class OneThread(MemoryRepository):
    """Notices who reads while somebody else does, as libgit2 would, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []
        self._busy = threading.Lock()

    def read(self, rev: str, path: str, limit: int = 1 << 20) -> bytes:
        assert self._busy.acquire(blocking=False), "two threads at once"
        try:
            self.reads.append(path)
            return super().read(rev, path, limit)
        finally:
            self._busy.release()

    def entries(self, rev: str, prefix: str = "") -> Sequence[Entry]:
        assert self._busy.acquire(blocking=False), "two threads at once"
        try:
            return super().entries(rev, prefix)
        finally:
            self._busy.release()


def proposed() -> tuple[OneThread, Subject]:
    """A skill and a release that it made."""
    repository = OneThread()
    skill = {f"skills/settings/{path}": data for path, data in HELD.items()}
    first = repository.commit("main", None, skill, "Add the skill")
    made = subject_of({"settings": HELD}).skill("settings")
    release = make_release(made, VALUES, request="Some settings")
    sha = repository.commit("main", first, {**release_files(release, made)}, "Add a release")
    changes = tuple(repository.changes("", sha))
    return repository, Subject(repository, sha, sha, repository.tree_id(sha), changes)


def test_threads_share_one_reader_and_what_it_read() -> None:
    repository, subject = proposed()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: (subject.skill("settings"), subject.documents), range(32)))
    assert {id(skill) for skill, _ in found} == {id(subject.skill("settings"))}
    assert repository.reads.count("skills/settings/SKILL.md") == 1
    assert len({tuple(map(repr, documents)) for _, documents in found}) == 1
    assert subject.case("manifests/b/a").skill is subject.skill("settings")
    assert [case.name for case in subject.cases] == [
        "manifests/b/a",
        "skills/settings/examples/one",
        "skills/settings/examples/two",
    ]


def test_what_is_broken_raises_each_time() -> None:
    subject = subject_of({"settings": {**HELD, "SKILL.md": b"no front matter"}})
    for _ in range(2):
        with pytest.raises(InvalidInput, match="front matter"):
            subject.skill("settings")
        with pytest.raises(InvalidInput, match="front matter"):
            _ = subject.documents
        with pytest.raises(NotFound):
            subject.skill("other")


def test_no_check_changes_what_all_share() -> None:
    _, subject = proposed()
    cases = [(c.skill, c.values, c.manifests, c.objects) for c in subject.cases]
    before = copy.deepcopy((cases, subject.documents, subject.release("manifests/b/a")))
    verdict = verify(
        subject, policy=Policy(), sandbox=lambda: nullcontext(sandbox_over(MemoryCluster()))
    )
    assert {e.check: e.outcome for e in verdict.evidence if e.outcome == "error"} == {}
    assert {e.check for e in verdict.evidence if e.outcome == "pass"} >= {
        "behaviour", "control", "idempotence", "schema",
    }  # fmt: skip
    assert (cases, subject.documents, subject.release("manifests/b/a")) == before
