"""The labelled pairs are well-formed, balanced and free of repeats; what they say is for people."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tiphys.library import strict_yaml

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.yaml"))
FAULTS = frozenset(
    (
        "name namespace count port image resources exposure storage schedule env probe autoscale"
        " unasked negation selector other"
    ).split()
)
FIELDS = {"id", "half", "request", "label", "why", "manifests"}


def _read(path: Path) -> list[dict[str, Any]]:
    found = strict_yaml.load(path.read_text(), source=path.name)
    assert isinstance(found, list)
    return found


PAIRS = [pair for path in FILES for pair in _read(path)]


def _label_of(pair: dict[str, Any]) -> str:
    return str(pair["id"])


@pytest.mark.parametrize("pair", PAIRS, ids=_label_of)
def test_a_pair_is_complete(pair: dict[str, Any]) -> None:
    assert set(pair) == FIELDS | ({"fault"} if pair["label"] == "bad" else set())
    assert all(isinstance(value, str) and value.strip() for value in pair.values())
    assert pair["half"] in {"tune", "held-out"}
    assert pair["label"] in {"good", "bad"}
    assert pair.get("fault", "other") in FAULTS
    assert "\n" not in pair["why"].strip()
    documents = strict_yaml.load_documents(pair["manifests"], source=pair["id"])
    assert 1 <= len(documents) <= 5
    for document in documents:
        assert document["apiVersion"]
        assert document["kind"]
        assert document["metadata"]["name"]
    identities = [
        (d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in documents
    ]
    assert len(set(identities)) == len(identities)


def test_no_pair_is_told_twice() -> None:
    assert max(Counter(pair["id"] for pair in PAIRS).values()) == 1
    told = Counter((pair["request"], pair["manifests"]) for pair in PAIRS)
    assert max(told.values()) == 1


def test_there_are_enough_pairs_and_enough_bad_ones() -> None:
    assert len(PAIRS) >= 160
    assert sum(pair["label"] == "bad" for pair in PAIRS) >= 0.45 * len(PAIRS)


@pytest.mark.parametrize("label", ["good", "bad"])
def test_both_halves_hold_as_many_of_a_label(label: str) -> None:
    halves = Counter(pair["half"] for pair in PAIRS if pair["label"] == label)
    assert abs(halves["tune"] - halves["held-out"]) <= 0.1 * halves.total()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_halves_alternate_within_a_topic(path: Path) -> None:
    halves = [pair["half"] for pair in _read(path)]
    assert halves == ["tune" if n % 2 == 0 else "held-out" for n in range(len(halves))]


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_every_fault_is_in_both_halves(fault: str) -> None:
    assert {pair["half"] for pair in PAIRS if pair.get("fault") == fault} == {"tune", "held-out"}


def test_the_readme_counts_what_is_there() -> None:
    text = (HERE / "README.md").read_text()
    told = re.findall(r"([a-z]+) ([0-9]+)", text.split("by fault:")[1])
    there = Counter(pair["fault"] for pair in PAIRS if "fault" in pair)
    assert {fault: int(number) for fault, number in told} == dict(there)
    assert f"{len(PAIRS)} pairs" in text


def test_many_kinds_are_covered() -> None:
    kinds = {
        document["kind"]
        for pair in PAIRS
        for document in strict_yaml.load_documents(pair["manifests"], source=pair["id"])
    }
    assert len(kinds) >= 20


def test_images_come_from_the_example_registry_or_name_none() -> None:
    def images(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["image"]] if isinstance(node.get("image"), str) else []
            return own + [found for value in node.values() for found in images(value)]
        if isinstance(node, list):
            return [found for value in node for found in images(value)]
        return []

    for pair in PAIRS:
        for image in images(strict_yaml.load_documents(pair["manifests"], source=pair["id"])):
            host, _, rest = image.partition("/")
            named = bool(rest) and ("." in host or ":" in host)
            assert not named or host == "registry.example", pair["id"]
