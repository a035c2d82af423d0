import pytest

from tiphys.argo.parts import CLUSTER, OBJECTIONS, STATIC, cut, part_of, parts, shards
from tiphys.domain.errors import NotFound
from tiphys.verify.plan import BRIEF, FULL, Plan

PLANS = [FULL, BRIEF, Plan((), (), ()), Plan(FULL.static, (), ()), Plan((), FULL.gate, ())]


@pytest.mark.parametrize("plan", PLANS)
def test_every_check_is_in_exactly_one_part(plan):
    named = [check for part in parts(plan) for check in part.checks]

    assert sorted(named) == sorted(plan.versions)


@pytest.mark.parametrize("plan", PLANS)
def test_the_plans_of_all_parts_are_the_plan(plan):
    cuts = [cut(plan, part.name) for part in parts(plan)]

    assert tuple(c for one in cuts for c in one.static) == plan.static
    assert tuple(c for one in cuts for c in one.gate) == plan.gate
    assert tuple(g for one in cuts for g in one.groups) == plan.groups
    assert tuple(c for one in cuts for c in one.aside) == plan.aside
    assert all(one.versions for one in cuts), "a pod with nothing to do"


def test_what_shares_a_lease_shares_a_pod_and_static_checks_take_no_cluster():
    found = {part.name: part for part in parts(FULL)}

    assert list(found) == [STATIC, CLUSTER, "matrix"]
    assert not found[STATIC].needs_cluster
    assert {"schema", "behaviour", "idempotence", "regression"} <= set(found[CLUSTER].checks)
    assert found[CLUSTER].after == found["matrix"].after == (STATIC,)


def test_a_part_for_each_other_minor():
    names = [shard.name for shard in shards(FULL, ["1.33", "1.35"])]

    assert names == ["static", "cluster", "matrix-1.33", "matrix-1.35"]
    assert [shard.name for shard in shards(FULL, [])] == ["static", "cluster"]


def test_a_model_that_may_object_has_a_pod_of_its_own():
    assert shards(FULL, [], objections=True)[-1].part == OBJECTIONS
    assert set(OBJECTIONS.checks) <= set(FULL.versions)
    assert [check.name for check in cut(FULL, OBJECTIONS.name).on_cluster] == ["critic"]


def test_an_unknown_part_names_those_that_there_are():
    with pytest.raises(NotFound, match="static, cluster, matrix"):
        part_of(FULL, "all")
