"""What every TraceStore does; the fake too.

Subclass `TraceStoreConformance` with a fixture `store` (empty).
"""
# ruff: noqa: S101, D102 -- a suite is made of assertions; a test's name says what it shows

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tiphys.domain.errors import InvalidInput
from tiphys.domain.trace import TEXT_LIMIT, Intent, Result, is_cut

if TYPE_CHECKING:
    from tiphys.domain.trace import Entry
    from tiphys.ports import TraceStore


def attempt(answer: str = "kind: ConfigMap\n", request: str = "Make it.") -> list[Entry]:
    """One round as an author tells it."""
    asked = (("system", "Write manifests."), ("user", request))
    sampling = {"temperature": 0.0, "seed": 1}
    return [
        Intent(1, "a request", "write it", "ask the model", "it holds", asked, "", sampling),
        Result(1, "nothing is wrong", "good", answer, ("odd \u2028 line",), (0, 1), "m", 9, 4),
    ]


class TraceStoreConformance:
    """Attempts by issue, oldest first."""

    def test_it_starts_empty(self, store: TraceStore) -> None:
        assert list(store.issues()) == []
        assert list(store.of_issue(1)) == []

    def test_what_is_kept_is_read_again_oldest_first(self, store: TraceStore) -> None:
        one, two = attempt("a: 1\n"), attempt("a: \x1b[31m\x00 \U0001f6a2\r\n")
        names = [store.keep(7, one), store.keep(7, two)]
        assert len(set(names)) == 2
        assert [(name, list(entries)) for name, entries in store.of_issue(7)] == [
            (names[0], one),
            (names[1], two),
        ]

    def test_issues_are_apart(self, store: TraceStore) -> None:
        for issue in (300, 2, 44, 2):
            store.keep(issue, attempt(f"issue: {issue}\n"))
        assert list(store.issues()) == [2, 44, 300]
        (only,) = store.of_issue(44)
        assert only[1] == attempt("issue: 44\n")

    def test_a_recording_is_kept_whatever_ends_it(self, store: TraceStore) -> None:
        with store.recording(3) as scribe:
            for entry in attempt():
                scribe(entry)
        with suppress(ZeroDivisionError), store.recording(3) as scribe:
            scribe(attempt()[0])
            raise ZeroDivisionError
        assert sorted(len(entries) for _, entries in store.of_issue(3)) == [1, 2]

    def test_a_recording_of_nothing_leaves_nothing(self, store: TraceStore) -> None:
        with store.recording(3):
            pass
        assert list(store.issues()) == []

    def test_a_long_answer_is_cut_with_a_mark(self, store: TraceStore) -> None:
        store.keep(1, attempt("x" * 10_000_000, "y" * 10_000_000))
        ((_, (before, after)),) = store.of_issue(1)
        assert isinstance(before, Intent)
        assert isinstance(after, Result)
        for text in (after.answer, before.messages[1][1]):
            assert is_cut(text)
            assert len(text) < TEXT_LIMIT + 50
            assert text.endswith(f"[cut: {10_000_000 - TEXT_LIMIT} characters more]")

    def test_what_no_file_can_hold_is_replaced(self, store: TraceStore) -> None:
        store.keep(1, attempt("half a pair: \ud83d\n"))
        ((_, (_, after)),) = store.of_issue(1)
        assert isinstance(after, Result)
        assert after.answer == "half a pair: ?\n"

    @pytest.mark.parametrize("issue", [0, -1])
    def test_a_number_that_no_issue_has_is_refused(self, store: TraceStore, issue: int) -> None:
        with pytest.raises(InvalidInput):
            store.keep(issue, attempt())
        with pytest.raises(InvalidInput):
            store.of_issue(issue)

    def test_a_trace_has_an_entry(self, store: TraceStore) -> None:
        with pytest.raises(InvalidInput):
            store.keep(1, [])
