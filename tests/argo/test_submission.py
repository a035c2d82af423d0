import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.argo.walking import templates_of, texts
from tiphys.argo import names
from tiphys.argo.render import render
from tiphys.argo.submission import TAKES, submission
from tiphys.domain.errors import InvalidInput

GOOD = {"pull": 7, "head": "a" * 40, "base": "b" * 40}


def test_a_workflow_names_a_template_and_its_parameters():
    made = submission(names.VERIFY, "verify-7", GOOD)

    assert made["metadata"]["namespace"] == names.NAMESPACE
    assert set(made["spec"]) == {"workflowTemplateRef", "arguments"}
    assert made["spec"]["arguments"]["parameters"] == [
        {"name": "base", "value": "b" * 40},
        {"name": "head", "value": "a" * 40},
        {"name": "pull", "value": "7"},
    ]


def test_it_takes_what_the_templates_declare():
    found = (each for text in render().values() for each in yaml.safe_load_all(text))
    declared = {
        each["metadata"]["name"]: {
            p["name"] for p in each["spec"].get("arguments", {}).get("parameters", [])
        }
        for each in templates_of([each for each in found if "kind" in each])
    }

    assert declared == {name: set(takes) for name, takes in TAKES.items()}
    assert set(declared) == set(names.WORKFLOWS)


@given(st.sampled_from(sorted(GOOD)), st.text() | st.integers() | st.binary().map(repr))
def test_no_text_gets_through_as_a_parameter(key, value):
    try:
        made = submission(names.VERIFY, "one", GOOD | {key: value})
    except InvalidInput:
        return
    assert all(re.fullmatch(r"[-a-zA-Z0-9/.]+", text) for _, text in texts(made))


@pytest.mark.parametrize(
    ("template", "name", "parameters"),
    [
        ("mine", "one", {}),
        (names.VERIFY, "one", {}),
        (names.VERIFY, "one", GOOD | {"issue": 7}),
        (names.REINDEX, "one", {"pull": 7}),
        (names.REINDEX, "", {}),
        (names.REINDEX, "../one", {}),
        (names.REINDEX, "One", {}),
        (names.REINDEX, "x" * 64, {}),
        (names.REINDEX, "one\n", {}),
        (names.VERIFY, "one", GOOD | {"head": "a" * 40 + "\n"}),
        (names.VERIFY, "one", GOOD | {"pull": "\u0667"}),
        (names.VERIFY, "one", GOOD | {"pull": 0}),
        (names.VERIFY, "one", GOOD | {"pull": True}),
    ],
)
def test_anything_else_is_refused(template, name, parameters):
    with pytest.raises(InvalidInput):
        submission(template, name, parameters)
