"""Settings: variables, keys of a config map, labels and arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tiphys.verify.critic.masking import HIDDEN, looks_secret, names_secret
from tiphys.verify.critic.model import (
    Field,
    Remark,
    Requirement,
    by_fields,
    contradicted,
    undecided,
)
from tiphys.verify.critic.wording import NUMBER, Words, number, plainly
from tiphys.verify.critic.world import World, at, dig, many, table, text

_PAIR = re.compile(
    r"(?<![\w./?&-])(?P<flag>--)?(?P<key>[A-Za-z][\w./-]{0,120})(?:=|\s=\s)(?P<q>[`'\"]?)(?P<value>[^\s`'\"]{1,300})(?P=q)"
)
_SET = re.compile(
    r"(?<![\w.])[`'\"]?(?P<key>[A-Z][A-Z0-9]*_[A-Z0-9_]{1,100})[`'\"]?\s*(?:\s(?:set\s+)?to\s|:\s|\sis\s|\sset\s+to\s|\sas\s)\s*(?P<q>[`'\"]?)(?P<value>[^\s`'\",;]{1,200})(?P=q)"
)
_LABELLED = re.compile(
    r"\b(?P<kind>labels?|labell?ed|annotations?|annotated)\s+(?:with\s+|as\s+)?[`'\"]?(?P<key>[A-Za-z][\w./-]{0,120})(?:=|:\s?|\s+(?:set\s+to|is)\s+)[`'\"]?(?P<value>[\w./-]{1,63})",
    re.IGNORECASE,
)
# "the label x is required" says that it has to be there, and no value.
_STATES = frozenset(
    "required missing mandatory optional set unset absent present there needed not wanted".split()
)
_NOT_A_KEY = frozenset("https http TODO NOTE JSON HTTP HTTPS YAML IMPORTANT".split())


def rule(words: Words, world: World) -> Iterator[Remark]:  # noqa: C901  # one case after the other
    """Pairs of key and value."""
    labelled: set[str] = set()
    for match in words.find(_LABELLED):
        key, value = match["key"], match["value"].rstrip(".,-")
        before = words.before(match.start(), 80)
        if re.search(r"\bnodes?\s+(?:\w{1,30}\s+)?\Z", before, re.IGNORECASE):
            continue
        if value.lower() in _STATES and re.search(r"\sis\s", match[0], re.IGNORECASE):
            continue
        labelled.add(key)
        where = "annotations" if match["kind"].lower().startswith("ann") else "labels"
        yield words.rule(
            "setting",
            f"{key}={_safe(key, value)}",
            match.span(),
            _label(where, key, value, pods="pod" in before.lower()),
        )
    seen: set[str] = set()
    for regex in (_PAIR, _SET):
        for match in words.find(regex):
            key, value = match["key"], match["value"].rstrip(".,;:)")
            if key in _NOT_A_KEY or key in labelled or words.negated(match.start()):
                continue
            if not value or value[0] in "{[":
                continue
            if regex is _SET and (
                match["value"].lower() in ("the", "a", "an", "be", "not", "from", "set", "in")
            ):
                continue
            if key in seen:
                continue
            seen.add(key)
            flag = regex is _PAIR and bool(match["flag"])
            # The quote is made here, so that a credential in the request is not repeated.
            quote = f"{'--' if flag else ''}{key}={_safe(key, value)}"
            ruled = words.rule("setting", quote, match.span(), _pair(key, value, flag=flag))
            if ruled.ruling == "contradicted" and ruled.found.startswith("without"):
                elsewhere = _pair(key, value, flag=flag)(ruled.requirement, world)
                if elsewhere.ruling == "covered":  # "the backup gets ...": whose it is, is a guess
                    ruled = undecided(ruled.requirement, f"it stands at {elsewhere.path}")
            yield _requoted(ruled, quote)


def _requoted(remark: Remark, quote: str) -> Remark:
    asked = remark.requirement
    return Remark(
        Requirement(asked.kind, asked.value, quote, asked.of),
        remark.ruling,
        remark.path,
        remark.found,
    )


def _safe(key: str, value: str) -> str:
    return HIDDEN if names_secret(key) or looks_secret(value) else value


def _settings(world: World) -> list[tuple[str, Field]]:
    """Every (key, field): variables, data, labels, annotations, node selectors."""
    found = []
    for c in world.containers:
        for i, variable in enumerate(many(c.spec, "env")):
            if (value := dig(variable, "value")) is not None:
                found.append((text(variable, "name"), Field(f"{c.path}.env[{i}].value", value)))
    for obj in world.kinds("ConfigMap"):
        found += [(k, Field(at(obj, f"data.{k}"), v)) for k, v in table(obj, "data").items()]
    return found


def _arguments(world: World) -> list[tuple[str, Field]]:
    found = []
    for c in world.containers:
        words = [w for key in ("command", "args") for w in many(c.spec, key) if isinstance(w, str)]
        for i, word in enumerate(words):
            key, equal, value = word.lstrip("-").partition("=")
            if word.startswith("-"):
                value = value if equal else (words[i + 1] if i + 1 < len(words) else "")
                found.append((key, Field(f"{c.path}.args", value)))
    return found


def _same(value: str) -> Callable[[object], bool | None]:
    def same(found: object) -> bool | None:
        if found == HIDDEN or (isinstance(found, str) and HIDDEN in found):
            return None
        plain = str(found).lower() if isinstance(found, bool) else str(found)
        literal = re.match(r"0\d", value)  # "0815" is a text
        if (
            not literal
            and re.fullmatch(NUMBER, value, re.IGNORECASE)
            and plain.strip() == plainly(number(value))
        ):
            return True
        return plain.strip() == value

    return same


def _pair(key: str, value: str, *, flag: bool) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        groups = (
            [_arguments(world)]
            if flag
            else [_settings(world), _arguments(world), list(world.leaves)]
        )
        for group in groups:
            if fields := [field for k, field in group if k == key]:
                return by_fields(requirement, fields, _same(value), undecided(requirement, ""))
        lines = [
            f
            for _, f in _settings(world)
            if isinstance(f.value, str) and f"{key}={value}" in f.value
        ]
        if lines:
            return Remark(requirement, "covered", lines[0].path, f"{key}={_safe(key, value)}")
        return _unset(requirement, world, key, flag=flag)

    return ruling


def _unset(requirement: Requirement, world: World, key: str, *, flag: bool) -> Remark:
    variable = key.upper() == key and not flag
    outside = any(many(c.spec, "envFrom") for c in world.containers)
    if flag and world.main_containers:
        return contradicted(
            requirement, Field(f"{world.main_containers[0].path}.args", f"without --{key}")
        )
    if (
        variable
        and not outside
        and any(text(e, "name") == key for c in world.containers for e in many(c.spec, "env"))
    ):
        return undecided(requirement, "its value comes from elsewhere")
    if variable and not outside and world.main_containers:
        return contradicted(
            requirement, Field(f"{world.main_containers[0].path}.env", f"without {key}")
        )
    if variable and not world.main_containers and (maps := world.kinds("ConfigMap")):
        return contradicted(requirement, Field(at(maps[0], "data"), f"without {key}"))
    return undecided(requirement, f"no object sets {key}")


def _label(
    where: str, key: str, value: str, *, pods: bool
) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        fields = [f for k, f in world.leaves if k == key]
        if pods and world.workloads:
            fields = [f for f in fields if f".template.metadata.{where}" in f.path]
        nothing = undecided(requirement, "there is no object")
        if world.objects:
            nothing = contradicted(
                requirement, Field(at(world.objects[0], f"metadata.{where}.{key}"), "not set")
            )
        return by_fields(requirement, fields, _same(value), nothing)

    return ruling
