"""A compromised proposer tries everything; nothing of it is accepted or merged."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.attacks import branches, forged, hollow, names, objects, skills, texts, trees
from tests.attacks.conftest import CANARY
from tests.attacks.table import ATTACKS, MERGE, OPENING, READING, Attack
from tests.attacks.world import Scene, said
from tiphys.acceptance import merge_pull
from tiphys.domain.errors import TiphysError
from tiphys.domain.evidence import Verdict
from tiphys.domain.forge import Pull
from tiphys.merge_queue import merge_queue
from tiphys.verify.report import VERDICT_KEY

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("attacks")]
CATEGORIES = {
    "branches", "delivery", "forge", "objects", "paths", "races", "reach", "record", "rules",
    "schema", "skills", "store", "templates", "tests", "trees", "words", "yaml",
}  # fmt: skip
assert all((branches, forged, hollow, names, objects, skills, texts, trees))  # they fill the table
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


def test_a_skill_with_a_release_by_a_program_is_accepted(scene: Scene) -> None:
    """Else every attack that brings its object by a skill would be stopped for nothing."""
    assert scene.judge(scene.bring()).decision == "accept"


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
    """Why it is not merged, neither by itself nor by the queue."""
    with pytest.raises(TiphysError) as reason:
        merge_pull(number, scene.ports("ann"))
    (ended,) = merge_queue([number], scene.ports("ann"))
    assert ended.end == "left", ended
    return str(reason.value)


def judged(number: int, scene: Scene) -> dict[str, str]:
    """What the checks that did not pass said, by check; a merge is refused after that too."""
    try:
        verdict = scene.judge(number)
    except TiphysError as refusal:
        return {READING: str(refusal)}
    assert verdict.decision != "accept", verdict.explanation
    assert honest_comment(scene.forge.pull(number), verdict)
    refused(number, scene)
    return {
        e.check: "\n".join([e.summary, *e.details])
        for e in verdict.evidence
        if e.outcome in ("fail", "error")
    }


def honest_comment(pull: Pull, verdict: Verdict) -> bool:
    """Whether what people read is the verdict, and nothing that the proposal put there."""
    (comment,) = [c for c in pull.comments if c.key == VERDICT_KEY]
    first, *lines = comment.body.splitlines()
    own = [line for line in lines if line.startswith(("#", "<", "| scope | real"))]
    return first == f"### Verdict: {verdict.decision}" and not own and all(map(shown, lines))


def shown(line: str) -> bool:
    """Whether a terminal shows it as it is."""
    return line.replace("\t", "").isprintable() and len(line) < 3000


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
