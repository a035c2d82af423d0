"""Right answers to requests of many wordings are not contradicted, and many wrong ones are."""

from functools import cache
from pathlib import Path

import yaml

from tiphys.learn.tasks import load_tasks
from tiphys.verify.critic import remarks

TASKS = Path(__file__).parents[1] / "author_tasks"
# Read wrongly still; none at present.
MISREAD: set[str] = set()


@cache
def tasks():
    """Those of the first half that ask for something new; the other half is not looked at."""
    return [t for t in load_tasks(TASKS) if t.half == "learn" and not t.context]


def contradicted(request, answer):
    found = remarks(request, yaml.safe_load_all(answer))
    return any(each.ruling == "contradicted" for each in found)


def test_right_answers_are_not_contradicted():
    wrong = {t.id for t in tasks() if contradicted(t.request, t.reference)}

    assert wrong == MISREAD
    assert len(tasks()) > 60


def test_of_wrong_ones_a_good_part_is():
    wrong = [(t.request, each.answer) for t in tasks() for each in t.wrong]
    seen = sum(contradicted(*each) for each in wrong)

    assert seen >= 0.4 * len(wrong)
