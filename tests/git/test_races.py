"""Many processes, and processes that are killed."""

import os
import subprocess
import sys
import time

import pytest

from tiphys.adapters import git_refs
from tiphys.adapters.git_repository import GitRepository
from tiphys.domain.errors import Conflict

WRITER = """
import sys
from pathlib import Path
from tiphys.adapters import git_refs
from tiphys.adapters.git_repository import GitRepository
from tiphys.domain.errors import Conflict, NotFound
git_refs.STALE_SECONDS = float(sys.argv[4])
repository, name, count = GitRepository(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for number in range(count):
    while True:
        try:
            base = repository.resolve("main")
        except NotFound:
            base = None
        try:
            repository.commit("main", base, {f"{name}/{number}": b"x"}, "m")
            break
        except Conflict:
            pass
"""

CREATOR = """
import sys
from pathlib import Path
from tiphys.adapters.git_repository import GitRepository
from tiphys.domain.errors import Conflict
repository, name = GitRepository(Path(sys.argv[1])), sys.argv[2]
won = 0
for number in range(30):
    try:
        repository.commit(f"b/{number}", None, {name: b"x"}, name)
        won += 1
    except Conflict:
        pass
print(won)
"""


CHURN = """
import sys
from pathlib import Path
from tiphys.adapters.git_repository import GitRepository
repository, name = GitRepository(Path(sys.argv[1])), sys.argv[2]
base = repository.resolve("main")
for number in range(40):
    tip = repository.commit(f"tiphys/deep/{name}", base, {name: b"x"}, name)
    repository.delete_branch(f"tiphys/deep/{name}", tip)
repository.commit(f"tiphys/deep/{name}", base, {name: b"x"}, name)
"""


def start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def test_racing_writers_lose_nothing(tmp_path):
    repository = GitRepository.init(tmp_path, bare=True)  # the first commit is raced for, too
    writers = [start(WRITER, tmp_path, f"w{n}", 12, 10) for n in range(6)]
    assert [w.wait(120) for w in writers] == [0] * 6
    assert len(repository.entries("main")) == 6 * 12


def test_of_racing_creators_one_wins(tmp_path):
    repository = GitRepository.init(tmp_path, bare=True)
    creators = [start(CREATOR, tmp_path, f"w{n}") for n in range(4)]
    assert sum(int(c.communicate(timeout=120)[0]) for c in creators) == 30
    assert len(repository.branches("b/")) == 30


def test_branches_come_and_go_beside_each_other(tmp_path):
    repository = GitRepository.init(tmp_path, bare=True)
    repository.commit("main", None, {"a": b""}, "First")
    workers = [start(CHURN, tmp_path, f"w{n}") for n in range(4)]
    assert [w.wait(120) for w in workers] == [0] * 4
    assert len(repository.branches("tiphys/deep/")) == 4


def test_git_and_tiphys_exclude_each_other(tmp_path):
    repository = GitRepository.init(tmp_path, bare=True)
    one = repository.commit("main", None, {"a": b""}, "First")
    two = repository.commit("side", one, {"a": b"2"}, "Second")
    subprocess.run(["git", "update-ref", "refs/heads/main", two, one], cwd=tmp_path, check=True)
    with pytest.raises(Conflict):
        repository.commit("main", one, {"a": b"3"}, "Third")


def test_a_fresh_lock_is_respected(tmp_path, monkeypatch):
    monkeypatch.setattr(git_refs, "PATIENCE_SECONDS", 0.05)
    repository = GitRepository.init(tmp_path, bare=True)
    one = repository.commit("main", None, {"a": b""}, "First")
    lock = tmp_path / "refs/heads/main.lock"
    lock.touch()
    with pytest.raises(Conflict, match=r"locked by another git process.*main\.lock"):
        repository.commit("main", one, {"a": b"2"}, "Second")
    assert lock.exists()
    assert repository.resolve("main") == one


@pytest.mark.parametrize("name", ["refs/heads/main.lock", "packed-refs.lock"])
def test_a_dead_lock_is_recovered(tmp_path, name):
    repository = GitRepository.init(tmp_path, bare=True)
    one = repository.commit("main", None, {"a": b""}, "First")
    subprocess.run(["git", "pack-refs", "--all"], cwd=tmp_path, check=True)
    lock = tmp_path / name
    lock.touch()
    long_ago = time.time() - git_refs.STALE_SECONDS - 5
    os.utime(lock, (long_ago, long_ago))
    two = repository.commit("main", one, {"a": b"2"}, "Second")
    repository.delete_branch("main", two)
    assert not lock.exists()
    assert list(repository.branches()) == []


def test_killed_writers_leave_a_sound_repository(tmp_path, monkeypatch):
    repository = GitRepository.init(tmp_path, bare=True)
    repository.commit("main", None, {"a": b""}, "First")
    seen = 0
    for round_ in range(5):
        writer = start(WRITER, tmp_path, f"r{round_}", 10_000, 0.5)
        deadline = time.monotonic() + 60
        while len(repository.entries("main")) <= seen + 3 * (round_ + 1):
            assert time.monotonic() < deadline
        writer.kill()
        writer.wait()
        seen = len(repository.entries("main"))
    done = subprocess.run(
        ["git", "fsck", "--strict"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    monkeypatch.setattr(git_refs, "STALE_SECONDS", -1.0)  # nobody is left who could own a lock
    repository.commit("main", repository.resolve("main"), {"after": b""}, "After")
