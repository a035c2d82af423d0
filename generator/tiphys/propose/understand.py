"""Values read out of a request in plain words, guided by a skill's signature; no model involved.

Every value must stand in the text in a form that its definition accepts, and each is returned with
the words that it was read from, so that a person can check it at a glance. What is stated twice
with different values is reported, not chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tiphys.library import formats
from tiphys.library.schema import refuses
from tiphys.propose.schedule import cron_from_words

TEXT_LIMIT = 16 * 1024  # characters of one request or answer that are read

_NUMBERS = {
    word: number
    for number, words in enumerate(
        [
            "zero", "one ein eine einen un une uno una", "two zwei deux dos due",
            "three drei trois tres tre",
            "four vier quatre cuatro quattro", "five fünf cinq cinco cinque", "six sechs seis sei",
            "seven sieben sept siete sette", "eight acht huit ocho otto",
            "nine neun neuf nueve nove",
            "ten zehn dix diez dieci", "eleven elf", "twelve zwölf douze doce",
        ]
    )
    for word in words.split()
}  # fmt: skip
_NUMBER = rf"(?:\d{{1,9}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_PIECE = r"""[^\s,;"'`]+"""
_QUOTED = r"""(?:"[^"\n]{1,2000}"|'[^'\n]{1,2000}'|`[^`\n]{1,2000}`)"""
_LINK = r"\s*(?:(?:[:=]\s*|\b(?:is|are|of|to|at|as|be|ist|auf|von|zu|de|du|à|est|es|a|di)\s+)){0,2}"
_PAIR = re.compile(r"(?<![\w./-])([A-Za-z_][A-Za-z0-9_.-]{0,62})=(" + _QUOTED + r"|[^\s,;]+)")
_IMAGE = re.compile(r"(?<![\w./:@-])[a-z0-9][a-z0-9._:/-]*(?:@sha256:[0-9a-f]{64})?[\w./:-]*")
_CRON = re.compile(r"(?<!\S)(?:[\d*][\d*/,-]*(?: [\d*A-Za-z][\w*/,-]*){4}|@[a-z]+)(?!\S)")
_NEGATION = re.compile(
    r"\b(?:no|not|without|don't|do not|never|ohne|kein|keine|keinen|sans|pas de|sin|senza)\s+"
    r"(?:\w+\s+){0,2}\Z",
    re.IGNORECASE,
)
_WORD = re.compile(r"""[^\s,;()"'`]+""")

_NAMED = r"\b(?:called|named|namens|genannt|appelée?|nommée?|llamad[oa]|chamad[oa]|chiamat[oa])\s+"
_ACTION = (
    r"\b(?:run|deploy|host|serve|launch|start|ship|schedule|expose|publish|install|create|add|"
    r"scale|update|change|bump|resize|roll\s*out|bring\s+up|set\s*up|starte|betreibe|lance|déploie|"
    r"despliega|ejecuta|esegui|avvia|executa)\s+"
    r"(?:(?:the|our|my|a|an|new|another|up|out|die|der|das|den|unsere|einen|le|la|les|notre|el|il|lo|o)\s+)*"
)
_NAMES = ("dns-label", "dns-subdomain")
_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
# What a thing is, never what it is called.
_GENERIC = frozenset(
    """a an and any app application api autoscaler autoscaling backend backup batch budget cache
    claim class cluster component config configmap configuration container cron cronjob daemon
    daemonset database daily default deploy deployment deny disruption environment for frontend
    from horizontal hourly hpa http image in ingress instance instances into it its job limit
    limits map microservice namespace network new nightly node nodes on one one-off onto our
    policy pod pods port priority process quota read read-only replica replicas role secure
    server service serviceaccount set settings site small some stateful statefulset storage
    store task that the this three to two traffic two volume volumes web website weekly with
    worker workload""".split()
)
# Words that lead to a name, and words that are none: "for the storefront", "in namespace shop".
_ARTICLE = r"(?:(?:the|our|my|an?|d(?:er|ie|as|e[mn])|unsere[nm]?|l[ea]s?|notre|el|los|il|lo)\s+)?"
_NO_NAME = re.compile(
    _ARTICLE.replace(r"\s+)?", r")\Z|")
    + r"(?:and|or|for|from|to|of|in|into|on|at|as|by|with|without|is|are|be|it|its|that|this|which|"
    r"who|can|may|must|should|called|named|pods?|namespace|für|und|von|zu|im|mit|ohne|pour|et|dans|"
    r"avec|de|du|para|y|en|con|per|e|nel)\Z"
)
_NAMESPACE_FORMS = (
    (
        r"\b(?:namespace|namespaces|ns|namensraum|espace de noms|espacio de nombres)\b"
        rf"\s*[:=]?\s*[\"'`]?({_LABEL})\b"
    ),
    (
        r"\b(?:in|into|im|dans|en|nel|no)\s+(?:the\s+|le\s+|el\s+)?"
        rf"[\"'`]?({_LABEL})[\"'`]?\s+(?:namespace|ns)\b"
    ),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says about one signature.

    `values` maps properties to JSON values, `sources` to the words they were read from;
    `contradictions` maps properties to two or more readings; `unused` holds figures and names that
    no property took.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    contradictions: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    value: Any
    start: int
    end: int


def read_values(text: str, schema: Mapping[str, Any], *, namespaces: Iterable[str] = ()) -> Reading:
    """Read `text` against a skill's schema.

    `namespaces` are names that exist already: "in shop" means a namespace only for one of them.
    """
    text = text[:TEXT_LIMIT]
    reader = _Reader(text, schema, frozenset(namespaces))
    return reader.reading()


def read_answer(
    text: str, schema: Mapping[str, Any], asked: tuple[str, ...], *, namespaces: Iterable[str] = ()
) -> Reading:
    """Read an answer to questions about `asked`: a bare value answers a single question."""
    reading = read_values(text, schema, namespaces=namespaces)
    open_questions = [name for name in asked if name not in reading.values]
    if len(open_questions) != 1:
        return reading
    name = open_questions[0]
    bare = text.strip(" \t\r\n.\"'`")
    value = _coerce(bare, schema["properties"][name])
    if value is None:
        return reading
    return Reading(
        {**reading.values, name: value}, {**reading.sources, name: bare}, reading.contradictions
    )


def merge_readings(readings: Iterable[Reading]) -> Reading:
    """Later texts win over earlier ones, as in a conversation."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    contradictions: dict[str, tuple[Any, ...]] = {}
    unused: list[str] = []
    for reading in readings:
        for name in reading.values:
            contradictions.pop(name, None)
        values |= reading.values
        sources |= reading.sources
        contradictions |= reading.contradictions
        unused += reading.unused
    taken = {str(value) for value in values.values()}
    left = tuple(dict.fromkeys(word for word in unused if word not in taken))
    return Reading(values, sources, contradictions, left)


class _Reader:
    """Collects candidates for each property; the most telling forms claim their words first."""

    def __init__(self, text: str, schema: Mapping[str, Any], namespaces: frozenset[str]) -> None:
        self._text = text
        self._properties: Mapping[str, Mapping[str, Any]] = schema["properties"]
        self._namespaces = namespaces
        self._claimed: list[tuple[int, int]] = []
        self._found: dict[str, list[_Found]] = {}

    def reading(self) -> Reading:
        for step in (
            self._read_other_namespaces,
            self._read_namespace,
            self._read_assignments,
            self._read_images,
            self._read_schedules,
            self._read_beside_words,
            self._read_pairs,
            self._read_name,
            self._read_flags,
        ):
            step()
        values, sources, contradictions = {}, {}, {}
        for name in self._properties:
            found = self._found.get(name, [])
            different = list({repr(f.value): f for f in found}.values())
            if len(different) > 1:
                contradictions[name] = tuple(f.value for f in different)
            elif different:
                values[name] = different[0].value
                sources[name] = self._words(different[0])
        return Reading(values, sources, contradictions, tuple(self._unused()))

    # -- the forms, most telling first -----------------------------------------------------------

    def _read_other_namespaces(self) -> None:
        """`from namespace x`, `from the x namespace`: phrases of properties beside `namespace`."""
        if "namespace" not in self._properties:
            return
        for name in self._properties:
            for phrase in self._phrases(name):
                if not phrase.endswith(" namespace"):
                    continue
                words = r"\s+".join(map(re.escape, phrase.split()[:-1]))
                form = (
                    rf"(?<![\w-]){words}\s+{_ARTICLE}"
                    rf"(?:namespace\s+[\"'`]?({_LABEL})\b|({_LABEL})\s+namespace\b)"
                )
                for match in re.finditer(form, self._text, re.IGNORECASE):
                    if not self._is_claimed(match.span()):
                        self._offer(name, match[1] or match[2], match.span())

    def _read_namespace(self) -> None:
        if "namespace" not in self._properties:
            return
        for form in _NAMESPACE_FORMS:
            for match in re.finditer(form, self._text, re.IGNORECASE):
                label = match[1].lower()
                if label not in _GENERIC and not self._is_claimed(match.span()):
                    self._claim("namespace", label, match.span())
            if "namespace" in self._found:
                return
        for match in re.finditer(rf"\b(?:in|into|im|to)\s+({_LABEL})\b", self._text):
            if match[1] in self._namespaces:
                self._claim("namespace", match[1], match.span())

    def _read_assignments(self) -> None:
        """`replicas: 3`, `cpuRequest=100m`: the property's own name, as in a form."""
        for name in self._properties:
            form = rf"(?<![\w-]){re.escape(name)}\s*[:=]\s*({_QUOTED}|{_PIECE})"
            for match in re.finditer(form, self._text):
                self._offer(name, match[1].strip("\"'`"), match.span())

    def _read_images(self) -> None:
        names = self._with_format("image")
        if len(names) != 1:
            return
        for match in _IMAGE.finditer(self._text):
            word = match[0].rstrip(".:/")
            telling = "/" in word or "@" in word or self._after(match.start(), "image")
            if telling and formats.is_image(word):
                self._claim(names[0], word, (match.start(), match.start() + len(word)))

    def _read_schedules(self) -> None:
        names = self._with_format("cron")
        if len(names) != 1:
            return
        for match in _CRON.finditer(self._text):
            if formats.is_cron(match[0]):
                self._claim(names[0], match[0], match.span())
        if names[0] not in self._found:
            for start, end, schedule in cron_from_words(self._text):
                self._claim(names[0], schedule, (start, end))

    def _read_beside_words(self) -> None:
        # Longer phrases first, so that "memory limit" is not read as "memory".
        phrases = sorted(
            ((phrase, name) for name in self._properties for phrase in self._phrases(name)),
            key=lambda pair: -len(pair[0]),
        )
        for phrase, name in phrases:
            definition = self._properties[name]
            if _kind(definition) in ("boolean", "object"):
                continue
            if name == "namespace" and name in self._found:
                continue
            for match in _find_phrase(self._text, phrase):
                if not self._is_claimed(match.span()):
                    self._read_beside(name, definition, match)

    def _read_beside(self, name: str, definition: Mapping[str, Any], word: re.Match[str]) -> None:
        article = _ARTICLE if definition.get("format") in _NAMES else ""
        after = re.compile(
            rf"{_LINK}{article}({_value_pattern(definition)})(?![\w-])", re.IGNORECASE
        )
        before = re.compile(
            rf"(?<![\w.:/-])({_value_pattern(definition)})\s*(?:of\s+|de\s+)?\Z", re.I
        )
        counted = _kind(definition) == "integer" or definition.get("format") == "quantity"
        counts = before.search(self._text, max(0, word.start() - 40), word.start())
        if counted and counts and self._offer(name, counts[1], (counts.start(1), word.end())):
            return
        match = after.match(self._text, word.end())
        if match and not (article and _NO_NAME.match(match[1].lower())):
            self._offer(name, match[1].strip("\"'`"), (word.start(), match.end(1)))

    def _read_pairs(self) -> None:
        """KEY=VALUE tokens fill the one property that is a map of texts."""
        maps = [n for n, d in self._properties.items() if _kind(d) == "object"]
        if len(maps) != 1 or maps[0] in self._found:
            return
        pairs: dict[str, str] = {}
        spans: list[tuple[int, int]] = []
        for match in _PAIR.finditer(self._text):
            if not self._is_claimed(match.span()) and match[1] not in self._properties:
                pairs[match[1]] = match[2].strip("\"'`").rstrip(".")
                spans.append(match.span())
        if pairs and refuses(self._properties[maps[0]], pairs) is None:
            self._claimed += spans
            self._found[maps[0]] = [_Found(pairs, spans[0][0], spans[-1][1])]

    def _read_name(self) -> None:
        if "name" not in self._properties or "name" in self._found:
            return
        for form, flags in ((_NAMED, re.I), (_ACTION, re.I)):
            for match in re.finditer(
                rf"{form}[\"'`]?([A-Za-z0-9][-A-Za-z0-9]*)\b", self._text, flags
            ):
                label = match[1].lower()
                if (
                    label not in _GENERIC
                    and not label.isdigit()
                    and not self._is_claimed(match.span(1))
                ):
                    self._claim("name", label, match.span(1))
                    return
        image = next(iter(self._found.get(next(iter(self._with_format("image")), ""), [])), None)
        if image is not None:
            base = re.split(r"[:@]", image.value.rsplit("/", 1)[-1])[0].replace("_", "-")
            if refuses(self._properties["name"], base) is None:
                self._found["name"] = [_Found(base, image.start, image.end)]

    def _read_flags(self) -> None:
        for name, definition in self._properties.items():
            if _kind(definition) != "boolean" or name in self._found:
                continue
            for phrase in self._phrases(name):
                for match in _find_phrase(self._text, phrase):
                    start = match.start()
                    wanted = not _NEGATION.search(self._text, max(0, start - 80), start)
                    self._claim(name, wanted, match.span())

    # -- helpers ---------------------------------------------------------------------------------

    def _phrases(self, name: str) -> list[str]:
        own = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
        hints = self._properties[name].get("x-tiphys", {}).get("words", [])
        return sorted({own, *(hint.lower() for hint in hints)}, key=len, reverse=True)

    def _with_format(self, wanted: str) -> list[str]:
        return [n for n, d in self._properties.items() if d.get("format") == wanted]

    def _after(self, position: int, word: str) -> bool:
        before = self._text[max(0, position - len(word) - 4) : position]
        return bool(re.search(rf"\b{word}\b\W{{0,3}}\Z", before, re.IGNORECASE))

    def _offer(self, name: str, raw: str, span: tuple[int, int]) -> bool:
        value = _coerce(raw, self._properties[name])
        if value is None:
            return False
        self._claim(name, value, span)
        return True

    def _claim(self, name: str, value: Any, span: tuple[int, int]) -> None:
        if refuses(self._properties[name], value) is None:
            self._claimed.append(span)
            self._found.setdefault(name, []).append(_Found(value, *span))

    def _is_claimed(self, span: tuple[int, int]) -> bool:
        return any(start < span[1] and span[0] < end for start, end in self._claimed)

    def _words(self, found: _Found) -> str:
        return " ".join(self._text[found.start : found.end].split())

    def _unused(self) -> Iterator[str]:
        for match in _WORD.finditer(self._text):
            figure = any(character.isdigit() for character in match[0])
            if figure and not self._is_claimed(match.span()):
                yield match[0].rstrip(".:")


def _kind(definition: Mapping[str, Any]) -> str:
    """The one JSON type of a definition, null aside."""
    declared = definition.get("type", "string")
    kinds = [declared] if isinstance(declared, str) else [k for k in declared if k != "null"]
    return kinds[0] if kinds else "string"


def _find_phrase(text: str, phrase: str) -> Iterator[re.Match[str]]:
    form = r"[\s-]+".join(map(re.escape, phrase.split()))
    return re.finditer(rf"(?<![\w-]){form}s?(?![\w-])", text, re.IGNORECASE)


def _value_pattern(definition: Mapping[str, Any]) -> str:
    kind = _kind(definition)
    if kind == "integer":
        return _NUMBER
    if definition.get("enum"):
        return "|".join(re.escape(str(choice)) for choice in definition["enum"])
    if definition.get("format") == "quantity":
        return r"\d+(?:\.\d+)?\s?(?:[EPTGMK]i|[EPTGMkm]|[EPTGMK]i?B)?"
    if definition.get("format") == "cron":
        return _CRON.pattern.replace(r"(?<!\S)", "").replace(r"(?!\S)", "")
    if kind == "array":
        item = rf"(?:{_QUOTED}|{_PIECE})"
        return rf"{item}(?:(?:\s*,\s*(?:and\s+)?|\s+(?:and|und|et|y|e)\s+){item})*"
    return rf"{_QUOTED}|{_PIECE}"


def _coerce(raw: str, definition: Mapping[str, Any]) -> Any:
    """`raw` as a value that the definition accepts, or None."""
    value: Any = raw.strip()
    kind = _kind(definition)
    if kind == "integer":
        number = _NUMBERS.get(value.lower())
        value = number if number is not None else int(value) if value.isdecimal() else None
    elif kind == "boolean":
        words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
        value = words.get(value.lower())
    elif kind == "array":
        parts = re.split(r"\s*,\s*(?:(?:and|und|et|y|e)\s+)?|\s+(?:and|und|et|y|e)\s+", value)
        value = [part.strip("\"'`").rstrip(".") for part in parts]
        if _kind(definition.get("items", {})) == "integer":
            value = [int(part) for part in value if part.isdecimal()]
    elif kind == "object":
        return None
    else:
        value = _tidy(value, definition)
    return value if value is not None and refuses(definition, value) is None else None


def _tidy(value: str, definition: Mapping[str, Any]) -> str:
    form = definition.get("format")
    if definition.get("enum"):
        by_fold = {str(c).casefold(): str(c) for c in definition["enum"] if c is not None}
        return by_fold.get(value.casefold(), value)
    if form == "quantity":
        # People write 10 GB for what Kubernetes calls 10G, and 512 MiB for 512Mi.
        short = value.replace(" ", "").removesuffix("B")
        return re.sub(r"K\Z", "k", short)
    if form in _NAMES:
        return value.rstrip(".:").lower()
    return value.rstrip(".") if not definition.get("format") else value.rstrip(".:")
