"""A namespace is one that somebody named."""

from __future__ import annotations

import pytest

from tiphys.propose.author.places import SCRATCH, place
from tiphys.propose.author.types import Task

POD = ("v1", "Pod")


def placed(request, namespace, *, name="web"):
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}}
    place([obj], {POD}, Task(request))
    return obj["metadata"]["namespace"]


@pytest.mark.parametrize(
    "request_",
    [
        "Run web in shop.",
        "Run web. Namespace shop.",
        "web (shop, two of it)",
        "Something of web for shop: one pod",
        "web in the `shop` namespace",
        "Run web into the shop, two of it",
        "shop: run web",
        "Ein Pod web im Namensraum shop",
        "Un pod web dans l'espace de noms shop",
        "In namespaces spring and shop: web",
    ],
)
def test_a_word_that_stands_for_nothing_else_may_be_the_namespace(request_):
    assert placed(request_, "shop") == "shop"


@pytest.mark.parametrize(
    "request_",
    [
        "Run web.",
        "Run registry.example/shop/web:1",
        "The shop's lamps are dim. Run registry.example/shop/web:1 for the shop.",
        "Run web with shop=yes",
        "Run web-shop",
        "Run web, it carries tonight's shop and is small.",
        "Run web for the shop desk.",
        "Run web in the shop desk.",
    ],
)
def test_a_namespace_that_nobody_named_is_made_up(request_):
    assert placed(request_, "shop") == SCRATCH


def test_a_name_need_not_be_called_a_namespace():
    assert placed("New space team-kelp with the pod web", "team-kelp") == "team-kelp"


def test_what_has_another_meaning_must_be_called_a_namespace():
    assert placed("Run shop.", "shop", name="shop") == SCRATCH
    assert placed("Run shop in shop.", "shop", name="shop") == "shop"
    assert placed("Run shop in the shop namespace.", "shop", name="shop") == "shop"


def test_objects_live_in_the_namespace_that_comes_with_them():
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kelp"}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "kelp"}}
    place([space, pod], {POD}, Task("A new space kelp with the pod web"))
    assert pod["metadata"]["namespace"] == "kelp"
