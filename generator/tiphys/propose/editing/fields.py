"""Fields that hold one value and have a name in plain words: "the backup's time zone"."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tiphys.library.patch_steps import Path
from tiphys.library.patching import FieldPatch
from tiphys.propose.editing import values
from tiphys.propose.editing.rule import ADD, OF, OLD, SET, Change, Rule, T, change, rule
from tiphys.propose.editing.targets import SCALABLE, WORKLOADS, Scope, Target, Unclear

_JOBS = frozenset({"Job", "CronJob"})
_ROLLING = frozenset({"Deployment"})
_HPA = frozenset({"HorizontalPodAutoscaler"})
_PDB = frozenset({"PodDisruptionBudget"})
_SERVICE = frozenset({"Service"})


@dataclass(frozen=True, slots=True)
class _Field:
    """`words` is a pattern of its names, `path` where it is in a target."""

    words: str
    kinds: frozenset[str]
    path: Callable[[Target], Path]
    read: values.Reader


def _spec(*names: str) -> Callable[[Target], Path]:
    return lambda _target: ("spec", *names)


def _pod(*names: str) -> Callable[[Target], Path]:
    return lambda target: (*target.pod, *names)


def _container(*names: str) -> Callable[[Target], Path]:
    return lambda target: (*target.container, *names)


def _job(name: str) -> Callable[[Target], Path]:
    def path(target: Target) -> Path:
        above = ("jobTemplate", "spec") if target.kind == "CronJob" else ()
        return ("spec", *above, name)

    return path


_FIELDS = (
    _Field(r"replicas?|replica count|number of (?:replicas|pods|instances|copies)|pod count|copies",
           SCALABLE, _spec("replicas"), values.count),
    _Field(r"(?:termination )?grace period(?: seconds)?|terminationGracePeriodSeconds",
           WORKLOADS, _pod("terminationGracePeriodSeconds"), values.seconds),
    _Field(r"service account|serviceAccountName|serviceAccount",
           WORKLOADS, _pod("serviceAccountName"), values.name),
    _Field(r"priority class|priorityClassName|priorityClass",
           WORKLOADS, _pod("priorityClassName"), values.name),
    _Field(r"image pull policy|imagePullPolicy|pull policy",
           WORKLOADS, _container("imagePullPolicy"), values.one_of("Always", "IfNotPresent", "Never")),
    _Field(r"working dir(?:ectory)?|workingDir", WORKLOADS, _container("workingDir"), values.text),
    _Field(r"revision history limit|revisionHistoryLimit", frozenset({*SCALABLE, "DaemonSet"}),
           _spec("revisionHistoryLimit"), values.count),
    _Field(r"min(?:imum)? ready seconds|minReadySeconds", frozenset({*SCALABLE, "DaemonSet"}),
           _spec("minReadySeconds"), values.seconds),
    _Field(r"progress deadline(?: seconds)?|progressDeadlineSeconds", _ROLLING,
           _spec("progressDeadlineSeconds"), values.seconds),
    _Field(r"max(?:imum)? ?surge", _ROLLING,
           _spec("strategy", "rollingUpdate", "maxSurge"), values.count_or_percent),
    _Field(r"max(?:imum)? ?unavailable", _ROLLING,
           _spec("strategy", "rollingUpdate", "maxUnavailable"), values.count_or_percent),
    _Field(r"max(?:imum)? ?unavailable", _PDB, _spec("maxUnavailable"), values.count_or_percent),
    _Field(r"min(?:imum)? ?available", _PDB, _spec("minAvailable"), values.count_or_percent),
    _Field(r"time ?zone", frozenset({"CronJob"}), _spec("timeZone"), values.text),
    _Field(r"concurrency policy|concurrencyPolicy", frozenset({"CronJob"}),
           _spec("concurrencyPolicy"), values.one_of("Allow", "Forbid", "Replace")),
    _Field(r"successful (?:jobs?|runs?)?(?: history)?(?: limit)?|successfulJobsHistoryLimit",
           frozenset({"CronJob"}), _spec("successfulJobsHistoryLimit"), values.count),
    _Field(r"failed (?:jobs?|runs?)?(?: history)?(?: limit)?|failedJobsHistoryLimit",
           frozenset({"CronJob"}), _spec("failedJobsHistoryLimit"), values.count),
    _Field(r"starting deadline(?: seconds)?|startingDeadlineSeconds", frozenset({"CronJob"}),
           _spec("startingDeadlineSeconds"), values.seconds),
    _Field(r"back-?off limit|backoffLimit|(?:number of )?retries", _JOBS,
           _job("backoffLimit"), values.count),
    _Field(r"active deadline(?: seconds)?|activeDeadlineSeconds|deadline|time-?out", _JOBS,
           _job("activeDeadlineSeconds"), values.seconds),
    _Field(r"parallelism", _JOBS, _job("parallelism"), values.count),
    _Field(r"completions", _JOBS, _job("completions"), values.count),
    _Field(r"ttl(?: after finished)?|ttlSecondsAfterFinished", _JOBS,
           _job("ttlSecondsAfterFinished"), values.seconds),
    _Field(r"(?:service )?type", _SERVICE, _spec("type"),
           values.one_of("ClusterIP", "NodePort", "LoadBalancer")),
    _Field(r"session affinity|sessionAffinity", _SERVICE, _spec("sessionAffinity"),
           values.one_of("ClientIP", "None")),
    _Field(r"(?:service )?port", _SERVICE, lambda t: ("spec", "ports", _only_port(t), "port"),
           values.port),
    _Field(r"target ?port", _SERVICE, lambda t: ("spec", "ports", _only_port(t), "targetPort"),
           values.port_or_name),
    _Field(r"min(?:imum)?(?: replicas?| count)?|minReplicas|lower (?:bound|limit)", _HPA,
           _spec("minReplicas"), values.count),
    _Field(r"max(?:imum)?(?: replicas?| count)?|maxReplicas|upper (?:bound|limit)", _HPA,
           _spec("maxReplicas"), values.count),
    _Field(r"size|storage(?: size| request)?|capacity", frozenset({"PersistentVolumeClaim"}),
           _spec("resources", "requests", "storage"), values.size),
    _Field(r"ingress class|ingressClassName", frozenset({"Ingress"}), _spec("ingressClassName"),
           values.name),
)  # fmt: skip
_NAMES = "(?P<f>" + "|".join(f"(?:{each.words})" for each in _FIELDS) + ")"
_VALUE = r"(?P<v>[^,;]{1,80}?)"
_TO = r"(?:to|=|at|as|be|:)"


def _only_port(target: Target) -> int:
    ports = target.at(("spec", "ports")) or []
    if len(ports) != 1:
        shown = ", ".join(str(each.get("port")) for each in ports)
        raise Unclear(f"Which port of {target.label} do you mean: {shown}?")
    return 0


def _set(scope: Scope, match: re.Match[str]) -> Change | None:
    groups = match.groupdict()
    word = re.sub(r"\s+", " ", groups["f"])
    unclear: Unclear | None = None
    for field in _FIELDS:
        value = field.read(groups["v"])
        if value is None or not re.fullmatch(field.words, word, re.IGNORECASE):
            continue
        try:
            targets = scope.find(groups.get("t"), field.kinds)
            if targets:
                _expect_old(field, targets, groups.get("old"))
                patches = [patch for t in targets for patch in _patches(field, t, value)]
                return change(targets, patches)
        except Unclear as problem:
            unclear = unclear or problem
    if unclear:
        raise unclear
    return None


def _expect_old(field: _Field, targets: Iterable[Target], old: str | None) -> None:
    for target in targets if old else ():
        now = target.at(field.path(target))
        if field.read(old or "") != now:
            raise Unclear(f"{target.label} has {now}, not {old}: is it the one that you mean?")


def _patches(field: _Field, target: Target, value: Any) -> list[FieldPatch]:
    path = field.path(target)
    rivals = {"minAvailable": "maxUnavailable", "maxUnavailable": "minAvailable"}
    if target.kind == "PodDisruptionBudget" and target.at(("spec", rivals[str(path[-1])])):
        other = ("spec", rivals[str(path[-1])])  # the server takes one of the two
        return [target.set(path, value), target.remove(other)]
    if path[-1] == "serviceAccountName" and target.at((*target.pod, "serviceAccount")):
        return []  # an old name of the same field would contradict it
    if path[-1] == "storage":
        _guard_size(target, value)
    return [target.set(path, value)]


def _guard_size(target: Target, value: str) -> None:
    now = target.at(("spec", "resources", "requests", "storage"))
    if isinstance(now, str) and _bytes(value) < _bytes(now):
        raise Unclear(
            f"{target.label} has {now}, and a volume can't shrink: which size do you mean?"
        )


def _bytes(quantity: str) -> float:
    units = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
    units |= {f"{unit}i": 1024.0**n for n, unit in enumerate("KMGTPE", 1)}
    found = re.fullmatch(r"([\d.]+)([A-Za-z]*)", quantity)
    return float(found[1]) * units.get(found[2], 1.0) if found else 0.0


def _scale(scope: Scope, match: re.Match[str]) -> Change | None:
    """ "scale the api (up) to 5": of what has replicas, with the direction as a check."""
    wanted = values.count(match["v"])
    targets = scope.find(match["t"], SCALABLE) if wanted is not None else []
    said = (match["verb"] + " " + (match.groupdict().get("way") or "")).lower()
    for target in targets:
        now = target.at(("spec", "replicas"))
        now = 1 if now is None else now
        wrong = (re.search(r"raise|increase|bump| up", said) and (wanted or 0) < now) or (
            re.search(r"lower|reduce|decrease| down", said) and (wanted or 0) > now
        )
        if wrong:
            raise Unclear(f"{target.label} has {now} replicas: do you want {wanted}?")
    return change(targets, [t.set(("spec", "replicas"), wanted) for t in targets])


def _range(scope: Scope, match: re.Match[str]) -> Change | None:
    low, high = values.count(match["low"]), values.count(match["high"])
    targets = scope.find(match.groupdict().get("t"), _HPA)
    if low is None or high is None or not targets:
        return None
    if low > high:
        raise Unclear(f"A minimum of {low} is more than the maximum of {high}: which way round?")
    spec = {"minReplicas": low, "maxReplicas": high}
    return change(targets, [t.set(("spec", k), v) for t in targets for k, v in spec.items()])


def _utilisation(scope: Scope, match: re.Match[str]) -> Change | None:
    wanted, resource = values.percent(match["v"]), (match["r"] or "cpu").lower()
    patches, targets = [], scope.find(match.groupdict().get("t"), _HPA)
    for target in targets:
        for n, metric in enumerate(target.at(("spec", "metrics")) or []):
            if (metric.get("resource") or {}).get("name") == resource:
                path = ("spec", "metrics", n, "resource", "target", "averageUtilization")
                if target.at(path) is not None and wanted is not None:
                    patches.append(target.set(path, wanted))
    return change(targets, patches) if len(patches) == len(targets) else None


def _grace(scope: Scope, match: re.Match[str]) -> Change | None:
    wanted = values.seconds(match["v"])
    targets = scope.find(match.groupdict().get("t"), WORKLOADS) if wanted is not None else []
    path = "terminationGracePeriodSeconds"
    return change(targets, [t.set((*t.pod, path), wanted) for t in targets])


def _strategy(scope: Scope, match: re.Match[str]) -> Change | None:
    wanted = values.one_of("Recreate", "RollingUpdate", "OnDelete")(match["v"])
    kinds = {"Recreate": {"Deployment"}, "OnDelete": {"StatefulSet", "DaemonSet"}}.get(
        str(wanted), {"Deployment", "StatefulSet", "DaemonSet"}
    )
    targets = scope.find(match.groupdict().get("t"), kinds) if wanted else []
    patches = []
    for target in targets:
        name = "strategy" if target.kind == "Deployment" else "updateStrategy"
        now = target.at(("spec", name)) or {}
        keep = now if wanted == "RollingUpdate" else {}  # its numbers mean nothing to the others
        patches.append(target.set(("spec", name), {**keep, "type": wanted}))
    return change(targets, patches)


def _resize(scope: Scope, match: re.Match[str]) -> Change | None:
    wanted = values.size(match["v"])
    targets = scope.find(match["t"], {"PersistentVolumeClaim"}) if wanted else []
    for target in targets:
        _guard_size(target, wanted or "")
    path = ("spec", "resources", "requests", "storage")
    return change(targets, [t.set(path, wanted) for t in targets])


def _service_type(scope: Scope, match: re.Match[str]) -> Change | None:
    wanted = values.one_of("ClusterIP", "NodePort", "LoadBalancer")(match["v"])
    targets = scope.find(match["t"], _SERVICE) if wanted else []
    return change(targets, [t.set(("spec", "type"), wanted) for t in targets])


_COUNT = r"(?P<v>\w{1,8})(?: (?:replicas?|copies|instances|pods))?"
_N = r"\w{1,8}"
RULES: tuple[Rule, ...] = (
    rule(_scale,
         rf"(?P<verb>scale|rescale|resize)(?: (?:the )?(?:number of )?replicas of)? {T}(?: (?P<way>up|down|out|in|back))?"
         rf"(?: from \d+)? to {_COUNT}",
         rf"(?P<verb>scale) (?P<way>up|down|out) {T} to {_COUNT}",
         rf"(?P<verb>{SET}) {T}(?: (?P<way>up|down))?(?: from \d+)? to (?P<v>\w{{1,8}}) (?:replicas?|copies|instances|pods)",
         rf"(?P<verb>run|have|keep|use|start) (?P<v>\w{{1,8}}) (?:replicas?|copies|instances|pods) (?:of|for) {T}",
         rf"(?P<verb>run|keep) {T} (?:with|at) (?P<v>\w{{1,8}}) (?:replicas?|copies|instances|pods)",
         rf"(?P<verb>){T} (?:should|must|needs? to|has to) (?:run|have|run with) (?P<v>\w{{1,8}}) (?:replicas?|copies|instances|pods)",
         rf"(?P<verb>){T} needs (?P<v>\w{{1,8}}) (?:replicas?|copies|instances|pods)",
         rf"(?P<verb>give) {T} (?P<v>\w{{1,8}}) (?:replicas?|copies|instances|pods)"),
    rule(_range,
         rf"(?:(?:{SET}|scale|autoscale) )?(?:the )?min(?:imum)?(?: replicas)?(?: (?:of|to|is))? (?P<low>{_N}),?(?: and)?(?: (?:the|a))? max(?:imum)?(?: replicas)?(?: (?:of|to|is))? (?P<high>{_N})(?: (?:replicas|pods))?(?: {OF} {T})?",
         rf"(?:let|make|have) {T} (?:scale|go|run) (?:between|from) (?P<low>{_N}) (?:and|to) (?P<high>{_N})(?: (?:replicas|pods))?",
         rf"(?:scale|autoscale) {T} (?:between|from) (?P<low>{_N}) (?:and|to) (?P<high>{_N})(?: (?:replicas|pods))?",
         rf"{SET} {T} to (?:scale )?(?:between |from )?(?:min(?:imum)? )?(?P<low>{_N}),?(?: and| to)? (?:max(?:imum)? )?(?P<high>{_N})(?: (?:replicas|pods))?"),
    rule(_utilisation,
         rf"(?:{SET} )?(?:the )?(?:target )?(?:(?P<r>cpu|memory) )?(?:target )?(?:utili[sz]ation|target|average)(?: {OF} {T})? to (?P<v>\d+ ?(?:%|percent)?)",
         rf"{SET} {T} to target (?P<v>\d+ ?(?:%|percent)) (?P<r>cpu|memory)",
         rf"target (?P<v>\d+ ?(?:%|percent)) (?P<r>cpu|memory)(?: utili[sz]ation)?(?: {OF} {T})?"),
    rule(_grace,
         rf"terminate(?: {T})? (?:after|with) (?P<v>[\w-]+(?: ?[a-z]+)?) (?:of )?grace(?: period)?",
         rf"give {T} (?P<v>[\w-]+(?: ?[a-z]+)?)(?: of grace(?: period)?| (?:to (?:shut down|terminate|stop|finish|drain)))",
         rf"give {T} (?:a )?(?P<v>[\w]+(?:[- ]?[a-z]+)?) (?:termination )?grace period"),
    rule(_strategy,
         rf"(?:{SET}|use) (?:the )?(?:(?:update|deployment|rollout|deploy) )?strategy(?: {OF} {T})? (?:to|=) (?P<v>[\w ]+?)",
         rf"use (?:the )?(?P<v>Recreate|Rolling ?Update|OnDelete) (?:(?:update|deployment|rollout) )?strategy(?: {OF} {T})?",
         rf"(?:{SET}|switch) {T}(?:'s)? (?:(?:update|deployment|rollout) )?strategy to (?P<v>[\w ]+?)",
         rf"(?:{SET}) {T} to (?:the )?(?P<v>Recreate|Rolling ?Update|OnDelete)(?: strategy)?"),
    rule(_resize,
         rf"(?:{SET}|enlarge) {T} (?:to )?(?P<v>\d\S*(?: ?[KMGT]i?B?)?)(?: (?:big|large|in size))?"),
    rule(_service_type,
         rf"(?:make|turn|{SET}) {T} (?:into |to )?(?:an? )?(?P<v>ClusterIP|Node ?Port|Load ?Balancer)(?: service| type)?"),
    rule(_set,
         rf"{SET} (?:the |its |their )?{_NAMES} {OF} {T}{OLD} {_TO} {_VALUE}",
         rf"{SET} (?:the |its |their )?{_NAMES}{OLD} {_TO} {_VALUE} (?:of|for|on|in) {T}",
         rf"{SET} (?:the |its |their )?{_NAMES}{OLD} {_TO} {_VALUE}",
         rf"{SET} {T}(?:'s|s')? {_NAMES}{OLD} {_TO} {_VALUE}",
         rf"{T}(?:'s|s')? {_NAMES} (?:should|must|has to|needs to|shall) be {_VALUE}",
         rf"(?:the )?{_NAMES} {OF} {T} (?:should|must|has to|needs to|shall) be {_VALUE}",
         rf"(?:use|{ADD}) (?:an? |the )?{_NAMES} (?:of |to )?{_VALUE} (?:of|for|on|in|to) {T}",
         rf"(?:give|grant) {T} (?:an? |the )?{_NAMES} (?:of )?{_VALUE}",
         rf"run {T} (?:with|as|under|using) (?:an? |the )?{_NAMES} (?:of )?{_VALUE}",
         rf"{_NAMES} {_VALUE} (?:of|for|on|in) {T}",
         rf"{T}(?:'s)? {_NAMES} (?:to|=) {_VALUE}",
         rf"(?:the |its )?{_NAMES} (?:to|=) {_VALUE}"),
)  # fmt: skip
