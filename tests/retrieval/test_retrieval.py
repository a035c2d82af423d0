"""The product's index on the starter skills must find what it was measured to find.

Floors lie a little under the figures of docs/retrieval.md; `tiphys bench retrieval` makes those.
"""

from collections import Counter
from pathlib import Path

import pytest

from tiphys.adapters.embed_use import SentenceEncoder
from tiphys.adapters.index_chroma import CALIBRATION, ChromaIndex
from tiphys.bootstrap import starter_skills
from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.domain.policy import Settings
from tiphys.learn.retrieval import compare, figures, fit, measure, read_cases
from tiphys.library import load_skill
from tiphys.remember.index import skill_document

CASES = read_cases(Path(__file__).parent / "requests.yaml")
HELD_OUT = [case for case in CASES if not case.is_dev]
THRESHOLD = Settings().match_threshold


@pytest.fixture(scope="module")
def skills():
    folders = sorted(path for path in starter_skills().iterdir() if path.is_dir())
    return [skill_document(load_skill(folder)) for folder in folders]


@pytest.fixture(scope="module")
def ranks(skills, tmp_path_factory):
    index = ChromaIndex(tmp_path_factory.mktemp("index"), SentenceEncoder())
    index.update("1" * 40, skills, [])
    found = []
    for case in HELD_OUT:
        hits = index.search(case.text, limit=len(skills))
        names = [hit.skill for hit in hits]
        rank = names.index(case.skill) if case.skill in names else len(skills)
        found.append((case, rank, hits[0].score))
    return found


def test_the_set_is_large_varied_and_about_the_starter_skills(skills):
    kinds = Counter(case.kind for case in CASES)
    assert len(CASES) >= 200
    assert kinds["unserved"] >= 40
    assert kinds["language"] >= 30
    assert {case.skill for case in CASES} - {None} == {document.skill for document in skills}
    assert 0.4 < len(HELD_OUT) / len(CASES) < 0.6


def test_held_out_requests_find_their_skill(ranks):
    reached = figures(ranks, THRESHOLD)
    assert reached.top1 >= 0.80, reached
    assert reached.top5 >= 0.96, reached
    assert reached.kinds["language"] >= 0.78, reached


def test_held_out_requests_are_told_apart_from_those_that_none_serves(ranks):
    reached = figures(ranks, THRESHOLD)
    assert reached.false_match <= 0.20, reached
    assert reached.false_reject <= 0.13, reached


def test_the_calibration_in_use_is_the_one_that_fits(skills):
    sides, _ = compare(CASES, skills, SentenceEncoder())
    dev = [side for side in sides if side.case.is_dev]
    fitted, used = measure(dev, fit(dev)), measure(dev, CALIBRATION)
    assert used.top1 >= fitted.top1 - 0.02
    assert used.false_match + used.false_reject <= (fitted.false_match + fitted.false_reject + 0.04)


def test_a_set_that_is_not_one_is_refused(tmp_path):
    with pytest.raises(NotFound, match="--set"):
        read_cases(tmp_path / "nothing.yaml")
    twice = "- {text: a, skill: b, kind: typo}\n"
    unserved = "- {text: a, skill: b, kind: unserved}"
    for bad in ("- {text: a}", "- 1", unserved, 2 * twice):
        (tmp_path / "set.yaml").write_text(bad)
        with pytest.raises(InvalidInput):
            read_cases(tmp_path / "set.yaml")
