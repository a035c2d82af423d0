"""Where a variable gets its value: keys of ConfigMaps and Secrets, whole maps, prefixes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import Container, World, dig, many, table, text

_VARIABLE = re.compile(
    r"(?<![\w./:$={-])[`'\"]?(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{3,30})[`'\"]?(?![\w/-])"
)
_FROM = re.compile(
    r"\b(?:from|out\s+of|via|comes?|taken|reads?|refers?|key|aus|desde|depuis)\b|<-", re.IGNORECASE
)
_SECRET = re.compile(r"\bsecrets?\b", re.IGNORECASE)
_MAP = re.compile(r"\bconfig\s?-?maps?\b", re.IGNORECASE)
_KEY = re.compile(
    r"\b(?:key|schlüssel|clave|entry)\s*(?:called|named|is|:|=)?\s*(?P<q>[`'\"]?)(?P<a>[A-Za-z0-9][\w.-]*)(?P=q)|(?P<p>[`'\"]?)\b(?!(?:the|a|an|of|from|in|its|that|this|each|which|with|and|is|same|one|no|by|to|for|under)\s)(?P<b>[A-Za-z0-9][\w.-]*)(?P=p)\s+(?:key|entry)\b"
)
_NAMED = re.compile(
    r"\b(?:secret|config\s?-?map)\s*(?:called|named|:)?\s*[`'\"](?P<a>[a-z0-9][a-z0-9.-]*)[`'\"]|[`'\"](?P<b>[a-z0-9][a-z0-9.-]*)[`'\"]\s+(?:secret|config\s?-?map)\b",
    re.IGNORECASE,
)
_STOP = frozenset(
    "the a an of from in its that this each which with and is are same one no key by to for".split()
)
_PREFIX = re.compile(
    r"\b(?:prefix(?:ed)?(?:\s+(?:is|with|by|of))?\s*[:=]?\s*[`'\"]?(?P<a>[A-Za-z][\w.-]*)|(?:with\s+)?[`'\"]?(?P<b>(?-i:[A-Z][A-Z0-9_]*))[`'\"]?\s+(?:in\s+front|prefix(?:ed)?|before\s+each|put\s+before)|start(?:s|ing)?\s+with\s+[`'\"]?(?P<c>(?-i:[A-Z][A-Z0-9_]*_)))",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"\b(?:all|every|whole|each|entire)\s+(?:of\s+)?(?:the\s+|its\s+)?(?:keys?|entr(?:y|ies)|values?|settings?|config\s?-?map|secret)\b[^.\n]{0,80}\b(?:env\w*|variables?)\b",
    re.IGNORECASE,
)


_VALUE = re.compile(
    r"\s+(?:(?:set\s+)?to|as|is)\s+(?P<q>[`'\"]?)(?P<value>[^\s`'\",;]+)(?P=q)", re.IGNORECASE
)
# Keys that nobody knows yet can't be listed one by one.
_GROWING = re.compile(r"\b(?:later|some\s+day|in\s+(?:the\s+)?future|new\s+ones)\b", re.IGNORECASE)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Each variable that is said to come from a key."""
    boxes = world.containers
    if not boxes:
        return
    yield from _prefixes(words, boxes)
    names = {text(e, "name") for box in boxes for e in many(box.spec, "env")}
    spans = [m for m in words.find(_VARIABLE) if m["name"] in names]
    for n, match in enumerate(spans):
        last = words.sentence(match.start())[1]
        stop = min([last, *[m.start() for m in spans[n + 1 :]]])
        behind = words.raw[match.end() : stop]
        if behind.startswith("=") or _written(boxes, match["name"], behind):
            continue  # its value is there: what comes from elsewhere is another one
        if not _FROM.search(behind) or words.negated(match.start()):
            continue
        yield from _variable(words, boxes, match, behind)


def _written(boxes: tuple[Container, ...], name: str, behind: str) -> bool:
    """Whether its value comes next: "set A to x, and take the rest from ..."."""
    said = _VALUE.match(behind)
    every = [each for box in boxes for each in many(box.spec, "env")]
    return said is not None and any(
        text(e, "name") == name and str(dig(e, "value")) == said["value"].rstrip(".") for e in every
    )


def _variable(
    words: Words, boxes: tuple[Container, ...], match: re.Match[str], behind: str
) -> Iterator[Remark]:
    secret, config = _SECRET.search(behind), _MAP.search(behind)
    way = ""
    if secret or config:
        first = secret if not config or (secret and secret.start() < config.start()) else config
        way = "secretKeyRef" if first is secret else "configMapKeyRef"
    key = next(
        (
            m["a"] or m["b"]
            for m in _KEY.finditer(behind)
            if (m["a"] or m["b"]).lower() not in _STOP
        ),
        "",
    )
    source = next((m["a"] or m["b"] for m in _NAMED.finditer(behind)), "")
    quote = words.quote(match.start(), match.end() + len(behind))
    for box in boxes:
        for i, variable in enumerate(many(box.spec, "env")):
            if text(variable, "name") != match["name"]:
                continue
            place = f"{box.path}.env[{i}]"
            have = table(variable, "valueFrom")
            if way and not have and dig(variable, "value") is not None:
                yield contradicted(
                    Requirement("source", way, quote), Field(f"{place}.value", "written there")
                )
                continue
            kind = next((k for k in ("secretKeyRef", "configMapKeyRef") if k in have), "")
            if not kind:
                continue
            if way and kind != way:
                yield contradicted(
                    Requirement("source", way, quote), Field(f"{place}.valueFrom", kind)
                )
            for wanted, part in ((key, "key"), (source, "name")):
                if wanted:
                    found = text(have, kind, part)
                    field = Field(f"{place}.valueFrom.{kind}.{part}", found)
                    ruled = covered if found == wanted.rstrip(".") else contradicted
                    yield ruled(
                        Requirement("source", wanted.rstrip("."), quote, match["name"]), field
                    )


def _prefixes(words: Words, boxes: tuple[Container, ...]) -> Iterator[Remark]:
    sources = [
        Field(f"{box.path}.envFrom[{i}].prefix", text(each, "prefix") or "not set")
        for box in boxes
        for i, each in enumerate(many(box.spec, "envFrom"))
    ]
    match = next(words.find(_PREFIX), None)
    if match and sources and not words.negated(match.start()):
        wanted = (match["a"] or match["b"] or match["c"]).rstrip(".")
        asked = Requirement("source", wanted, words.quote(*match.span()))
        right = [f for f in sources if f.value == wanted]
        yield covered(asked, right[0]) if right else contradicted(asked, sources[0])
    whole = next(words.find(_WHOLE), None)
    if whole and not sources and not words.negated(whole.start()):
        asked = Requirement("source", "envFrom", words.quote(*whole.span()))
        if words.has(_GROWING) or not any(many(box.spec, "env") for box in boxes):
            yield contradicted(asked, Field(f"{boxes[0].path}.envFrom", "not set"))
