"""What controllers make of the objects: replicas, finished jobs, endpoints, claims.

Nodes are simulated, so pods become ready without running; a claim is never bound, and pods that
wait for one are never ready.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tiphys.propose.induce.leaves import Tree, jmespath, leaf
from tiphys.propose.induce.model import (
    Address,
    Branch,
    Choice,
    Const,
    Expression,
    Leaf,
    Node,
    Path,
    Piece,
    Row,
)
from tiphys.propose.induce.trees import Trees

_SCALED = ("Deployment", "StatefulSet", "ReplicaSet")
_ALWAYS: Mapping[str, Tree] = {
    "DaemonSet": {
        "(desiredNumberScheduled > `0`)": True,
        "(numberReady == desiredNumberScheduled)": True,
    },
    "Pod": {"(phase == 'Running' || phase == 'Succeeded')": True},
    "Namespace": {"phase": "Active"},
}
_REPLICAS: Path = ("spec", "replicas")
_NAME: Path = ("metadata", "name")
_POD: Path = ("spec", "template", "spec")
_CLAIMS: Path = ("spec", "volumeClaimTemplates")


class Controllers:
    """Says what is to be seen beside the manifests."""

    def __init__(self, pieces: Sequence[Piece], choice: Choice, trees: Trees) -> None:
        self._pieces = pieces
        self._choice = choice
        self._trees = trees
        scalers = (n for n, p in enumerate(pieces) if p.kind == "HorizontalPodAutoscaler")
        self._targets = {self._leaf(n, ("spec", "scaleTargetRef", "name")) for n in scalers}

    def owned(self, number: int) -> tuple[tuple[str, ...], ...]:
        """Fields that a controller sets, whatever the manifest says."""
        return (("spec", "replicas"),) if self._is_scaled(number) else ()

    def status(self, number: int) -> Tree:
        """The status that the object comes to; {} where nothing can be said."""
        kind = self._pieces[number].kind
        if kind in _SCALED:
            return self._replicas(number)
        if kind == "PodDisruptionBudget":
            return self._expected(number)
        if kind == "Job" and self._node(number, ("spec", "suspend")) is None:
            done = self._leaf(number, ("spec", "completions"))
            return {"succeeded": 1 if done is None else done}
        return dict(_ALWAYS.get(kind, {}))

    def made(self, number: int) -> Iterator[Tree]:
        """Objects that controllers make of it."""
        kind = self._pieces[number].kind
        if kind == "Service" and (tree := self._endpoints(number)):
            yield tree
        if kind == "StatefulSet":
            yield from self._first_claims(number)

    def _replicas(self, number: int) -> Tree:
        if self._node(number, _CLAIMS):
            return {}
        count = self._count(number)
        if count is None:
            return {} if self._none(number) else {"(readyReplicas > `0`)": True}
        ready: Tree = {"readyReplicas": count}
        replica_set = self._pieces[number].kind == "ReplicaSet"
        return ready if replica_set else {**ready, "updatedReplicas": count}

    def _expected(self, number: int) -> Tree:
        workload = self._selected(number, ("spec", "selector", "matchLabels"))
        if workload is None or self._pieces[workload].kind != "Deployment":
            return {}
        count = self._count(workload)
        return {} if count is None else {"expectedPods": count}

    def _endpoints(self, number: int) -> Tree | None:
        workload = self._selected(number, ("spec", "selector"))
        ports = self._node(number, ("spec", "ports"))
        if workload is None or not isinstance(ports, Row) or len(ports.items) != 1:
            return None
        if self._node(workload, _CLAIMS) or self._none(workload):
            return None
        labels = {"kubernetes.io/service-name": self._leaf(number, _NAME)}
        tree: Tree = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**self._namespace(number), "labels": labels},
        }
        if (port := self._target(number, workload)) is not None:
            tree["ports"] = [{"port": port}]
        count = self._count(workload)
        ready = "length(endpoints[?conditions.ready] || `[]`)"
        if count is not None and self._pieces[workload].kind in _SCALED:
            tree[f"({ready})"] = count
        else:
            tree[f"({ready} > `0`)"] = True
        return tree

    def _target(self, service: int, workload: int) -> Any:
        """The port of the pods that a service's only port leads to."""
        given = self._expression(service, ("spec", "ports", 0, "targetPort"))
        if given is None:
            return self._leaf(service, ("spec", "ports", 0, "port"))
        if not isinstance(given, Const) or not isinstance(given.value, str):
            return leaf(given)
        containers = self._node(workload, (*_POD, "containers"))
        for c, container in enumerate(containers.items if isinstance(containers, Row) else ()):
            held = container.items.get("ports") if isinstance(container, Branch) else None
            for p, _ in enumerate(held.items if isinstance(held, Row) else ()):
                at: Path = (*_POD, "containers", c, "ports", p)
                if self._expression(workload, (*at, "name")) == given:
                    return self._leaf(workload, (*at, "containerPort"))
        return None

    def _first_claims(self, number: int) -> Iterator[Tree]:
        """The claims of the first pod."""
        name = self._expression(number, _NAME)
        trees = self._trees.of(number)["spec"].get("volumeClaimTemplates", [])
        for at, tree in enumerate(trees if isinstance(trees, list) and name else ()):
            own = self._expression(number, (*_CLAIMS, at, "metadata", "name"))
            if name is None or not isinstance(own, Const) or isinstance(name, Const):
                continue
            joined = f"(join('-', ['{own.value}', {jmespath(name)}, '0']))"
            yield {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": joined, **self._namespace(number)},
                "spec": tree["spec"],
            }

    def _is_scaled(self, number: int) -> bool:
        name = self._leaf(number, _NAME)
        return self._pieces[number].kind in _SCALED and name in self._targets

    def _count(self, number: int) -> Any:
        """How many pods a workload has; None where nobody can tell."""
        if self._is_scaled(number) or (number, _REPLICAS) in self._choice.conditions:
            return None
        if self._node(number, _REPLICAS) is None:
            return 1
        return None if self._none(number) else self._leaf(number, _REPLICAS)

    def _none(self, number: int) -> bool:
        return self._expression(number, _REPLICAS) == Const(0)

    def _selected(self, number: int, path: Path) -> int | None:
        """The workload whose pods carry every label of a selector."""
        wanted = self._labels(number, path)
        for other, piece in enumerate(self._pieces):
            known = piece.kind in (*_SCALED, "DaemonSet")
            if known and wanted and (other, ()) not in self._choice.conditions:
                held = self._labels(other, ("spec", "template", "metadata", "labels"))
                if wanted.items() <= held.items():
                    return other
        return None

    def _labels(self, number: int, path: Path) -> Mapping[str, Expression]:
        node = self._node(number, path)
        found = {}
        for key, child in node.items.items() if isinstance(node, Branch) else ():
            address: Address = (number, (*path, key))
            if isinstance(child, Leaf) and address not in self._choice.conditions:
                found[key] = self._choice.expressions[address]
        return found

    def _node(self, number: int, path: Path) -> Node | None:
        node: Node | None = self._pieces[number].tree
        for part in path:
            node = node.items.get(str(part)) if isinstance(node, Branch) else None
        return node

    def _expression(self, number: int, path: Path) -> Expression | None:
        return self._choice.expressions.get((number, path))

    def _leaf(self, number: int, path: Path) -> Any:
        expression = self._expression(number, path)
        return None if expression is None else leaf(expression)

    def _namespace(self, number: int) -> Tree:
        value = self._leaf(number, ("metadata", "namespace"))
        return {} if value is None else {"namespace": value}
