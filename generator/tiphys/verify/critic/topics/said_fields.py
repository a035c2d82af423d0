"""Fields that people call by one name: handler, controller, a Secret's type, a version."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, at, dig, many, pod_path, text

_HANDLER = re.compile(
    r"\bhandler\b(?:\s+\w+){0,3}?\s*(?:(?:is|called|named)\s+|[:=(]\s*)?(?P<q>[`'\"]?)(?P<name>[a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?P=q)(?![\w])"
)
_CONTROLLER = re.compile(
    r"\bcontroller\b[^.;\n]{0,30}?[`'\"(\s](?P<name>[a-z0-9-]+(?:\.[a-z0-9-]+)+/[a-z0-9/-]+)"
)
_TYPE = re.compile(
    r"(?<![\w./-])kubernetes\.io/(?:basic-auth|ssh-auth|tls|dockerconfigjson|dockercfg)\b"
)
_VERSION = re.compile(
    r"(?<![\w./:-])(?P<group>[a-z0-9-]+(?:\.[a-z0-9-]+)+)/(?P<version>v\d+(?:(?:alpha|beta)\d+)?)(?![\w./-])"
)
_FLAG = re.compile(r"(?<![\w-])--(?P<name>[a-z][a-z0-9]*(?:-[a-z0-9]+)*)\b")
_ZONE = re.compile(r"\btopology\.kubernetes\.io/(?:zone|region)\b")


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Each of these that the request names beside an object that has the field."""
    yield from _handlers(words, world)
    yield from _controllers(words, world)
    yield from _types(words, world)
    yield from _versions(words, world)
    yield from _flags(words, world)
    yield from _zones(words, world)


def _ruled(asked: Requirement, fields: list[Field]) -> Iterator[Remark]:
    right = [f for f in fields if f.value == asked.value]
    if right:
        yield covered(asked, right[0])
    elif fields:
        yield contradicted(asked, fields[0])


def _handlers(words: Words, world: World) -> Iterator[Remark]:
    fields = [
        Field(at(o, "handler"), text(o, "handler") or "not set")
        for o in world.kinds("RuntimeClass")
    ]
    for match in words.find(_HANDLER) if len(fields) == 1 else ():
        sure = match["q"] or re.search(
            r"[:=(]\s*\Z|\b(?:is|called|named)\s+\Z", words.raw[match.start() : match.start("name")]
        )
        if sure and not words.negated(match.start()):
            yield from _ruled(
                Requirement("field", match["name"], words.quote(*match.span())), fields
            )


def _controllers(words: Words, world: World) -> Iterator[Remark]:
    classes = world.kinds("IngressClass")
    fields = [
        Field(at(o, "spec.controller"), text(o, "spec", "controller") or "not set") for o in classes
    ]
    for match in words.find(_CONTROLLER) if len(fields) == 1 else ():
        yield from _ruled(Requirement("field", match["name"], words.quote(*match.span())), fields)


def _types(words: Words, world: World) -> Iterator[Remark]:
    secrets = world.kinds("Secret")
    fields = [Field(at(o, "type"), text(o, "type") or "Opaque") for o in secrets]
    for match in words.find(_TYPE):
        if not words.negated(match.start()):
            yield from _ruled(Requirement("field", match[0], words.quote(*match.span())), fields)


def _versions(words: Words, world: World) -> Iterator[Remark]:
    """Another version of a group that the request names with its version."""
    versions = [Field(at(o, "apiVersion"), text(o, "apiVersion")) for o in world.objects]
    for match in words.find(_VERSION):
        alike = [f for f in versions if str(f.value).startswith(f"{match['group']}/")]
        if not words.negated(match.start()):
            yield from _ruled(Requirement("field", match[0], words.quote(*match.span())), alike)


def _flags(words: Words, world: World) -> Iterator[Remark]:
    """A flag that a program is to be started with is in its arguments, or in some text."""
    boxes = world.main_containers
    if not boxes:
        return
    everything = "\n".join(str(field.value) for _, field in world.leaves)
    for match in words.find(_FLAG):
        before = words.before(match.start(), 30)
        if words.negated(match.start()) or re.search(
            r"\b(?:kubectl|helm|docker|podman|curl|git|npm|pip|apt)\b", before
        ):
            continue
        asked = Requirement("argument", match[0], words.quote(*match.span()))
        if match["name"] in everything:
            yield covered(asked, Field("", match[0]))
        elif "(hidden)" not in everything:
            yield contradicted(asked, Field(f"{boxes[0].path}.args", f"without {match[0]}"))


def _zones(words: Words, world: World) -> Iterator[Remark]:
    """Well-known labels to spread over, where pods are spread over something else."""
    keys = [
        Field(
            at(obj, f"{'.'.join(pod_path(obj))}.topologySpreadConstraints[{i}].topologyKey"),
            dig(each, "topologyKey"),
        )
        for obj in world.workloads
        for i, each in enumerate(many(obj, *pod_path(obj), "topologySpreadConstraints"))
    ]
    strings = {str(part) for key, field in world.leaves for part in (key, field.value)}
    for match in words.find(_ZONE):
        asked = Requirement("placement", match[0], match[0])
        if match[0] in strings:
            yield covered(asked, Field("", match[0]))
        elif keys and not words.negated(match.start()):
            yield contradicted(asked, keys[0])
