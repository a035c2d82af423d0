from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.adapters.runner_embedded.jsonpath import find, parse_jsonpath
from tiphys.adapters.runner_embedded.nodes import read_duration
from tiphys.adapters.runner_embedded.reading import read_test
from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library.strict_yaml import dump

ASSERT = {"assert": {"resource": {"apiVersion": "v1", "kind": "Pod"}}}


def a_test(*operations, spec=None, **step):
    steps = [{"try": [*operations, ASSERT], **step}]
    return {
        "apiVersion": "chainsaw.kyverno.io/v1alpha1",
        "kind": "Test",
        "metadata": {"name": "t"},
        "spec": {"steps": steps, **(spec or {})},
    }


def read(document):
    return read_test(dump(document).encode(), source="chainsaw-test.yaml")


RESOURCE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            a_test({"script": {"content": "rm -rf /"}}),
            (
                "spec.steps[0].try[0].script: `script` is not supported by the embedded runner;"
                " use --runner chainsaw"
            ),
        ),
        (a_test({"command": {"entrypoint": "ls"}}), "try[0].command: `command` is not supported"),
        (a_test(catch=[{"events": {}}]), "spec.steps[0].catch[0].events: `events`"),
        (a_test(catch=[{"apply": {"resource": RESOURCE}}]), "catch[0].apply: `apply`"),
        (a_test(spec={"catch": [{"podLogs": {}}]}), "spec.catch[0].podLogs: `podLogs`"),
        (a_test(spec={"namespace": "other"}), "spec.namespace: `namespace`"),
        (a_test(spec={"scenarios": []}), "spec.scenarios: `scenarios`"),
        (a_test(spec={"compiler": "cel"}), "spec.compiler: only `jp`"),
        (a_test(spec={"deletionPropagationPolicy": "Orphan"}), "only `Background`"),
        (a_test(spec={"skip": "yes"}), "spec.skip: must be true or false"),
        (a_test(spec={"timeouts": {"aply": "1s"}}), "spec.timeouts.aply"),
        (a_test(spec={"timeouts": {"apply": "fast"}}), "spec.timeouts.apply: 'fast'"),
        (a_test(use={"template": "x"}), "spec.steps[0].use"),
        (a_test({"apply": {"file": "a.yaml", "cluster": "x"}}), "try[0].apply.cluster"),
        (a_test({"apply": {"file": "a.yaml", "dryRun": True}}), "try[0].apply.dryRun"),
        (a_test({"apply": {"file": "../a.yaml"}}), "must stay below"),
        (a_test({"apply": {"file": "/etc/passwd"}}), "must stay below"),
        (a_test({"apply": {"file": "https://a.example/b.yaml"}}), "remote files"),
        (a_test({"apply": {}}), "needs either a file or an inline object"),
        (a_test({"apply": {"file": "a", "resource": RESOURCE}}), "needs either a file"),
        (a_test({"apply": {"resource": {"kind": "Pod"}}}), "resource.apiVersion: is missing"),
        (a_test({"apply": {"file": "a", "expect": [{}]}}), "expect[0]: needs a check"),
        (
            a_test({"apply": {"file": "a", "outputs": [{"name": "a"}]}}),
            "outputs[0]: needs a value",
        ),
        (a_test({"assert": {"resource": {}}}), "assert.resource: expects nothing"),
        (a_test({"assert": {"file": "(nope('x'))"}}), "function `nope`"),
        (a_test({"delete": {"ref": {"kind": "Pod", "apiVersion": "v1", "uid": "1"}}}), "ref.uid"),
        (a_test({"sleep": {"duration": 5}}), "sleep.duration: must be a duration"),
        (a_test({"sleep": {}}), "needs a duration"),
        (a_test({"apply": {"file": "a"}, "sleep": {"duration": "1s"}}), "exactly one operation"),
        (a_test({"description": "nothing"}), "exactly one operation, holds 0"),
        (a_test({"wait": {"apiVersion": "v1", "kind": "Pod"}}), "wait.for: must be an object"),
        (a_test({"wait": {"apiVersion": "v1", "kind": "Pod", "for": {}}}), "needs one of"),
        (
            a_test(
                {
                    "wait": {
                        "apiVersion": "v1",
                        "kind": "Pod",
                        "for": {"jsonPath": {"path": "{..a}"}},
                    }
                }
            ),
            "JSONPath '{..a}' is not supported",
        ),
        (
            a_test({"describe": {"apiVersion": "v1", "kind": "P", "name": "a", "selector": "b=c"}}),
            "takes a name or a selector",
        ),
        (a_test(bindings=[{"name": "a"}]), "bindings[0]: needs a value"),
        (a_test(bindings={"a": 1}), "bindings: must be a list"),
        ({**a_test(), "apiVersion": "chainsaw.kyverno.io/v2"}, "kind: Test"),
        ({**a_test(), "metadata": {}}, "metadata: needs a name"),
        ({**a_test(), "status": {}}, "status: `status`"),
        (a_test(spec={"steps": []}), "asserts nothing"),
        (a_test(spec={"steps": [{"try": [{"sleep": {"duration": "1s"}}]}]}), "asserts nothing"),
        (a_test(spec={"steps": [{"try": []}]}), "needs at least one operation"),
        (a_test(spec={"steps": "none"}), "spec.steps: must be a list"),
        (a_test(spec={"steps": [{"try": [ASSERT]}] * 65}), "65 steps"),
        (a_test(spec={"steps": [{"try": [ASSERT] * 257}]}), "257 operations"),
        ([], "has 0 documents"),
        ("text", "must be an object"),
    ],
)
def test_what_is_not_known_is_refused_with_its_path(document, said):
    with pytest.raises(InvalidInput) as refused:
        read_test(dump(document).encode() if document else b"", source="chainsaw-test.yaml")
    assert str(refused.value).startswith("chainsaw-test.yaml: ")
    assert said in str(refused.value)


def test_a_big_document_is_not_parsed():
    with pytest.raises(LimitExceeded):
        read_test(b"#" * (256 * 1024 + 1), source="chainsaw-test.yaml")


def test_a_test_is_read_whole():
    test = read(
        a_test(
            {"apply": {"file": "manifests/*.yaml", "timeout": "1m1.5s"}},
            name="first",
            timeouts={"assert": "2s", "exec": "1s"},
            skipDelete=True,
            **{"finally": [{"sleep": {"duration": "100ms"}}]},
        )
    )
    (step,) = test.steps
    assert [each.kind for each in step.attempt] == ["apply", "assert"]
    assert step.attempt[0].where == "spec.steps[0].try[0]"
    assert step.attempt[0].timeout == 61.5
    assert step.timeouts == {"assert_": 2.0, "exec": 1.0}
    assert (step.skip_delete, step.template, test.template, test.skip_delete) == (
        True, None, True, False,
    )  # fmt: skip
    assert step.lastly[0].action.seconds == 0.1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("0s", 0), ("1.5h", 5400), ("2m30s", 150), ("1h1ms", 3600.001), (".5s", 0.5)],
)
def test_durations(text, seconds):
    assert read_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "5 s", "s", "1d", "-1s", "1s,", "1s2"])
def test_no_durations(text):
    with pytest.raises(InvalidInput):
        read_duration(text)


yaml_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 5) | st.sampled_from(["1s", "v1", "Pod", "(a", "x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                "spec steps try assert apply resource file bindings name value kind apiVersion"
                " metadata timeout wait for condition sleep duration expect check".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(yaml_values)
def test_any_document_is_read_or_refused(value):
    for document in (value, a_test(value), a_test(spec=value if isinstance(value, dict) else {})):
        with suppress(InvalidInput):
            read(document)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("{.a.b[0]}", ["x"]),
        (".a.b[-1]", ["y"]),
        ("a.b[5]", []),
        ("{.a['c.d']}", [1]),
        (r"{.a.c\.d}", [1]),
        ('{.l[?(@.type=="Ready")].status}', ["True"]),
        ("{.nope.b}", []),
        ("{.a.b.c}", []),
    ],
)
def test_jsonpath(path, found):
    value = {"a": {"b": ["x", "y"], "c.d": 1}, "l": [{"type": "Ready", "status": "True"}, "no"]}
    assert find(path, value) == found


@pytest.mark.parametrize("path", ["{..a}", "{.a[*]}", "{.a[0:1]}", "{range .a}", "{.a} {.b}"])
def test_other_jsonpath_is_refused(path):
    with pytest.raises(InvalidInput):
        parse_jsonpath(path)
