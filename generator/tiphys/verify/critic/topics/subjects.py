"""Who is given rights, of which namespace, and how far they reach: bindings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import Obj, World, at, many, namespace_of, text

_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
_KINDS = {
    "group": "Group",
    "user": "User",
    "serviceaccount": "ServiceAccount",
    "account": "ServiceAccount",
    "sa": "ServiceAccount",
}
_KIND = r"(?P<kind>groups?|users?|service[\s-]?accounts?|sa|account)"
_WHERE = re.compile(
    r"[`'\"]?\)?\s*,?\s*\(?(?:(?:which|that|who|it)\s+)?(?:lives?\s+|living\s+|runs?\s+|is\s+|sits?\s+)?(?:in|of|from|out\s+of|under)\s+"
    r"(?:the\s+|its\s+)?(?:(?P<same>(?:very\s+)?same|that\s+same|this|that)\s+(?:namespace|ns)\b"
    r"|(?:namespace|ns)\s*[:=]?\s*[`'\"]?(?P<a>[a-z0-9][a-z0-9-]*)|[`'\"]?(?P<b>[a-z0-9][a-z0-9-]*)[`'\"]?\s+namespace\b"
    r"|(?<=lives\sin\s)[`'\"]?(?P<c>[a-z0-9][a-z0-9-]*))",
)
_OVERALL = re.compile(
    r"\b(?:cluster[\s-]?wide|(?:all|every|each|any)\s+namespaces?|whole\s+cluster|across\s+(?:all\s+)?namespaces)\b",
    re.IGNORECASE,
)
_ONLY_THERE = re.compile(
    r"\b(?:(?:and\s+)?only\s+(?:there|in\s+(?:the\s+|namespace\s+)?[\w\"'`-]+)|in\s+[\w\"'`-]+\s+only|nowhere\s+else|no\s+other\s+(?:namespaces?|one)|inside\s+(?:the\s+)?namespace|not\s+cluster[\s-]?wide)\b",
    re.IGNORECASE,
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Kind and namespace of each subject that is spoken of, then the reach of the whole."""
    for obj in world.kinds(*_BINDINGS):
        yield from _subjects(words, obj)
    yield from _scope(words, world)


def _subjects(words: Words, obj: Obj) -> Iterator[Remark]:
    for i, subject in enumerate(many(obj, "subjects")):
        name, kind = text(subject, "name"), text(subject, "kind")
        if not name:
            continue
        spoken = re.escape(name[:253])
        for match in words.find(re.compile(rf"(?<![\w./-]){spoken}(?![\w-]|\.\w|/)")):
            before = words.before(match.start(), 34)
            after = words.after(match.end(), 60)
            said = re.search(
                rf"\b{_KIND}\s*,?\s*\(?(?:called\s+|named\s+|is\s+)?[`'\"]?\Z",
                before,
                re.IGNORECASE,
            )
            said = said or re.match(rf"[`'\"]?\s+{_KIND}\b", after, re.IGNORECASE)
            if said:
                wanted = _KINDS[
                    re.sub(r"[\s-]", "", said["kind"].lower()).removesuffix("s") or "sa"
                ]
                asked = Requirement(
                    "rights", wanted, words.quote(match.start() - len(said[0]), match.end())
                )
                field = Field(at(obj, f"subjects[{i}].kind"), kind)
                yield (covered if kind == wanted else contradicted)(asked, field)
            place = _WHERE.match(after)
            if place and kind == "ServiceAccount":
                home = (
                    namespace_of(obj) if place["same"] else place["a"] or place["b"] or place["c"]
                )
                asked = Requirement(
                    "namespace", home, words.quote(match.start(), match.end() + place.end()), name
                )
                field = Field(
                    at(obj, f"subjects[{i}].namespace"), text(subject, "namespace") or "not set"
                )
                if home and field.value in (home, "not set"):
                    yield covered(asked, field)
                elif home:
                    yield contradicted(asked, field)


def _scope(words: Words, world: World) -> Iterator[Remark]:
    wide = next((m for m in words.find(_OVERALL) if not words.negated(m.start())), None)
    narrow = next(words.find(_ONLY_THERE), None)
    for obj in world.kinds(*_BINDINGS):
        if narrow and not wide and text(obj, "kind") == "ClusterRoleBinding":
            asked = Requirement("rights", "RoleBinding", words.quote(*narrow.span()))
            yield contradicted(asked, Field(at(obj, "kind"), text(obj, "kind")))
    bindings, rights = world.kinds(*_BINDINGS), world.kinds("Role", "ClusterRole")
    if wide and not narrow and (bindings or rights) and not world.workloads:
        asked = Requirement("rights", "ClusterRoleBinding", words.quote(*wide.span()))
        if bindings and not world.kinds("ClusterRoleBinding"):
            yield contradicted(asked, Field(at(bindings[0], "kind"), text(bindings[0], "kind")))
