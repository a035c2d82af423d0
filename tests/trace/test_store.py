"""Traces in git: the suite, killed processes, two clones, and what strangers write there."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from pathlib import Path

import pygit2
import pytest

from tiphys.adapters import trace_journal
from tiphys.adapters.git_repository import GitRepository
from tiphys.adapters.git_sync import sync
from tiphys.adapters.traces_git import TRACES_REF, GitTraces
from tiphys.domain.errors import Conflict
from tiphys.domain.trace import Intent
from tiphys.testing.conformance.traces import TraceStoreConformance, attempt
from tiphys.testing.memory_traces import MemoryTraces


def clock_from(start):
    ticks = itertools.count(start)
    return lambda: float(next(ticks))


@pytest.fixture
def home(tmp_path):
    GitRepository.init(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def under_way(tmp_path):
    return tmp_path / "cache" / "traces"


class TestMemory(TraceStoreConformance):
    @pytest.fixture
    def store(self):
        return MemoryTraces()


class TestGit(TraceStoreConformance):
    @pytest.fixture
    def store(self, home, under_way):
        return GitTraces(home, under_way, clock_from(1_700_000_000))


class TestGitWithoutACache(TraceStoreConformance):
    @pytest.fixture
    def store(self, home, tmp_path):
        (tmp_path / "file").write_text("no folder")
        return GitTraces(home, tmp_path / "file" / "traces", clock_from(1_700_000_000))


KILLED = """
import os, signal, sys, time
from pathlib import Path
from tiphys.adapters.traces_git import GitTraces
from tiphys.testing.conformance.traces import attempt
with GitTraces(Path(sys.argv[1]), Path(sys.argv[2])).recording(5) as scribe:
    for entry in attempt():
        scribe(entry)
    print("written", flush=True)
    if sys.argv[3:] == ["wait"]:
        time.sleep(60)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def begin(home, under_way, *more):
    running = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(home), str(under_way), *more],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout.readline() == "written\n"
    return running


def test_what_a_killed_process_wrote_is_taken_over_once(home, under_way):
    with begin(home, under_way) as running:
        assert running.wait(30) == -signal.SIGKILL
    assert len(trace_journal.journals(under_way)) == 1
    store = GitTraces(home, under_way)
    ((name, entries),) = store.of_issue(5)
    assert entries == attempt()
    assert list(under_way.iterdir()) == []
    assert [each for each, _ in GitTraces(home, under_way).of_issue(5)] == [name]


def test_a_run_that_lasts_is_left_to_its_process(home, under_way):
    with begin(home, under_way, "wait") as running:
        store = GitTraces(home, under_way)
        assert list(store.of_issue(5)) == []
        assert len(trace_journal.journals(under_way)) == 1
        running.kill()
    store.keep(6, attempt())
    assert list(store.issues()) == [5, 6]


def test_a_line_that_was_cut_off_costs_only_itself(home, under_way):
    with begin(home, under_way) as running:
        running.wait(30)
    (path,) = trace_journal.journals(under_way)
    path.write_bytes(path.read_bytes()[:-7])
    ((_, entries),) = GitTraces(home, under_way).of_issue(5)
    assert [type(each) for each in entries] == [Intent]


def test_what_could_not_be_kept_waits_for_the_next(home, under_way, monkeypatch):
    store = GitTraces(home, under_way, clock_from(1_700_000_000))

    def beaten(*_, **__):
        raise Conflict("others were first")

    with monkeypatch.context() as patch:
        patch.setattr("tiphys.adapters.traces_git.append", beaten)
        with store.recording(5) as scribe:
            scribe(attempt()[0])
        assert list(store.of_issue(5)) == []
    ((_, entries),) = store.of_issue(5)
    assert entries == attempt()[:1]
    assert list(under_way.iterdir()) == []


def test_two_clones_come_to_their_union(tmp_path):
    GitRepository.init(tmp_path / "hub", bare=True)
    stores = []
    for number, name in enumerate(("ann", "ben")):
        GitRepository.init(tmp_path / name)
        stores.append(GitTraces(tmp_path / name, clock=clock_from(1_700_000_000 + number * 50)))
        stores[-1].keep(1, attempt(f"by: {name}\n"))
        stores[-1].keep(2 + number, attempt(f"by: {name}\n"))
    for name in ("ann", "ben", "ann"):
        sync(tmp_path / name, str(tmp_path / "hub"))
    ann, ben = stores
    assert list(ann.issues()) == list(ben.issues()) == [1, 2, 3]
    assert ann.of_issue(1) == ben.of_issue(1)
    assert [entries[1].answer for _, entries in ann.of_issue(1)] == ["by: ann\n", "by: ben\n"]


INTENT = b'"tick": 1, "observation": "", "orientation": "", "action": "", "expectation": ""'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no json\n",
        b"[" * 100_000,
        b"\xff\xfe\n",
        b" " * (5 << 20),
        b'{"entry": "intent", "tick": "one"}\n',
        b'{"entry": "intent", %s, "sampling": {"a": {"b": 1}}}\n' % INTENT,
        b'{"entry": "intent", %s, "sampling": []}\n' % INTENT,
        b'{"entry": "intent", %s, "model": "\\ud800"}\n' % INTENT,
        b'{"entry": "result", "tick": 1, "evaluation": "", "outcome": "\\u001b[2J"}\n',
        b'{"entry": "result", "tick": true, "evaluation": "", "outcome": "good"}\n',
    ],
    ids=range(11),
)
def test_what_strangers_write_there_hides_nothing(home, data):
    store = GitTraces(home)
    store.keep(1, attempt())
    plant(home, "01/1/README.md", b"hello")
    for issue in (1, 257):
        plant(home, f"01/{issue}/{0:015d}-{'0' * 16}.jsonl", data)
    ((_, entries),) = store.of_issue(1)
    assert entries == attempt()
    assert list(store.issues()) == [1]


def plant(home: Path, path: str, data: bytes) -> None:
    from tiphys.adapters import git_trees

    repo = pygit2.Repository(str(home))
    parent = repo.references[TRACES_REF].target
    tree = git_trees.edit(repo, repo[parent].peel(pygit2.Tree), {path: data})
    who = pygit2.Signature("x", "x@example.org")
    repo.create_commit(TRACES_REF, who, who, "x", tree, [parent])


def test_a_cache_file_that_is_no_journal_stays(home, under_way):
    under_way.mkdir(parents=True)
    odd = under_way / "notes.txt"
    odd.write_text("mine")
    link = under_way / f"{0:015d}-1-{'0' * 12}.jsonl"
    link.symlink_to(under_way / "missing")
    assert list(GitTraces(home, under_way).issues()) == []
    assert odd.read_text() == "mine"
