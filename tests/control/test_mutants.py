"""Mutants: the same every time, one fault each, in one place, never too many, for any JSON."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.library import load_skill
from tiphys.verify.cases import example_cases
from tiphys.verify.control.mutants import LIMIT, mutants

ROOT = Path(__file__).parents[2] / "skills"

KEYS = st.sampled_from(
    "metadata name labels spec selector ports port image env value data containers rules verbs"
    " capabilities drop securityContext runAsUser strategy type a.b x/y".split()
) | st.text(max_size=5)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=70)
    | st.sampled_from(["10.0.0.0/8", "*/5 * * * *", "250m", "r.example/a:1", "None", "", "65535"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)
KINDS = st.sampled_from(["Deployment", "Role", "Ingress", "ConfigMap", "NetworkPolicy"])
OBJECTS = st.fixed_dictionaries(
    {"apiVersion": st.just("v1"), "kind": KINDS, "metadata": JSON}, optional={"spec": JSON}
)
LISTS = st.lists(OBJECTS | JSON, max_size=3)


def differences(one: Any, other: Any, path: tuple[Any, ...] = ()) -> set[tuple[Any, ...]]:
    """Places where two JSON values differ; of a list that grew or shrank, the list."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            place
            for key in one.keys() | other.keys()
            for place in (
                differences(one[key], other[key], (*path, key))
                if key in one and key in other
                else {(*path, key)}
            )
        }
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return {place for at, (a, b) in pairs for place in differences(a, b, (*path, at))}
    return set() if one == other and type(one) is type(other) else {path}


@given(LISTS)
def test_any_json_gives_mutants_that_differ_in_the_named_place_only(objects: list[Any]) -> None:
    before = copy.deepcopy(objects)
    found = mutants(objects)
    assert objects == before
    assert len(found) <= LIMIT
    assert [m.id for m in found] == [m.id for m in mutants(copy.deepcopy(objects))]
    assert len({m.id for m in found}) == len(found)
    for mutant in found:
        rest = mutant.applied(objects)
        if mutant.changed is None:
            assert list(rest) == objects[: mutant.index] + objects[mutant.index + 1 :]
            continue
        assert [o for i, o in enumerate(rest) if i != mutant.index] == [
            o for i, o in enumerate(objects) if i != mutant.index
        ]
        places = differences(objects[mutant.index], mutant.changed)
        assert places, mutant.id
        above = mutant.path[:-1]  # a list that lost a member differs as a whole
        assert all(place[: len(above)] == above for place in places), mutant.id


@given(LISTS, st.integers(0, 20))
def test_there_are_never_more_than_asked_for(objects: list[Any], limit: int) -> None:
    assert len(mutants(objects, limit)) <= limit


@given(OBJECTS)
def test_which_object_it_is_stays_as_it_was(obj: dict[str, Any]) -> None:
    for mutant in mutants([obj]):
        if mutant.changed is not None:
            assert mutant.changed["kind"] == obj["kind"]
            assert mutant.changed["apiVersion"] == obj["apiVersion"]
            old, new = obj["metadata"], mutant.changed["metadata"]
            if isinstance(old, dict):
                assert old.get("name") == new.get("name")
                assert old.get("namespace") == new.get("namespace")


@given(SCALARS.filter(lambda value: value is not None))
def test_a_changed_value_has_its_type(value: Any) -> None:
    obj = {"kind": "Thing", "metadata": {"name": "a"}, "spec": {"field": value}}
    (found,) = [m for m in mutants([obj]) if m.id == "Thing/a:spec.field:changed"]
    assert found.changed is not None
    assert type(found.changed["spec"]["field"]) is type(value)


CASES = [case for folder in sorted(ROOT.iterdir()) for case in example_cases(load_skill(folder))]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_object_gets_its_share(case: Any) -> None:
    found = mutants(case.objects)
    assert {m.index for m in found} == set(range(len(case.objects)))
    dropped = [m for m in found if m.operator == "document"]
    assert len(dropped) == len(case.objects)


def test_the_faults_that_matter_are_among_them() -> None:
    (case, *_) = example_cases(load_skill(ROOT / "web-service"))
    ids = {m.id for m in mutants(case.objects, 10_000)}
    pod = "Deployment/storefront:spec.template.spec"
    main = f"{pod}.containers[storefront]"
    assert {
        "Deployment/storefront:dropped",
        "Deployment/storefront:spec.replicas:changed",
        "Deployment/storefront:spec.strategy:changed",
        "Service/storefront:spec.selector[app.kubernetes.io/name]:changed",
        "Service/storefront:spec.ports[http].port:changed",
        "Service/storefront:spec.ports[http].targetPort:changed",
        f"{main}.image:changed",
        f"{main}.image:retagged",
        f"{main}.env[LOG_LEVEL]:dropped",
        f"{main}.env[LOG_LEVEL].value:changed",
        f"{main}.envFrom[1].secretRef.name:changed",
        f"{main}.resources.limits.memory:changed",
        f"{main}.readinessProbe:dropped",
        f"{main}.readinessProbe.httpGet.path:changed",
        f"{main}.volumeMounts[writable-1]:dropped",
        f"{main}.volumeMounts[writable-1].mountPath:changed",
        f"{main}.securityContext.allowPrivilegeEscalation:weakened",
        f"{main}.securityContext.readOnlyRootFilesystem:weakened",
        f"{main}.securityContext.capabilities.drop[0]:weakened",
        f"{main}.securityContext.capabilities.add:added",
        f"{pod}.securityContext.runAsNonRoot:weakened",
        f"{pod}.securityContext.seccompProfile.type:weakened",
        f"{pod}.automountServiceAccountToken:weakened",
        f"{pod}.hostNetwork:added",
        f"{pod}.volumes[writable-1]:dropped",
        "PodDisruptionBudget/storefront:spec.maxUnavailable:changed",
    } <= ids
