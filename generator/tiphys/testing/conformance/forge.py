"""What every Forge does. Subclass with a fixture `forge` that gives an empty one.

A forge that keeps names itself, by keys, runs `NamesConformance` too.
"""
# ruff: noqa: S101, D102 -- a suite is made of assertions; a test's name says what it shows

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Protocol

import pytest

from tiphys.adapters.forge_keys import KeySigner
from tiphys.domain.errors import LimitExceeded, NotFound, Refused, TiphysError
from tiphys.domain.forge import Pull

if TYPE_CHECKING:
    from tiphys.adapters.forge_operations import OperationForge
    from tiphys.ports import Forge

People = Mapping[str, Sequence[str]]
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


class Speaking(Protocol):
    """Opens one forge, the same each time, as `actor` does who holds the key of `signer`."""

    def __call__(
        self, actor: str, people: Mapping[str, Sequence[str]], signer: KeySigner | None = None
    ) -> OperationForge: ...


@cache
def key_of(name: str) -> KeySigner:  # noqa: ARG001 -- a key for each name, by the cache
    """Signs with the key that is that person's in these tests."""
    from securesystemslib.signer import CryptoSigner

    made = CryptoSigner.generate_ed25519()
    return KeySigner(lambda: made.private_bytes)


def listed(*names: str) -> dict[str, list[str]]:
    """They with their keys, as settings have them."""
    return {name: [key_of(name).public_key or ""] for name in names}


class NamesConformance:
    """A fixture `speaking` opens an empty forge, as whoever it is told."""

    @pytest.fixture
    def people(self) -> dict[str, list[str]]:
        return listed("ann", "bob")

    def test_what_a_listed_name_signs_is_proven(self, speaking: Speaking, people: People) -> None:
        ann, bob = speaking("ann", people, key_of("ann")), speaking("bob", people, key_of("bob"))
        assert ann.open_issue("One", "").proven
        assert bob.comment(1, "hello").proven
        assert _pull(ann).proven
        bob.edit_pull(2, "Better", "text")
        bob.review(2, SHA, "approve", "")
        bob.set_status(SHA, "lint", "success", "")
        pull = ann.pull(2)
        assert (pull.title, pull.left_out) == ("Better", ())
        assert [(r.decision, r.proven) for r in pull.reviews] == [("approve", True)]
        assert len(ann.statuses(SHA)) == 1

    @pytest.mark.parametrize("another", [None, "bob"])
    def test_a_listed_name_needs_its_key(
        self, speaking: Speaking, people: People, another: str | None
    ) -> None:
        forge = speaking("ann", people, key_of(another) if another else None)
        with pytest.raises(Refused, match="tiphys key"):
            forge.open_issue("One", "")
        assert list(forge.issues()) == []

    def test_another_name_is_a_claim_that_may_ask_and_talk(
        self, speaking: Speaking, people: People
    ) -> None:
        eve, ann = speaking("eve", people), speaking("ann", people, key_of("ann"))
        assert not eve.open_issue("One", "").proven
        assert not eve.comment(1, "hello").proven
        mine = eve.open_pull("Mine", "", "mine", "main")
        eve.edit_pull(mine.number, "Still mine", "")
        assert ann.pull(mine.number).title == "Still mine"
        for decision in ("approve", "comment", "request-changes"):
            if decision == "approve":
                with pytest.raises(Refused, match="only people listed"):
                    eve.review(mine.number, SHA, decision, "")
            else:
                eve.review(mine.number, SHA, decision, "")
        theirs = _pull(ann)
        with pytest.raises(Refused, match="only people listed"):
            eve.edit_pull(theirs.number, "Eve's", "")
        assert ann.pull(theirs.number) == theirs

    def test_what_is_said_in_a_listed_name_without_its_key_is_left_out_and_told(
        self, speaking: Speaking, people: People
    ) -> None:
        speaking("ann", people, key_of("ann")).open_issue("One", "")
        speaking("bob", {}).comment(1, "unsigned")
        speaking("bob", {}, key_of("ann")).comment(1, "by another's key")
        issue = speaking("ann", people, key_of("ann")).issue(1)
        assert issue.comments == ()
        reasons = sorted(line.rpartition(", ")[2] for line in issue.left_out)
        assert reasons == ["not signed", "signed by a key that is not theirs"]

    def test_an_approval_that_was_only_claimed_is_none_once_people_are_listed(
        self, speaking: Speaking, people: People
    ) -> None:
        before = speaking("eve", {})
        _pull(before)
        before.review(1, SHA, "approve", "")
        assert [r.decision for r in before.pull(1).reviews] == ["approve"]
        (review,) = speaking("ann", people, key_of("ann")).pull(1).reviews
        assert (review.decision, review.proven) == ("unproven-approval", False)

    def test_what_was_signed_before_its_name_was_listed_counts(
        self, speaking: Speaking, people: People
    ) -> None:
        before = speaking("ann", {}, key_of("ann"))
        assert not before.open_issue("One", "").proven
        assert speaking("bob", people, key_of("bob")).issue(1).proven

    def test_a_person_can_vouch_for_what_is_left_out(
        self, speaking: Speaking, people: People
    ) -> None:
        before = speaking("ann", {})
        before.open_issue("One", "text")
        before.comment(1, "more")
        before.open_issue("Two", "")
        speaking("bob", {}).comment(1, "not ann's to vouch for")
        ann = speaking("ann", people, key_of("ann"))
        with pytest.raises(NotFound, match="not signed"):
            ann.issue(1)
        assert list(ann.issues()) == []
        assert ann.vouch() == 3
        assert ann.vouch() == 0
        issue = speaking("bob", people, key_of("bob")).issue(1)
        assert (issue.proven, issue.body, [c.body for c in issue.comments]) == (
            True,
            "text",
            ["more"],
        )
        assert len(issue.left_out) == 1

    def test_a_key_that_is_taken_off_the_list_counts_no_more(
        self, speaking: Speaking, people: People
    ) -> None:
        speaking("ann", people, key_of("ann")).open_issue("One", "")
        assert list(speaking("bob", {**listed("bob"), "ann": []}, key_of("bob")).issues()) == []

    def test_a_stranger_does_not_replace_a_sticky_comment(
        self, speaking: Speaking, people: People
    ) -> None:
        ann, eve = speaking("ann", people, key_of("ann")), speaking("eve", people)
        ann.open_issue("One", "")
        ann.comment(1, "verdict", key="verdict")
        mine = eve.comment(1, "better verdict", key="verdict")
        assert (mine.author, mine.body) == ("eve", "better verdict")
        said = {c.author: c.body for c in ann.issue(1).comments}
        assert said == {"ann": "verdict", "eve": "better verdict"}
        speaking("bob", people, key_of("bob")).comment(1, "bob's", key="verdict")
        assert {c.author: c.body for c in ann.issue(1).comments} == {
            "bob": "bob's",
            "eve": "better verdict",
        }
