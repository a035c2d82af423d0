"""The evidence of all pods as one verdict: the one that a local run of the plan reaches.

Nothing that is missing or malformed can turn into a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tiphys.argo.evidence_files import read_evidence, tiers
from tiphys.argo.parts import CLUSTER, OBJECTIONS, Shard, parts, shards
from tiphys.domain.errors import InvalidInput
from tiphys.domain.evidence import TIERS, Evidence, Outcome, Verdict, decide
from tiphys.verify.plan import Plan

_SEVERITY: tuple[Outcome, ...] = ("skipped", "pass", "error", "fail")
_NOT_RUN = "an earlier check did not pass"


def collect(
    files: Mapping[str, bytes],
    plan: Plan,
    minors: Sequence[str],
    *,
    head_sha: str,
    digest: str,
    objections: bool = False,
) -> Verdict:
    """One verdict from the files of all pods, by the name of their shard ("matrix-1.33").

    `minors` are the other ones in force; `objections` says that a model was to be asked.

    What a pod should have left and did not is `error`, so the verdict can't be accept. Of a check
    that ran in several pods the worst outcome counts. Files that nobody asked for are passed by.
    """
    found: dict[str, list[Evidence]] = {}
    for shard in shards(plan, minors, objections=objections):
        if shard.part == OBJECTIONS and shard.name not in files and _any_bad(found):
            continue  # it is not asked where the rest did not pass
        for each in _of_shard(files, shard, plan, head_sha, digest):
            found.setdefault(each.check, []).append(each)
    folded = {check: _fold(several) for check, several in found.items()}
    if not minors:
        for name in (name for part in parts(plan) if part.per_minor for name in part.checks):
            folded[name] = _say(name, digest, plan, "skipped", "no other Kubernetes is in force")
    names = [*(c.name for c in plan.static), CLUSTER, *(c.name for c in plan.on_cluster)]
    ordered = {name: folded[name] for name in names if name in folded}
    return decide(head_sha, _in_turn(ordered, plan, digest))


def _of_shard(
    files: Mapping[str, bytes], shard: Shard, plan: Plan, head_sha: str, digest: str
) -> Iterable[Evidence]:
    data = files.get(shard.name)
    if data is None:
        words = f"the pod of {shard.name} left no evidence"
    else:
        try:
            return read_evidence(data, shard, plan, head_sha=head_sha, digest=digest)
        except InvalidInput as problem:
            words = str(problem)
    return [_say(name, digest, plan, "error", words) for name in shard.part.checks]


def _say(name: str, digest: str, plan: Plan, outcome: Outcome, words: str) -> Evidence:
    return Evidence(name, digest, tiers(plan)[name] or "simulated", outcome, words, 0.0)


def _any_bad(found: Mapping[str, Sequence[Evidence]]) -> bool:
    return any(e.outcome in ("fail", "error") for several in found.values() for e in several)


def _fold(several: Sequence[Evidence]) -> Evidence:
    """The evidence of pods that ran the same check at the same time, as one."""
    if len(several) == 1:
        return several[0]
    worst = max((each.outcome for each in several), key=_SEVERITY.index)
    told = [each for each in several if each.outcome == worst]
    return Evidence(
        check=told[0].check,
        subject_digest=told[0].subject_digest,
        tier=min((each.tier for each in told), key=TIERS.index),
        outcome=worst,
        summary="; ".join(dict.fromkeys(each.summary for each in told)),
        seconds=max(each.seconds for each in several),
        details=tuple(dict.fromkeys(line for each in told for line in each.details)),
    )


def _in_turn(found: Mapping[str, Evidence], plan: Plan, digest: str) -> list[Evidence]:
    """What ran beside an earlier check, in another pod, says nothing if that one did not pass."""

    def stands(names: Iterable[str]) -> bool:
        return all(found[n].outcome in ("pass", "skipped") for n in names if n in found)

    if not stands(check.name for check in plan.static):
        late = {CLUSTER, *(check.name for check in plan.on_cluster)}
    elif not stands([CLUSTER, *(check.name for check in plan.gate)]):
        late = {check.name for check in plan.aside}
    else:
        late = set()
    return [
        _say(name, digest, plan, "skipped", _NOT_RUN) if name in late else each
        for name, each in found.items()
        if name not in late or name != CLUSTER
    ]
