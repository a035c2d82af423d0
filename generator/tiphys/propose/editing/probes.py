"""Probes: "a readiness probe on /healthz, port 8080, every 10 seconds"."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from typing import Any

from tiphys.propose.editing import values
from tiphys.propose.editing.rule import ADD, OF, REMOVE, SET, Change, Rule, T, change, rule
from tiphys.propose.editing.targets import WORKLOADS, Scope, Target, Unclear

_HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")
_TIME = r"(\d+\s?[a-z]*|[a-z]+ (?:seconds?|minutes?)|[a-z]+)"
_PORT = r"[\"'`]?([a-z0-9-]{1,15})[\"'`]?"
_WHOSE = re.compile(r"(?:\A|\s)(?:for|of|to|on|in)\s+(?=\S)")
_WORD_END = re.compile(r"(?<=\S)(?=\s|,|\Z)")
# What may stand in its description, in any order; all of it has to be one of these.
_PARTS = tuple(
    (name, re.compile(form, re.IGNORECASE))
    for name, form in (
        ("path", r"(?:(?:on|at|to|checking|calling|against|via|using)\s+)?(?:(?:the\s+)?(?:http\s+)?(?:get\s+)?(?:path|endpoint|url)?\s*)[\"'`]?(/[\w./?=&-]*[\w/])[\"'`]?"),
        ("port", rf"(?:on\s+|at\s+|to\s+|of\s+)?(?:the\s+)?(?:tcp\s+)?port\s+{_PORT}"),
        ("suffix", r":(\d{2,5})"),
        ("periodSeconds", rf"(?:checked\s+|run\s+|running\s+|with\s+)?(?:every|a period of|period)\s+{_TIME}"),
        ("initialDelaySeconds", rf"(?:with\s+)?(?:an?\s+)?initial\s+delay\s+(?:of\s+)?{_TIME}|starting\s+after\s+{_TIME}|after\s+{_TIME}"),
        ("timeoutSeconds", rf"(?:with\s+)?(?:an?\s+)?time-?out\s+(?:of\s+)?{_TIME}"),
        ("failureThreshold", r"(?:with\s+)?(?:an?\s+)?failure\s+threshold\s+(?:of\s+)?(\d+)|(?:failing\s+)?after\s+(\d+)\s+failures"),
        ("successThreshold", r"(?:with\s+)?(?:an?\s+)?success\s+threshold\s+(?:of\s+)?(\d+)"),
        ("tcp", r"(?:(?:by|via|over|using)\s+)?(tcp)(?:\s+socket)?(?:\s+check)?"),
        ("exec", r"(?:(?:that\s+runs|running|executing|with\s+the\s+command|exec)\s+)(\"[^\"]+\"|`[^`]+`|'[^']+')"),
        ("filler", r"(,|\band\b|\bwith\b|;)"),
    )
)  # fmt: skip


def _parts(raw: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    rest = raw.strip()
    while rest:
        for name, form in _PARTS:
            match = form.match(rest)
            if match and (name == "filler" or name not in found):
                if rest[match.end() :][:1] not in ("", " ", ",", ";", ":"):
                    continue
                found[name] = next(group for group in match.groups() if group)
                rest = rest[match.end() :].strip()
                break
        else:
            return None
    found.pop("filler", None)
    return found


def _probe(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    lead, tail = (groups.get("how") or ""), (groups.get("d") or "")
    kinds = re.findall(r"readiness|liveness|startup", groups["kind"].lower())
    parts, targets = _parts(f"{lead} {tail}"), []
    if parts:
        targets = scope.find(groups.get("t"), WORKLOADS)
    elif parts is None and groups.get("t") is None:
        parts, targets = _with_target(scope, f"{lead} {tail}".strip())
    if not parts:
        return None
    patches = [
        target.set((*target.container, f"{kind}Probe"), _made(target, kind, parts))
        for target in targets
        for kind in kinds
    ]
    return change(targets, patches)


def _with_target(scope: Scope, raw: str) -> tuple[dict[str, str] | None, list[Target]]:
    """The parts and, from a phrase among them, whose probe it is."""
    for match in _WHOSE.finditer(raw):
        for end in _WORD_END.finditer(raw, match.end()):
            parts = _parts(f"{raw[: match.start()]} {raw[end.start() :]}")
            found = scope.find(raw[match.end() : end.start()], WORKLOADS) if parts else []
            if found:
                return parts, found
    return None, []


def _made(target: Target, kind: str, parts: dict[str, str]) -> dict[str, Any]:
    now = target.at((*target.container, f"{kind}Probe")) or {}
    probe = _handled(target, kind, parts, now)
    for name in ("periodSeconds", "initialDelaySeconds", "timeoutSeconds"):
        if name in parts:
            seconds = values.seconds(parts[name])
            if seconds is None:
                raise Unclear(f"How many seconds is {parts[name]!r}?")
            probe[name] = seconds
    counts = ("failureThreshold", "successThreshold")
    return probe | {name: int(parts[name]) for name in counts if name in parts}


def _handled(
    target: Target, kind: str, parts: dict[str, str], now: dict[str, Any]
) -> dict[str, Any]:
    """The probe with what it asks: as told, else as it stands."""
    rest = {k: v for k, v in now.items() if k not in _HANDLERS}
    old = now.get("httpGet") or {}
    if "exec" in parts:
        return {"exec": {"command": (values.free_text(parts["exec"]) or "").split()}} | rest
    if "tcp" in parts:
        return {"tcpSocket": {"port": _port(target, parts, now.get("tcpSocket") or {})}} | rest
    if "path" in parts:
        return {"httpGet": {**old, "path": parts["path"], "port": _port(target, parts, old)}} | rest
    handler = next((h for h in _HANDLERS if h in now), "")
    if "port" in parts and handler in ("httpGet", "tcpSocket"):
        return {**now, handler: {**now[handler], "port": _port(target, parts, {})}}
    if not handler:
        raise Unclear(f"What should the {kind} probe of {target.label} ask: which path and port?")
    return dict(now)


def _port(target: Target, parts: dict[str, str], now: dict[str, Any]) -> int | str:
    said = parts.get("port") or parts.get("suffix")
    ports = target.at((*target.container, "ports")) or []
    if said:
        number = values.port(said)
        names = [each.get("name") for each in ports]
        if number is None and said not in names:
            raise Unclear(f"{target.label} has no port named {said}: which number is it?")
        return number if number is not None else said
    if "port" in now:
        return now["port"]  # type: ignore[no-any-return]  # as it stands in the object
    if len(ports) != 1:
        raise Unclear(f"Which port of {target.label} should the probe ask?")
    others = [
        target.at((*target.container, f"{k}Probe", "httpGet", "port"))
        for k in ("readiness", "liveness", "startup")
    ]
    number = int(ports[0]["containerPort"])
    by_name = any(isinstance(each, str) for each in others)
    return str(ports[0].get("name", number)) if by_name and ports[0].get("name") else number


def _gone(scope: Scope, match: re.Match[str]) -> Change | None:
    kinds = re.findall(r"readiness|liveness|startup", match["kind"].lower())
    targets = scope.find(match.groupdict().get("t"), WORKLOADS)
    paths = [(t, (*t.container, f"{kind}Probe")) for t in targets for kind in kinds]
    if any(t.at(path) is None for t, path in paths):
        return None
    return change(targets, [t.remove(path) for t, path in paths])


_KIND = r"(?P<kind>(?:readiness|liveness|startup)(?:(?: and(?: an?)?|,) (?:readiness|liveness|startup))?)"
_HOW = r"(?P<how>(?:(?:http|tcp|exec)(?: get)? )?)"
_D = r"(?P<d>.{2,160}?)"
RULES: tuple[Rule, ...] = (
    rule(_gone, rf"{REMOVE} (?:the )?{_KIND}(?: probes?)? {OF} {T}", rf"{REMOVE} (?:the )?{_KIND} probes?"),
    rule(_probe,
         rf"(?:{ADD}|{SET}|have) {T} (?:an? |the |http )*{_HOW}{_KIND}(?: probes?| checks?) {_D}",
         rf"(?:{ADD}|{SET}) (?:an? |the )?{_HOW}{_KIND}(?: probes?| checks?) (?:to|for|of|on|in) {T} {_D}",
         rf"(?:{ADD}|{SET}|use) (?:an? |the )?{_HOW}{_KIND}(?: probes?| checks?) {_D} (?:to|for|of) {T}",
         rf"(?:{ADD}|{SET}|use) (?:an? |the )?{_HOW}{_KIND}(?: probes?| checks?) {_D}",
         rf"(?:use|call|check) (?:http )?(?:get )?{_D} (?:as|for) (?:an? |the )?{_KIND}(?: probes?| checks?)(?: (?:of|for|on) {T})?",
         rf"{T} (?:needs|should have|should get) (?:an? |the )?{_HOW}{_KIND}(?: probes?| checks?) {_D}",
         rf"(?:an? |the )?{_HOW}{_KIND}(?: probes?| checks?)? {_D}"),
)  # fmt: skip
