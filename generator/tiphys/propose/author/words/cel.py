"""Expressions of admission policies as CEL has them, where a model wrote them as JavaScript has."""

from __future__ import annotations

import re
from functools import partial

from tiphys.ports import Object
from tiphys.propose.author.fields import dicts, map_at
from tiphys.propose.author.literals import leaves_of
from tiphys.propose.reading.spelled import in_figures

_PATH = r"(?:object|oldObject|params|variables)(?:\.\w+)+"
_KEY = r"('[^']*'|\"[^\"]*\")"
_QUOTED = re.compile(r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")
_PLAIN = (  # outside quotes
    (re.compile(r"(?<![\w.\])])(spec|metadata)\."), r"object.\1."),
    (re.compile(r"(!|=)=="), r"\1="),
    (re.compile(rf"\b({_PATH})\s*!=\s*null\b"), r"has(\1)"),
    (re.compile(rf"\b({_PATH})\s*==\s*null\b"), r"!has(\1)"),
    (re.compile(rf"\b({_PATH})\.length\b(?:\(\))?"), r"size(\1)"),
    (re.compile(r"(?<=[\w)\]'\"])\s+and\s+(?=[\w(!'\"])"), " && "),
    (re.compile(r"(?<=[\w)\]'\"])\s+or\s+(?=[\w(!'\"])"), " || "),
    (re.compile(r"(?<![\w.])not\s+(?=[\w(])"), "!"),
)
_KEYS = (  # of maps
    (rf"\bhas\(({_PATH})\[{_KEY}\]\)", r"\2 in \1"),
    (rf"\b({_PATH})\.(?:has|containsKey|contains|hasOwnProperty)\({_KEY}\)", r"\2 in \1"),
    (rf"\b({_PATH})\[{_KEY}\]\s*!=\s*null\b", r"\2 in \1"),
    (rf"\b({_PATH})\[{_KEY}\]\s*==\s*null\b", r"!(\2 in \1)"),
)
_PARAMETERS = re.compile(
    r"\bparam|\bconfig\s?map|\bsettings?\b|\bconfigur|\bvalue\s+(?:in|of|from)\b", re.IGNORECASE
)
_PARAMETER = re.compile(r"\bint\(params(?:\.\w+)+\)|\bparams(?:\.\w+)+")
_FIGURE = re.compile(r"(?<![\w./:-])\d{1,6}(?![\w./:-])")
_MAPS = re.compile(r"\.(?:labels|annotations)\Z")
_IN = re.compile(rf"{_KEY}\s+in\s+(object\.metadata\.(?:labels|annotations))\b")


def write_as_cel(obj: Object, _request: str) -> None:
    """Mend the expressions of a policy in place."""
    for holder in dicts(map_at(obj, "spec")):
        text = holder.get("expression")
        if isinstance(text, str):
            holder["expression"] = as_cel(text)


def without_parameters(obj: Object, request: str) -> None:
    """Nobody who speaks of no parameters has any: a figure stands in the expression itself."""
    spec = map_at(obj, "spec")
    named = [*leaves_of([spec.get("paramKind"), spec.get("paramRef")])]
    if _PARAMETERS.search(request) or any(str(each) in request for each in named if each):
        return
    figures = [*dict.fromkeys(_FIGURE.findall(in_figures(request)))]
    told = [each for each in dicts(spec) if _PARAMETER.search(str(each.get("expression")))]
    if not told or len(figures) == 1:
        spec.pop("paramKind", None)
        spec.pop("paramRef", None)
        for each in told:
            each["expression"] = _PARAMETER.sub(figures[0], each["expression"])


def as_cel(text: str) -> str:
    """The same expression; what is CEL already stays as it is."""
    parts = _QUOTED.split(text)
    for number in range(0, len(parts), 2):
        for form, right in _PLAIN:
            parts[number] = form.sub(right, parts[number])
    made = "".join(parts)
    for pattern, right in _KEYS:
        made = re.sub(pattern, partial(_of_map, right), made)
    return _guarded(made)


def _of_map(right: str, found: re.Match[str]) -> str:
    return found.expand(right) if _MAPS.search(found[1]) else found[0]


def _guarded(text: str) -> str:
    """An object without labels has no key among them: CEL would fail there."""
    found = _IN.search(text)
    if found is None or f"has({found[2]})" in text or "?" in text or "||" in text or "!(" in text:
        return text
    if text[: found.start()].rstrip().endswith("!"):
        return text
    return f"has({found[2]}) && {text}"
