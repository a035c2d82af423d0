"""Changes of a container: image, environment, resources, arguments."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from typing import Any

from tiphys.library.patching import FieldPatch
from tiphys.propose.editing import values
from tiphys.propose.editing.probes import RULES as PROBE_RULES
from tiphys.propose.editing.rule import ADD, OF, OLD, REMOVE, SET, Change, Rule, T, change, rule
from tiphys.propose.editing.targets import WORKLOADS, Scope, Target, Unclear

_KEY = r"(?P<k>[A-Za-z_][A-Za-z0-9_]{0,80})"
_ENV = r"(?:(?:env(?:ironment)?(?: |-)?(?:var(?:iable)?s?)?|variables?|vars?|settings?) )?"
_PAIRS = r"(?P<p>[A-Za-z_]\w*=.{1,300}?)"
_UPGRADE = rf"(?:{SET}|upgrade|downgrade|roll|deploy|point|pin|roll back)"


def _image(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    wanted = values.image(groups["v"])
    targets = scope.find(groups.get("t"), WORKLOADS) if wanted else []
    patches = []
    for target in targets:
        path = (*target.container, "image")
        _expect(target, str(target.at(path)), groups.get("old"))
        patches.append(target.set(path, wanted))
    return change(targets, patches)


def _expect(target: Target, now: str, old: str | None) -> None:
    old = old.strip("\"'`") if old else ""
    if old and now != old and not now.endswith(f":{old}"):
        raise Unclear(f"{target.label} has {now}, not {old}: is it the one that you mean?")


def _tag(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    wanted = values.tag(groups["v"])
    targets = scope.find(groups.get("t"), WORKLOADS) if wanted else []
    patches = []
    for target in targets:
        path = (*target.container, "image")
        now = str(target.at(path))
        _expect(target, now, groups.get("old"))
        base = now.split("@", maxsplit=1)[0]
        base, _, old = base.rpartition(":") if ":" in base.rsplit("/", 1)[-1] else (base, "", "")
        by_version = not (groups.get("word") or "").lower().endswith("tag")
        if by_version and re.match(r"v\d", old) and re.match(r"\d", wanted or ""):
            raise Unclear(f"{target.label} runs {old}: is the new tag {wanted} or v{wanted}?")
        patches.append(target.set(path, f"{base}:{wanted}"))
    return change(targets, patches)


def _env_pairs(scope: Scope, match: re.Match[str]) -> Change | None:
    wanted = values.pairs(match["p"])
    targets = scope.find(match.groupdict().get("t"), WORKLOADS) if wanted else []
    return change(targets, [p for t in targets for p in _with_env(t, wanted or {})])


def _env_value(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    value = values.text(groups["v"])
    targets = scope.find(groups.get("t"), WORKLOADS) if value is not None else []
    patches: list[FieldPatch] = []
    for target in targets:
        now = target.at((*target.container, "env", f"name={groups['k']}", "value"))
        plain = groups["k"].isupper() or now is not None
        if not plain:
            return None
        _expect(target, str(now), groups.get("old"))
        patches += _with_env(target, {groups["k"]: value or ""})
    return change(targets, patches)


def _with_env(target: Target, wanted: dict[str, str]) -> list[FieldPatch]:
    """Each variable, changed or new; a value that comes from elsewhere is a person's to replace."""
    env = (*target.container, "env")
    patches = []
    for key, value in wanted.items():
        now = target.at((*env, f"name={key}"))
        if now is None:
            patches.append(target.append(env, {"name": key, "value": value}))
        elif "valueFrom" in now:
            raise Unclear(f"{key} of {target.label} comes from a reference: replace it by a text?")
        else:
            patches.append(target.set((*env, f"name={key}", "value"), value))
    return patches


def _env_gone(scope: Scope, match: re.Match[str]) -> Change | None:
    keys = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", match["ks"].strip("`\"'"))
    targets = scope.find(match.groupdict().get("t"), WORKLOADS)
    patches = []
    for target in targets:
        for key in keys:
            path = (*target.container, "env", f"name={key}")
            if target.at(path) is None:
                return None
            patches.append(target.remove(path))
    return change(targets, patches)


_AMOUNT = re.compile(
    r"(?:(?:a|an|the|of|to|and|,|its)\s+)*(?:"
    r"(?P<v1>(?:half an?|a quarter of an?|\d[\d.]*)\s?[a-zA-Z]*)\s+(?:of\s+)?(?P<r1>v?cpus?|cores?|memory|ram|mem)"
    r"|(?P<r2>v?cpu|memory|ram|mem)(?:\s+(?:of|to|is))?\s*[:=]?\s*(?P<v2>\d[\d.]*\s?[a-zA-Z]*)"
    r"|(?P<v3>\d[\d.]*)\s?(?P<r3>(?:v?cpus?|cores?)|[KMGT]i?B?)|(?P<v4>\d+m))"
    r"(?:\s+(?P<mode>limits?|requests?))?(?=\s|,|\Z)\s*",
    re.IGNORECASE,
)
_Amounts = list[tuple[str, str, str]]  # resource, quantity, limits or requests or ""


def _amounts(raw: str) -> _Amounts | None:
    """ "500m cpu and 256Mi memory": all of it, or None."""
    found: _Amounts = []
    rest = raw.strip()
    while rest:
        match = _AMOUNT.match(rest)
        if match is None:
            return None
        word = (match["r1"] or match["r2"] or match["r3"] or "m").lower()
        is_cpu = bool(re.match(r"v?cpu|core|m\Z", word))
        amount = match["v1"] or match["v2"] or match["v4"] or match["v3"]
        if match["r3"] and not is_cpu:
            amount += match["r3"]
        value = values.cores(amount) if is_cpu else values.size(amount)
        if value is None:
            return None
        mode = match["mode"] or ""
        found.append(("cpu" if is_cpu else "memory", value, mode.lower().rstrip("s")))
        rest = rest[match.end() :].removeprefix(",").strip()
    return found or None


def _resources(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    found = _amounts(groups["a"])
    if found and len(found) > 1:  # "500m cpu and 256Mi memory limits": said once for all
        last = found[-1][2]
        found = [(r, v, m or last) for r, v, m in found]
    said = (groups.get("m") or "").lower()
    targets = scope.find(groups.get("t"), WORKLOADS) if found else []
    patches = [p for t in targets for r, v, m in found or () for p in _amount(t, r, v, m or said)]
    return change(targets, patches)


def _resource(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    name = "cpu" if "cpu" in groups["r"].lower() else "memory"
    value = (values.cores if name == "cpu" else values.size)(groups["v"])
    targets = scope.find(groups.get("t"), WORKLOADS) if value else []
    said = (groups.get("m") or "").lower()
    patches = []
    for target in targets:
        made = _amount(target, name, value or "", said)
        for patch in made:
            _expect(target, str(target.at(patch.path)), groups.get("old"))
        patches += made
    return change(targets, patches)


def _amount(target: Target, name: str, value: str, said: str) -> list[FieldPatch]:
    modes = [mode for mode in ("limits", "requests") if mode[:-1] in said]
    base = (*target.container, "resources")
    if not modes:
        modes = [m for m in ("limits", "requests") if target.at((*base, m, name)) is not None]
        if len(modes) != 1:
            raise Unclear(f"Is {value} the {name} request of {target.label}, its limit, or both?")
    return [target.set((*base, mode, name), value) for mode in modes]


def _argument(scope: Scope, match: re.Match[str]) -> Change | None:
    wanted: Any = values.text(match["v"])
    targets = scope.find(match.groupdict().get("t"), WORKLOADS) if wanted else []
    return change(targets, [t.append((*t.container, "args"), wanted) for t in targets])


def _argument_gone(scope: Scope, match: re.Match[str]) -> Change | None:
    gone = values.text(match["v"])
    targets = scope.find(match.groupdict().get("t"), WORKLOADS)
    patches = []
    for target in targets:
        path = (*target.container, "args")
        args = target.at(path) or []
        if args.count(gone) != 1:
            return None
        patches.append(target.remove((*path, args.index(gone))))
    return change(targets, patches)


_R = r"(?P<r>v?cpu|memory|ram)"
_M = r"(?P<m>limits? and requests?|requests? and limits?|limits?|requests?)"
_V = r"(?P<v>[^\s,;]{1,200}|\"[^\"]{0,200}\"|`[^`]{0,200}`|'[^']{0,200}')"
_A = r"(?P<a>.{2,120}?)"
RULES: tuple[Rule, ...] = (
    *PROBE_RULES,
    rule(_tag,
         rf"(?:use|deploy|run) (?P<word>(?:image )?tag|version|release) {_V} (?:for|of|on|in) {T}",
         rf"{_UPGRADE} (?:the )?(?P<word>(?:image )?tag|version|(?:image )?version) {OF} {T}{OLD} to {_V}",
         rf"{_UPGRADE} (?:the )?image {OF} {T}{OLD} to (?P<word>tag|version) {_V}",
         rf"{_UPGRADE} {T}(?:'s)? (?P<word>(?:image )?tag|version){OLD} to {_V}",
         rf"{_UPGRADE} {T}{OLD} to (?P<word>(?:image )?tag|version|release) {_V}",
         rf"(?:upgrade|downgrade|bump|update) {T}{OLD} to (?P<word>){_V}",
         rf"{T} should (?:use|run) (?P<word>(?:image )?tag|version) {_V}"),
    rule(_image,
         rf"{_UPGRADE} (?:the )?(?:container )?image {OF} {T}{OLD} to {_V}",
         rf"{_UPGRADE} (?:the )?(?:container )?image{OLD} to {_V}(?: {OF} {T})?",
         rf"{_UPGRADE} {T}(?:'s)?(?: image)?{OLD} to (?:use )?(?:the )?(?:image )?{_V}",
         rf"(?:use|deploy|run) (?:the )?(?:image )?{_V} (?:for|in|on|as the image of) {T}",
         rf"(?:run|deploy) {T} (?:from|with|using|on) (?:the )?(?:image )?{_V}",
         rf"{T} should (?:use|run) (?:the )?(?:image )?{_V}",
         rf"have {T} (?:use|run) (?:the )?(?:image )?{_V}"),
    rule(_env_pairs,
         rf"(?:{SET}|{ADD}|export) (?:the |an? )?(?:new )?{_ENV}{_PAIRS} {OF} {T}",
         rf"(?:{SET}|{ADD}|export) (?:the |an? )?(?:new )?{_ENV}{_PAIRS}",
         rf"give {T} (?:the |an? )?{_ENV}{_PAIRS}",
         rf"{OF} {T},? (?:{SET}|{ADD}) (?:the |an? )?{_ENV}{_PAIRS}",
         rf"{T} (?:needs|should have) (?:the |an? )?{_ENV}{_PAIRS}"),
    rule(_env_value,
         rf"(?:{SET}|{ADD}) (?:the |an? )?{_ENV}[\"'`]?{_KEY}[\"'`]? {OF} {T}{OLD} to {_V}",
         rf"(?:{SET}) (?:the |an? )?{_ENV}[\"'`]?{_KEY}[\"'`]?{OLD} to {_V}(?: {OF} {T})?",
         rf"(?:{ADD}) (?:the |an? )?{_ENV}[\"'`]?{_KEY}[\"'`]? (?:with (?:the )?value|with|set to) {_V}(?: {OF} {T})?",
         rf"{SET} {T}(?:'s) {_ENV}[\"'`]?{_KEY}[\"'`]?{OLD} to {_V}"),
    rule(_env_gone,
         rf"{REMOVE} (?:the )?{_ENV}(?P<ks>[\"'`]?[A-Za-z_][\w]*[\"'`]?(?:(?:, | and )[A-Za-z_]\w*)*)(?: (?:env(?:ironment)? )?(?:variable|var)s?)? {OF} {T}",
         rf"{REMOVE} (?:the )?{_ENV}(?P<ks>[\"'`]?(?-i:[A-Z_][A-Z0-9_]*)[\"'`]?)"),
    rule(_resources,
         rf"(?:give|set|allow|grant) {T} (?:(?:to|a|an|with) )?(?P<m>)(?P<a>(?:an? |the )?(?:\d|half|a quarter|cpu|memory).{{1,100}}?)",
         rf"(?P<m>request) {_A} (?:for|on|in) {T}",
         rf"(?P<m>limit) {T} to {_A}",
         rf"cap {T} (?:to|at) (?P<m>){_A}(?<!x)",
         rf"(?:{SET}|{ADD}) (?:the |resource )*{_M} (?:of |to )?{_A} (?:for|on|to|in|of) {T}",
         rf"(?:{SET}|{ADD}) (?:the |resource )*{_M} {OF} {T} to {_A}",
         rf"give {T} (?:resource )?{_M} of {_A}",
         rf"(?:{SET}|{ADD}) {_A} (?P<m>)(?:for|on|to|in) {T}",
         rf"{T} (?:should )?(?P<m>request)s? {_A}",
         rf"{T} (?:needs|should get|should have) (?P<m>)(?P<a>\d.{{1,100}}?)",
         rf"(?P<m>request|limit)s? {_A}"),
    rule(_resource,
         rf"(?:{SET}|cap) (?:the |its )?{_R}(?: {_M})? {OF} {T}{OLD} (?:to|at) (?P<v>[\w.]+(?: [\w]+)?)",
         rf"(?:{SET}|cap) {T}(?:'s)? {_R}(?: {_M})?{OLD} (?:to|at) (?P<v>[\w.]+(?: [\w]+)?)",
         rf"(?:{SET}|cap) (?:the |its )?{_R}(?: {_M})?{OLD} (?:to|at) (?P<v>[\w.]+(?: (?:cores?|cpus?|[KMGT]i?B))?)(?: {OF} {T})?",
         rf"{SET} (?:the |its )?{_M} {OF} {_R} {OF} {T}{OLD} to (?P<v>[\w.]+)",
         rf"(?P<m>limit|request) (?:the )?{_R} {OF} {T} (?:to|at) (?P<v>[\w.]+)",
         rf"(?:the |its )?{_R}(?: {_M})? {OF} {T} (?:to|should be) (?P<v>[\w.]+)",
         rf"(?:the |its )?{_R} {_M} (?:to|should be) (?P<v>[\w.]+)",
         rf"give {T} (?:more |less )?{_R}: (?P<v>[\w.]+)"),
    rule(_argument,
         rf"{ADD} (?:the |an? )?(?:arg(?:ument)?|flag|option|parameter) {_V}(?: (?:to|for|on) (?:the (?:args|arguments|command line) of )?{T})?",
         rf"(?:start|run) {T} with (?:the )?(?:arg(?:ument)?|flag|option) {_V}",
         rf"pass (?:the )?(?:(?:arg(?:ument)?|flag|option) )?(?P<v>--?[^\s,;]+) to {T}"),
    rule(_argument_gone,
         rf"{REMOVE} (?:the )?(?:arg(?:ument)?|flag|option|parameter) {_V}(?: {OF} (?:the (?:args|arguments) of )?{T})?"),
)  # fmt: skip
