"""Labels and annotations, config maps, cron jobs, placement on nodes, mounted files."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from typing import Any

from tiphys.library import formats
from tiphys.library.patching import FieldPatch
from tiphys.propose.editing import values
from tiphys.propose.editing.rule import ADD, OF, OLD, REMOVE, SET, Change, Rule, T, change, rule
from tiphys.propose.editing.targets import WORKLOADS, Scope, Target, Unclear
from tiphys.propose.schedule import cron_from_words

_CRON = frozenset({"CronJob"})
_CONFIG = frozenset({"ConfigMap"})


def _marks(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    wanted = values.pairs(groups["p"], values.label_key)
    pods, phrase = _pods(groups.get("t"))
    targets = scope.find(phrase, WORKLOADS if pods else None) if wanted else []
    field = "annotations" if groups["what"].lower().startswith("annot") else "labels"
    patches = []
    for target in targets:
        base = (*(target.template if pods else ()), "metadata", field)
        if pods and field == "labels" and _selected(target, wanted or {}):
            return None
        patches += [target.set((*base, key), value) for key, value in (wanted or {}).items()]
    return change(targets, patches)


def _mark(scope: Scope, match: re.Match[str]) -> Change | None:
    """ "set the label team of the api to blue"."""
    groups = match.groupdict()
    key, value = values.label_key(groups["k"]), values.text(groups["v"])
    pods, phrase = _pods(groups.get("t"))
    targets = scope.find(phrase, WORKLOADS if pods else None) if key and value is not None else []
    field = "annotations" if groups["what"].lower().startswith("annot") else "labels"
    base = [(t, (*(t.template if pods else ()), "metadata", field, str(key))) for t in targets]
    if pods and any(_selected(t, {str(key): ""}) for t in targets):
        return None
    old = groups.get("old")
    if old and any(t.at(path) != old for t, path in base):
        raise Unclear(f"The {field[:-1]} {key} is not {old} there: which one do you mean?")
    return change(targets, [t.set(path, value) for t, path in base])


def _mark_gone(scope: Scope, match: re.Match[str]) -> Change | None:
    pods, phrase = _pods(match.groupdict().get("t"))
    targets = scope.find(phrase, WORKLOADS if pods else None)
    field = "annotations" if match["what"].lower().startswith("annot") else "labels"
    paths = [(t, (*(t.template if pods else ()), "metadata", field, match["k"])) for t in targets]
    gone = any(t.at(path) is None or (pods and _selected(t, {match["k"]: ""})) for t, path in paths)
    return None if gone else change(targets, [t.remove(path) for t, path in paths])


def _pods(phrase: str | None) -> tuple[bool, str | None]:
    """Whether the pods' own labels are meant: "the pods of web", "web's pod template"."""
    found = re.fullmatch(
        r"(?:the )?(?:pods?|pod template) (?:of|in|for) (.+)|(.+?)(?:'s)? (?:pods|pod template)",
        phrase or "",
        re.IGNORECASE,
    )
    return (True, found[1] or found[2]) if found else (False, phrase)


def _selected(target: Target, keys: dict[str, str]) -> bool:
    """Whether one of the labels decides which pods belong to it."""
    selector = target.at(("spec", "selector", "matchLabels")) or {}
    return any(key in selector for key in keys)


def _data(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    if groups.get("p"):
        wanted = values.pairs(groups["p"]) or {}
    else:
        value = values.text(groups["v"])
        wanted = {} if value is None else {groups["k"]: value}
    targets = scope.find(groups["t"], _CONFIG) if wanted else []
    old = groups.get("old")
    if old and any(t.at(("data", groups["k"])) != old for t in targets):
        raise Unclear(f"{groups['k']} is not {old} there: which value do you mean?")
    if any(t.obj.get("immutable") for t in targets):
        return None
    return change(targets, [t.set(("data", k), v) for t in targets for k, v in wanted.items()])


def _data_gone(scope: Scope, match: re.Match[str]) -> Change | None:
    targets = scope.find(match["t"], _CONFIG)
    if any(t.at(("data", match["k"])) is None or t.obj.get("immutable") for t in targets):
        return None
    return change(targets, [t.remove(("data", match["k"])) for t in targets])


def _data_renamed(scope: Scope, match: re.Match[str]) -> Change | None:
    targets = scope.find(match.groupdict().get("t"), _CONFIG)
    patches: list[FieldPatch] = []
    for target in targets:
        data = target.at(("data",)) or {}
        if match["k"] not in data or match["v"] in data or target.obj.get("immutable"):
            return None
        value = data[match["k"]]
        patches += [target.set(("data", match["v"]), value), target.remove(("data", match["k"]))]
    return change(targets, patches)


def _schedule(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    raw = (values.free_text(groups["v"]) or "").strip()
    targets = scope.find(groups.get("t"), _CRON)
    patches = []
    for target in targets:
        now = str(target.at(("spec", "schedule")))
        wanted = _cron(raw, now)
        if wanted is None:
            return None
        patches.append(target.set(("spec", "schedule"), wanted))
    return change(targets, patches)


def _cron(raw: str, now: str) -> str | None:
    if formats.is_cron(raw):
        return raw
    whole = [cron for start, end, cron in cron_from_words(raw) if not raw[:start] + raw[end:]]
    if len(whole) == 1:
        return whole[0]
    daily = f"every day at {raw}"  # only a time of day: the days stay as they are
    times = [cron for start, end, cron in cron_from_words(daily) if end - start == len(daily)]
    fields = now.split(" ")
    if len(times) != 1 or len(fields) != 5 or not (fields[0] + fields[1]).isdigit():
        return None
    return " ".join([*times[0].split(" ")[:2], *fields[2:]])


def _suspend(scope: Scope, match: re.Match[str]) -> Change | None:
    on = match["verb"].lower() in ("suspend", "pause", "stop", "disable")
    targets = scope.find(match["t"], {"CronJob", "Job"})
    return change(targets, [t.set(("spec", "suspend"), on) for t in targets])


def _concurrency(scope: Scope, match: re.Match[str]) -> Change | None:
    policy = {"forbid": "Forbid", "allow": "Allow", "replace": "Replace"}[match["v"].lower()]
    targets = scope.find(match.groupdict().get("t"), _CRON)
    return change(targets, [t.set(("spec", "concurrencyPolicy"), policy) for t in targets])


def _toleration(scope: Scope, match: re.Match[str]) -> Change | None:
    found = re.fullmatch(
        r"[\"'`]?([\w./-]+)(?:=([\w.-]*))?(?::(NoSchedule|PreferNoSchedule|NoExecute))?[\"'`]?",
        match["v"],
    )
    targets = scope.find(match.groupdict().get("t"), WORKLOADS) if found else []
    if not found:
        return None
    key, value, effect = found.groups()
    made: dict[str, Any] = {"key": key, "operator": "Exists" if value is None else "Equal"}
    made |= {} if value is None else {"value": value}
    made |= {"effect": effect} if effect else {}
    return change(targets, [t.append((*t.pod, "tolerations"), made) for t in targets])


def _nodes(scope: Scope, match: re.Match[str]) -> Change | None:
    wanted = values.pairs(match["p"], values.label_key)
    targets = scope.find(match.groupdict().get("t"), WORKLOADS) if wanted else []
    return change(
        targets,
        [t.set((*t.pod, "nodeSelector", k), v) for t in targets for k, v in (wanted or {}).items()],
    )


_SOURCES = {
    "ConfigMap": ("configMap", "name"),
    "Secret": ("secret", "secretName"),
    "PersistentVolumeClaim": ("persistentVolumeClaim", "claimName"),
}
_SOURCE_WORDS = {"config": "ConfigMap", "secret": "Secret"}


def _mount(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    name, path = values.name(groups["name"]), values.text(groups["path"])
    word = (groups.get("source") or "").lower()
    kind = next((k for w, k in _SOURCE_WORDS.items() if word.startswith(w)), "")
    if not kind and word:
        kind = "PersistentVolumeClaim"
    if not kind:
        known = [o for o in scope.objects if (o.get("metadata") or {}).get("name") == name]
        kinds = {str(o["kind"]) for o in known} & set(_SOURCES)
        kind = kinds.pop() if len(kinds) == 1 else ""
    targets = scope.find(groups.get("t"), WORKLOADS) if kind and name and path else []
    patches: list[FieldPatch] = []
    for target in targets:
        made = _mounted(target, kind, str(name), str(path), read_only=bool(groups.get("ro")))
        if made is None:
            return None
        patches += made
    return change(targets, patches)


def _mounted(
    target: Target, kind: str, name: str, path: str, *, read_only: bool
) -> list[FieldPatch] | None:
    field, key = _SOURCES[kind]
    volumes = target.at((*target.pod, "volumes")) or []
    mounts = target.at((*target.container, "volumeMounts")) or []
    if any(each.get("mountPath") == path for each in mounts) or not path.startswith("/"):
        return None
    same = [each for each in volumes if (each.get(field) or {}).get(key) == name]
    volume = name.replace(".", "-")[:63]
    patches = []
    if same:
        volume = str(same[0]["name"])
    elif any(each.get("name") == volume for each in volumes):
        return None
    else:
        source = {"name": volume, field: {key: name}}
        patches.append(target.append((*target.pod, "volumes"), source))
    mount: dict[str, Any] = {"name": volume, "mountPath": path}
    mount |= {"readOnly": True} if read_only else {}
    return [*patches, target.append((*target.container, "volumeMounts"), mount)]


_WHAT = r"(?P<what>labels?|annotations?)"
_V = r"(?P<v>[^\s,;]{1,200}|\"[^\"]{0,200}\"|`[^`]{0,200}`|'[^']{0,200}')"
_K = r"[\"'`]?(?P<k>[\w][\w./-]{0,120})[\"'`]?"
_P = r"(?P<p>[\"'`]?[\w./-]+[\"'`]?(?:=|: ?).{1,300}?)"
_RO = r"(?P<ro>,? (?:as )?read[- ]only)?"
_SRC = r"(?:the )?(?:(?P<source>config ?map|secret|pvc|(?:persistent )?volume claim|claim|volume) )?[\"'`]?(?P<name>[a-z0-9][\w.-]*)[\"'`]?(?: (?:config ?map|secret|claim|pvc))?"
_MAP = r"(?P<t>(?:the )?(?:config ?map [\"'`]?[\w.-]+[\"'`]?|[\"'`]?[\w.-]+[\"'`]? config ?map|[\w.-]+))"
RULES: tuple[Rule, ...] = (
    rule(_marks,
         rf"{ADD} (?:the |an? )?{_WHAT} {_P} (?:to|on|for|of) {T}",
         rf"{ADD} (?:the |an? )?{_WHAT} {_P}",
         rf"give {T} (?:the |an? )?{_WHAT} {_P}",
         rf"(?P<what>label|annotate) {T} (?:with|as) {_P}",
         r"(?P<what>label|annotate) (?P<t>[\w./ -]+?) (?P<p>[\w./-]+=\S+)"),
    rule(_mark,
         rf"{SET} (?:the )?{_WHAT} {_K} {OF} {T}{OLD} to {_V}",
         rf"{SET} (?:the )?{_WHAT} {_K}{OLD} to {_V} {OF} {T}",
         rf"{ADD} (?:the |an? )?{_WHAT} {_K} (?:with (?:the )?value|set to) {_V} (?:to|on|for|of) {T}"),
    rule(_mark_gone,
         rf"{REMOVE} (?:the )?{_WHAT} {_K} {OF} {T}",
         rf"{REMOVE} (?:the )?{_K} (?P<what>label|annotation) {OF} {T}"),
    rule(_data_renamed,
         rf"rename (?:the )?(?:key )?{_K} to [\"'`]?(?P<v>[\w.-]+)[\"'`]? {OF} {T}",
         rf"rename (?:the )?(?:key )?{_K} {OF} {T} to [\"'`]?(?P<v>[\w.-]+)[\"'`]?"),
    rule(_data,
         rf"(?:{SET}|{ADD}) (?:the )?(?:keys? |entry )?(?P<p>[\w.-]+=.{{1,300}}?) (?:in|on|of|to) {_MAP}",
         rf"(?:{SET}|{ADD}) (?:the )?(?:key |entry |value of )?{_K}{OLD} to {_V} (?:in|on|of) {_MAP}",
         rf"(?:{SET}|{ADD}) (?:the )?(?:key |entry |value of )?{_K} (?:in|on|of) {_MAP}{OLD} to {_V}",
         rf"(?:{ADD}) (?:the )?(?:key |entry ){_K} with (?:the )?(?:value )?{_V} (?:in|to) {_MAP}"),
    rule(_data_gone,
         rf"{REMOVE} (?:the )?(?:key |entry ){_K} {OF} {_MAP}",
         rf"{REMOVE} (?:the )?{_K} {OF} (?P<t>(?:the )?config ?map [\w.-]+|(?:the )?[\w.-]+ config ?map)"),
    rule(_schedule,
         rf"(?:{SET}|reschedule) (?:the )?schedule {OF} {T}(?: from .{{1,40}}?)? to (?:run )?(?:at )?(?P<v>.{{1,60}}?)",
         rf"(?:{SET}) {T}(?:'s)? schedule to (?:run )?(?:at )?(?P<v>.{{1,60}}?)",
         rf"(?:{SET}) (?:the )?schedule to (?P<v>.{{1,60}}?) (?:for|of|on) {T}",
         rf"(?:{SET}) (?:the )?schedule to (?P<v>.{{1,60}}?)",
         rf"(?:{SET}|reschedule|schedule) {T} to (?:run )?(?:at )?(?P<v>.{{1,60}}?)",
         rf"(?:run|schedule|start) {T} (?:at )?(?P<v>(?:every|each|daily|hourly|nightly|on|weekdays|\d|\"|`|\*|noon|midnight).{{0,60}}?)",
         rf"{T} should run (?:at )?(?P<v>.{{1,60}}?)",
         rf"(?:make|have|let) {T} run (?:at )?(?P<v>.{{1,60}}?)"),
    rule(_suspend,
         rf"(?P<verb>suspend|pause|resume|unsuspend|unpause) {T}",
         r"(?P<verb>disable|enable) (?P<t>(?:the )?[\w.-]+ (?:cron ?)?job)"),
    rule(_concurrency,
         rf"(?P<v>forbid|allow|replace) (?:concurrent|overlapping|parallel) (?:runs|jobs)(?: {OF} {T})?",
         rf"{SET} (?:the )?concurrency(?: policy)?(?: {OF} {T})? to (?P<v>forbid|allow|replace)"),
    rule(_toleration,
         rf"{ADD} (?:an? |the )?tolerations? (?:for |of )?(?:(?:the )?taint )?(?P<v>\S+) (?:to|on|for|in) {T}",
         rf"(?:let|make|have) {T} tolerate (?:the )?(?:taint )?(?P<v>\S+)",
         rf"tolerate (?:the )?(?:taint )?(?P<v>\S+) (?:in|on|for) {T}"),
    rule(_nodes,
         rf"{ADD} (?:an? |the )?node ?selector (?:of |for )?{_P} (?:to|on|for|in) {T}",
         rf"{SET} (?:the )?node ?selector {OF} {T} to {_P}",
         rf"{ADD} (?:an? |the )?node ?selector to {T}: {_P}",
         rf"(?:run|schedule|place|pin|put|move) {T} (?:only )?(?:on|to) (?:the )?nodes? (?:that are |with (?:the )?label |labell?ed |having )?{_P}"),
    rule(_mount,
         rf"mount {_SRC} (?:at|to|under|on|as|into) [\"'`]?(?P<path>/[\w./-]*)[\"'`]? (?:in|into|of|for|on|inside) {T}{_RO}",
         rf"mount {_SRC} (?:in|into|on|inside|to) {T} (?:at|to|under|on) [\"'`]?(?P<path>/[\w./-]*)[\"'`]?{_RO}",
         rf"mount {_SRC} (?:at|to|under|on|as|into) [\"'`]?(?P<path>/[\w./-]*)[\"'`]?{_RO}",
         rf"{ADD} {_SRC} as (?:a )?volume (?:to|in) {T} (?:at|under) [\"'`]?(?P<path>/[\w./-]*)[\"'`]?{_RO}"),
)  # fmt: skip
