"""A compromised proposer tries everything; nothing of it is accepted or merged."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.attacks import forged, trees
from tests.attacks.conftest import CANARY
from tests.attacks.table import ATTACKS, MERGE, OPENING, READING, Attack
from tests.attacks.world import Scene, said
from tiphys.acceptance import merge_pull
from tiphys.domain.errors import TiphysError

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("attacks")]
CATEGORIES = {
    "paths", "trees", "store", "forge", "races", "branches", "rules",
}  # fmt: skip
assert all((forged, trees))  # they fill the table
LEAST = 60


def params() -> list[object]:
    """The table; a known hole must stay one until somebody closes it and says so there."""

    def marks(each: Attack) -> list[pytest.MarkDecorator]:
        return [pytest.mark.xfail(strict=True, reason=each.hole)] if each.hole else []

    return [pytest.param(each, id=each.id, marks=marks(each)) for each in ATTACKS]


def test_the_harness_accepts_and_merges_honest_work(scene: Scene) -> None:
    number = scene.propose(scene.release())
    assert scene.judge(number).decision == "accept"
    before = scene.main
    assert merge_pull(number, scene.ports("ann")) == scene.main != before


@pytest.mark.parametrize("attack", params())
def test_an_attack_is_stopped_for_its_reason(scene: Scene, attack: Attack) -> None:
    around = surroundings(scene)
    reasons: dict[str, str] = {}
    try:
        number = attack.run(scene)
    except TiphysError as refusal:
        reasons[OPENING] = str(refusal)
    else:
        reasons[MERGE] = refused(number, scene)
        reasons |= judged(number, scene)
    assert scene.main == scene.stands
    assert surroundings(scene) == around
    assert CANARY not in said(scene)
    assert attack.by in reasons, reasons
    assert attack.words in reasons[attack.by], reasons


def refused(number: int, scene: Scene) -> str:
    """Why it is not merged."""
    with pytest.raises(TiphysError) as reason:
        merge_pull(number, scene.ports("ann"))
    return str(reason.value)


def judged(number: int, scene: Scene) -> dict[str, str]:
    """What the checks that did not pass said, by check; a merge is refused after that too."""
    try:
        verdict = scene.judge(number)
    except TiphysError as refusal:
        return {READING: str(refusal)}
    assert verdict.decision != "accept", verdict.explanation
    refused(number, scene)
    return {
        e.check: "\n".join([e.summary, *e.details])
        for e in verdict.evidence
        if e.outcome in ("fail", "error")
    }


def surroundings(scene: Scene) -> dict[str, bytes | None]:
    """Everything around the repository, and the branches in it that are people's."""
    beside = (p for p in scene.outside.rglob("*") if not p.is_relative_to(scene.home))
    found = {str(p): p.read_bytes() if p.is_file() else None for p in beside}
    people = [b for b in scene.repository.branches() if not b.startswith("tiphys/") and b != "main"]
    return found | {b: scene.repository.resolve(b).encode() for b in people}


def test_the_table_is_wide_and_each_attack_is_told_apart() -> None:
    assert len(ATTACKS) >= LEAST
    assert not [name for name, count in Counter(a.id for a in ATTACKS).items() if count > 1]
    assert not [t for t, count in Counter(a.tries for a in ATTACKS).items() if count > 1]
    assert {a.category for a in ATTACKS} == CATEGORIES
