"""What every Repository does. Subclass with a fixture `repository` that gives an empty one."""
# ruff: noqa: S101, D102 -- a suite is made of assertions; a test's name says what it shows

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tiphys.domain.errors import Conflict, InvalidInput, LimitExceeded, NotFound

if TYPE_CHECKING:
    from tiphys.ports import Repository

HOSTILE_PATHS = [
    "",
    "/etc/passwd",
    "a//b",
    "a/",
    "../x",
    "a/../../x",
    "./a",
    ".git/config",
    "sub/.GIT/hooks/post-checkout",
    ".git./config",
    "git~1/config",
    ".g\u200dit/config",
    "a\\b",
    "a\nb",
    "a\x00b",
    "a\x7fb",
    "\u202egpj.exe",
    "n" * 256,
    "/".join(["deep"] * 300),
]


def merge(repository: Repository, source: str, target: str, message: str) -> str:
    """Merge commit `source` into a branch, as `tiphys pr merge` does; the new commit. Conflict."""
    base = repository.resolve(target)
    made = repository.preview(source, base, message, commit=True)
    if made.sha is None:
        raise Conflict(f"{made.conflicts[0]} conflicts")
    return str(repository.fast_forward(made.sha, target, base).sha)


class RepositoryConformance:
    """Run by the real adapter and by the fake."""

    def test_without_commits_says_so(self, repository: Repository) -> None:
        with pytest.raises(NotFound, match="no commits; make one first"):
            repository.resolve("main")
        assert list(repository.branches()) == []

    def test_a_commit_can_be_read_back(self, repository: Repository) -> None:
        sha = repository.commit("main", None, {"a/b.txt": b"one\n", "c": b""}, "First")
        assert repository.resolve("main") == repository.resolve(sha) == sha
        assert len(sha) == 40
        assert [e.path for e in repository.entries("main")] == ["a/b.txt", "c"]
        assert [e.size for e in repository.entries(sha)] == [4, 0]
        assert repository.read("main", "a/b.txt") == b"one\n"
        assert repository.message("main") == "First\n"

    def test_unknown_things_are_not_found(self, repository: Repository) -> None:
        repository.commit("main", None, {"a/b": b"x"}, "First")
        for rev in ("nope", "f" * 40, "-x", "", "main:a", "@{1}", ":/First", "a b"):
            with pytest.raises(NotFound):
                repository.resolve(rev)
        for path in ("nope", "a", "a/b/c", "", "../a", "/a/b"):
            with pytest.raises(NotFound):
                repository.read("main", path)
        for path in ("nope", "a/b"):
            with pytest.raises(NotFound):
                repository.tree_id("main", path)
        assert list(repository.entries("main", "nope")) == []
        assert list(repository.entries("main", "a/b")) == []

    def test_reading_stops_at_the_limit(self, repository: Repository) -> None:
        repository.commit("main", None, {"a": b"12345"}, "First")
        assert repository.read("main", "a", limit=5) == b"12345"
        with pytest.raises(LimitExceeded):
            repository.read("main", "a", limit=4)

    def test_a_prefix_is_a_folder_not_a_beginning(self, repository: Repository) -> None:
        repository.commit("main", None, {"web/a": b"", "web-2/a": b"", "web/x/y": b""}, "First")
        assert [e.path for e in repository.entries("main", "web")] == ["web/a", "web/x/y"]
        assert [e.path for e in repository.entries("main", "web/")] == ["web/a", "web/x/y"]

    def test_equal_folders_have_equal_tree_ids(self, repository: Repository) -> None:
        files = {"one/x/a": b"1", "two/x/a": b"1", "three/x/a": b"2"}
        repository.commit("main", None, files, "First")
        assert repository.tree_id("main", "one") == repository.tree_id("main", "two")
        assert repository.tree_id("main", "one") != repository.tree_id("main", "three")
        assert repository.tree_id("main") != repository.tree_id("main", "one")

    def test_a_tree_has_its_id_before_any_commit(self, repository: Repository) -> None:
        files = {"x/a": b"1", "b": b"2"}
        before = repository.tree_of(files)
        repository.commit("main", None, {f"one/{path}": files[path] for path in files}, "First")
        assert repository.tree_id("main", "one") == before

    def test_changes_name_what_differs(self, repository: Repository) -> None:
        base = repository.commit("main", None, {"a/x": b"1", "a/y": b"1", "b": b"1"}, "First")
        edits = {"a/x": b"2", "a/y": None, "c/z": b"1"}
        head = repository.commit("main", base, edits, "Second")
        found = {c.path: (c.old, c.new) for c in repository.changes(base, head)}
        assert list(found) == ["a/x", "a/y", "c/z"]
        assert all(found["a/x"])
        assert found["a/y"][1] is None
        assert found["c/z"][0] is None
        assert [c.path for c in repository.changes(base, head, "a")] == ["a/x", "a/y"]
        assert [c.path for c in repository.changes("", base)] == ["a/x", "a/y", "b"]
        assert list(repository.changes(head, head)) == []

    def test_a_file_becomes_a_folder_and_back(self, repository: Repository) -> None:
        one = repository.commit("main", None, {"a": b"file"}, "First")
        two = repository.commit("main", one, {"a/b": b"inside"}, "Second")
        assert [e.path for e in repository.entries(two)] == ["a/b"]
        assert [c.path for c in repository.changes(one, two)] == ["a", "a/b"]
        three = repository.commit("main", two, {"a": b"file"}, "Third")
        assert [e.path for e in repository.entries(three)] == ["a"]
        four = repository.commit("main", three, {"a": None, "a/b": b"again"}, "Fourth")
        assert [e.path for e in repository.entries(four)] == ["a/b"]

    def test_deleting(self, repository: Repository) -> None:
        one = repository.commit("main", None, {"a/b": b"", "a/c": b"", "d": b""}, "First")
        with pytest.raises(InvalidInput):
            repository.commit("main", one, {"a": None}, "A folder")
        two = repository.commit("main", one, {"a/b": None, "a/c": None, "no/such": None}, "Two")
        assert [e.path for e in repository.entries(two)] == ["d"]
        three = repository.commit("main", two, {"d": None}, "Nothing left")
        assert list(repository.entries(three)) == []

    @pytest.mark.parametrize("path", HOSTILE_PATHS, ids=range(len(HOSTILE_PATHS)))
    def test_hostile_paths_are_refused(self, repository: Repository, path: str) -> None:
        with pytest.raises(InvalidInput):
            repository.commit("main", None, {"fine": b"", path: b"x"}, "Hostile")
        assert list(repository.branches()) == []

    def test_a_file_below_a_file_is_refused(self, repository: Repository) -> None:
        with pytest.raises(InvalidInput):
            repository.commit("main", None, {"a": b"", "a/b": b""}, "Both")

    @pytest.mark.parametrize("name", ["", "-x", "a..b", "a b", "../x"])
    def test_bad_branch_names_are_refused(self, repository: Repository, name: str) -> None:
        with pytest.raises(InvalidInput):
            repository.commit(name, None, {"a": b""}, "First")

    def test_a_moved_branch_is_a_conflict(self, repository: Repository) -> None:
        one = repository.commit("main", None, {"a": b"1"}, "First")
        two = repository.commit("main", one, {"a": b"2"}, "Second")
        for expected in (one, None):
            with pytest.raises(Conflict):
                repository.commit("main", expected, {"a": b"3"}, "Late")
        with pytest.raises(Conflict):
            repository.fast_forward(two, "main", one)
        with pytest.raises(Conflict):
            repository.delete_branch("main", one)
        assert repository.resolve("main") == two

    def test_branches_start_anywhere_and_end(self, repository: Repository) -> None:
        one = repository.commit("main", None, {"a": b"1"}, "First")
        tip = repository.commit("tiphys/1-web", one, {"b": b"1"}, "Propose")
        assert list(repository.branches()) == ["main", "tiphys/1-web"]
        assert list(repository.branches("tiphys/")) == ["tiphys/1-web"]
        assert repository.resolve("main") == one
        assert repository.merge_base("main", "tiphys/1-web") == one
        repository.delete_branch("tiphys/1-web", tip)
        assert list(repository.branches()) == ["main"]
        with pytest.raises(NotFound):
            repository.delete_branch("tiphys/1-web", tip)

    def test_a_merge_is_always_a_commit(self, repository: Repository) -> None:
        one = repository.commit("main", None, {"a": b"1"}, "First")
        tip = repository.commit("side", one, {"b": b"2"}, "Side")
        merged = merge(repository, tip, "main", "Merge side")
        assert merged == repository.resolve("main")
        assert merged not in (one, tip)
        assert repository.message("main") == "Merge side\n"
        assert repository.merge_base("main", "side") == tip
        assert repository.preview(tip, merged, "Again", commit=True).sha == merged

    def test_a_real_merge_keeps_both_sides(self, repository: Repository) -> None:
        one = repository.commit("main", None, {"a": b"1", "gone": b"", "x/y": b""}, "First")
        tip = repository.commit("side", one, {"b": b"2", "gone": None}, "Side")
        two = repository.commit("main", one, {"x/z": b"3"}, "Main")
        assert repository.resolve("main") == two
        merged = merge(repository, tip, "main", "Merge side")
        assert [e.path for e in repository.entries(merged)] == ["a", "b", "x/y", "x/z"]

    def test_a_conflict_moves_nothing(self, repository: Repository) -> None:
        one = repository.commit("main", None, {"a": b"1", "b": b"1"}, "First")
        tip = repository.commit("side", one, {"a": b"2", "b": b"2"}, "Side")
        two = repository.commit("main", one, {"a": b"3", "b": None}, "Main")
        merged = repository.preview(tip, two, "Merge side", commit=True)
        assert (merged.sha, merged.conflicts) == (None, ("a", "b"))
        assert repository.resolve("main") == two
        assert repository.preview(tip, two, "Merge side") == merged

    def test_a_preview_moves_nothing(self, repository: Repository) -> None:
        one = repository.commit("main", None, {"a": b"1"}, "First")
        tip = repository.commit("side", one, {"b": b"2"}, "Side")
        assert repository.preview(tip, one, "m").sha == tip
        assert repository.preview(one, tip, "m").sha == tip
        two = repository.commit("main", one, {"c": b"3"}, "Main")
        seen = repository.preview(tip, two, "m").sha or ""
        assert [e.path for e in repository.entries(seen)] == ["a", "b", "c"]
        assert repository.resolve("main") == two
        done = merge(repository, tip, "main", "m")
        assert repository.tree_id(done) == repository.tree_id(seen)

    def test_fast_forward_only_along_the_line(self, repository: Repository) -> None:
        one = repository.commit("main", None, {"a": b"1"}, "First")
        tip = repository.commit("side", one, {"b": b"2"}, "Side")
        other = repository.commit("other", one, {"c": b"3"}, "Other")
        moved = repository.fast_forward(tip, "main", one)
        assert (moved.sha, moved.fast_forward) == (tip, True)
        with pytest.raises(Conflict):
            repository.fast_forward(other, "main", tip)
        assert repository.resolve("main") == tip

    def test_unrelated_histories_have_no_base(self, repository: Repository) -> None:
        repository.commit("main", None, {"a": b"1"}, "First")
        repository.commit("other", None, {"b": b"1"}, "Orphan")
        assert repository.merge_base("main", "other") is None
