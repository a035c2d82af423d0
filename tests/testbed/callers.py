"""Pods that try to reach something: what a network policy lets through shows there alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.cluster_fixtures import eventually
from tests.testbed.bed import BOX, Bed

_SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_SHELL = 'nc -w 2 "$0" "$1" < /dev/null > /dev/null 2>&1 && echo open || echo closed'


@dataclass(frozen=True, slots=True)
class Caller:
    """A running pod that serves on port 8080, and calls others."""

    bed: Bed
    name: str
    namespace: str

    @property
    def address(self) -> str:
        """The pod's own."""
        pod = self.bed.api.get("v1", "Pod", self.name, self.namespace)
        return str((pod or {})["status"]["podIP"])

    def reaches(self, host: str, port: int) -> bool:
        """Whether somebody answers there within two seconds."""
        words = ("exec", f"-n={self.namespace}", self.name, "--", "sh", "-c", _SHELL)
        return self.bed.kubectl(*words, host, str(port)) == "open\n"


@contextmanager
def caller(
    bed: Bed, name: str, namespace: str, labels: Mapping[str, str] | None = None
) -> Iterator[Caller]:
    """A pod with the labels, in a namespace that is made where it is missing."""
    if not bed.api.get("v1", "Namespace", namespace):
        bed.kubectl("create", "namespace", namespace)
    place = {"name": name, "namespace": namespace, "labels": dict(labels or {})}
    container = {
        "name": "box",
        "image": BOX,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": _SECURITY,
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}},
    }
    spec = {"containers": [container], "automountServiceAccountToken": False}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": place, "spec": spec}
    eventually(lambda: bed.api.get("v1", "ServiceAccount", "default", namespace))
    bed.api.apply(pod)
    try:
        bed.kubectl("wait", f"pod/{name}", f"-n={namespace}", "--for=condition=Ready")
        yield Caller(bed, name, namespace)
    finally:
        bed.kubectl("delete", "pod", name, f"-n={namespace}", "--grace-period=0", "--force")
