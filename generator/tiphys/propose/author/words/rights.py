"""Rules of a role as the words of a request have them, in verbs that there are."""

from __future__ import annotations

import re
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import items, map_at
from tiphys.propose.author.sentences import sentences

# Of Kubernetes itself; what kubectl calls its commands is none of them.
_VERBS = frozenset(
    "approve attest bind create delete deletecollection escalate get impersonate list patch sign"
    " update use watch *".split()
)
_VERB = re.compile(
    r"(?<![\w-])(create|delete|deletecollection|get|list|patch|update|watch)(?![\w-])"
)
_NO_MORE = re.compile(
    r"\b(?:not?\s+(?:one\s+|a\s+single\s+)?(?:more|further|other|verb)|nothing\s+(?:more|else)|only"
    r"|just|exactly|no\s+\w+\s+verbs?)\b",
    re.IGNORECASE,
)
_NOT_THESE = re.compile(
    rf"\b(?:never|except|without|but\s+not|must\s+not|may\s+not|not\s+be|no\s+{_VERB.pattern})\b",
    re.IGNORECASE,
)
_NAMED_VERBS = frozenset({"delete", "get", "patch", "update"})  # a list has no name
_LOGS = re.compile(
    r"\b(?:pods?\b.{0,80}\blogs?|logs?\b.{0,40}\bpods?)\b", re.IGNORECASE | re.DOTALL
)
_DENIED = re.compile(
    r"\b(?:not|never|no|n.t|without|neither|nor|except)\b[^.;]{0,40}\blogs?\b", re.IGNORECASE
)
_INSIDE = re.compile(
    r"\b(?:only|just|solely)\s+(?:in|inside|within|for)\s+(?:the\s+|that\s+|its\s+)?"
    r"(?:namespace\s+[\"'`]?(?P<after>[a-z0-9][a-z0-9-]*)|[\"'`]?(?P<before>[a-z0-9][a-z0-9-]*)[\"'`]?\s+namespace\b)",
    re.IGNORECASE,
)
_EVERYWHERE = re.compile(
    r"\bcluster-?wide\b|\b(?:all|every|any|each)\s+namespaces?\b|\bcluster\s?role\s?binding\b"
    r"|\bwhole\s+cluster\b",
    re.IGNORECASE,
)

_NAME = r"[\"'`]?([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)[\"'`]?(?![\w-])"
_HOME = re.compile(
    rf"\baccounts?\s+(?:called\s+|named\s+)?{_NAME},?\s+\(?(?:from|in|of|out\s+of)\s+(?:the\s+)?"
    rf"(?:namespace\s+{_NAME}|{_NAME}\s+namespace\b)",
    re.IGNORECASE,
)
_SPACE = re.compile(
    rf"\bnamespace\s+(?!(?:and|or|only|of|is|as|to|in|please)\b){_NAME}|(?<![\w-])(?!in\b|the\b){_NAME}\s+namespace\b",
    re.IGNORECASE,
)
_NO_NAME = frozenset(
    "a an any each every its new no of one other own same that the their this".split()
)


def live_apart(obj: Object, request: str) -> None:
    """Rights are where they are used, not where the account lives that has them."""
    homes = {found[0]: found[1] or found[2] for found in _HOME.findall(request)}
    named = {one or other for one, other in _SPACE.findall(request)} - _NO_NAME
    rest = named - {*homes.values()}
    metadata = map_at(obj, "metadata")
    if len(rest) == 1 and metadata.get("namespace") in homes.values():
        metadata["namespace"] = rest.pop()
    subjects = [each for each in items(obj.get("subjects")) if isinstance(each, dict)]
    for each in (each for each in subjects if each.get("kind") == "ServiceAccount"):
        if home := homes.get(str(each.get("name"))):
            each["namespace"] = home


def bind_inside(obj: Object, request: str) -> None:
    """Rights "only inside the namespace x" are bound there and nowhere else."""
    places = {(each["after"] or each["before"]) for each in _INSIDE.finditer(request)}
    if len(places) == 1 and not _EVERYWHERE.search(request):
        obj["kind"] = "RoleBinding"
        map_at(obj, "metadata")["namespace"] = places.pop().lower()


def state_rights(obj: Object, request: str) -> None:
    """Set them in place."""
    for rule in _rules(obj):
        verbs = [
            each for each in items(rule.get("verbs")) if isinstance(each, str) and each in _VERBS
        ]
        if verbs:
            rule["verbs"] = verbs
        if rule.get("resourceNames") == ["*"]:
            del rule["resourceNames"]
    _only_named(obj, request)


def _rules(obj: Object) -> list[dict[str, Any]]:
    return [each for each in items(obj.get("rules")) if isinstance(each, dict)]


def read_logs(obj: Object, request: str) -> None:
    """Logs are a resource of their own, which who may read pods does not read yet."""
    held = [str(each) for rule in _rules(obj) for each in items(rule.get("resources"))]
    told = _LOGS.search(request) and not _DENIED.search(request)
    if told and "pods" in held and "pods/log" not in held:
        obj["rules"].append({"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]})


def exact_verbs(obj: Object, request: str) -> None:
    """A rule for the one resource of a sentence that lists API verbs has these, and no others.

    Only where the sentence says that there are no others: "get and patch and nothing else".
    """
    for text in sentences(request):
        said = _VERB.findall(text.lower())
        held = [rule for rule in _rules(obj) if _is_about(rule, text)]
        if len(held) == 1 and said and _NO_MORE.search(text) and not _NOT_THESE.search(text):
            held[0]["verbs"] = list(dict.fromkeys(said))


def _is_about(rule: dict[str, Any], text: str) -> bool:
    """Whether the text names all of its resources."""
    words = [str(each).partition("/")[0].removesuffix("s") for each in items(rule.get("resources"))]
    low = text.lower().replace(" ", "")
    return bool(words) and all(each in low for each in words)


def _only_named(obj: Object, request: str) -> None:
    """Rights on "the one Secret called x" are on that one, where a right can be."""
    for rule in _rules(obj):
        if rule.get("resourceNames"):
            continue
        resources, verbs = items(rule.get("resources")), items(rule.get("verbs"))
        if len(resources) != 1 or not {*map(str, verbs)} <= _NAMED_VERBS:
            continue
        word = re.escape(str(resources[0]).partition("/")[0].removesuffix("s"))
        found = re.search(
            rf"\b(?:one|only|single|just|exactly)\s+(?:the\s+)?(?:one\s+)?{word}\s+"
            rf"(?:called|named)?\s*[\"'`]?([a-z0-9][-a-z0-9.]*[a-z0-9])",
            request,
            re.IGNORECASE,
        )
        if found:
            rule["resourceNames"] = [found[1]]
