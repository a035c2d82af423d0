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


@pytest.fixture
def home(tiphys, tmp_path, monkeypatch):
    monkeypatch.setenv("TIPHYS_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("TIPHYS_ACTOR", "ann")
    assert tiphys(tmp_path, "init", "home").returncode == 0
    return tmp_path / "home"


def test_who_makes_a_repository_is_proven_in_it(home, good):
    good(home, "request", "Run web in namespace shop")
    assert good(home, "issue", "show", "1").splitlines()[1].startswith("open · by ann · ")
    assert json.loads(good(home, "issue", "show", "1", "--json"))["proven"] is True
    assert "people.ann" in good(home, "config")


def test_another_person_is_unproven_until_listed(home, good, tiphys, tmp_path, monkeypatch):
    good(home, "request", "Run web in namespace shop")
    monkeypatch.setenv("TIPHYS_ACTOR", "bob")
    monkeypatch.setenv("TIPHYS_KEYS", str(tmp_path / "bobs"))
    good(home, "issue", "comment", "1", "-b", "hello")
    assert "\nbob (unproven), " in good(home, "issue", "show", "1")
    done = tiphys(home, "key")
    key, line = done.stdout.strip(), done.stderr.splitlines()[-1]
    assert line == f'bob = ["{key}"]'
    repository = GitRepository(home)
    text = repository.read("main", "tiphys.toml") + f"{line}\n".encode()
    repository.commit("main", repository.resolve("main"), {"tiphys.toml": text}, "List bob")
    assert tiphys(home, "key").stderr == "bob is listed with it in tiphys.toml\n"
    assert "left out: " in tiphys(home, "issue", "list").stderr
    shown = good(home, "issue", "show", "1")
    assert "comment in the name of bob, not signed" in shown
    assert "hello" not in shown
    assert tiphys(home, "key", "--vouch", text="n\n").stderr.startswith("was all of this said")
    assert "left out" in good(home, "issue", "show", "1")
    assert tiphys(home, "key", "--vouch", "--yes").stderr == "1 count now\n"
    assert "\nbob, " in good(home, "issue", "show", "1")
    assert tiphys(home, "key", "--vouch").stderr == "nothing in the name of bob is left out\n"


def test_the_bots_key_is_another_on_another_machine(home, tiphys, tmp_path, monkeypatch):
    here = tiphys(home, "key", "--bot")
    assert here.stderr == "tiphys is listed with it in tiphys.toml\n"
    monkeypatch.setenv("TIPHYS_KEYS", str(tmp_path / "elsewhere"))
    there = tiphys(home, "key", "--bot")
    keys = f'["{here.stdout.strip()}", "{there.stdout.strip()}"]'
    assert there.stderr.splitlines()[-1] == f"tiphys = {keys}"


def test_a_key_is_shown_outside_of_a_repository(tiphys, tmp_path, monkeypatch):
    monkeypatch.setenv("TIPHYS_KEYS", str(tmp_path / "keys"))
    done = tiphys(tmp_path, "key")
    assert done.stdout.startswith("ed25519:")
    assert "[people]" in done.stderr


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
