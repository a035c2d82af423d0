"""What only a real git repository can show: the work tree, modes, hostile objects."""

import os
import subprocess

import pygit2
import pytest

from tiphys.adapters import git_trees
from tiphys.adapters.git_repository import GitRepository
from tiphys.domain.errors import Conflict, InvalidInput, NotFound, Refused, TiphysError, Unavailable
from tiphys.domain.git_paths import check_writable
from tiphys.domain.tree import MODE_EXECUTABLE, MODE_FILE, MODE_SUBMODULE, MODE_SYMLINK
from tiphys.testing.conformance.repository import merge

WHO = pygit2.Signature("m", "m@localhost", 0, 0)


def git(folder, *arguments):
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def raw_tree(repo, entries):
    """A tree with whatever names and modes: git's own tools would refuse to write it."""
    data = b"".join(f"{mode:o} ".encode() + name + b"\0" + oid.raw for mode, name, oid in entries)
    return repo.odb.write(pygit2.enums.ObjectType.TREE, data)


def raw_commit(repo, branch, tree, parents=()):
    sha = repo.create_commit(None, WHO, WHO, "raw\n", tree, list(parents))
    repo.references.create(f"refs/heads/{branch}", sha)
    return str(sha)


@pytest.fixture
def repository(tmp_path):
    return GitRepository.init(tmp_path / "r")


@pytest.fixture
def raw(repository):
    return pygit2.Repository(str(repository.path))


def test_the_work_tree_and_the_index_stay_as_they_are(repository):
    root = repository.root
    one = repository.commit("main", None, {"a": b"1\n"}, "First")
    git(root, "reset", "--hard", "-q")
    (root / "a").write_text("mine\n")
    (root / "new").write_text("staged\n")
    git(root, "add", "new")
    index = (root / ".git/index").read_bytes()
    tip = repository.commit("side", one, {"b": b"2\n"}, "Side")
    two = merge(repository, tip, "main", "Merge")
    assert repository.checked_out() == "main"
    assert (root / ".git/index").read_bytes() == index
    assert sorted(p.name for p in root.iterdir()) == [".git", "a", "new"]
    assert (root / "a").read_text() == "mine\n"
    assert git(root, "rev-parse", "HEAD").strip() == two
    assert git(root, "fsck", "--strict") == ""


def test_a_repository_is_found_from_a_folder_inside(repository):
    inside = repository.root / "x/y"
    inside.mkdir(parents=True)
    assert GitRepository(inside).path == repository.path


def test_what_is_not_a_repository_says_so(tmp_path):
    with pytest.raises(NotFound, match="git init"):
        GitRepository(tmp_path)
    GitRepository.init(tmp_path / "r")
    with pytest.raises(Refused):
        GitRepository.init(tmp_path / "r")


def test_a_linked_work_tree_shares_the_branches(repository, tmp_path):
    one = repository.commit("main", None, {"a": b"1"}, "First")
    git(repository.root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "w"))
    linked = GitRepository(tmp_path / "w")
    assert linked.checked_out() == "side"
    two = linked.commit("main", one, {"a": b"2"}, "Second")
    assert repository.resolve("main") == two


def test_the_checked_out_branch_is_not_deleted(repository):
    one = repository.commit("main", None, {"a": b"1"}, "First")
    with pytest.raises(Refused, match="checked out"):
        repository.delete_branch("main", one)


def test_revisions(repository):
    one = repository.commit("main", None, {"a": b"1"}, "First")
    two = repository.commit("main", one, {"a": b"2"}, "Second")
    git(repository.root, "tag", "-m", "annotated", "v1", one)
    for rev in ("main", "HEAD", "refs/heads/main", two[:8], "HEAD~0"):
        assert repository.resolve(rev) == two
    for rev in ("v1", "refs/tags/v1", "main~1", "HEAD^", one):
        assert repository.resolve(rev) == one
    for rev in ("main~2", "main~9999", repository.tree_id("main"), "heads/main~~~~"):
        with pytest.raises(NotFound):
            repository.resolve(rev)


def test_modes_stay_and_links_become_files(repository, raw):
    blob = raw.create_blob(b"target")
    tree = raw_tree(
        raw,
        [
            (MODE_SYMLINK, b"link", blob),
            (MODE_EXECUTABLE, b"run", blob),
            (MODE_SUBMODULE, b"sub", blob),
        ],
    )
    one = raw_commit(raw, "main", tree)
    assert {e.path: (e.mode, e.size) for e in repository.entries("main")} == {
        "link": (MODE_SYMLINK, 6),
        "run": (MODE_EXECUTABLE, 6),
        "sub": (MODE_SUBMODULE, 0),
    }
    with pytest.raises(NotFound):
        repository.read("main", "sub")
    repository.commit("main", one, dict.fromkeys(["link", "run", "sub"], b"new"), "Write")
    assert {e.path: e.mode for e in repository.entries("main")} == {
        "link": MODE_FILE,
        "run": MODE_EXECUTABLE,
        "sub": MODE_FILE,
    }


HOSTILE = [b"../x", b"..", b".git", b"a/b", b"\xff", b"a\\b", b"new\nline", b".GIT"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_entries_are_shown_and_never_pose_as_safe(repository, raw, name):
    blob, good = raw.create_blob(b"evil"), raw.create_blob(b"good")
    base = raw_commit(raw, "main", raw_tree(raw, [(MODE_FILE, b"z", good)]))
    side = raw_tree(raw, [(MODE_FILE, name, blob), (MODE_FILE, b"z", good)])
    head = raw_commit(raw, "side", side, [base])
    (shown,) = [e.path for e in repository.entries(head) if e.path != "z"]
    assert [c.path for c in repository.changes(base, head)] == [shown]
    with pytest.raises(InvalidInput):
        check_writable(shown)
    repository.commit("main", base, {"y": b""}, "Go on")
    before = repository.resolve("main")
    try:
        merge(repository, head, "main", "Merge")
    except TiphysError:
        assert repository.resolve("main") == before


def test_a_name_that_is_there_twice_is_seen_twice(repository, raw):
    one, two = raw.create_blob(b"seen"), raw.create_blob(b"hidden")
    tree = raw_tree(raw, [(MODE_FILE, b"a", one), (MODE_FILE, b"a", two)])
    head = raw_commit(raw, "main", tree)
    assert [e.path for e in repository.entries(head)] == ["a", "a"]
    assert len(repository.changes("", head)) == 2


def test_a_tree_of_endless_depth_is_refused(repository, raw):
    tree = raw_tree(raw, [(MODE_FILE, b"a", raw.create_blob(b""))])
    for _ in range(100):
        tree = raw_tree(raw, [(0o40000, b"d", tree)])
    head = raw_commit(raw, "main", tree)
    for read in (lambda: repository.entries(head), lambda: repository.changes("", head)):
        with pytest.raises(InvalidInput, match="nested"):
            read()


def test_a_bomb_of_repeated_trees_is_refused(repository, raw, monkeypatch):
    monkeypatch.setattr(git_trees, "MAX_OBJECTS", 5_000)
    one = repository.commit("main", None, {"a": b"1"}, "First")
    empty = raw_tree(raw, [])
    for leaf in (raw_tree(raw, [(MODE_FILE, b"f", raw.create_blob(b""))]), empty):
        tree = leaf
        for _ in range(12):
            tree = raw_tree(raw, [(0o40000, b"%d" % n, tree) for n in range(10)])
        head = str(raw.create_commit(None, WHO, WHO, "bomb", tree, [one]))
        two = repository.commit("main", repository.resolve("main"), {"b": b"1"}, "Second")
        for read in (
            lambda: repository.entries(head),  # noqa: B023 -- called at once
            lambda: repository.changes(one, head),  # noqa: B023 -- called at once
            lambda: repository.preview(head, two, "m"),  # noqa: B023 -- called at once
        ):
            with pytest.raises(InvalidInput, match="more than 5000"):
                read()


def test_a_missing_object_is_an_error_of_ours(repository):
    repository.commit("main", None, {"a/b": b"1"}, "First")
    blob = repository.entries("main")[0].id
    (repository.path / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(TiphysError):
        repository.read("main", "a/b")
    with pytest.raises(TiphysError):
        repository.entries("main")


def test_a_full_disk_is_an_error_of_ours(repository, monkeypatch):
    one = repository.commit("main", None, {"a": b"1"}, "First")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(git_trees, "edit", full)
    with pytest.raises(Unavailable, match="No space left"):
        repository.commit("main", one, {"a": b"2"}, "Second")
    assert repository.resolve("main") == one


def test_nested_branch_names_are_a_conflict_also_when_packed(repository):
    one = repository.commit("main", None, {"a": b"1"}, "First")
    repository.commit("tiphys", one, {"a": b"2"}, "Second")
    repository.commit("x/y", one, {"a": b"2"}, "Second")
    git(repository.root, "pack-refs", "--all")
    for name in ("tiphys/1", "x"):
        with pytest.raises(Conflict, match="rename"):
            repository.commit(name, one, {"a": b"3"}, "Third")
    assert list(repository.branches()) == ["main", "tiphys", "x/y"]


def test_packed_branches_move_and_end(repository):
    one = repository.commit("main", None, {"a": b"1"}, "First")
    tip = repository.commit("side", one, {"a": b"2"}, "Second")
    git(repository.root, "pack-refs", "--all")
    two = merge(repository, tip, "main", "Merge")
    repository.delete_branch("side", tip)
    fresh = GitRepository(repository.path)
    assert fresh.branches() == ["main"]
    assert fresh.resolve("main") == two


def test_who_commits(tmp_path):
    def author(repository):
        repository.commit("main", None, {"a": b""}, "First")
        return git(repository.root, "log", "-1", "--format=%an <%ae>|%cn", "main").strip()

    plain = GitRepository.init(tmp_path / "plain")
    plain._repo.config["user.name"] = "Ann <x>"
    plain._repo.config["user.email"] = "ann@example.org"
    assert author(plain) == "Ann x <ann@example.org>|Ann x"
    GitRepository.init(tmp_path / "bot")
    bot = GitRepository(tmp_path / "bot", author="tiphys-bot")
    assert author(bot) == "tiphys-bot <tiphys@localhost>|tiphys-bot"


def test_renames_are_not_followed(repository):
    body = b"".join(b"line %d\n" % n for n in range(50))
    one = repository.commit("main", None, {"old": body}, "First")
    tip = repository.commit("side", one, {"old": None, "new": body}, "Rename")
    two = repository.commit("main", one, {"old": body + b"more\n"}, "Edit")
    assert repository.preview(tip, two, "Merge").conflicts == ("old",)


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_another_programs_config_does_not_run(repository):
    marker = repository.root / "ran"
    hook = repository.path / "hooks/post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
    hook.chmod(0o755)
    repository.commit("main", None, {"a": b""}, "First")
    assert not marker.exists()
