"""Ports of services and containers, network policies, hosts of an ingress."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from typing import Any

from tiphys.library import formats
from tiphys.library.patching import FieldPatch
from tiphys.propose.editing import values
from tiphys.propose.editing.rule import ADD, OF, OLD, SET, Change, Rule, T, change, rule
from tiphys.propose.editing.targets import WORKLOADS, Scope, Target, Unclear

_SERVICE = frozenset({"Service"})


def _expose(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    number, name = values.port(groups["v"]), groups.get("name") or groups.get("name2") or ""
    if number is None or (name and values.port_or_name(name) is None):
        return None
    only_container = "container" in (groups.get("what") or "").lower()
    phrase = groups.get("t")
    services = [] if only_container else scope.find(phrase, _SERVICE)
    targets = services or scope.find(phrase, WORKLOADS - {"Job", "CronJob"})
    patches: list[FieldPatch] = []
    for target in targets:
        made = _service_port if target.kind == "Service" else _container_port
        found = made(target, number, name, (groups.get("proto") or "").upper())
        if found is None:
            return None
        patches += found
    return change(targets, patches)


def _service_port(target: Target, number: int, name: str, proto: str) -> list[FieldPatch] | None:
    """One more port; a service with several needs a name for each."""
    ports = target.at(("spec", "ports")) or []
    if any(each.get("port") == number for each in ports):
        return None
    patches = [
        target.set(("spec", "ports", n, "name"), f"port-{each.get('port')}")
        for n, each in enumerate(ports)
        if not each.get("name")
    ]
    made: dict[str, Any] = {"name": name or f"port-{number}"} if ports or name else {}
    made |= {"port": number}
    made |= {"protocol": proto} if proto == "UDP" else {}
    return [*patches, target.append(("spec", "ports"), made)]


def _container_port(target: Target, number: int, name: str, proto: str) -> list[FieldPatch] | None:
    path = (*target.container, "ports")
    if any(each.get("containerPort") == number for each in target.at(path) or []):
        return None
    made: dict[str, Any] = {"name": name} if name else {}
    made |= {"containerPort": number}
    made |= {"protocol": proto} if proto == "UDP" else {}
    return [target.append(path, made)]


def _name_port(scope: Scope, match: re.Match[str]) -> Change | None:
    number, name = values.port(match["v"]), values.port_or_name(match["name"])
    if number is None or not isinstance(name, str):
        return None
    targets = scope.find(match.groupdict().get("t"), _SERVICE)
    patches = []
    for target in targets:
        if target.at(("spec", "ports", f"port={number}")) is None:
            return None
        patches.append(target.set(("spec", "ports", f"port={number}", "name"), name))
    return change(targets, patches)


def _change_port(scope: Scope, match: re.Match[str]) -> Change | None:
    """ "change port 80 of the service to 8080": one of several ports, by its number."""
    old, new = values.port(match["old"]), values.port(match["v"])
    targets = scope.find(match.groupdict().get("t"), _SERVICE)
    paths = [(t, ("spec", "ports", f"port={old}")) for t in targets]
    if old is None or new is None or any(t.at(path) is None for t, path in paths):
        return None
    return change(targets, [t.set((*path, "port"), new) for t, path in paths])


def _only_ports(scope: Scope, match: re.Match[str]) -> Change | None:
    """ "allow only TCP 5432": the ports of the one rule that lets traffic in."""
    number, proto = values.port(match["v"]), (match["proto"] or "TCP").upper()
    targets = scope.find(match.groupdict().get("t"), {"NetworkPolicy"}) if number else []
    for target in targets:
        rules = target.at(("spec", "ingress")) or []
        if len(rules) != 1:
            raise Unclear(f"{target.label} has {len(rules)} rules for incoming traffic: which one?")
    made = [{"protocol": proto, "port": number}]
    return change(targets, [t.set(("spec", "ingress", 0, "ports"), made) for t in targets])


def _more_ports(scope: Scope, match: re.Match[str]) -> Change | None:
    number, proto = values.port(match["v"]), (match["proto"] or "TCP").upper()
    targets = scope.find(match.groupdict().get("t"), {"NetworkPolicy"}) if number else []
    path = ("spec", "ingress", 0, "ports")
    for target in targets:
        # A rule without ports lets all of them in: one more would shut the others out.
        if len(target.at(("spec", "ingress")) or []) != 1 or not target.at(path):
            return None
    made = {"protocol": proto, "port": number}
    return change(targets, [t.append(path, made) for t in targets])


def _host(scope: Scope, match: re.Match[str]) -> Change | None:
    wanted = values.text(match["v"]) or ""
    if "." not in wanted or not formats.is_dns_subdomain(wanted.removeprefix("*.")):
        return None
    targets = scope.find(match.groupdict().get("t"), {"Ingress"})
    patches: list[FieldPatch] = []
    for target in targets:
        rules = target.at(("spec", "rules")) or []
        old = match.groupdict().get("old")
        fits = [n for n, each in enumerate(rules) if not old or each.get("host") == old]
        if len(fits) != 1:
            hosts = ", ".join(str(each.get("host")) for each in rules)
            raise Unclear(f"Which host of {target.label} do you mean: {hosts}?")
        now = rules[fits[0]].get("host")
        patches.append(target.set(("spec", "rules", fits[0], "host"), wanted))
        for n, tls in enumerate(target.at(("spec", "tls")) or []):
            patches += [
                target.set(("spec", "tls", n, "hosts", k), wanted)
                for k, host in enumerate(tls.get("hosts") or [])
                if host == now
            ]
    return change(targets, patches)


_PORT = r"(?:(?P<proto>tcp|udp) )?(?:port )?(?P<v>\d{2,5})"
_NAME = r"(?:,? (?:named|called|as|name it|with (?:the )?name)(?: it)? [\"'`]?(?P<name>[a-z][a-z0-9-]{0,14})[\"'`]?)?"
RULES: tuple[Rule, ...] = (
    rule(_expose,
         rf"(?:expose|open|{ADD}) (?:the |an? )?(?:new |another |additional |second )?(?P<what>(?:container|service) )?port (?P<v>\d{{2,5}}(?:/tcp)?)(?: too| as well| also)?{_NAME} (?:on|of|for|to|in) {T}(?: too| as well)?{_NAME.replace('<name>', '<name2>')}",
         rf"(?:expose|open|{ADD}) (?:the |an? )?(?P<what>(?:container|service) )?port (?P<v>\d{{2,5}}(?:/tcp)?)(?: too| as well| also)?{_NAME}",
         rf"expose (?P<what>){T} on port (?P<v>\d{{2,5}}) (?:too|as well){_NAME}",
         rf"(?:{SET}|make) {T} (?:also )?(?P<what>)(?:listen|serve) on port (?P<v>\d{{2,5}}) (?:too|as well){_NAME}"),
    rule(_name_port,
         rf"(?:name|call) (?:the )?port (?P<v>\d{{2,5}}) [\"'`]?(?P<name>[a-z][a-z0-9-]{{0,14}})[\"'`]?(?: (?:on|of|in) {T})?",
         rf"name (?:the )?port (?P<v>\d{{2,5}}) of {T} [\"'`]?(?P<name>[a-z][a-z0-9-]{{0,14}})[\"'`]?"),
    rule(_change_port,
         rf"{SET} (?:the )?(?:service )?port (?P<old>\d{{2,5}}) {OF} {T} to (?P<v>\d{{2,5}})",
         rf"{SET} (?:the )?(?:service )?port (?P<old>\d{{2,5}}) to (?P<v>\d{{2,5}})(?: {OF} {T})?",
         rf"{SET} (?:the )?(?:service )?port {OF} {T} from (?P<old>\d{{2,5}}) to (?P<v>\d{{2,5}})"),
    rule(_only_ports,
         rf"(?:allow|accept|permit|let in) only {_PORT}(?: (?:in|through|on|for|with) {T})?",
         rf"only (?:allow|accept|permit) {_PORT}(?: (?:in|through|on|for|with) {T})?",
         rf"(?:limit|restrict) {T} to {_PORT}"),
    rule(_more_ports,
         rf"(?:also )?(?:allow|accept|permit|let in) {_PORT}(?: too| as well)?(?: (?:in|through|on|for|with) {T})?"),
    rule(_host,
         rf"{SET} (?:the )?host(?: ?name)? {OF} {T}{OLD} to {{V}}".replace("{V}", r"(?P<v>[\w.*-]+)"),
         rf"{SET} {T}(?:'s)? host(?: ?name)? to (?P<v>[\w.*-]+)",
         rf"{SET} (?:the )?host(?: ?name)?{OLD} to (?P<v>[\w.*-]+)(?: {OF} {T})?",
         rf"serve {T} (?:at|under|on) (?P<v>[\w.*-]+)"),
)  # fmt: skip
