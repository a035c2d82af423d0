"""SKILL.md, written from the kinds and the parameters alone: a request's prose never gets here."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence

from tiphys.library import strict_yaml
from tiphys.propose.induce.kinds import listed, wording
from tiphys.propose.induce.model import ABSENT, Branch, Choice, Leaf, Parameter, Piece, Row, walk
from tiphys.propose.induce.reading import kebab
from tiphys.propose.induce.signature import own_words

_DESCRIPTION = 1000
_LEAST = 60
_NAMED_KINDS = 3
_STARTERS = {
    "Deployment": "web-service", "StatefulSet": "stateful-store", "DaemonSet": "daemon-agent",
    "CronJob": "cron-job", "Job": "job", "ConfigMap": "config-map", "Ingress": "ingress",
    "NetworkPolicy": "network-policy-allow", "HorizontalPodAutoscaler": "autoscaler",
    "PodDisruptionBudget": "disruption-budget", "PriorityClass": "priority-class",
    "PersistentVolumeClaim": "persistent-volume-claim", "ServiceAccount": "service-account",
    "Namespace": "namespace",
}  # fmt: skip
# Features that tell one skill from another of the same kinds: a field, and what people call it.
_FEATURES = (
    ("initContainers", "init container", "with an init container that runs first"),
    ("livenessProbe", "liveness probe", "with a liveness probe"),
    ("readinessProbe", "readiness probe", "with a readiness probe, a health check"),
    ("startupProbe", "startup probe", "with a startup probe for slow starts"),
    ("volumeClaimTemplates", "volumes", "with a disk for each pod"),
    ("persistentVolumeClaim", "claims", "with a persistent volume that is mounted"),
    ("nodeSelector", "node selector", "only on nodes with certain labels"),
    ("tolerations", "tolerations", "that tolerates node taints"),
    ("affinity", "affinity", "with affinity or anti-affinity rules"),
    ("topologySpreadConstraints", "spread", "spread over nodes or zones"),
    ("envFrom", "environment", "with its environment from a ConfigMap or Secret"),
    ("tls", "tls", "with TLS"),
    ("egress", "egress", "for outgoing traffic"),
    ("preStop", "hooks", "with a hook before it stops"),
    ("sidecar", "sidecar", "with a sidecar, a second container in the same pod"),
)


_SHORT_KINDS = {
    "HorizontalPodAutoscaler": "autoscaler", "PodDisruptionBudget": "disruption-budget",
    "PersistentVolumeClaim": "volume-claim", "ResourceQuota": "quota", "ServiceAccount": "account",
    "ClusterRoleBinding": "cluster-binding", "RoleBinding": "binding",
}  # fmt: skip


def skill_name(pieces: Sequence[Piece], choice: Choice, taken: Collection[str]) -> str:
    """Kinds in kebab case, the main one first, with what sets it apart where that is taken."""
    kinds = list(dict.fromkeys(p.kind for p in _ordered(pieces, choice)))
    base = "-".join(_SHORT_KINDS.get(kind, kebab(kind)) for kind in kinds[:_NAMED_KINDS]) + (
        "-set" if len(kinds) > _NAMED_KINDS else ""
    )
    base = base[:48].strip("-")
    names = [base, *(f"{base}-{word.replace(' ', '-')}" for _, word, _ in _features(pieces))]
    free = next((name for name in names if name not in taken and len(name) <= 64), None)
    number = 2
    while free is None:
        free = f"{base}-{number}" if f"{base}-{number}" not in taken else None
        number += 1
    return free


def write_card(name: str, pieces: Sequence[Piece], choice: Choice) -> bytes:
    """The whole SKILL.md."""
    front = {
        "name": name,
        "description": _description(pieces, choice),
        "license": "Apache-2.0",
        "metadata": {"tiphys.scope": choice.scope},
    }
    body = "\n".join(_body(pieces, choice))
    return f"---\n{strict_yaml.dump(front)}---\n{body}".encode()


def _ordered(pieces: Sequence[Piece], choice: Choice) -> list[Piece]:
    main = pieces[choice.primary]
    return [main, *(piece for piece in pieces if piece is not main)]


def _kinds(pieces: Sequence[Piece], choice: Choice) -> list[str]:
    return list(dict.fromkeys(piece.kind for piece in _ordered(pieces, choice)))


def _description(pieces: Sequence[Piece], choice: Choice) -> str:
    kinds = _kinds(pieces, choice)
    main, *others = (wording(kind) for kind in kinds)
    first = main.wish[:1].upper() + main.wish[1:]
    traits = [said for _, _, said in _features(pieces)]
    made = listed([main.makes, *(each.makes for each in others)])
    parts = [f"{first}{': ' + ', '.join(traits[:4]) if traits else ''}.", f"Makes {made}."]
    if others:
        parts.append(f"Use it to {listed([each.wish for each in others[:4]])} at the same time.")
    asked = [own_words(p.name) for p in choice.parameters if p.name not in ("name", "namespace")]
    if asked:
        parts.append(f"Takes {listed(asked[:12])}.")
    text = " ".join(parts)
    if len(text) < _LEAST:
        text += " Use it where just such an object is asked for."
    return text if len(text) <= _DESCRIPTION else text[:_DESCRIPTION].rsplit(" ", 1)[0]


def _features(pieces: Sequence[Piece]) -> Iterator[tuple[str, str, str]]:
    keys = {part for piece in pieces for path, _ in walk(piece.tree) for part in path}
    several = any(
        path[-1:] == ("containers",) and isinstance(node, Row) and len(node.items) > 1
        for piece in pieces
        for path, node in walk(piece.tree)
    )
    for field, word, said in _FEATURES:
        if field in keys or (field == "sidecar" and several):
            yield field, word, said


def _body(pieces: Sequence[Piece], choice: Choice) -> Iterator[str]:
    kinds = _kinds(pieces, choice)
    made = listed([wording(kind).makes for kind in kinds])
    yield "## When to use"
    yield ""
    yield from _wrapped(f"To {'; to '.join(wording(kind).wish for kind in kinds)}.")
    yield from _wrapped(f"It makes {made}, all named after `name`.")
    yield ""
    yield "## Asked for like this"
    yield ""
    yield from (f"- {wish}" for wish in _wishes(pieces, choice))
    yield ""
    yield "## When not to use"
    yield ""
    if len(kinds) > 1:
        yield from _bullet(f"Only one of them is wanted, and not {made} together.")
    neighbour = _STARTERS.get(kinds[0])
    if neighbour:
        yield from _bullet(f"The plain form of {wording(kinds[0]).makes} is enough: `{neighbour}`.")
    yield from _bullet("Another kind of object is wanted, or a field that no value of it sets.")
    yield ""
    yield "## Pitfalls"
    yield ""
    yield from _pitfalls(pieces, choice)


def _wishes(pieces: Sequence[Piece], choice: Choice) -> Iterator[str]:
    """Requests as people might put them."""
    kinds = _kinds(pieces, choice)
    main = wording(kinds[0])
    plain = [kebab(kind).replace("-", " ") for kind in kinds]
    others = [wording(kind).task for kind in kinds[1:]]
    traits = [said for _, _, said in _features(pieces)]
    yield ", ".join([main.task, *others, *traits[:2]])
    yield f"{' plus '.join(plain)} for my app"
    made = listed([wording(kind).makes for kind in kinds])
    yield f"create {made} called sample in namespace demo"
    values = [f"{own_words(p.name)} {_short(p)}" for p in choice.parameters if _short(p)]
    if values:
        yield f"{plain[0]} with {', '.join(values[:5])}"
    yield from (f"{plain[0]} {trait}" for trait in traits[:4])


def _short(parameter: Parameter) -> str:
    """A made-up value, so that none of a request is repeated."""
    kind = parameter.definition["type"]
    form = parameter.definition.get("format")
    if parameter.name in ("name", "namespace"):
        return ""
    known = {"image": "registry.example/sample:1.0", "port": "8080", "quantity": "256Mi",
             "cron": "0 3 * * *"}  # fmt: skip
    if "cpu" in parameter.name.lower():
        return "250m"
    return known.get(str(form), "3" if kind == "integer" else "")


def _pitfalls(pieces: Sequence[Piece], choice: Choice) -> Iterator[str]:
    fixed = [p for p in choice.parameters if p.default is not ABSENT and p.default is not None]
    if fixed:
        shown = listed([f"`{p.name}`" for p in fixed[:8]])
        yield from _bullet(
            f"Without a word about it, {shown} {'keep' if len(fixed) > 1 else 'keeps'} the value "
            "of the manifests that this skill was made of."
        )
    references = [
        p.name for p in choice.parameters
        if p.definition.get("description", "").startswith("Name of the ") and p.name != "namespace"
    ]  # fmt: skip
    if references:
        yield from _bullet(
            f"{listed([f'`{name}`' for name in references])} must name something that exists."
        )
    if any(piece.kind in ("Deployment", "StatefulSet", "DaemonSet") for piece in pieces):
        yield from _bullet("Selectors can't be changed later; another `name` makes new objects.")
    if any(piece.kind == "Job" for piece in pieces):
        yield from _bullet(
            "A Job can't be changed once it exists: give each run a name of its own."
        )
    if any(_whole_files(piece) for piece in pieces):
        yield from _bullet("The files in its ConfigMap are fixed; read them before you merge.")
    yield from _bullet(
        "It was made from manifests that passed on simulated nodes: that the image does its work "
        "was not seen."
        if any(p.definition.get("format") == "image" for p in choice.parameters)
        else "It was made from manifests that passed once; look at each value before you merge."
    )


def _whole_files(piece: Piece) -> bool:
    data = piece.tree.items.get("data")
    return piece.kind == "ConfigMap" and isinstance(data, Branch) and any(
        isinstance(each, Leaf) for each in data.items.values()
    )  # fmt: skip


def _bullet(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, 100, initial_indent="- ", subsequent_indent="  ",
                             break_long_words=False, break_on_hyphens=False)  # fmt: skip


def _wrapped(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)
