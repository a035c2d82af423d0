"""Labelled requests take the road that is right for them, and confidence means what it says.

Floors lie a little under the figures of docs/retrieval.md; `tiphys bench roads` makes those.
"""

from collections import Counter
from pathlib import Path

import pytest

from tiphys.bootstrap import starter_skills
from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.learn.roads import (
    ROADS,
    Taken,
    calibration_error,
    measure,
    merged_files,
    read_cases,
    take_roads,
)
from tiphys.library import load_skill
from tiphys.ports import Hit
from tiphys.propose.kinds import about_a_cluster, asked_kinds, lacking, named_items
from tiphys.propose.request import Request
from tiphys.propose.reuse import retrieve
from tiphys.testing.memory_repository import MemoryRepository

HERE = Path(__file__).parent
CASES = read_cases(HERE / "requests.yaml")


@pytest.fixture(scope="module")
def taken() -> list[Taken]:
    return take_roads(CASES, merged_files(HERE / "merged.yaml", starter_skills()))


def test_the_set_is_large_and_both_halves_hold_every_road():
    assert len(CASES) >= 120
    halves = Counter((case.half, case.road) for case in CASES)
    assert all(halves[half, road] >= 8 for half in ("tune", "held-out") for road in ROADS)


def test_held_out_requests_take_the_right_road(taken):
    reached = measure(taken, "held-out")
    assert reached.right.value >= 0.60, reached.wrong
    assert reached.each["author"].value >= 0.75
    assert reached.error <= 0.22


def test_calibration_error_is_the_gap_between_what_is_said_and_what_holds():
    assert calibration_error([]) == 0.0
    assert calibration_error([(0.5, True), (0.5, False)]) == pytest.approx(0.0)
    assert calibration_error([(0.9, False), (0.1, True)]) == pytest.approx(0.9)


def test_a_set_that_is_not_one_is_refused(tmp_path):
    with pytest.raises(NotFound, match="--set"):
        read_cases(tmp_path / "nothing.yaml")
    twice = 2 * "- {half: tune, road: author, text: a}\n"
    for bad in (
        "- 1",
        "- {half: tune}",
        "- {half: both, road: author, text: a}",
        "- {half: tune, road: reuse, text: a}",
        twice,
    ):
        (tmp_path / "set.yaml").write_text(bad)
        with pytest.raises(InvalidInput):
            read_cases(tmp_path / "set.yaml")


def test_what_no_value_of_the_skill_can_say_is_noticed_unless_it_is_denied():
    web = load_skill(starter_skills() / "web-service")
    assert lacking(web, "Run it with a sidecar container") == ("sidecar",)
    assert lacking(web, "Run it without a sidecar on port 80") == ()


def test_kinds_at_the_start_and_kinds_with_a_name_count_as_asked_for():
    assert asked_kinds("RoleBinding viewers in namespace shop") == {"RoleBinding"}
    assert asked_kinds("expose it with an ingress named api") == {"Ingress"}
    assert asked_kinds("run the job that a role model would") == frozenset()


def test_a_line_that_begins_with_an_object_asks_for_it_by_its_name():
    text = """Both in one go:
    - PriorityClass leftovers, value -50
    2. a Deployment `thumbs`: two of them
    Service web in namespace shop
    - Namespace shop: theirs
    - Role of the day
    - by the Secret key, which exists
    - Secret keys are dull
    IngressClass wanted:"""
    assert [*named_items(text)] == [
        ("PriorityClass", "leftovers"),
        ("Deployment", "thumbs"),
        ("Service", "web"),
        ("Namespace", "shop"),
    ]
    assert asked_kinds(text) >= {"PriorityClass", "Deployment", "Service", "Namespace"}
    assert "Namespace" not in asked_kinds(text, referred=False)


def test_what_is_not_about_a_cluster_is_told_from_what_is():
    assert about_a_cluster("scale the pods up")
    assert about_a_cluster("start registry.example/a:1")
    assert not about_a_cluster("Order 20 chairs")


class _Fixed:
    """An index in which two skills come out alike."""

    def commit(self):
        return "1" * 40

    def search(self, _query, limit=5):
        hits = [Hit(f"skills/{n}", n, 0.8, 0.5, 0.5) for n in ("worker", "web-service")]
        return hits[:limit]


def _match(*answers: str):
    files = merged_files(HERE / "merged.yaml", starter_skills())
    repository = MemoryRepository()
    repository.commit("main", None, files, "Start\n")
    request = Request(1, "Put the thing called x up", answers)
    return retrieve(
        request, index=_Fixed(), repository=repository, rev="main", threshold=0.5, releases=()
    )


def test_of_two_skills_that_fit_alike_a_person_says_which():
    asked = _match()
    assert {skill.name for skill in asked.rivals} == {"worker", "web-service"}
    assert "`worker` (" in asked.question
    assert "`web-service` (" in asked.question
    for answer in ("worker", "skill: worker", "the `worker`, please"):
        told = _match(answer)
        assert (told.skill.name, told.rivals) == ("worker", ())
    assert _match("either worker or web-service").rivals
