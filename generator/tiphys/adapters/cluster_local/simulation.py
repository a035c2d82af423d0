"""What the simulated part of a cluster does: nodes, the life of a pod, volumes.

The rules are kwok stages: when an object looks like `selector`, kwok writes `status`. Whatever a
real controller does is left to the real one: a claim, for instance, is answered only by making a
volume for it, as a provisioner would, and the volume controller binds the two.
"""

from __future__ import annotations

from typing import Any

from tiphys.ports import Object

STORAGE_CLASS = "standard"
_PROVISIONER = "tiphys.simulated/volume"

_NODE_READY = """
{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
phase: Running
"""

_POD_RUNNING = """
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
{{ range $type := list "PodReadyToStartContainers" "Initialized" "ContainersReady" "Ready" }}
- type: {{ $type }}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
{{ range .spec.readinessGates }}
- type: {{ .conditionType | Quote }}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  restartCount: 0
  ready: true
  {{ if eq ( or .restartPolicy "" ) "Always" }}
  started: true
  state:
    running:
      startedAt: {{ $now | Quote }}
  {{ else }}
  started: false
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
  {{ end }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  restartCount: 0
  ready: true
  started: true
  state:
    running:
      startedAt: {{ $now | Quote }}
{{ end }}
{{ with NodeIPsWith .spec.nodeName }}
hostIP: {{ index . 0 | Quote }}
hostIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
{{ with PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
podIP: {{ index . 0 | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
"""  # noqa: E501  # the call of PodIPsWith has to stay on its line

_POD_SUCCEEDED = """
{{ $now := Now }}
{{ $start := or .status.startTime $now }}
phase: Succeeded
conditions:
{{ range $type := list "ContainersReady" "Ready" }}
- type: {{ $type }}
  status: "False"
  reason: PodCompleted
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  restartCount: 0
  ready: false
  started: false
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ $start | Quote }}
      finishedAt: {{ $now | Quote }}
{{ end }}
"""

_VOLUME_FOR_CLAIM = """
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pvc-{{ .metadata.uid }}
  annotations:
    pv.kubernetes.io/provisioned-by: {{ index .metadata.annotations "volume.kubernetes.io/storage-provisioner" | Quote }}
spec:
  accessModes:
  {{ YAML .spec.accessModes 1 }}
  capacity:
    storage: {{ .spec.resources.requests.storage | Quote }}
  persistentVolumeReclaimPolicy: Delete
  storageClassName: {{ .spec.storageClassName | Quote }}
  volumeMode: {{ or .spec.volumeMode "Filesystem" }}
  claimRef:
    apiVersion: v1
    kind: PersistentVolumeClaim
    namespace: {{ .metadata.namespace | Quote }}
    name: {{ .metadata.name | Quote }}
    uid: {{ .metadata.uid | Quote }}
  hostPath:
    path: /nowhere/{{ .metadata.uid }}
"""  # noqa: E501  # the annotation's key and its value have to stay on one line


def stages() -> list[Object]:
    """kwok's configuration documents."""
    deleted = _when(".metadata.deletionTimestamp", "Exists")
    alive = _when(".metadata.deletionTimestamp", "DoesNotExist")
    ready = '.status.conditions.[] | select( .type == "Ready" ) | .status'
    provisioner = '.metadata.annotations["volume.kubernetes.io/storage-provisioner"]'
    return [
        _stage("node-ready", "Node", [_when(ready, "NotIn", "True")], status=_NODE_READY),
        _stage(
            "pod-running",
            "Pod",
            [alive, _when(".status.phase", "In", "Pending"), _when(ready, "NotIn", "True")],
            status=_POD_RUNNING,
        ),
        _stage(
            "job-pod-succeeded",
            "Pod",
            [
                alive,
                _when(".status.phase", "In", "Running"),
                _when(".metadata.ownerReferences.[].kind", "In", "Job"),
            ],
            status=_POD_SUCCEEDED,
        ),
        _stage("pod-deleted", "Pod", [deleted], next={"delete": True}),
        _stage(
            "claim-provisioned",
            "PersistentVolumeClaim",
            [
                alive,
                _when(provisioner, "Exists"),
                _when(".spec.volumeName", "DoesNotExist"),
            ],
            steps=[{"apply": {"template": _VOLUME_FOR_CLAIM}}],
        ),
        _stage(
            "volume-released",
            "PersistentVolume",
            [
                alive,
                _when(".status.phase", "In", "Released"),
                _when(".spec.persistentVolumeReclaimPolicy", "In", "Delete"),
            ],
            next={"delete": True},
        ),
    ]


def objects(nodes: int) -> list[Object]:
    """What a fresh cluster holds: `nodes` nodes in a zone each, and a default StorageClass."""
    return [*(_node(number) for number in range(1, nodes + 1)), _STORAGE]


_STORAGE: Object = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {
        "name": STORAGE_CLASS,
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    },
    "provisioner": _PROVISIONER,
    "reclaimPolicy": "Delete",
    "allowVolumeExpansion": True,
    "volumeBindingMode": "Immediate",
}


def _node(number: int) -> Object:
    name = f"node-{number}"
    # Large enough that a test fails for what it asks, not for the room that we simulate.
    room = {"cpu": "64", "memory": "512Gi", "ephemeral-storage": "2Ti", "pods": "1000"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/region": "simulated",
                "topology.kubernetes.io/zone": f"simulated-{number}",
            },
        },
        "spec": {},
        "status": {
            "allocatable": room,
            "capacity": room,
            "addresses": [
                {"type": "InternalIP", "address": f"192.0.2.{number}"},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "simulated://0",
                "kernelVersion": "simulated",
                "kubeProxyVersion": "",
                "kubeletVersion": "simulated",
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "simulated",
                "systemUUID": "",
            },
        },
    }


def _when(key: str, operator: str, *values: str) -> Object:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def _stage(
    name: str, kind: str, when: list[Object], *, status: str | None = None, **action: Any
) -> Object:
    if status is not None:
        action["next"] = {"statusTemplate": status}
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": when},
            **action,
        },
    }
