"""Where a branch has stood, on real git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiphys.adapters.git_history import GitHistory
from tiphys.adapters.git_repository import GitRepository
from tiphys.domain.errors import NotFound, Refused
from tiphys.domain.history import Commit
from tiphys.releases.history import read_history
from tiphys.releases.taking_back import take_back_release

WEB = "manifests/shop/web"


@pytest.fixture
def git(tmp_path: Path) -> GitRepository:
    ticks = iter(range(1_700_000_000, 1_800_000_000))
    GitRepository.init(tmp_path / "r", bare=True)
    made = GitRepository(tmp_path / "r", author="ann", clock=lambda: float(next(ticks)))
    made.commit("main", None, {"README.md": b"Start\n"}, "Start\n")
    return made


def change(git: GitRepository, files: dict[str, bytes | None], number: int = 0) -> str:
    """A push, or the merge of a pull request."""
    base = git.resolve("main")
    if not number:
        return git.commit("main", base, files, "Push\n")
    head = git.commit(f"branch-{number}", base, files, "Proposed\n")
    made = git.preview(head, base, f"Merge #{number}: Web\n", commit=True).sha
    git.fast_forward(str(made), "main", base)
    return str(made)


def test_it_is_where_the_branch_stood_not_what_was_merged(git: GitRepository) -> None:
    first = git.resolve("main")
    second = change(git, {f"{WEB}/a.yaml": b"1"}, 7)
    third = change(git, {f"{WEB}/a.yaml": b"2"})
    found = list(GitHistory(git.path).log(third))
    assert [each.sha for each in found] == [third, second, first]
    assert [each.before for each in found] == [second, first, ""]
    assert [each.pull for each in found] == [None, 7, None]
    assert found[1].merged == git.resolve("branch-7")
    assert {each.author for each in found} == {"ann"}
    assert found[0].seconds > found[1].seconds > found[2].seconds


def test_a_message_alone_makes_no_pull_request() -> None:
    said = Commit("a" * 40, "b" * 40, "", "eve", 0.0, "Merge #7: not a merge at all\n")
    assert said.pull is None


def test_an_unknown_commit_is_not_found(git: GitRepository) -> None:
    with pytest.raises(NotFound):
        list(GitHistory(git.path).log("f" * 40))


def test_a_clone_without_its_past_is_refused(git: GitRepository, tmp_path: Path) -> None:
    for text in (b"1", b"2", b"3"):
        change(git, {f"{WEB}/a.yaml": text})
    where = tmp_path / "shallow"
    command = ["git", "clone", "-q", "--bare", "--depth", "1", git.path.as_uri(), str(where)]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(Refused, match="unshallow"):
        read_history(GitRepository(where), GitHistory(where), "main")


def test_a_link_is_not_taken_back_by_a_program(git: GitRepository, tmp_path: Path) -> None:
    work = tmp_path / "work"
    git_do = ["git", "-c", "user.name=ann", "-c", "user.email=ann@localhost"]
    subprocess.run([*git_do, "clone", "-q", str(git.path), str(work)], check=True)
    (work / WEB).mkdir(parents=True)
    (work / WEB / "a.yaml").symlink_to("/etc/passwd")
    for command in (["add", "."], ["commit", "-qm", "Link"], ["push", "-q", "origin", "main"]):
        subprocess.run([*git_do, *command], cwd=work, check=True)
    change(git, {f"{WEB}/a.yaml": b"plain\n"})
    history = read_history(git, GitHistory(git.path), "main")
    with pytest.raises(Refused, match="plain file"):
        take_back_release(history, "shop/web")


edits = st.lists(
    st.tuples(
        st.booleans(),
        st.dictionaries(
            st.sampled_from([f"{WEB}/a.yaml", f"{WEB}/b.yaml", "manifests/shop/api/a.yaml"]),
            st.one_of(st.none(), st.binary(min_size=1, max_size=9)),
            min_size=1,
        ),
    ),
    min_size=1,
    max_size=5,
)


@given(edits=edits)
@settings(max_examples=10)
def test_on_real_git_too_the_tree_before_comes_back(
    edits: list[tuple[bool, dict[str, bytes | None]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    where = tmp_path_factory.mktemp("git")
    git = GitRepository.init(where, bare=True)
    git.commit("main", None, {f"{WEB}/a.yaml": b"0", "README.md": b"Start\n"}, "Start\n")
    trees = [tree(git)]
    for number, (merged, files) in enumerate(edits, 1):
        there = {e.path for e in git.entries("main")}
        fit = {path: data for path, data in files.items() if data is not None or path in there}
        change(git, fit, number if merged else 0)
        trees.append(tree(git))
    distinct = [now for now, before in zip(trees, ["", *trees], strict=False) if now != before]
    history = read_history(git, GitHistory(where), "main")
    assert len(history.steps[WEB]) == len(distinct)
    change(git, dict(take_back_release(history, "shop/web").files), 99)
    assert tree(git) == (distinct[-2] if len(distinct) > 1 else "")


def tree(git: GitRepository) -> str:
    try:
        return git.tree_id("main", WEB)
    except NotFound:
        return ""
