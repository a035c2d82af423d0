"""Examples are shown with what a request asks for, and nothing else is copied from them."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiphys.library import strict_yaml
from tiphys.propose.author.cards import (
    card_objects,
    cards_for,
    cards_of,
    known,
    prune,
    without_copies,
)

WORDS = sorted({word for card in known() for each in card.optional.values()
                for word in each.pattern.split("|") if word.isalpha()})  # fmt: skip


def shown_and_pruned(card, request):
    shown = strict_yaml.load_documents(card.shown(request).text, source="shown")
    pruned = strict_yaml.load_documents(card.example, source="card")
    for each in pruned:
        prune(request, each, shown=copy.deepcopy(pruned))
    return shown, pruned


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join))
def test_what_is_shown_is_what_would_be_left_of_it(request):
    for card in known():
        shown, pruned = shown_and_pruned(card, request)
        assert shown == pruned, card.kind


def test_what_is_asked_for_is_shown_with_its_comments():
    [plain] = cards_of("CronJob", "A CronJob for registry.example/b/c:1")
    assert "concurrencyPolicy" not in plain.text
    assert "command" not in plain.text
    [never_two] = cards_of("CronJob", "A CronJob whose runs never overlap")
    assert "concurrencyPolicy: Forbid  # never two at once" in never_two.text


@pytest.mark.parametrize(
    ("request_", "kinds"),
    [
        ("Run a Deployment in namespace shop", ["Deployment"]),
        ("Create the namespace shop", ["Namespace"]),
        ("A Service for the pods of web", ["Service"]),
        ("A single Pod with a sidecar", ["Pod"]),
    ],
)
def test_a_kind_is_shown_where_one_is_to_be_made(request_, kinds):
    assert [each.about.split()[-1] for each in cards_for(request_)] == kinds


@pytest.mark.parametrize(
    ("request_", "kept"), [("GET /pret doit r\u00e9pondre", True), ("Run it", False)]
)
def test_what_the_request_says_stays_in_whatever_language(request_, kept):
    probe = {"httpGet": {"path": "/pret", "port": 8000}}
    container = {"name": "web", "image": "registry.example/web:1", "readinessProbe": probe}
    obj = {
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    prune(request_, obj, shown=[copy.deepcopy(obj)])
    assert ("readinessProbe" in container) is kept


def test_what_nobody_showed_was_written_for_a_reason():
    job = {"kind": "CronJob", "metadata": {"name": "x"}, "spec": {"suspend": True}}
    assert prune("The library is down.", job, shown=[]) == ()
    assert prune("The library is down.", job, shown=[copy.deepcopy(job)]) == ("spec.suspend",)


def test_rules_of_an_example_are_not_copied_unless_they_were_asked_for():
    [card] = cards_of("Role", "")
    shown = strict_yaml.load_documents(card.text.encode(), source="card")[0]["rules"]
    own = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
    for request, rules in (
        ("A Role that may list pods.", [own]),
        ("A Role for batch jobs: get, list and create, and list pods.", [shown[0], own]),
    ):
        role = {"kind": "Role", "metadata": {"name": "x"}, "rules": [*shown, own]}
        assert [*without_copies(request, [role], card_objects())] == ["rules"]
        assert role["rules"] == rules
    copied = {"kind": "Role", "metadata": {"name": "x"}, "rules": [*shown]}
    assert not [*without_copies("A Role.", [copied], card_objects())]
