"""The figures of the critic on the labelled set: no worse than they were."""

# ruff: noqa: E501 -- one case a line
from __future__ import annotations

from pathlib import Path

import pytest

from tests.critic.things import workload
from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.learn.calibrate import Calibration, Pair, Share, calibrate, read_pairs, table
from tiphys.library import strict_yaml
from tiphys.verify.critic import remarks

PAIRS = Path(__file__).parents[1] / "critic_pairs"
GOOD = Pair("a", "3 replicas", "good", "", strict_yaml.dump_all([workload(replicas=3)]), "tune")
BAD = Pair(
    "b", "3 replicas", "bad", "", strict_yaml.dump_all([workload(replicas=2)]), "tune", "count"
)
MISSED = Pair("c", "be quick", "bad", "", GOOD.manifests, "tune", "speed")


@pytest.fixture(scope="module")
def figures() -> dict[str, Calibration]:
    pairs = read_pairs(PAIRS)
    return {half: calibrate(pairs, half) for half in ("tune", "held-out")}


@pytest.mark.parametrize("half", ["tune", "held-out"])
def test_what_it_was_improved_on(figures: dict[str, Calibration], half: str) -> None:
    """Both halves by now: the second was held out until the first figures were taken."""
    found = figures[half]
    assert found.count >= 160
    assert found.kappa >= 0.95
    assert found.false_accept.value <= 0.03
    assert found.false_reject.value <= 0.02


def test_what_it_has_never_seen() -> None:
    """The figure to go by; the bounds leave room for one pair more or less."""
    found = calibrate(read_pairs(PAIRS.with_name("critic_unseen")), "held-out")
    assert found.count == 100
    assert found.kappa >= 0.5
    assert found.false_accept.value <= 0.36
    assert found.false_reject.value <= 0.14


def test_halves_and_labels_are_told_apart() -> None:
    found = calibrate([GOOD, BAD, MISSED], "tune")
    assert (found.count, found.agreement.hits) == (3, 2)
    assert (found.false_accept, found.false_reject) == (Share(1, 2), Share(0, 1))
    assert found.faults == {"count": Share(1, 1), "speed": Share(0, 1)}
    assert [each.pair.id for each in found.wrong] == ["c"]
    assert found.kappa == pytest.approx(0.4)
    assert calibrate([GOOD], "held-out").count == 0


def test_a_critic_that_always_says_the_same_agrees_by_chance_only() -> None:
    assert calibrate([GOOD, BAD], "tune", lambda *_: ()).kappa == 0
    always = remarks(BAD.request, BAD.objects)
    assert calibrate([GOOD, BAD], "tune", lambda *_: always).kappa == 0


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [(Share(0, 10), 0.0, 0.2775), (Share(10, 10), 0.7225, 1.0), (Share(5, 10), 0.2366, 0.7634), (Share(0, 0), 0.0, 1.0)],
)  # fmt: skip
def test_intervals(share: Share, low: float, high: float) -> None:
    assert share.interval == pytest.approx((low, high), abs=1e-4)


def test_the_table_names_every_fault() -> None:
    shown = table([calibrate([GOOD, BAD, MISSED], "tune")])
    assert "| tune | 3 | 2/3 = 66.7%" in shown
    assert "| speed | 0/1 |" in shown


def test_bad_sets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_pairs(tmp_path)
    for text in (
        "- {id: a}\n",
        "- {id: a, request: x, label: fair, why: x, manifests: '', half: tune}\n",
    ):
        (tmp_path / "x.yaml").write_text(text)
        with pytest.raises(InvalidInput):
            read_pairs(tmp_path)
