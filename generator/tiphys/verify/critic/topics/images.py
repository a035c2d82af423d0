"""Which image, down to tag and digest."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tiphys.verify.critic.model import Field, Remark, Requirement, by_fields, undecided
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, name_of

_DIGEST = r"@sha256:[0-9a-fA-F]{6,64}"
_TAG = rf"(?::[A-Za-z0-9_][\w.-]{{0,127}})?(?:{_DIGEST})?"
_LONG = re.compile(
    rf"(?<![\w/@.:-])(?:[a-z0-9][\w.-]{{0,100}}(?::\d{{1,5}})?/)(?:[a-z0-9][\w.-]{{0,100}}/){{0,6}}"
    rf"[a-z0-9][\w.-]{{0,100}}{_TAG}"
)
_SHORT = re.compile(
    r"\b(?:images?|container|runs?|running|use|uses|using|deploy|with|from)(?:\s+the)?(?:\s+image)?"
    rf"(?:\s+is|\s*[:=])?\s*[`'\"]?"
    rf"([a-z][\w.-]{{0,100}}(?::[A-Za-z0-9_][\w.-]{{0,127}}(?:{_DIGEST})?|{_DIGEST}))",
    re.IGNORECASE,
)
_INTRO = re.compile(r"\bimages?\b|\bcontainer\b|\bbuild\b", re.IGNORECASE)
_PAST = re.compile(
    r"\b(?:from|instead\s+of|rather\s+than|not|replac\w+|currently|was|were|old|previous\w*|"
    r"used\s+to\s+be|no\s+longer|like|based\s+on)\s+(?:\w{1,30}\s+){0,2}[`'\"]?\Z",
    re.IGNORECASE,
)
_FROM_OK = re.compile(r"\b(?:run|runs|running|start|deploy|image|pull(?:ed)?|made|job)\b[^.\n]{0,50}\bfrom\s+"
                      r"(?:the\s+)?(?:image\s+)?[`'\"]?\Z", re.IGNORECASE)  # fmt: skip
_TAGGED = re.compile(
    r"\b(?:(?:image\s+)?tag(?:ged)?|version|release)(?:\s+is|\s*[:=])?\s+[`'\"]?"
    r"(v?\d[\w.-]{0,60})",
    re.IGNORECASE,
)
_OTHER = re.compile(r"\b(?:kubernetes|api|tls|k8s|schema|protocol)\s+\Z", re.IGNORECASE)
_KEYS = re.compile(
    r"(?:port|replicas|at|time|cpu|memory|localhost|host|schedule|namespace)\Z", re.I
)


@dataclass(frozen=True, slots=True)
class _Image:
    repository: str
    tag: str
    digest: str

    @classmethod
    def of(cls, text: str) -> _Image:
        rest, _, digest = text.partition("@")
        head, colon, tag = rest.rpartition(":")
        if not colon or "/" in tag:
            head, tag = rest, ""
        return cls(_plain(head), tag, digest.lower())

    def met_by(self, found: str) -> bool:
        other = _Image.of(found)
        return (
            self.repository == other.repository
            and self.tag in ("", other.tag)
            and (not self.digest or other.digest.startswith(self.digest))
        )


def rule(words: Words, _world: World) -> Iterator[Remark]:
    """Every reference in the text, and tags said apart from it."""
    spans: list[tuple[int, int]] = []
    for start, reference in _references(words):
        end = start + len(reference)
        if any(s < end and start < e for s, e in spans):
            continue
        spans.append((start, end))
        before = words.before(start)
        if _PAST.search(before) and not _FROM_OK.search(before):
            continue
        yield words.rule("image", reference, (start, end), _is(_Image.of(reference)))
    if not spans:
        for match in words.find(_TAGGED):
            before = words.before(match.start())
            if not _PAST.search(before) and not _OTHER.search(before):
                tag = match[1].rstrip(".-")
                exact = match[0].lower().startswith(("tag", "image"))
                yield words.rule("image", tag, match.span(), _tagged(tag, exact=exact))


def _references(words: Words) -> Iterator[tuple[int, str]]:
    for match in words.find(_LONG):
        reference = match[0].rstrip(".-")
        last = reference.rpartition("/")[2]
        tagged = ":" in last or "@" in last
        registry = "." in reference.partition("/")[0]
        if reference.endswith((":NoSchedule", ":NoExecute")):
            continue  # a taint
        if (
            tagged
            or (registry and _INTRO.search(words.before(match.start(), 25)))
            or _INTRO.search(words.before(match.start(), 12))
        ):
            yield match.start(), reference
    for match in words.find(_SHORT):
        reference = match[1].rstrip(".-")
        if not _KEYS.search(reference.partition(":")[0]) and not _address(words, reference):
            if match.end() < len(words.raw) and words.raw[match.end()] == "/":
                continue
            if re.search(r"image", match[0], re.IGNORECASE) or re.search(r"[:]v?\d|@", reference):
                yield match.start(1), reference


def _address(words: Words, reference: str) -> bool:
    """Whether it is a Service and its port: `web:80` is where something is called."""
    name, _, port = reference.partition(":")
    ports = {field.value for key, field in words.world.leaves if key == "port"}
    services = {name_of(o) for o in words.world.kinds("Service")}
    return port.isdigit() and (name in services or int(port[:6]) in ports)


def _fields(world: World) -> list[Field]:
    main = [(c.path, c.spec.get("image")) for c in world.containers]
    return [Field(f"{path}.image", image) for path, image in main if isinstance(image, str)]


def _is(asked: _Image) -> Callable[[Requirement, World], Remark]:
    def ruling(requirement: Requirement, world: World) -> Remark:
        near = sorted(
            _fields(world), key=lambda f: _Image.of(f.value).repository != asked.repository
        )
        return by_fields(requirement, near, asked.met_by,
                         undecided(requirement, "no object runs a container"))  # fmt: skip

    return ruling


def _tagged(tag: str, *, exact: bool) -> Callable[[Requirement, World], Remark]:
    def same(found: str) -> bool | None:
        have = _Image.of(found).tag
        if have.removeprefix("v") == tag.removeprefix("v"):
            return True
        if exact:
            return False
        if have.removeprefix("v").startswith((f"{tag}.", f"{tag}-")):
            return True
        return False if have[:1].isdigit() else None

    def ruling(requirement: Requirement, world: World) -> Remark:
        return by_fields(requirement, _fields(world), same,
                         undecided(requirement, "no object runs a container"))  # fmt: skip

    return ruling


def _plain(repository: str) -> str:
    return repository.removeprefix("docker.io/").removeprefix("library/")
