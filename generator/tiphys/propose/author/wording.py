"""What a request spells out: quoted texts to the letter, and names that are to go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import dicts
from tiphys.propose.reading.spelled import in_figures

_QUOTED = re.compile(r"\"([^\"\n]{2,200})\"|`([^`\n]{2,200})`")
_FIGURE = re.compile(r"\d+")
_ENDS = " \t;,.\n"
_NAME = r"[\"'`]?([A-Z][A-Z0-9_]{2,60})[\"'`]?"
_OUT = (
    r"remove|drop|delete|get\s+rid\s+of|take\s+out|entfern\w*|lösch\w*|supprim\w*|retire\w*|enlev\w*"
    r"|elimin\w*|quit[ae]\w*|borra\w*|remova?m?|tire\w*|tirar|apag\w*|togli\w*|rimuov\w*|verwijder\w*"
)
_MAY_GO = (
    r"(?:can|must|should|has\s+to|is\s+to)\s+(?:go|be\s+(?:removed|dropped|deleted))|kann\s+(?:weg|raus)"
    r"|entfällt|peut\s+(?:partir|disparaître|être\s+\w+)|puede\s+(?:irse|quitarse|eliminarse|borrarse)"
    r"|pode\s+(?:sair|ser\s+\w+)|può\s+(?:andare|sparire|essere\s+\w+)|(?:kan|mag)\s+weg"
    r"|is\s+(?:no\s+longer|not)\s+needed|wird\s+nicht\s+mehr\s+\w+"
)
_GOES = re.compile(
    rf"\b(?i:{_OUT})\s+(?:the\s+)?(?:\w+\s+){{0,2}}?{_NAME}|{_NAME}\s+(?i:{_MAY_GO})\b"
    rf"|\b(?i:nobody|nothing|no\s+one)\s+(?:\w+\s+){{1,2}}?{_NAME}\s+(?i:any\s?more)\b"
)


def to_the_letter(request: str, obj: Object) -> tuple[str, ...]:
    """Set in place what differs from a quoted text only at its ends, and remove what is to go."""
    quoted = {each.strip(_ENDS): each for pair in _QUOTED.findall(request) for each in pair if each}
    done = [*_spelled(obj, {short: text for short, text in quoted.items() if short != text})]
    if obj.get("kind") in ("ConfigMap", "Secret"):
        done += _in_words(obj, request)
    done += _in_capitals(obj, request)
    gone = {name for match in _GOES.finditer(request) for name in match.groups() if name}
    for holder in _holders(obj):
        kept = [each for each in holder["env"] if str(each.get("name")) not in gone]
        if len(kept) < len(holder["env"]):
            holder["env"] = kept
            done.append("env")
    return tuple(done)


def _spelled(value: Any, quoted: dict[str, str]) -> Iterator[str]:
    for key, child in _children(value):
        if isinstance(child, str) and child in quoted and child.strip("\n") != quoted[child]:
            value[key] = quoted[child]
            yield str(key)
        elif isinstance(child, dict | list):
            yield from _spelled(child, quoted)


def _in_words(obj: Object, request: str) -> Iterator[str]:
    """Text of a file has "five" where the request has it, though the model was told of 5."""
    spoken = in_figures(request)
    for holder in dicts([obj.get("data"), obj.get("stringData")]):
        for key, text in [*holder.items()]:
            said = text.strip() if isinstance(text, str) else ""
            if said and said not in request and said in spoken:
                parts = [re.escape(each) for each in _FIGURE.split(said)]
                form = r"(?:\w+(?:[ -]\w+){0,3}?)".join(parts)
                found = {m for m in re.findall(form, request) if in_figures(m) == said}
                if len(found) == 1:
                    holder[key] = text.replace(said, found.pop())
                    yield str(key)


def _in_capitals(obj: Object, request: str) -> Iterator[str]:
    """Keys and variables that the request writes in capitals only: "LOGIN -> x" is no login."""
    for holder in dicts([obj.get("data"), obj.get("stringData")]):
        if any(_said_in_capitals(key, request) for key in holder):
            for key, text in [*holder.items()]:  # in their order
                said = _said_in_capitals(key, request)
                del holder[key]
                holder[said or key] = text
                if said:
                    yield said
    for variable in (each for holder in _holders(obj) for each in holder["env"]):
        if said := _said_in_capitals(variable.get("name"), request):
            variable["name"] = said
            yield said


def _said_in_capitals(name: Any, request: str) -> str:
    """As it stands there, if that is everywhere in capitals, and elsewise than here."""
    said = {*re.findall(rf"(?<![\w./-])(?i:{re.escape(str(name))})(?![\w/-]|\.\w)", request)}
    found = said.pop() if len(said) == 1 else ""
    return found if len(found) > 2 and found.isupper() and found != name else ""


def _holders(obj: Object) -> Iterator[dict[str, Any]]:
    """Everything with a list of environment variables."""
    for each in dicts(obj):
        env = each.get("env")
        if isinstance(env, list) and all(isinstance(variable, dict) for variable in env):
            yield each


def _children(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []
