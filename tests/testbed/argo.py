"""Argo Workflows on a bed: its controller in a pod, with the rights that its release gives it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.cluster_fixtures import eventually
from tests.testbed.bed import Bed
from tests.testbed.images import archive as docker
from tiphys.argo.names import NAMESPACE as WATCHED
from tiphys.ports import Object
from tiphys.toolchain import locate
from tiphys.toolchain.module_files import locked_files, module_files

NAMESPACE = "argo"
CONTROLLER = "registry.example/workflow-controller:v4.0.2"
EXECUTOR = "registry.example/argoexec:v4.0.2"
_USER = "8737"


def images(folder: Path) -> list[Path]:
    """Archives of the controller's image and of what it puts beside each container."""
    made = []
    for name, tool in ((CONTROLLER, "workflow-controller"), (EXECUTOR, "argoexec")):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            root = Path(scratch)
            root.chmod(0o755)
            for each in ("bin", "tmp", "etc"):
                (root / each).mkdir()
            (root / "tmp").chmod(0o1777)
            (root / "etc" / "passwd").write_text(f"argo:x:{_USER}:{_USER}::/tmp:/bin/none\n")
            (root / "bin" / tool).hardlink_to(_beside(folder, locate(tool)))
            made.append(folder / f"{tool}.tar")
            docker.write(
                made[-1],
                [root],
                names=[name],
                entrypoint=[f"/bin/{tool}"],
                env={"PATH": "/bin"},
                user=_USER,
            )
    return made


def install(bed: Bed) -> None:
    """Put Argo's CRDs and its controller on the cluster, watching the namespace of Tiphys."""
    crds = module_files(locked_files("argo-workflows-minimal")).values()
    for path in crds:
        bed.api.apply(yaml.safe_load(path.read_bytes()))
    [rules] = module_files(locked_files("argo-workflows-role")).values()
    role = yaml.safe_load(rules.read_bytes())
    for each in _objects(role):
        eventually(lambda each=each: bed.api.apply(each))


def ready(bed: Bed) -> bool:
    """Whether its controller runs."""
    found = bed.api.get("apps/v1", "Deployment", "workflow-controller", NAMESPACE)
    return bool(found and (found.get("status") or {}).get("readyReplicas"))


def _objects(role: Object) -> list[Object]:
    subject = {"kind": "ServiceAccount", "name": "argo", "namespace": NAMESPACE}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "argo-role"}
    found: list[Object] = []
    for namespace in (NAMESPACE, WATCHED):
        place = {"name": "argo-role", "namespace": namespace}
        found += [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            {**role, "metadata": place},
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": place,
                "roleRef": reference,
                "subjects": [subject],
            },
        ]
    own = {"namespace": NAMESPACE}
    return [
        *found,
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "argo", **own}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "workflow-controller-configmap", **own},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "workflow-controller", **own},
            "spec": {
                "selector": {"matchLabels": {"app": "workflow-controller"}},
                "strategy": {"type": "Recreate"},
                "template": {
                    "metadata": {"labels": {"app": "workflow-controller"}},
                    "spec": {"serviceAccountName": "argo", "containers": [_CONTAINER]},
                },
            },
        },
    ]


_CONTAINER: dict[str, Any] = {
    "name": "workflow-controller",
    "image": CONTROLLER,
    "imagePullPolicy": "IfNotPresent",
    "args": [
        "--configmap=workflow-controller-configmap",
        f"--executor-image={EXECUTOR}",
        "--executor-image-pull-policy=IfNotPresent",
        "--namespaced",
        f"--managed-namespace={WATCHED}",
    ],
    "env": [
        {"name": "LEADER_ELECTION_DISABLE", "value": "true"},
        # How long it waits, ten seconds by default, before it looks at a workflow again.
        {"name": "DEFAULT_REQUEUE_TIME", "value": "1s"},
        {"name": "ARGO_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
    ],
    "readinessProbe": {"httpGet": {"port": 6060, "path": "/healthz"}, "periodSeconds": 1},
    "securityContext": {"runAsNonRoot": True, "runAsUser": int(_USER)},
}


def _beside(folder: Path, program: Path) -> Path:
    """The program on the folder's own disk, where it can be linked to."""
    copy = folder / program.name
    if not copy.exists():
        copy.write_bytes(program.read_bytes())
        copy.chmod(0o755)
    return copy
