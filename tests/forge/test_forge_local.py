"""The forge inside a real repository: concurrency, kills, hostile content, cost."""

import json
import subprocess
import sys
import time

import pygit2
import pytest

from tiphys.adapters import git_refs
from tiphys.adapters.forge_local import FORGE_REF, GitStore, LocalForge
from tiphys.adapters.git_refs import read_ref
from tiphys.adapters.git_repository import GitRepository
from tiphys.domain.errors import NotFound
from tiphys.domain.forge_log import entity_folder, operation_id

COMMENTER = """
import sys
from pathlib import Path
from tiphys.adapters import git_refs
from tiphys.adapters.forge_local import LocalForge
git_refs.STALE_SECONDS = float(sys.argv[5])
forge = LocalForge(Path(sys.argv[1]), sys.argv[2])
for number in range(int(sys.argv[3])):
    forge.comment(1, f"{sys.argv[2]} {number}")
    if sys.argv[4] == "open":
        forge.open_issue(f"{sys.argv[2]} {number}", "")
"""


def start(folder, name, count, mode="comment", stale=10.0):
    arguments = [folder, name, str(count), mode, str(stale)]
    return subprocess.Popen([sys.executable, "-c", COMMENTER, *arguments])


@pytest.fixture
def folder(tmp_path):
    GitRepository.init(tmp_path, bare=True)
    return tmp_path


@pytest.fixture
def forge(folder):
    return LocalForge(folder, "ann")


def plant(folder, files):
    """Put files into the forge's tree behind its back."""
    repo = pygit2.Repository(str(folder))
    index = pygit2.Index()
    head = read_ref(repo, FORGE_REF)
    if head:
        index.read_tree(repo[head].tree)
    for path, data in files.items():
        index.add(pygit2.IndexEntry(path, repo.create_blob(data), pygit2.enums.FileMode.BLOB))
    who = pygit2.Signature("m", "m@localhost")
    tree = index.write_tree(repo)
    sha = repo.create_commit(None, who, who, "planted", tree, [head] if head else [])
    repo.references.create(FORGE_REF, sha, force=True)


def entity_of(folder, number=1):
    done = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", FORGE_REF],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return next(p.split("/")[1] for p in done.stdout.split() if f"/{number}-" in p)


def test_eight_writers_lose_nothing(folder, forge):
    forge.open_issue("One", "")
    writers = [start(folder, f"w{n}", 25) for n in range(8)]
    assert [w.wait(180) for w in writers] == [0] * 8
    bodies = [c.body for c in forge.issue(1).comments]
    assert sorted(bodies) == sorted(f"w{w} {n}" for w in range(8) for n in range(25))
    for writer in range(8):  # everybody's own words stay in the order in which they were said
        mine = [b for b in bodies if b.startswith(f"w{writer} ")]
        assert mine == [f"w{writer} {n}" for n in range(25)]
    assert forge.problems() == []


def test_racing_creators_share_no_number(folder, forge):
    forge.open_issue("One", "")
    writers = [start(folder, f"w{n}", 8, "open") for n in range(4)]
    assert [w.wait(120) for w in writers] == [0] * 4
    issues = forge.issues()
    assert [i.number for i in issues] == list(range(1, 34))
    assert not any(i.labels for i in issues)


def test_killed_writers_leave_a_readable_forge(folder, forge, monkeypatch):
    forge.open_issue("One", "")
    for round_ in range(4):
        before = len(forge.issue(1).comments)
        writer = start(folder, f"r{round_}", 100_000, stale=0.5)
        deadline = time.monotonic() + 60
        while len(forge.issue(1).comments) <= before + 2 * round_:
            assert time.monotonic() < deadline
        writer.kill()
        writer.wait()
    assert forge.problems() == []
    done = subprocess.run(["git", "fsck", "--strict"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0
    monkeypatch.setattr(git_refs, "STALE_SECONDS", -1.0)  # nobody is left who could own a lock
    forge.comment(1, "after")
    assert forge.issue(1).comments[-1].body == "after"


def test_users_see_nothing_of_it(tmp_path):
    repository = GitRepository.init(tmp_path)
    repository.commit("main", None, {"a": b""}, "First")
    subprocess.run(["git", "reset", "-q", "--hard"], cwd=tmp_path, check=True)
    LocalForge(tmp_path, "ann").open_issue("One", "")
    done = subprocess.run(
        ["git", "status", "--porcelain", "--branch"], cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout == b"## main\n"
    assert repository.branches() == ["main"]


def test_malformed_and_foreign_content_is_counted_and_passed_by(folder, forge):
    forge.open_issue("One", "")
    forge.comment(1, "hello")
    place = entity_folder(entity_of(folder))
    unknown = json.dumps(
        {"kind": "react", "author": "a", "time": 1, "lamport": 50, "data": {}}
    ).encode()
    ghost = "9-" + "f" * 16
    plant(
        folder,
        {
            f"{place}/{'0' * 40}.json": b"{}",
            f"{place}/{operation_id(b'{')}.json": b"{",
            f"{place}/{operation_id(b'x' * 600_000)}.json": b"x" * 600_000,
            f"{place}/notes.txt": b"hi",
            f"{place}/{operation_id(unknown)}.json": unknown,
            f"{entity_folder(ghost)}/{operation_id(b'[]')}.json": b"[]",
            "README": b"hi",
            "zz/1-what/x.json": b"hi",
            f"00/{ghost}/misplaced.json": b"hi",
        },
    )
    assert [i.title for i in forge.issues()] == ["One"]
    assert [c.body for c in forge.issue(1).comments] == ["hello"]
    with pytest.raises(NotFound):
        forge.issue(9)
    assert len(forge.problems()) == 9
    # Writing goes on, after everything seen, and leaves the strange content where it is.
    forge.comment(1, "later")
    assert [c.body for c in forge.issue(1).comments] == ["hello", "later"]
    assert len(forge.problems()) == 9
    assert forge.open_issue("Two", "").number == 10


def test_a_forge_that_is_not_a_commit_says_so(folder, forge):
    repo = pygit2.Repository(str(folder))
    (folder / "refs/tiphys").mkdir()
    (folder / FORGE_REF).write_text(f"{repo.create_blob(b'x')}\n")
    with pytest.raises(Exception, match="git fsck") as caught:
        forge.issues()
    assert type(caught.value).__module__ == "tiphys.domain.errors"


def test_opening_one_issue_reads_only_that_issue(folder, forge, monkeypatch):
    for number in range(20):
        forge.open_issue(f"Issue {number}", "")
    fresh = LocalForge(folder, "ben")
    fresh.issue(7)
    store = fresh._store
    assert isinstance(store, GitStore)
    assert len(store._cache) == 1
    fresh.issues()
    assert len(store._cache) == 20


def test_clocks_that_go_backwards_do_not_reorder(folder):
    LocalForge(folder, "ann", clock=lambda: 1000.0).open_issue("One", "")
    for moment in (900.0, 500.0, 100.0):
        LocalForge(folder, "ann", clock=lambda m=moment: m).comment(1, str(moment))
    found = LocalForge(folder, "ben").issue(1)
    assert [c.body for c in found.comments] == ["900.0", "500.0", "100.0"]
