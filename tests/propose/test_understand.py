from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.library.schema import refuses
from tiphys.propose.understand import merge_readings, read_answer, read_values

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "namespace", "image"],
    "properties": {
        "name": {"type": "string", "format": "dns-label"},
        "namespace": {"type": "string", "format": "dns-label"},
        "image": {"type": "string", "format": "image"},
        "replicas": {
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "x-tiphys": {"words": ["copies", "instances", "Replikate"]},
        },
        "port": {"type": "integer", "format": "port"},
        "schedule": {"type": "string", "format": "cron"},
        "disruptionBudget": {"type": "boolean", "x-tiphys": {"words": ["pdb"]}},
        "memoryRequest": {
            "type": "string",
            "format": "quantity",
            "x-tiphys": {"words": ["memory", "memory request"]},
        },
        "memoryLimit": {
            "type": "string",
            "format": "quantity",
            "x-tiphys": {"words": ["memory limit"]},
        },
        "policy": {"enum": ["Forbid", "Allow"], "x-tiphys": {"words": ["concurrency"]}},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
        "hosts": {
            "type": "array",
            "items": {"type": "string", "format": "dns-subdomain"},
            "x-tiphys": {"words": ["host"]},
        },
    },
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "Run the storefront in namespace shop: image registry.example/storefront:1.4, "
                "3 replicas, port 8080, needs a disruption budget"
            ),
            {
                "name": "storefront",
                "namespace": "shop",
                "image": "registry.example/storefront:1.4",
                "replicas": 3,
                "port": 8080,
                "disruptionBudget": True,
            },
        ),
        (
            (
                "Please deploy our checkout API into the shop namespace with three copies of "
                "registry.example:5000/team/checkout:2.0.1, LOG_LEVEL=debug, no disruption budget."
            ),
            {
                "name": "checkout",
                "namespace": "shop",
                "image": "registry.example:5000/team/checkout:2.0.1",
                "replicas": 3,
                "disruptionBudget": False,
                "env": {"LOG_LEVEL": "debug"},
            },
        ),
        (
            "Betreibe den Shop im Namespace laden mit 4 Replikaten. image registry.example/shop:1",
            {"name": "shop", "namespace": "laden", "image": "registry.example/shop:1"},
        ),
        (
            "hosts a.example.com, b.example and c.example",
            {"hosts": ["a.example.com", "b.example", "c.example"]},
        ),
        ("512 MiB of memory, memory limit 1Gi", {"memoryRequest": "512Mi", "memoryLimit": "1Gi"}),
        ("replicas: 7; port=9000", {"replicas": 7, "port": 9000}),
        ("concurrency forbid", {"policy": "Forbid"}),
        ("schedule */5 * * * *", {"schedule": "*/5 * * * *"}),
        ("every night at 2:30", {"schedule": "30 2 * * *"}),
        ("every monday at 9am", {"schedule": "0 9 * * 1"}),
        ("every 15 minutes", {"schedule": "*/15 * * * *"}),
        ("image registry.example/db@sha256:" + "a" * 64,
         {"name": "db", "image": "registry.example/db@sha256:" + "a" * 64}),
        ("it should be called nightly-report", {"name": "nightly-report"}),
    ],
)  # fmt: skip
def test_reads_values_that_are_plainly_there(text: str, expected: dict[str, Any]) -> None:
    assert dict(read_values(text, SCHEMA).values) == expected


@pytest.mark.parametrize(
    "text",
    [
        "image registry.example/storefront:latest",
        "image registry.example/storefront",
        "port 99999",
        "0 replicas",
        "every night",
        "every 7 minutes",
        "namespace Ünïcode",
        "",
        "\x00\x01",
    ],
)
def test_leaves_out_what_the_definition_refuses_or_what_had_to_be_guessed(text: str) -> None:
    values = dict(read_values(text, SCHEMA).values)
    values.pop("name", None)
    assert values == {}


def test_two_different_figures_are_a_contradiction_not_a_choice() -> None:
    reading = read_values("3 replicas, no wait, 5 replicas", SCHEMA)
    assert reading.contradictions == {"replicas": (3, 5)}
    assert "replicas" not in reading.values


def test_in_a_place_is_a_namespace_only_if_it_exists() -> None:
    assert "namespace" not in read_values("run it in production", SCHEMA).values
    known = read_values("run it in production", SCHEMA, namespaces=["production"])
    assert known.values["namespace"] == "production"


def test_figures_that_nothing_took_are_reported() -> None:
    assert read_values("2 GPUs and port 80", SCHEMA).unused == ("2",)


def test_a_bare_answer_fills_the_one_open_question() -> None:
    reading = read_answer("registry.example/x:1", SCHEMA, ("image",))
    assert reading.values["image"] == "registry.example/x:1"
    assert "namespace" in read_answer("`shop`.", SCHEMA, ("namespace",)).values
    assert "port" not in read_answer("what do you mean?", SCHEMA, ("port",)).values


def test_a_later_answer_wins_and_settles_a_contradiction() -> None:
    first = read_values("3 replicas, or 5 replicas", SCHEMA)
    merged = merge_readings([first, read_values("4 replicas", SCHEMA)])
    assert merged.values["replicas"] == 4
    assert merged.contradictions == {}


@given(st.text(max_size=400))
def test_any_text_gives_only_values_that_the_schema_accepts(text: str) -> None:
    reading = read_values(text, SCHEMA)
    for name, value in reading.values.items():
        assert refuses(SCHEMA["properties"][name], value) is None
        assert name in reading.sources


def test_a_name_that_begins_like_the_word_for_a_namespace_is_a_name() -> None:
    values = read_values("Run nsqd-main in namespace queues with 2 replicas", SCHEMA).values
    assert (values["name"], values["namespace"]) == ("nsqd-main", "queues")


@given(
    name=st.from_regex(r"[a-z]{4,10}-[a-z]{3,8}", fullmatch=True),
    namespace=st.from_regex(r"[a-z]{3,10}-ns", fullmatch=True),
    replicas=st.integers(1, 100),
    port=st.integers(1, 65535),
    order=st.permutations(range(3)),
)
def test_the_order_of_the_parts_does_not_matter(
    name: str, namespace: str, replicas: int, port: int, order: list[int]
) -> None:
    parts = [f"{replicas} replicas", f"port {port}", f"image registry.example/{name}:1.0"]
    text = f"Run {name} in namespace {namespace} with " + ", ".join(parts[i] for i in order)
    values = read_values(text, SCHEMA).values
    assert values == {
        "name": name,
        "namespace": namespace,
        "replicas": replicas,
        "port": port,
        "image": f"registry.example/{name}:1.0",
    }


@pytest.mark.parametrize("part", ["a=", "every ", "1 ", "namespace ", "'", "in the ", "-", "a."])
def test_hostile_text_is_read_in_bounded_time(part: str) -> None:
    text = part * (16_000 // len(part))

    started = time.process_time()
    read_values(text, SCHEMA)
    assert time.process_time() - started < 5


CALLERS: dict[str, Any] = {
    "type": "object",
    "required": ["name", "namespace", "app"],
    "properties": {
        "name": {"type": "string", "format": "dns-label"},
        "namespace": {"type": "string", "format": "dns-label"},
        "app": {"type": "string", "format": "dns-label", "x-tiphys": {"words": ["for", "to"]}},
        "fromNamespace": {"type": "string", "format": "dns-label"},
    },
}


@pytest.mark.parametrize(
    "text",
    [
        "Open namespace shop to search, from namespace monitoring",
        "Open namespace shop to the search app from the monitoring namespace",
        "From namespace monitoring to our search: in namespace shop",
        "For a search in the shop namespace, from namespace `monitoring`",
    ],
)
def test_namespaces_of_two_properties_are_told_apart(text: str) -> None:
    found = read_values(text, CALLERS)
    assert not found.contradictions
    assert found.values == {"namespace": "shop", "app": "search", "fromNamespace": "monitoring"}


@pytest.mark.parametrize("text", ["for the", "a thing for in namespace shop", "for pods", "to it"])
def test_a_word_between_names_is_not_a_name(text: str) -> None:
    assert "app" not in read_values(text, CALLERS).values


def test_a_name_that_looks_like_a_word_between_can_be_given_plainly() -> None:
    assert read_values("app: it", CALLERS).values == {"app": "it"}
    assert read_answer("it", CALLERS, ("app",)).values == {"app": "it"}


AMOUNTS = {
    "properties": {
        name: {"type": "string", "format": "quantity", "examples": [example]}
        for name, example in (
            ("memoryLimit", "1Gi"),
            ("memoryRequest", "1Gi"),
            ("cpuRequest", "5m"),
        )
    }
}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (
            "a limit of 400Mi memory and requests of 80m cpu and 150Mi memory",
            {"memoryLimit": "400Mi", "cpuRequest": "80m", "memoryRequest": "150Mi"},
        ),
        ("memory limit 400Mi memory request 150Mi", {"memoryLimit": "400Mi",
                                                     "memoryRequest": "150Mi"}),
        ("A limit is good. It has 400Mi memory.", {}),
        ("limits of 2 cores", {}),
    ],
)  # fmt: skip
def test_an_amount_between_the_words_that_say_what_it_is(
    text: str, values: dict[str, object]
) -> None:
    assert read_values(text, AMOUNTS).values == values
