"""Manifests that passed become a skill: read, merge, choose, write, check that it reproduces."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.domain.skill import Skill
from tiphys.library import lint_skill, parse_skill, render, strict_yaml
from tiphys.library.formats import canonical_quantity
from tiphys.propose.induce.asserting import write_test
from tiphys.propose.induce.card import skill_name, write_card
from tiphys.propose.induce.choosing import choose
from tiphys.propose.induce.merging import likeness, merge_cases
from tiphys.propose.induce.model import ABSENT, Choice, Parameter, Piece
from tiphys.propose.induce.places import is_quantity
from tiphys.propose.induce.reading import Case, read_case
from tiphys.propose.induce.signature import FieldSchema, schema_text
from tiphys.propose.induce.varying import varied
from tiphys.propose.induce.writing import write_templates

_ALIKE = 0.5  # share of objects that an earlier case must have in common
_EARLIER = 8


@dataclass(frozen=True, slots=True)
class Induced:
    """A skill in the making.

    `files` are relative to skills/<name>/; `values` are those that render the verified manifests;
    `notes` say, one line each, what became a value and why, for the person who reviews.
    """

    name: str
    files: Mapping[str, bytes]
    values: Mapping[str, Any]
    notes: tuple[str, ...]


def induce(
    request: str,
    manifests: Mapping[str, bytes],
    *,
    field_schema: FieldSchema,
    earlier: Sequence[tuple[str, Mapping[str, bytes]]] = (),
    taken: Collection[str] = (),
) -> Induced:
    """The skill that verified `manifests` are one case of. InvalidInput, LimitExceeded.

    `field_schema(api_version, kind, path)` is the OpenAPI fragment of a field, or None. `earlier`
    are requests and manifests of merged work of the same sort: what differs becomes a value, what
    only some have an optional one. `taken` are names that skills already have.
    """
    cases = [read_case(request, manifests)]
    notes = []
    for number, (other, files) in enumerate(earlier[:_EARLIER], 1):
        try:
            case = read_case(other, files)
        except InvalidInput as problem:
            notes.append(f"earlier work {number} is left out: {problem}")
            continue
        if case.scope != cases[0].scope or likeness(cases[0], case) < _ALIKE:
            notes.append(f"earlier work {number} is left out: its objects are of other kinds")
            continue
        cases.append(case)
    pieces = merge_cases(cases)
    choice = choose(cases, pieces, field_schema)
    name = skill_name(pieces, choice, taken)
    values = [_values(choice.parameters, number) for number in range(len(cases))]
    examples = {"asked" if n == 0 else f"earlier-{n}": v for n, v in enumerate(values)}
    if len(examples) == 1:
        examples["varied"] = varied(choice, values[0])
    files = {
        "SKILL.md": write_card(name, pieces, choice),
        "values.schema.json": schema_text(name, choice.parameters),
        **write_templates(pieces, choice),
        **{
            f"examples/{case}/values.yaml": strict_yaml.dump(each).encode()
            for case, each in examples.items()
        },
        "tests/chainsaw-test.yaml": write_test(name, pieces, choice),
    }
    skill = parse_skill(name, files)
    for case, each in zip(cases, values, strict=True):
        _check_reproduces(skill, each, case)
    if warnings := lint_skill(skill):
        raise InvalidInput(f"the skill made of it is not well-formed: {warnings[0]}")
    return Induced(name, files, values[0], (*notes, *_notes(pieces, choice)))


def _values(parameters: Sequence[Parameter], case: int) -> dict[str, Any]:
    """What a case gives each parameter, defaults left out."""
    given = ((each, each.vector[case]) for each in parameters)
    return {
        each.name: value
        for each, value in given
        if value is not ABSENT
        and (
            each.default is ABSENT or value != each.default or type(value) is not type(each.default)
        )
    }


def _check_reproduces(skill: Skill, values: Mapping[str, Any], case: Case) -> None:
    """The rendered objects are the verified ones; quantities may be written another way."""
    try:
        files = render(skill, values)
    except LimitExceeded:
        raise
    except InvalidInput as problem:
        raise InvalidInput(f"no skill can be made of it: {problem}") from None
    found = [
        document
        for file, data in files.items()
        for document in strict_yaml.load_documents(data, source=file)
    ]
    wanted = {_key(s.object): plain(s.object, s.kind) for s in case.sources}
    made = {_key(each): plain(each, each["kind"]) for each in found}
    for key in [*wanted, *made]:
        if not same(wanted.get(key), made.get(key)):
            raise InvalidInput(
                f"no skill can be made of it: {key[1]} {key[2]} does not come out as it went in"
            )


def plain(value: Any, kind: str, path: tuple[str | int, ...] = ()) -> Any:
    """An object with its quantities as the API server writes them."""
    if isinstance(value, Mapping):
        return {key: plain(each, kind, (*path, key)) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each, kind, (*path, at)) for at, each in enumerate(value)]
    if (
        isinstance(value, str | int | float)
        and not isinstance(value, bool)
        and is_quantity(kind, path)
    ):
        return canonical_quantity(str(value))
    return value


def same(one: Any, other: Any) -> bool:
    """Deep equality in which 1, 1.0 and true differ."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _key(obj: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(obj["apiVersion"]), str(obj["kind"]), str(obj["metadata"]["name"])


def _notes(pieces: Sequence[Piece], choice: Choice) -> list[str]:
    kinds = ", ".join(dict.fromkeys(piece.kind for piece in pieces))
    said = [f"{len(pieces)} objects ({kinds}) and {len(choice.parameters)} values"]
    for each in choice.parameters:
        how = "required" if each.default is ABSENT else "optional"
        why = f": {each.because}" if each.because else ": only some of the cases have it"
        said.append(f"{each.name} is {how}{why}")
    return said
