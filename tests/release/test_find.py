"""From a name to the file and the line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.release.world import Target
from tiphys.domain.errors import InvalidInput, NotFound, TiphysError
from tiphys.releases.find import Place, find

WEB = """\
# The shop itself
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
---
---
apiVersion: v1
kind: Service
metadata:
  namespace: shop
  name: web
"""
OBJECT = "apiVersion: {}\nkind: {}\nmetadata:\n  name: {}\n"


@pytest.fixture
def target() -> Target:
    target = Target()
    target.put("manifests/shop/web", {"all.yaml": WEB.encode()})
    target.put(
        "manifests/_cluster/shop",
        {"namespace.yml": OBJECT.format("v1", "Namespace", "shop").encode()},
    )
    target.put(
        "manifests/shop/odd",
        {"broken.yaml": b"a: [", "list.yaml": b"- 1\n- 2\n", "bare.yaml": b"kind: Service\n"},
    )
    return target


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("shop/web", Place("manifests/shop/web")),
        ("manifests/shop/web/", Place("manifests/shop/web")),
        ("Deployment/shop/web", Place("manifests/shop/web", "manifests/shop/web/all.yaml", 2)),
        ("deployment.apps/shop/web", Place("manifests/shop/web", "manifests/shop/web/all.yaml", 2)),
        ("service/shop/web", Place("manifests/shop/web", "manifests/shop/web/all.yaml", 9)),
        (
            "namespace/shop",
            Place("manifests/_cluster/shop", "manifests/_cluster/shop/namespace.yml", 1),
        ),
        ("_cluster/shop", Place("manifests/_cluster/shop")),
    ],
)
def test_a_name_leads_to_its_place(target: Target, name: str, place: Place) -> None:
    assert find(target.repository, "main", name) == place


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Pod/shop/web-7f8-x2", "nor what would have made it"),
        ("deployment.batch/shop/web", "no merged release holds"),
        ("shop/wed", "tiphys release list"),
        ("park/web", "did you mean shop/web"),
        ("Namespace/park", "tiphys release list"),
    ],
)
def test_what_is_nowhere_is_told_with_what_to_do(target: Target, name: str, words: str) -> None:
    with pytest.raises(NotFound, match=words):
        find(target.repository, "main", name)


def test_two_places_are_both_named(target: Target) -> None:
    target.put("manifests/shop/twin", {"all.yaml": WEB.encode()})
    with pytest.raises(InvalidInput, match=r"may be of 2.*shop/twin.*shop/web"):
        find(target.repository, "main", "Deployment/shop/web")


def test_a_group_settles_which_of_two(target: Target) -> None:
    for group in ("one.example", "two.example"):
        text = OBJECT.format(f"{group}/v1", "Thing", "x")
        target.put(f"manifests/shop/{group[:3]}", {"thing.yaml": text.encode()})
    with pytest.raises(InvalidInput, match="may be of 2"):
        find(target.repository, "main", "thing/shop/x")
    assert find(target.repository, "main", "thing.two.example/shop/x").folder.endswith("two")


@given(name=st.text(max_size=40))
def test_any_other_name_is_refused_in_one_printable_line(name: str) -> None:
    target = Target()
    target.put("manifests/shop/web", {"all.yaml": WEB.encode()})
    with pytest.raises(TiphysError) as refusal:
        find(target.repository, "main", name)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    ("kind", "maker", "name"),
    [
        ("pod", "Deployment", "web-6d4cf56db6-x2b7k"),
        ("replicaset", "Deployment", "web-6d4cf56db6"),
        ("pod", "DaemonSet", "web-x2b7k"),
        ("pod", "StatefulSet", "web-0"),
        ("persistentvolumeclaim", "StatefulSet", "data-web-0"),
        ("pod", "Job", "web-x2b7k"),
        ("pod", "Job", "web-3-x2b7k"),
        ("job", "CronJob", "web-29384750"),
        ("pod", "CronJob", "web-29384750-x2b7k"),
        ("endpointslice", "Service", "web-x2b7k"),
    ],
)
def test_what_controllers_make_leads_to_them(kind: str, maker: str, name: str) -> None:
    target = Target()
    for other in ("web-console", "we"):
        text = OBJECT.format("v1", maker, other)
        target.put(f"manifests/shop/{other}", {"a.yaml": text.encode()})
    text = OBJECT.format("v1", maker, "web")
    target.put("manifests/shop/web", {"a.yaml": text.encode()})
    place = find(target.repository, "main", f"{kind}/shop/{name}")
    assert (place.folder, place.maker) == ("manifests/shop/web", f"{maker}/shop/web")
    with pytest.raises(NotFound):
        find(target.repository, "main", f"{kind}/park/{name}")
    with pytest.raises(NotFound):
        find(target.repository, "main", f"{kind}/shop/{name}aeiou")


def test_a_name_that_two_may_have_given_is_not_guessed() -> None:
    target = Target()
    for maker in ("DaemonSet", "Job"):
        text = OBJECT.format("v1", maker, "web")
        target.put(f"manifests/shop/{maker.lower()}", {"a.yaml": text.encode()})
    with pytest.raises(InvalidInput, match="DaemonSet/shop/web in shop/daemonset; Job/shop/web"):
        find(target.repository, "main", "pod/shop/web-x2b7k")


def test_what_was_pushed_to_where_it_does_not_belong_is_found_too() -> None:
    target = Target()
    text = OBJECT.format("v1", "Service", "web") + "  namespace: shop\n"
    target.put("manifests/park/odd", {"a.yaml": text.encode()})
    text = OBJECT.format("v1", "Namespace", "shop")
    target.put("manifests/park/more", {"a.yaml": text.encode()})
    assert find(target.repository, "main", "Service/shop/web").folder == "manifests/park/odd"
    with pytest.raises(NotFound):
        find(target.repository, "main", "Service/park/web")
