"""The cases, a small stand-in for the API server's schemas, and what a skill renders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tiphys.domain.skill import Skill
from tiphys.library import parse_skill, render, strict_yaml
from tiphys.propose.induce import Induced, extend, induce

INT32 = {"type": "integer", "format": "int32"}
_FIELDS: Mapping[tuple[str, ...], Mapping[str, Any]] = {
    ("replicas",): {**INT32, "description": "Number of desired pods. More words follow."},
    ("backoffLimit",): {**INT32, "description": "Retries before the job is marked as failed."},
    ("completions",): INT32,
    ("concurrencyPolicy",): {"type": "string", "enum": ["Allow", "Forbid", "Replace"]},
    ("averageUtilization",): INT32,
    ("minReplicas",): INT32,
    ("maxReplicas",): INT32,
}


@dataclass(frozen=True)
class Given:
    """A request and the manifests that answered it."""

    id: str
    request: str
    manifests: Mapping[str, bytes]


def field_schema(_api: str, _kind: str, path: tuple[str | int, ...]) -> Mapping[str, Any] | None:
    """What the server says of a few fields."""
    return _FIELDS.get(tuple(path[-1:]))


@cache
def given() -> dict[str, Given]:
    """Every case by its id."""
    text = (Path(__file__).parent / "cases.yaml").read_text()
    found = strict_yaml.load(text, source="cases.yaml")
    return {
        each["id"]: Given(
            each["id"], each["request"], {"manifest.yaml": each["manifests"].encode()}
        )
        for each in found
    }


def induced(name: str, **more: Any) -> Induced:
    """The skill that a case becomes."""
    case = given()[name]
    return induce(case.request, case.manifests, field_schema=field_schema, **more)


def skill_of(made: Induced) -> Skill:
    """It, loaded."""
    return parse_skill(made.name, made.files)


def objects_of(files: Mapping[str, bytes]) -> dict[tuple[str, str], Any]:
    """Objects by kind and name."""
    return {
        (each["kind"], each["metadata"]["name"]): each
        for name, data in files.items()
        for each in strict_yaml.load_documents(data, source=name)
    }


def rendered(made: Induced, **values: Any) -> dict[tuple[str, str], Any]:
    """What it makes of its own values, some of them changed."""
    return objects_of(render(skill_of(made), {**made.values, **values}))


@cache
def web_more(*, metrics: bool) -> Induced:
    """The case that has more than `web`, with a second port or without."""
    case = given()["web-again"]
    text = case.manifests["manifest.yaml"].decode()
    if not metrics:
        text = text.replace(", {name: metrics, containerPort: 9102}", "")
    return induce(case.request, {"more.yaml": text.encode()}, field_schema=field_schema)


@cache
def web_plain() -> Induced:
    """The case `web` without a field that says what is so anyway."""
    case = given()["web"]
    text = case.manifests["manifest.yaml"].replace(b", initialDelaySeconds: 0", b"")
    return induce(case.request, {"web.yaml": text}, field_schema=field_schema)


@cache
def widened_web() -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    """A skill's files, and those that change when it is widened."""
    old = web_plain()
    return old.files, extend(skill_of(old), web_more(metrics=False))
