"""Two clones and a remote between them, with the real git."""

import itertools
import os
import subprocess
import sys

import pygit2
import pytest

from tiphys.adapters import git_sync
from tiphys.adapters.forge_local import FORGE_REF, LocalForge
from tiphys.adapters.git_command import git_version
from tiphys.adapters.git_refs import read_ref
from tiphys.adapters.git_repository import GitRepository
from tiphys.adapters.git_sync import sync
from tiphys.adapters.verdicts_git import GitVerdicts
from tiphys.domain.errors import InvalidInput, NotFound, Unavailable


def git(folder, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def clones(tmp_path):
    GitRepository.init(tmp_path / "hub", bare=True)
    made = []
    for name in ("ann", "ben"):
        GitRepository.init(tmp_path / name)
        git(tmp_path / name, "remote", "add", "origin", str(tmp_path / "hub"))
        made.append(tmp_path / name)
    return made


def views(folder):
    forge = LocalForge(folder, "reader")
    return list(forge.issues()), list(forge.pulls()), forge.statuses("a" * 40)


def settle(*folders):
    for folder in (*folders, *folders):
        sync(folder)


def test_both_clones_comments_are_there_after_a_sync(clones):
    ann, ben = clones
    LocalForge(ann, "ann").open_issue("One", "")
    settle(ann, ben)
    LocalForge(ann, "ann").comment(1, "from ann")
    LocalForge(ann, "ann").comment(1, "v1", key="verdict")
    LocalForge(ben, "ben").comment(1, "from ben")
    LocalForge(ben, "ben").set_status("a" * 40, "c", "success", "")
    settle(ann, ben)
    assert views(ann) == views(ben)
    (issue,) = LocalForge(ben, "ben").issues()
    assert {c.body for c in issue.comments} == {"from ann", "from ben", "v1"}


def test_verdicts_travel_with_the_forge(clones):
    ann, ben = clones
    GitVerdicts(ann).put("a" * 64, "1" * 40, b"from ann")
    GitVerdicts(ben).put("a" * 64, "2" * 40, b"from ben")
    settle(ann, ben)
    for folder in (ann, ben):
        assert set(GitVerdicts(folder).get("a" * 64)) == {b"from ann", b"from ben"}
        assert GitVerdicts(folder).of_commit("1" * 40) == [b"from ann"]
    assert not sync(ann).pushed


def test_a_number_given_twice_is_sorted_out_alike(clones):
    ann, ben = clones
    ticks = itertools.count(100)
    for folder, name in ((ann, "ann"), (ben, "ben")):
        forge = LocalForge(folder, name, clock=lambda: float(next(ticks)))
        forge.open_issue(f"{name}'s request", "")
        forge.open_pull(f"{name}'s proposal", "", f"tiphys/{name}", "main", 1)
        forge.comment(1, f"{name}'s comment")
    settle(ann, ben)
    assert views(ann) == views(ben)
    issues, pulls, _ = views(ann)
    by_title = {v.title: v for v in (*issues, *pulls)}
    assert sorted(v.number for v in by_title.values()) == [1, 2, 3, 4]
    for name in ("ann", "ben"):
        issue, pull = by_title[f"{name}'s request"], by_title[f"{name}'s proposal"]
        assert pull.issue == issue.number
        assert [c.body for c in issue.comments] == [f"{name}'s comment"]
    assert by_title["ann's request"].number == 1
    assert by_title["ben's request"].labels == ("was #1",)
    assert LocalForge(ben, "ben").open_issue("Next", "").number == 5


def test_what_a_sync_did_is_told(clones):
    ann, ben = clones
    assert (sync(ann).pulled, sync(ann).pushed) == (False, False)
    LocalForge(ann, "ann").open_issue("One", "")
    assert (sync(ann).pushed, sync(ann).pushed) == (True, False)
    done = sync(ben)
    assert (done.pulled, done.pushed) == (True, False)
    LocalForge(ben, "ben").comment(1, "b")
    LocalForge(ann, "ann").comment(1, "a")
    sync(ann)
    done = sync(ben)
    assert (done.pulled, done.pushed) == (True, True)
    assert sync(ann).pulled


def test_a_path_is_a_remote_too(clones, tmp_path):
    ann, ben = clones
    LocalForge(ann, "ann").open_issue("One", "")
    sync(ann)
    sync(ben, str(tmp_path / "hub"))
    assert views(ann) == views(ben)


SYNCER = """
import sys
from pathlib import Path
from tiphys.adapters.forge_local import LocalForge
from tiphys.adapters.git_sync import sync
folder, name = Path(sys.argv[1]), sys.argv[2]
for number in range(5):
    LocalForge(folder, name).comment(1, f"{name} {number}")
    sync(folder)
"""


def test_racing_syncs_lose_nothing(clones, tmp_path):
    LocalForge(clones[0], "ann").open_issue("One", "")
    settle(*clones)
    running = [
        subprocess.Popen([sys.executable, "-c", SYNCER, folder, f"{folder.name}{n}"])
        for folder in clones
        for n in range(2)
    ]
    assert [r.wait(180) for r in running] == [0] * 4
    settle(*clones)
    (issue,) = LocalForge(tmp_path / "hub", "hub").issues()
    names = [f"{f.name}{n}" for f in clones for n in range(2)]
    assert sorted(c.body for c in issue.comments) == sorted(
        f"{name} {number}" for name in names for number in range(5)
    )
    assert views(clones[0]) == views(clones[1]) == views(tmp_path / "hub")


def test_a_remote_that_dropped_operations_does_not_drop_ours(clones, tmp_path):
    ann, _ = clones
    forge = LocalForge(ann, "ann")
    forge.open_issue("One", "")
    sync(ann)
    hub = pygit2.Repository(str(tmp_path / "hub"))
    who = pygit2.Signature("m", "m@localhost")
    tree = hub.TreeBuilder().write()
    parent = read_ref(hub, FORGE_REF)
    sha = hub.create_commit(None, who, who, "emptied", tree, [parent])
    hub.references.create(FORGE_REF, sha, force=True)
    sync(ann)
    assert [i.title for i in forge.issues()] == ["One"]
    assert views(tmp_path / "hub") == views(ann)


def test_a_remotes_foreign_content_is_not_taken(clones, tmp_path):
    ann, _ = clones
    forge = LocalForge(ann, "ann")
    forge.open_issue("One", "")
    sync(ann)
    hub = pygit2.Repository(str(tmp_path / "hub"))
    who = pygit2.Signature("m", "m@localhost")
    blob = hub.create_blob(b"x")
    raw = b"100644 ../x\0" + blob.raw + b"100644 .git\0" + blob.raw + b"100644 ff\0" + blob.raw
    tree = hub.odb.write(pygit2.enums.ObjectType.TREE, raw)
    parent = read_ref(hub, FORGE_REF)
    sha = hub.create_commit(None, who, who, "planted", tree, [parent])
    hub.references.create(FORGE_REF, sha, force=True)
    sync(ann)
    assert [i.title for i in forge.issues()] == ["One"]
    assert len(forge.problems()) <= 1  # `ff` could be a bucket; the rest stayed away


def test_hooks_do_not_run(clones):
    ann, _ = clones
    marker = ann / "ran"
    hook = ann / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {marker}\nexit 1\n")
    hook.chmod(0o755)
    LocalForge(ann, "ann").open_issue("One", "")
    assert sync(ann).pushed
    assert not marker.exists()


def test_a_hooks_environment_does_not_mislead(clones, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    LocalForge(clones[0], "ann").open_issue("One", "")
    assert sync(clones[0]).pushed


@pytest.mark.parametrize(
    ("remote", "error"),
    [
        ("upstream", NotFound),
        ("--upload-pack=touch x", InvalidInput),
        ("", InvalidInput),
        ("/no/such/repository", Unavailable),
        ("ext::sh -c touch% x", Unavailable),
    ],
)
def test_bad_remotes(clones, remote, error):
    LocalForge(clones[0], "ann").open_issue("One", "")
    with pytest.raises(error):
        sync(clones[0], remote)


def test_a_remote_that_refuses_is_named(clones, tmp_path, monkeypatch):
    monkeypatch.setattr(git_sync.time, "sleep", lambda seconds: None)
    LocalForge(clones[0], "ann").open_issue("One", "")
    git(tmp_path / "hub", "config", "receive.hideRefs", "refs/tiphys")
    with pytest.raises(Unavailable, match="pushing to origin failed"):
        sync(clones[0])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("git version 2.20.1", "found 2.20.1: upgrade git"),
        ("git version 1.9.5.msysgit.0", "found 1.9.5: upgrade git"),
        ("hello", "not git's"),
    ],
)
def test_an_old_git_is_named(tmp_path, monkeypatch, answer, said):
    fake = tmp_path / "git"
    fake.write_text(f"#!/bin/sh\necho '{answer}'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(Unavailable, match=f"git 2.30 or newer is needed for sync.*{said}"):
        git_version()


def test_a_missing_git_is_named(tmp_path, monkeypatch, clones):
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(Unavailable, match="install git"):
        sync(clones[0])


def test_a_good_git_has_a_version():
    assert git_version()[0].isdigit()
