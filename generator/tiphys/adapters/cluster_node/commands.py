"""The command line and configuration of each of a node's programs; paths are those of its room."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tiphys.adapters.cluster_local.commands import SERVICE_RANGE
from tiphys.adapters.cluster_node.room import HOME

NODE = "node-0"
POD_RANGE = "10.244.0.0/24"
SOCKET = "/run/containerd/containerd.sock"
PAUSE = "registry.example/pause:1"

# Debian's containerd 1.6 knows this version of its file. What limits a process's standing when
# memory runs out can't be raised in every virtual machine.
_CONTAINERD = f"""\
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "%s"
  conf_dir = "{HOME}/cni"
"""

_NETWORK = {
    "cniVersion": "1.0.0",
    "name": "pods",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "pods",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "dataDir": "/var/lib/cni/addresses",
                "ranges": [[{"subnet": POD_RANGE}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}

_KUBELET: dict[str, Any] = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "containerRuntimeEndpoint": f"unix://{SOCKET}",
    "authentication": {
        "anonymous": {"enabled": False},
        "webhook": {"enabled": True},
        "x509": {"clientCAFile": f"{HOME}/authority.crt"},
    },
    "authorization": {"mode": "Webhook"},
    "cgroupDriver": "cgroupfs",
    "failCgroupV1": False,
    "failSwapOn": False,
    "podLogsDir": "/var/log/pods",
    "resolvConf": "",
    "serializeImagePulls": False,
    # The machine is shared: how full it is says nothing about this node.
    "evictionHard": dict.fromkeys(
        ("imagefs.available", "imagefs.inodesFree", "nodefs.available", "nodefs.inodesFree"), "0%"
    )
    | {"memory.available": "100Mi"},
    "imageGCHighThresholdPercent": 100,
    "volumePluginDir": f"{HOME}/node/plugins",
    "nodeStatusUpdateFrequency": "5s",
    "maxPods": 200,
}

_KUBE_PROXY = {
    "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
    "kind": "KubeProxyConfiguration",
    "mode": "nftables",
    "clusterCIDR": POD_RANGE,
    "hostnameOverride": NODE,
    "clientConnection": {"kubeconfig": f"{HOME}/kubeconfig"},
    "conntrack": {"maxPerCore": 0, "min": 0},  # the machine's own settings stay as they are
    "healthzBindAddress": "",
    "metricsBindAddress": "",
}


def write(folder: Path, plugins: Path) -> None:
    """Write what the programs read into the cluster's folder; `plugins` are CNI's binaries."""
    (folder / "containerd.toml").write_text(_CONTAINERD % plugins, encoding="utf-8")
    (folder / "cni").mkdir()
    for name, content in {
        "cni/10-pods.conflist": _NETWORK,
        "kubelet.json": _KUBELET,
        "kube-proxy.json": _KUBE_PROXY,
    }.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def containerd() -> list[str]:
    """The container runtime."""
    return [f"--config={HOME}/containerd.toml"]


def kubelet(address: str) -> list[str]:
    """The node itself, reached at `address`."""
    return [
        f"--config={HOME}/kubelet.json",
        f"--kubeconfig={HOME}/kubeconfig",
        f"--hostname-override={NODE}",
        f"--node-ip={address}",
    ]


def kube_proxy() -> list[str]:
    """Services, by nftables."""
    return [f"--config={HOME}/kube-proxy.json"]


def kube_router() -> list[str]:
    """Network policies, by iptables; routes and services are left to the others."""
    return [
        "--run-firewall=true",
        "--run-router=false",
        "--run-service-proxy=false",
        f"--kubeconfig={HOME}/kubeconfig",
        f"--hostname-override={NODE}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--health-port=0",
    ]


def policies_in_force() -> list[str]:
    """Ends with 0 once no packet passes the node unseen by kube-router."""
    return ["iptables", "--wait", "--list-rules", "KUBE-ROUTER-FORWARD"]
