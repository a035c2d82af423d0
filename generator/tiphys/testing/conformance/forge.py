"""What every Forge does. Subclass with a fixture `forge` that gives an empty one."""
# ruff: noqa: S101, D102 -- a suite is made of assertions; a test's name says what it shows

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tiphys.domain.errors import LimitExceeded, NotFound, Refused, TiphysError
from tiphys.domain.forge import Pull

if TYPE_CHECKING:
    from tiphys.ports import Forge

SHA, OTHER = "a" * 40, "b" * 40


def _pull(forge: Forge, issue: int | None = None) -> Pull:
    return forge.open_pull("Add web", "body", "tiphys/1-web", "main", issue)


class ForgeConformance:
    """Run by every backend and by the fake."""

    def test_an_empty_forge(self, forge: Forge) -> None:
        assert not any((forge.issues(), forge.pulls(), forge.statuses(SHA)))
        for ask in (forge.issue, forge.pull):
            with pytest.raises(NotFound):
                ask(1)
        with pytest.raises(NotFound):
            forge.comment(1, "hello")
        with pytest.raises(NotFound):
            forge.label(1, add=["x"])

    def test_numbers_are_shared_and_start_at_one(self, forge: Forge) -> None:
        issue = forge.open_issue("Run the storefront", "3 replicas")
        pull = _pull(forge, issue.number)
        assert (issue.number, pull.number, pull.issue) == (1, 2, 1)
        assert forge.issue(1) == issue
        assert forge.pull(2) == pull
        assert (issue.title, issue.body, issue.state) == (
            "Run the storefront",
            "3 replicas",
            "open",
        )
        assert (pull.source, pull.target, pull.state) == ("tiphys/1-web", "main", "open")
        with pytest.raises(NotFound):
            forge.issue(2)
        with pytest.raises(NotFound):
            forge.pull(1)

    def test_comments_keep_their_order(self, forge: Forge) -> None:
        forge.open_issue("One", "")
        made = [forge.comment(1, f"comment {n}") for n in range(5)]
        assert [c.body for c in forge.issue(1).comments] == [f"comment {n}" for n in range(5)]
        assert [c.id for c in forge.issue(1).comments] == [c.id for c in made]
        assert len({c.id for c in made}) == 5

    def test_equal_comments_are_two(self, forge: Forge) -> None:
        forge.open_issue("One", "")
        forge.comment(1, "same")
        forge.comment(1, "same")
        assert len(forge.issue(1).comments) == 2

    def test_a_sticky_comment_stays_in_place(self, forge: Forge) -> None:
        forge.open_issue("One", "")
        _pull(forge)
        first = forge.comment(2, "verdict 1", key="verdict")
        forge.comment(2, "talk")
        second = forge.comment(2, "verdict 2", key="verdict")
        forge.comment(2, "other key", key="other")
        forge.comment(1, "elsewhere", key="verdict")
        assert [c.body for c in forge.pull(2).comments] == ["verdict 2", "talk", "other key"]
        assert second.id == first.id
        assert second.created == first.created
        assert second.edited is not None
        assert [c.body for c in forge.issue(1).comments] == ["elsewhere"]

    def test_labels_are_a_set(self, forge: Forge) -> None:
        forge.open_issue("One", "")
        forge.label(1, add=["b", "a"])
        forge.label(1, add=["a"], remove=["c"])
        assert forge.issue(1).labels == ("a", "b")
        forge.label(1, remove=["a"])
        assert forge.issue(1).labels == ("b",)

    def test_states(self, forge: Forge) -> None:
        forge.open_issue("One", "")
        _pull(forge)
        forge.set_state(1, "closed")
        assert [i.number for i in forge.issues("closed")] == [1]
        assert list(forge.issues("open")) == []
        forge.set_state(1, "open")
        assert forge.issue(1).state == "open"
        forge.set_state(2, "closed")
        assert forge.pull(2).state == "closed"
        with pytest.raises(TiphysError):
            forge.set_state(1, "merged")

    def test_one_open_pull_for_a_pair_of_branches(self, forge: Forge) -> None:
        _pull(forge)
        with pytest.raises(Refused):
            _pull(forge)
        forge.set_state(1, "closed")
        assert _pull(forge).number == 2

    def test_a_pull_refers_to_an_issue_that_exists(self, forge: Forge) -> None:
        with pytest.raises(NotFound):
            _pull(forge, 7)
        assert list(forge.pulls()) == []

    def test_merged_is_final(self, forge: Forge) -> None:
        _pull(forge)
        forge.mark_merged(1, SHA)
        forge.mark_merged(1, SHA)
        pull = forge.pull(1)
        assert (pull.state, pull.merged_sha) == ("merged", SHA)
        for state in ("open", "closed"):
            with pytest.raises(Refused):
                forge.set_state(1, state)
        with pytest.raises(Refused):
            forge.mark_merged(1, OTHER)
        assert [p.number for p in forge.pulls("merged")] == [1]

    def test_pulls_only(self, forge: Forge) -> None:
        forge.open_issue("One", "")
        with pytest.raises(NotFound):
            forge.mark_merged(1, SHA)
        with pytest.raises(NotFound):
            forge.review(1, SHA, "approve", "")
        with pytest.raises(NotFound):
            forge.edit_pull(1, "t", "b")

    def test_a_pull_can_be_edited_and_reviewed(self, forge: Forge) -> None:
        _pull(forge)
        forge.edit_pull(1, "Better", "text")
        forge.review(1, SHA, "request-changes", "no")
        forge.review(1, OTHER, "approve", "yes")
        pull = forge.pull(1)
        assert (pull.title, pull.body) == ("Better", "text")
        assert [(r.sha, r.decision, r.body) for r in pull.reviews] == [
            (SHA, "request-changes", "no"),
            (OTHER, "approve", "yes"),
        ]

    def test_the_newest_status_of_each_context(self, forge: Forge) -> None:
        forge.set_status(SHA, "tiphys/verify", "pending", "running")
        forge.set_status(SHA, "lint", "failure", "1 error")
        forge.set_status(SHA, "tiphys/verify", "success", "accepted")
        forge.set_status(OTHER, "tiphys/verify", "error", "")
        assert [(s.context, s.state, s.summary) for s in forge.statuses(SHA)] == [
            ("lint", "failure", "1 error"),
            ("tiphys/verify", "success", "accepted"),
        ]
        assert [s.sha for s in forge.statuses(OTHER)] == [OTHER]

    def test_limits(self, forge: Forge) -> None:
        with pytest.raises(LimitExceeded):
            forge.open_issue("x" * 257, "")
        with pytest.raises(LimitExceeded):
            forge.open_issue("x", "y" * (64 * 1024 + 1))
        for title in ("", " \n "):
            with pytest.raises(TiphysError):
                forge.open_issue(title, "")
        assert list(forge.issues()) == []
        forge.open_issue("x" * 256, "ü" * (32 * 1024))
        with pytest.raises(TiphysError):
            forge.set_status("main", "c", "success", "")

    def test_text_is_cleaned(self, forge: Forge) -> None:
        issue = forge.open_issue("a\x1b[31m\nb\u202e", "tab\tline\r\nnext\x00\x1b[2J\ud800")
        assert issue.title == "a[31m b"
        assert issue.body == "tab\tline\nnext[2J"
