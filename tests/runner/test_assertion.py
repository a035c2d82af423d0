from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.runner.strategies import escapable, exactly, objects, scalars, texts
from tiphys.adapters.runner_embedded.assertion import check_tree, mismatches
from tiphys.adapters.runner_embedded.functions import EvaluationError
from tiphys.adapters.runner_embedded.gotypes import as_sent, as_written
from tiphys.domain.errors import InvalidInput

LIVE = {
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {
        "replicas": 2,
        "paused": None,
        "containers": [
            {"name": "main", "image": "registry.example/web:1", "ports": [80, 81]},
            {"name": "helper", "image": "registry.example/helper:1"},
        ],
    },
}


def check(tree, value=LIVE, **bindings):
    check_tree(tree)
    return [str(each) for each in mismatches(tree, value, bindings)]


@given(objects)
def test_an_object_matches_itself(value):
    tree = exactly(value)
    check_tree(tree)
    assert mismatches(tree, value, {}) == []
    assert mismatches(as_written(tree), value, {}) == []


@given(st.dictionaries(texts.filter(escapable), objects, min_size=1, max_size=3), st.data())
def test_expecting_less_still_matches(value, data):
    tree = exactly(value)
    del tree[data.draw(st.sampled_from(sorted(tree)))]
    assert mismatches(tree, value, {}) == []


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*path, index))
    else:
        yield path


def changed(value, path, leaf):
    if not path:
        return leaf
    copied = value.copy()
    copied[path[0]] = changed(value[path[0]], path[1:], leaf)
    return copied


@given(objects, scalars, st.data())
def test_another_leaf_does_not_match(value, leaf, data):
    paths = list(leaves(value))
    assume(paths)
    path = data.draw(st.sampled_from(paths))
    old = value
    for step in path:
        old = old[step]
    same_kind = type(old) is type(leaf) or not {type(old), type(leaf)} <= {int, float}
    assume(old != leaf or not same_kind or isinstance(old, bool) != isinstance(leaf, bool))
    assume(not (type(old) in (int, float) and type(leaf) in (int, float) and old == leaf))
    other = changed(value, path, leaf)
    with suppress(EvaluationError):  # of another type: fails just as well
        assert mismatches(exactly(value), other, {})


@given(objects)
def test_numbers_survive_the_trip_between_kinds(value):
    assert as_sent(as_written(value)) == value


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"spec": {"replicas": 3}}, "spec.replicas: expected 3, got 2"),
        ({"spec": {"paused": True}}, "spec.paused: expected true, got null"),
        ({"spec": {"gone": None}}, "spec.gone: expected null, but the field is missing"),
        ({"spec": {"containers": []}}, "spec.containers: expected 0 items, got 2"),
        ({"metadata": {"name": "(kind)"}}, "metadata.name: expected null, got 'web'"),
        ({"(metadata.name)": "api"}, "(metadata.name): expected 'api', got 'web'"),
        ({"(length(spec.containers))": 1}, "(length(spec.containers)): expected 1, got 2"),
        ({"spec": {"~.containers": {"name": "main"}}}, "spec.~.containers[1].name: expected"),
        ({"metadata": {"~key.labels": "($key)"}}, "metadata.~key.labels['app']: expected 'app'"),
        ({"(nothing)": {}}, "(nothing): expected an object, got null"),
        ({"(nothing)": {"a": 1}}, "(nothing).a: expected 1, but the field is missing"),
    ],
)
def test_a_mismatch_names_the_place(tree, said):
    (found,) = check(tree)
    assert found.startswith(said)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"spec": {}},
        {"spec": {"replicas": 2.0}},
        {"spec": {"(replicas)": "($n)"}},
        {"spec": {"(replicas == `2`)": False}},
        {"spec": {"(replicas == $n)": False}},
        {"spec": {"(to_number(replicas) == $n)": True}},
        {"spec": {"(nothing)": None}},
        {"spec": {"~i.(containers[].ports[])": {"(@ >= `80`)": True, "($i < `2`)": True}}},
        {"metadata->m": {"name": "($m.labels.app)"}},
        {"(spec.containers[?name == $which].image)": ["registry.example/web:1"]},
        {"metadata": "(@)"},
    ],
)
def test_matches(tree):
    assert check(tree, n=2.0, which="main") == []


@pytest.mark.parametrize(
    "tree",
    [
        {"spec": {"replicas": "2"}},
        {"metadata": {"name": 1}},
        {"metadata": {"name": {"first": "w"}}},
        {"metadata": {"name": ["web"]}},
        {"spec": {"containers": {"name": "main"}}},
        {"spec": {"~.replicas": 2}},
        {"spec": {"~.paused": 2}},
        {"metadata": {"name": "($nobody)"}},
        {"(length(spec.replicas))": 1},
        {"metadata->m": {}, "(length($m))": 2},
    ],
)
def test_what_cannot_be_compared_is_no_mismatch(tree):
    with pytest.raises(EvaluationError):
        check(tree)


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"a": {"(b": 1, "(c d)": 2}}, "a: "),
        ({"a": ["(1 + 2)"]}, "a[0]: "),
        ({"a": "(x('y'))"}, "function `x` is not supported by the embedded runner"),
        ({"a": "(length())"}, "length() takes 1 arguments, got 0"),
        ({"(cel; a)": 1}, "`cel;` expressions are not supported"),
        ({"a": "~.b"}, "belong into keys"),
        ({"a": "b -> c"}, "belong into keys"),
        ({"a": "($)"}, "`$`"),
        ({"a": "($client)"}, "`$client`"),
        ({"a": "(b.$c)"}, "cannot follow a dot"),
        ({"a": "(" + "[" * 1500 + "]" * 1500 + ")"}, "nested too deeply"),
        ({"a": "(" + "b" * 5000 + ")"}, "longer than"),
    ],
)
def test_unknown_expressions_are_refused_by_name(tree, said):
    with pytest.raises(InvalidInput) as refused:
        check_tree(tree)
    assert said in str(refused.value)
