"""Whatever is wrong is one line that starts with `tiphys: `, and nothing is broken by it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import Done, Tiphys
from tests.pipeline.world import FOLDER, STOREFRONT
from tiphys import bootstrap, pipeline
from tiphys.adapters.git_repository import GitRepository
from tiphys.adapters.index_chroma import ChromaIndex
from tiphys.domain.errors import Conflict
from tiphys.domain.forge import Issue
from tiphys.scaffold import skill_files, write_files
from tiphys.testing.hash_embedder import HashEmbedder


def refused(done: Done, words: str, code: int = 1) -> None:
    assert done.out == ""
    assert done.err.startswith("tiphys: "), done.err
    assert done.err.count("\n") == 1, done.err
    assert words in done.err
    assert done.code == code, done.err
    assert "a bug" not in done.err


def refs(folder: Path) -> str:
    shown = subprocess.run(
        ["git", "for-each-ref"], cwd=folder, capture_output=True, text=True, check=True
    )
    return shown.stdout


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        ("nonsense", "No such command", 2),
        ("verify", "name a pull request", 2),
        ("verify --engine other 1", "--engine", 2),
        ("verify --nonsense", "No such option", 2),
        ("verify 99", "#99", 1),
        ("verify nosuchbranch", "nosuchbranch", 1),
        ("verify --path nowhere", "nowhere", 2),
        ("work 99", "#99", 1),
        ("work x", "not a valid integer", 2),
        ("issue show 99", "#99", 1),
        ("pr show 99", "#99", 1),
        ("pr merge 99", "#99", 1),
        ("pr merge 0", "0", 2),
        ("pr open nosuchbranch", "nosuchbranch", 1),
        ("skill show nosuch", "there is no skill nosuch", 1),
        ("skill lint ./nosuch", "no skill at", 1),
        ("skill new UPPER", "lower-case words", 1),
        ("skill new ../evil", "lower-case words", 1),
        ("skill new ok --description=", "description", 1),
        ("skill render web nowhere.yaml", "nowhere.yaml", 2),
        ("request", "say what you need", 2),
        ("request --file nowhere", "nowhere", 2),
        ("generate", "say what you need", 2),
        ("init .", "not empty", 1),
        ("init tiphys.toml", "not a folder", 1),
        ("sync nowhere", "no remote 'nowhere'", 1),
        ("search x --limit 0", "--limit", 2),
        ("-C nowhere config", "nowhere", 2),
    ],
)
def test_wrong_arguments(
    tiphys: Tiphys, repository: Path, arguments: str, words: str, code: int
) -> None:
    before = refs(repository)
    refused(tiphys(repository, *arguments.split()), words, code)
    assert refs(repository) == before
    assert not (repository / "skills" / "ok").exists()


COMMANDS = (
    "config", "index", "search x", "skill list", "request x", "work 1", "work --once", "verify 1",
    "issue list", "pr list", "pr merge 1", "sync",
)  # fmt: skip


@pytest.mark.parametrize("arguments", COMMANDS)
def test_outside_a_repository(tiphys: Tiphys, tmp_path: Path, arguments: str) -> None:
    refused(tiphys(tmp_path, *arguments.split()), "not in a git repository")


@pytest.mark.parametrize("arguments", ["index", "search x", "skill list", "skill show web"])
def test_a_repository_without_commits(tiphys: Tiphys, tmp_path: Path, arguments: str) -> None:
    GitRepository.init(tmp_path)
    refused(tiphys(tmp_path, *arguments.split()), "no commits")


def test_a_request_waits_for_the_first_commit(tiphys: Tiphys, tmp_path: Path) -> None:
    GitRepository.init(tmp_path)
    assert tiphys(tmp_path, "request", STOREFRONT).out == "1\n"
    refused(tiphys(tmp_path, "work", "1"), "no commits")
    refused(tiphys(tmp_path, "work", "--once"), "no commits")
    assert json.loads(tiphys(tmp_path, "issue", "show", "1", "--json").out)["comments"] == []


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        (b"   \n", "say what you need", 2),
        (b"x" * 17_000, "more than 16384", 1),
        (b"\xff\xfe\x00", "UTF-8", 1),
    ],
)
def test_requests_that_nobody_can_read(
    tiphys: Tiphys, repository: Path, text: bytes, words: str, code: int
) -> None:
    (repository / "wish").write_bytes(text)
    refused(tiphys(repository, "request", "--file", "wish"), words, code)
    refused(tiphys(repository, "request", "-f", "-", text=text), words, code)
    if len(text) < 1000:
        refused(tiphys(repository, "generate", text=text), words, code)
    if b"\xff" in text:
        refused(tiphys(repository, "issue", "comment", "1", text=text), "UTF-8")
    assert tiphys(repository, "issue", "list").out == ""


def test_an_endless_file_is_not_read_to_its_end(tiphys: Tiphys, repository: Path) -> None:
    refused(tiphys(repository, "request", "--file", "/dev/zero"), "")
    refused(tiphys(repository, "generate", "--context", "/dev/zero", text="x"), "")


def test_an_argument_that_is_not_text(tiphys: Tiphys, repository: Path) -> None:
    refused(tiphys(repository, "request", os.fsdecode(b"run \xff")), "UTF-8")


@pytest.mark.parametrize("environment", [{"TIPHYS_PACE_SECONDS": "soon"}, {"TIPHYS_BOT": ""}])
def test_a_wrong_variable(
    tiphys: Tiphys,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: Mapping[str, str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
        refused(tiphys(repository, "config"), name)


# -- skills ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "data", "words"),
    [
        ("SKILL.md", b"no front matter", "front matter"),
        ("SKILL.md", b"---\nname: [\n---\n", "SKILL.md"),
        ("SKILL.md", b"---\nname: banner\nname: banner\ndescription: d\n---\n", "duplicate"),
        ("SKILL.md", b"\xff", "UTF-8"),
        ("SKILL.md", None, "missing"),
        ("values.schema.json", b"{", "not valid JSON"),
        ("values.schema.json", b"[" * 100_000, "not valid JSON"),
        ("values.schema.json", b'{"a": 1, "a": 1}', "duplicate key"),
        ("values.schema.json", b'{"type": "object"}', "additionalProperties"),
        ("templates/object.yaml.j2", b"{{ 7", "object.yaml"),
        ("templates/object.yaml.j2", b"{% for x in range(10**9) %}x{% endfor %}", "not allowed"),
        ("templates/object.yaml.j2", b'a: {{ "x" * 100000000 }}', "object.yaml"),
        ("templates/object.yaml.j2", b"{% include '/etc/passwd' %}", "object.yaml"),
        ("templates/object.yaml.j2", b"a: {{ note.__class__ }}", "object.yaml"),
        ("templates/object.yaml.j2", b"a: &x 1\nb: *x\n", "anchors"),
        ("templates/object.yaml.j2", None, "templates"),
        ("examples/short/values.yaml", b"- 1\n", "map of values"),
        ("examples/short/values.yaml", b"a: &a [1]\nb: *a\n", "anchors"),
        ("examples/short/values.yaml", b"a: 1\na: 2\n", "duplicate key"),
        ("examples/short/values.yaml", b"a: " + b"[" * 200_000, "nested deeper"),
        ("examples/short/values.yaml", b"name: x\nnamespace: x\nnote: 7\n", "note"),
        ("tests/chainsaw-test.yaml", None, "missing"),
        ("tests/chainsaw-test.yaml", b"kind: Test\nspec: {steps: []}\n", "test"),
        ("big.yaml", b"x" * 300_000, "larger than"),
    ],
)
def test_a_malformed_skill(
    tiphys: Tiphys, tmp_path: Path, file: str, data: bytes | None, words: str
) -> None:
    files = {**skill_files("banner", "Publish a banner.")}
    if data is None:
        del files[file]
    else:
        files[file] = data
    write_files(tmp_path / "banner", files)
    refused(tiphys(tmp_path, "skill", "test", "./banner"), words)


def test_a_test_that_asserts_nothing(tiphys: Tiphys, tmp_path: Path) -> None:
    files = {**skill_files("banner", "Publish a banner.")}
    head, _, _ = files["tests/chainsaw-test.yaml"].partition(b"    - name: the object holds")
    write_files(tmp_path / "banner", {**files, "tests/chainsaw-test.yaml": head})
    refused(tiphys(tmp_path, "skill", "test", "./banner"), "asserts nothing")


def test_a_good_skill_passes_where_a_malformed_one_is_refused(
    tiphys: Tiphys, tmp_path: Path
) -> None:
    write_files(tmp_path / "banner", skill_files("banner", "Publish a banner."))
    done = tiphys(tmp_path, "skill", "test", "./banner", "--json")
    assert (done.code, done.err) == (0, "")
    assert [each["outcome"] for each in json.loads(done.out)] == ["pass", "pass"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("- 1", "map of values"),
        ("{", "values"),
        ("name: x", "namespace"),
        ("{name: x, namespace: shop, image: nginx, port: 80}", "image"),
        ("{name: x, namespace: shop, image: r.example/x:1, port: '80'}", "port"),
        ("{name: x, namespace: shop, image: r.example/x:1, port: 80, color: red}", "color"),
        ("{name: ../x, namespace: shop, image: r.example/x:1, port: 80}", "name"),
        ("name: x\nname: y", "duplicate key"),
        ("name: &a x\nnamespace: *a", "anchors"),
        ("[" * (1 << 20), "nested deeper"),
    ],
)
def test_values_against_the_schema(
    tiphys: Tiphys, repository: Path, values: str, words: str
) -> None:
    refused(tiphys(repository, "skill", "render", "web", text=values), words)


def test_loops_in_loops_end_at_a_limit(tiphys: Tiphys, tmp_path: Path) -> None:
    loops = "".join(f"{{% for {name} in note %}}" for name in "abcde")
    body = f"a:\n{loops}\n  - {{{{ a }}}}\n{'{% endfor %}' * 5}"
    files = {**skill_files("banner", "Publish a banner.")}
    write_files(tmp_path / "banner", {**files, "templates/object.yaml.j2": body.encode()})
    values = f"name: x\nnamespace: shop\nnote: '{'n' * 150}'\n"
    refused(tiphys(tmp_path, "skill", "render", "./banner", text=values), "object.yaml")


def test_skill_new_twice(tiphys: Tiphys, tmp_path: Path) -> None:
    assert tiphys(tmp_path, "skill", "new", "banner").code == 0
    (tmp_path / "skills/banner/SKILL.md").write_text("mine")
    refused(tiphys(tmp_path, "skill", "new", "banner"), "not empty")
    assert (tmp_path / "skills/banner/SKILL.md").read_text() == "mine"


# -- proposals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a: 1\na: 2\n", "duplicate key"),
        (b"a: &x 1\nb: *x\n", "anchors and aliases"),
        (b"[" * 1_000_000, "nested deeper"),
        (b"\xff\xfe", "UTF-8"),
        (b"", "nothing is changed"),
    ],
)
def test_hostile_manifests_get_a_verdict_without_a_cluster(
    tiphys: Tiphys, tmp_path: Path, data: bytes, words: str
) -> None:
    if data:
        (tmp_path / "x.yaml").write_bytes(data)
    done = tiphys(tmp_path, "verify", "--path", ".", "--json")
    assert (done.code, done.err) == (1, "")
    verdict = json.loads(done.out)
    assert verdict["decision"] in ("revise", "reject")
    assert words in json.dumps(verdict)
    assert [e["outcome"] for e in verdict["evidence"][-2:]] == ["skipped", "skipped"]


def test_a_file_of_megabytes_is_not_read(tiphys: Tiphys, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"x" * (2 << 20))
    refused(tiphys(tmp_path, "verify", "--path", "."), "x.yaml: larger than")


def test_a_symbolic_link_is_not_followed(tiphys: Tiphys, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").symlink_to("/etc/passwd")
    done = tiphys(tmp_path, "verify", "--path", ".")
    assert (done.code, done.err) == (1, "")
    assert "symbolic link" in done.out


def test_merging_without_a_verdict_or_after_a_push(tiphys: Tiphys, repository: Path) -> None:
    tiphys(repository, "request", STOREFRONT)
    assert tiphys(repository, "work", "1").out.startswith("#1 proposed: ")
    before = refs(repository)
    refused(tiphys(repository, "pr", "merge", "2"), "no accepting verdict")
    assert refs(repository) == before
    assert tiphys(repository, "verify", "2").code == 0
    git = GitRepository(repository)
    git.commit("main", git.resolve("main"), {"docs/a.md": b"x\n"}, "Meanwhile\n")
    refused(tiphys(repository, "pr", "merge", "2"), "main moved since the verdict")
    assert tiphys(repository, "verify", "2").code == 0
    assert tiphys(repository, "pr", "merge", "2").code == 0
    refused(tiphys(repository, "pr", "merge", "2"), "is merged")
    refused(tiphys(repository, "verify", "2"), "is merged")


def test_a_conflict_names_the_file(tiphys: Tiphys, repository: Path) -> None:
    tiphys(repository, "request", STOREFRONT)
    tiphys(repository, "work", "1")
    tiphys(repository, "verify", "2")
    git = GitRepository(repository)
    git.commit("main", git.resolve("main"), {f"{FOLDER}/object.yaml": b"a: 1\n"}, "Meanwhile\n")
    refused(tiphys(repository, "pr", "merge", "2"), "object.yaml conflicts with main")
    assert tiphys(repository, "verify", "2").code == 1


def test_one_issue_that_fails_does_not_hold_up_the_next(
    tiphys: Tiphys, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_on = pipeline.work_on

    def trip(issue: Issue, ports: pipeline.Ports) -> pipeline.Work:
        if issue.number == 1:
            raise Conflict("branch tiphys/1-web moved: look again, then retry")
        return work_on(issue, ports)

    monkeypatch.setattr(pipeline, "work_on", trip)
    tiphys(repository, "request", STOREFRONT)
    tiphys(repository, "request", STOREFRONT.replace("storefront", "checkout"))
    done = tiphys(repository, "work", "--once")
    assert done.out.startswith("#2 proposed")
    assert done.err == "tiphys: #1: branch tiphys/1-web moved: look again, then retry\n"
    assert done.code == 1


# -- the machine -----------------------------------------------------------------------------------


def test_a_full_disk_while_indexing(
    tiphys: Tiphys, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = repository.parent / "index"
    monkeypatch.setattr(bootstrap, "open_index", lambda _p=None: ChromaIndex(cache, HashEmbedder()))
    with monkeypatch.context() as full:

        def fail(_fd: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        full.setattr(os, "fsync", fail)
        refused(tiphys(repository, "index"), "no space left for the search index", 2)
    done = tiphys(repository, "index", "--json")
    assert (done.code, json.loads(done.out)["put"]) == (0, 2)
    assert tiphys(repository, "search", "web").out.splitlines()[0].split("\t")[1] == "web"


def test_a_missing_git(tiphys: Tiphys, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = repository.parent / "hub"
    GitRepository.init(hub, bare=True)
    monkeypatch.setenv("PATH", str(repository.parent / "nothing"))
    refused(tiphys(repository, "sync", str(hub)), "install git", 2)
    assert tiphys(repository, "issue", "list").code == 0


def test_a_bug_is_one_line_too(
    tiphys: Tiphys, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_path: Path | None = None) -> None:
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr(bootstrap, "open_repository", broken)
    done = tiphys(repository, "config")
    assert done.code == 70
    assert done.err.startswith("tiphys: a bug: ZeroDivisionError: two lines")
    assert done.err.count("\n") == 1
