"""What is CEL stays, and what a model took from another language becomes CEL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.propose.author.words.by_words import by_words
from tiphys.propose.author.words.cel import as_cel, without_parameters

LABELS = "object.metadata.labels"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("spec.tls != null && spec.tls.length > 0",
         "has(object.spec.tls) && size(object.spec.tls) > 0"),
        (f"has({LABELS}['team'])", f"has({LABELS}) && 'team' in {LABELS}"),
        (f"{LABELS}['team'] != null", f"has({LABELS}) && 'team' in {LABELS}"),
        (f"'team' in {LABELS}", f"has({LABELS}) && 'team' in {LABELS}"),
        ("object.spec.replicas === 3 and not object.spec.paused",
         "object.spec.replicas == 3 && !object.spec.paused"),
    ],
)  # fmt: skip
def test_words_of_other_languages(written, meant):
    assert as_cel(written) == meant
    assert as_cel(meant) == meant


@pytest.mark.parametrize(
    "right",
    [
        "object.spec.replicas <= int(params.data.max)",
        f"!has({LABELS}) || !('x' in {LABELS})",
        "object.spec.containers.all(c, c.image.startsWith('spec.and or not/'))",
        "object.spec.?hostNetwork.orValue(false) == false",
        "false",
    ],
)
def test_what_is_right_stays(right):
    assert as_cel(right) == right


@given(st.text(alphabet="'\"abc .!=()[]&|", max_size=40) | st.sampled_from(["spec.", "not x"]))
def test_once_is_enough(text):
    once = as_cel(text)
    assert as_cel(once) == once


@pytest.mark.parametrize("held", [None, "x", {"expression": 3}, {"validations": ["x", None]}])
def test_whatever_stands_there_breaks_nothing(held):
    by_words({"kind": "ValidatingAdmissionPolicy", "metadata": {}, "spec": held}, "")


@pytest.mark.parametrize(
    ("request_", "expression"),
    [
        ("At most five replicas.", "object.spec.replicas <= 5"),
        ("At most five replicas, as many as its params say.", "object.spec.replicas <= params.max"),
        ("At most the max of a Cap.", "object.spec.replicas <= params.max"),
        ("At most 5 replicas, 3 at night.", "object.spec.replicas <= params.max"),
    ],
)
def test_without_parameters_a_figure_stands_in_the_expression(request_, expression):
    validation = {"expression": "object.spec.replicas <= params.max"}
    spec = {"paramKind": {"apiVersion": "x/v1", "kind": "Cap"}, "validations": [validation]}
    without_parameters({"kind": "ValidatingAdmissionPolicy", "spec": spec}, request_)
    assert validation["expression"] == expression
    assert ("paramKind" in spec) is ("params" in expression)
