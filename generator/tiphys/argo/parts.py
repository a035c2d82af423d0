"""How a plan is cut into pods: which checks run together, and what runs once for each minor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tiphys.domain.errors import NotFound
from tiphys.verify.plan import Plan

STATIC = "static"
CLUSTER = "cluster"  # also the name under which a lease that fails is told


@dataclass(frozen=True, slots=True)
class Part:
    """What one pod does: `checks` by name, in the plan's order.

    `needs_cluster` means that it starts a control plane inside itself. `per_minor` parts run once
    for each other minor of Kubernetes, side by side. `after` names the parts that must have passed.
    """

    name: str
    checks: tuple[str, ...]
    needs_cluster: bool
    per_minor: bool = False
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shard:
    """One pod's share: a part, and for a part that fans out its minor ("1.33")."""

    part: Part
    minor: str = ""

    @property
    def name(self) -> str:
        """As in file names: "static", "matrix-1.33"."""
        return f"{self.part.name}-{self.minor}" if self.minor else self.part.name


# The pod with the model's key asks for the critic's check again and lets the model object. Of two
# pods' evidence for one check the worse counts, so it can lower a verdict and never raise one. It
# runs where all other parts passed.
OBJECTIONS = Part("critic", ("critic",), needs_cluster=True)


def parts(plan: Plan) -> tuple[Part, ...]:
    """Every check of the plan is in exactly one part.

    What shares the lease stays together: behaviour leaves recordings for the negative control, and
    a control plane for each check would cost more than the check. What is `aside` asks other
    servers and needs nothing of the lease.
    """
    first = tuple(check.name for check in plan.static)
    leased = (*plan.gate, *(check for group in plan.groups for check in group))
    after = (STATIC,) if first else ()
    found = [Part(STATIC, first, needs_cluster=False)] if first else []
    if leased:
        names = tuple(check.name for check in leased)
        found.append(Part(CLUSTER, names, needs_cluster=True, after=after))
    found += [
        Part(check.name, (check.name,), needs_cluster=True, per_minor=True, after=after)
        for check in plan.aside
    ]
    return tuple(found)


def part_of(plan: Plan, name: str) -> Part:
    """The part of that name, OBJECTIONS too. NotFound."""
    for part in (*parts(plan), OBJECTIONS):
        if part.name == name:
            return part
    names = ", ".join(part.name for part in parts(plan))
    raise NotFound(f"the plan has no part {name!a}; there are {names}")


def shards(plan: Plan, minors: Sequence[str], *, objections: bool = False) -> tuple[Shard, ...]:
    """Every pod that must hand over evidence, where `minors` are the other ones in force.

    `objections` says that a model may object, which takes a pod of its own (OBJECTIONS).
    """
    found = [
        shard
        for part in parts(plan)
        for shard in ([Shard(part, m) for m in minors] if part.per_minor else [Shard(part)])
    ]
    return (*found, *([Shard(OBJECTIONS)] if objections else []))


def cut(plan: Plan, name: str) -> Plan:
    """The plan of one part, for `tiphys.verify.plan.verify`. NotFound."""
    wanted = set(part_of(plan, name).checks)
    groups = tuple(tuple(c for c in group if c.name in wanted) for group in plan.groups)
    return Plan(
        tuple(check for check in plan.static if check.name in wanted),
        tuple(check for check in plan.gate if check.name in wanted),
        tuple(group for group in groups if group),
        tuple(check for check in plan.aside if check.name in wanted),
    )
