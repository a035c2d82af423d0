"""`tiphys issue`, `tiphys pr` and `tiphys sync` as a user calls them."""

import io
import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tiphys.adapters.forge_local import LocalForge
from tiphys.adapters.git_repository import GitRepository
from tiphys.cli import main
from tiphys.testing.conformance.repository import merge


@pytest.fixture
def folder(tmp_path):
    repository = GitRepository.init(tmp_path / "r")
    one = repository.commit("main", None, {"a.yaml": b"x: 1\n", "gone": b"bye\n"}, "First")
    edits = {"a.yaml": b"x: 2\n", "b.yaml": b"new\x1b[31m\n", "gone": None, "bin": b"\xff\x00"}
    repository.commit("tiphys/1-web", one, edits, "Propose")
    forge = LocalForge(tmp_path / "r", "ann")
    forge.open_issue("Run [web]", "3 replicas")
    forge.open_pull("Add web", "text", "tiphys/1-web", "main", 1)
    return tmp_path / "r"


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def tiphys(monkeypatch, capsys):
    def call(folder, *arguments, text=""):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["tiphys", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        with pytest.raises(SystemExit) as leaving:
            main()
        return Done(int(leaving.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture
def good(tiphys):
    def call(folder, *arguments, text=""):
        done = tiphys(folder, *arguments, text=text)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return call


def test_as_a_program(folder):
    done = subprocess.run(
        [sys.executable, "-m", "tiphys", "issue", "list"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "#1\topen\tRun [web]\tann (unproven)\t\n"


def test_issues(folder, good):
    assert good(folder, "issue", "list") == "#1\topen\tRun [web]\tann (unproven)\t\n"
    (listed,) = json.loads(good(folder, "issue", "list", "--json"))
    assert (listed["number"], listed["title"]) == (1, "Run [web]")
    good(folder, "issue", "comment", "1", "--body", "hello")
    good(folder, "issue", "comment", "1", text="piped\n")
    shown = good(folder, "issue", "show", "1")
    assert shown.startswith("#1 Run [web]\nopen · by ann")
    assert "hello" in shown
    bodies = [
        c["body"] for c in json.loads(good(folder, "issue", "show", "1", "--json"))["comments"]
    ]
    assert bodies == ["hello", "piped\n"]
    good(folder, "issue", "close", "1")
    assert json.loads(good(folder, "issue", "list", "--json")) == []
    assert len(json.loads(good(folder, "issue", "list", "--state", "all", "--json"))) == 1
    good(folder, "issue", "reopen", "1")
    assert json.loads(good(folder, "issue", "show", "1", "--json"))["state"] == "open"


def test_pulls(folder, good, tiphys):
    assert good(folder, "pr", "list") == "#2\topen\tAdd web\ttiphys/1-web\t\n"
    good(folder, "pr", "review", "2", "--approve")
    good(folder, "pr", "review", "2", "--request-changes", "-b", "no")
    shown = json.loads(good(folder, "pr", "show", "2", "--json"))
    assert [(r["decision"], r["body"]) for r in shown["reviews"]] == [
        ("approve", ""),
        ("request-changes", "no"),
    ]
    assert "tiphys/1-web into main" in good(folder, "pr", "show", "2")
    good(folder, "pr", "close", "2")
    assert json.loads(good(folder, "pr", "list", "--state", "closed", "--json"))[0]["number"] == 2
    assert "only an open one" in tiphys(folder, "pr", "review", "2", "--approve").stderr


def test_the_diff_is_complete_and_harmless(folder, good):
    diff = good(folder, "pr", "diff", "2")
    assert "--- a/a.yaml\n+++ b/a.yaml\n@@ -1 +1 @@\n-x: 1\n+x: 2\n" in diff
    assert "--- /dev/null\n+++ b/b.yaml\n@@ -0,0 +1 @@\n+new\\x1b[31m\n" in diff
    assert "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-bye\n" in diff
    assert "bin: binary" in diff


def test_the_diff_of_a_merged_pull_stays(folder, good):
    before = good(folder, "pr", "diff", "2")
    repository = GitRepository(folder)
    tip = repository.resolve("tiphys/1-web")
    merged = merge(repository, tip, "main", "Merge")
    LocalForge(folder, "ann").mark_merged(2, merged)
    repository.delete_branch("tiphys/1-web", tip)
    assert good(folder, "pr", "diff", "2") == before
    assert good(folder, "pr", "show", "2").startswith("#2 Add web\nmerged")


def test_sync(folder, good, tmp_path):
    GitRepository.init(tmp_path / "hub", bare=True)
    assert "sent" in good(folder, "sync", str(tmp_path / "hub"))
    told = json.loads(good(folder, "sync", str(tmp_path / "hub"), "--json"))
    assert (told["pulled"], told["pushed"]) == (False, False)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["issue", "show", "9"], 1, "no issue or pull request #9"),
        (["issue", "show", "2"], 1, "#2 is a pull request"),
        (["issue", "close", "2"], 1, "#2 is a pull request"),
        (["pr", "show", "1"], 1, "#1 is an issue"),
        (["issue", "comment", "1"], 2, "there is no text"),
        (["issue", "show", "0"], 2, ""),
        (["sync"], 1, "no remote 'origin'"),
    ],
)
def test_errors_are_one_line(folder, tiphys, arguments, code, said):
    done = tiphys(folder, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_outside_a_repository(tiphys, tmp_path):
    done = tiphys(tmp_path, "issue", "list")
    assert done.returncode == 1
    assert "not in a git repository" in done.stderr
