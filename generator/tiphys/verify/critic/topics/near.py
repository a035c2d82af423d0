"""A slip of the pen: what was asked for is nowhere, and something very like it is there instead.

No grammar is needed for this, so it works in any language and for fields that nobody thought of. It
speaks up only where both sides are left over: the request's value stands in no object, and the
object's value stands nowhere in the request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted
from tiphys.verify.critic.quantities import parse_quantity
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World

_MOST = 300  # tokens of each side
_NUMBER = re.compile(r"(?<![\w.,:/@#-])\d{3,12}(?![\w:/@]|[.,-]\d)")
_PATH = re.compile(r"(?<![\w.:/@*>-])/[A-Za-z0-9_][\w.-]{0,60}(?:/[\w.-]{1,60}){0,8}(?![\w*/])")
# A word that no sentence holds by chance: joined by dots, hyphens or underscores, or with digits.
_NAME = re.compile(r"(?<![\w./:@-])[A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+)+(?![\w/:@-]|\.\w)")
_ASIDE = re.compile(
    r"\b(?:ticket|issue|#|used\s+to|previously|formerly|old|was|were|like|unlike|not|instead\s+of|"
    r"version|people|users|since|in|until|about|around|e\.g\.)\s*[#`'\"]?\Z",
    re.IGNORECASE,
)
_LINKS = frozenset("on off in out up down of to at by for and or the".split())
_SKIPPED = ("metadata.annotations", "metadata.uid", "metadata.resourceVersion", "image")


def rule(words: Words, world: World) -> Iterator[Remark]:
    """One remark for each value of the request that has only a double in the objects."""
    if not world.objects:
        return
    there = _there(world)
    text = words.raw
    paths = {match[0].rstrip("./") for match in words.find(_PATH)}
    spare = {
        token: path
        for token, path in islice(there.items(), 4 * _MOST)
        if token not in paths
        and (token.startswith("/") or not re.search(rf"(?<![\w]){re.escape(token)}(?![\w])", text))
    }
    everything = "\n".join(there)
    for kind, regex in (("number", _NUMBER), ("path", _PATH), ("name", _NAME)):
        for match in islice(words.find(regex), _MOST):
            token = match[0].rstrip("./-")
            if token in there or (kind == "name" and token in everything):
                continue
            if kind == "number" and _same_amount(token, there):
                continue
            if words.negated(match.start()) or _ASIDE.search(words.before(match.start(), 24)):
                continue
            for other, path in spare.items():
                if _like(kind, token, other) and not _within(token, other, there):
                    requirement = Requirement("literal", token, words.quote(*match.span()))
                    yield contradicted(requirement, Field(path, other))
                    break


def _there(world: World) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for key, (path, value) in world.leaves:
        if any(part in path for part in _SKIPPED):
            continue
        for each in (key, value):
            if isinstance(each, str | int) and not isinstance(each, bool):
                found.setdefault(str(each), path)
    return found


def _same_amount(token: str, there: Mapping[str, str]) -> bool:
    """Whether it is there in other units, as 1024Mi for 1Gi is."""
    amount = parse_quantity(token)
    return any(parse_quantity(other) == amount for other in there)


def _within(one: str, other: str, there: Mapping[str, str]) -> bool:
    """Whether it is a file that a volume has, in the folder where that is mounted."""
    folder, _, file = one.rpartition("/")
    return folder == other and there.get(file, "").endswith((".path", ".key", f"data.{file}"))


def _like(kind: str, one: str, other: str) -> bool:
    return {"number": _like_number, "path": _like_path, "name": _like_name}[kind](one, other)


def _like_number(one: str, other: str) -> bool:
    if not other.isdigit() or len(other) < 3:
        return False
    return sorted(one) == sorted(other) or _distance(one, other) == 1


def _like_path(one: str, other: str) -> bool:
    if not other.startswith("/") or len(other) < 2:
        return False
    if one.startswith(f"{other}/") and "." in one.rpartition("/")[2]:
        return False  # a file in a folder that is mounted
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(f"{shorter}/") or _distance(one, other) <= 2


def _like_name(one: str, other: str) -> bool:
    if one == other or len(other) < 5 or not re.fullmatch(r"[A-Za-z][\w.-]*", other):
        return False
    plain, double = (re.sub(r"[._-]", "", each.lower()) for each in (one, other))
    if plain == double:
        # "read-only" for readOnly, and "the on-call people"
        return not (re.search(r"[a-z][A-Z]", other) or _LINKS & set(one.lower().split("-")))
    return _distance(one, other) == 1


def _distance(one: str, other: str) -> int:
    """Edits from one to the other (a swap of neighbours is one); more than 2 counts as 3."""
    if abs(len(one) - len(other)) > 2 or max(len(one), len(other)) > 80:
        return 3
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, twin in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != twin))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == twin:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return min(last[-1], 3)
