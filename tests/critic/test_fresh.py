"""Requests in many voices and languages with right manifests: none of them is contradicted."""

from functools import cache
from pathlib import Path

import pytest
import yaml

from tiphys.verify.critic import remarks

CASES = Path(__file__).parent / "fresh"


@cache
def cases():
    return [c for path in sorted(CASES.glob("*.yaml")) for c in yaml.safe_load(path.read_text())]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_a_right_answer_is_not_contradicted(case):
    found = remarks(case["request"], yaml.safe_load_all(case["manifests"]))

    assert [each.line for each in found if each.ruling == "contradicted"] == []
    assert any(each.ruling == "covered" for each in found)


def test_there_are_many_of_them():
    assert len(cases()) >= 30
    assert len({case["id"] for case in cases()}) == len(cases())
