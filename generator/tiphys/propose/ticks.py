"""The first tick of every attempt: which road a request takes, written before it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tiphys.domain.trace import CHOICE, Intent, Outcome, Result
from tiphys.ports import Hit, IndexReader
from tiphys.propose.draft import Draft
from tiphys.propose.request import Request
from tiphys.propose.reuse import Match
from tiphys.propose.road import Road

_EXPECTED = {
    "adapt": "the edit changes what is named and nothing else, and the checks pass",
    "reuse": "its schema takes the values that the request names, and the checks pass",
    "author": "what a model writes is taken by a cluster and meets each requirement",
}


@dataclass(slots=True)
class Searched:
    """An index that remembers what was found in it."""

    index: IndexReader
    hits: list[Hit] = field(default_factory=list)

    def commit(self) -> str | None:
        """The commit that the index shows."""
        return self.index.commit()

    def search(self, query: str, limit: int = 5) -> Sequence[Hit]:
        """Hits, best first."""
        found = self.index.search(query, limit)
        self.hits += found
        return found


def intent(
    request: Request | None, *, hits: Sequence[Hit], match: Match | None, edits: bool
) -> Intent:
    """What was searched and found, and the road that it speaks for."""
    text = request.whole if request else ""
    found = ", ".join(f"{hit.id} ({hit.score:.2f})" for hit in hits)
    name = "adapt" if edits else "reuse" if match else "author"
    if edits:
        why = "it names a manifest that people wrote and how to change it"
    elif match:
        why = f"skill {match.skill.name} ({match.score:.2f}): {match.because}"
    else:
        why = "no merged skill comes near enough"
    return Intent(
        tick=CHOICE,
        observation=f"The request: {text}\nFound in the index: {found or 'nothing'}",
        orientation=why,
        action=name,
        expectation=_EXPECTED[name],
    )


def result(road: Road | None, ending: str, reply: str) -> Result:
    """The road that was taken in the end, how sure that was, and how it ended."""
    told = f"{road.line}\n" if road else ""
    unknown: Outcome = "adapt" if ending == "asked" else "failed"  # only an edit asks so early
    return Result(CHOICE, f"{told}{ending}: {reply}", road.name if road else unknown)


def linked(draft: Draft, issue: int) -> Draft:
    """The draft with a last line that says where its trace is shown."""
    return replace(draft, body=f"{draft.body}\n\nTrace: `tiphys trace show {issue}`")
