"""The command line of each program of a cluster, relative to the cluster's folder."""

from __future__ import annotations

from pathlib import Path

LOOPBACK = "127.0.0.1"
SERVICE_RANGE = "10.96.0.0/16"
SERVER_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    LOOPBACK,
    "10.96.0.1",
)

AUDIT_LOG = "audit.jsonl"

# etcd demands "host:port" after the scheme and takes all of it as the socket's file name.
_CLIENT_SOCKET = "etcd:1"
_PEER_SOCKET = "peer:1"

# With one node that waits for nobody, an election may be over at once: the default takes a second.
_ETCD_TICKS = ("--heartbeat-interval=10", "--election-timeout=100")

# A test makes more requests in its first second than the default of 20 a second lets through.
_CLIENT_RATE = ("--kube-api-qps=1000", "--kube-api-burst=2000")

# It works for seconds on every set of policies, which only a change of policies needs to know of.
_TYPE_CHECKER = "validatingadmissionpolicy-status-controller"

# kwok renews the simulated nodes' leases this seldom (seconds); a node is lost only after that.
_NODE_LEASE = 200


def etcd(folder: Path) -> list[str]:
    """etcd on a socket file that only the folder's owner can reach: no port, no certificates.

    The data need not survive a crash, so nothing is flushed to disk.
    """
    return [
        "--name=tiphys",
        f"--data-dir={folder}/data",
        f"--listen-client-urls=unix://{_CLIENT_SOCKET}",
        f"--advertise-client-urls=unix://{_CLIENT_SOCKET}",
        f"--listen-peer-urls=unix://{_PEER_SOCKET}",
        f"--initial-advertise-peer-urls=unix://{_PEER_SOCKET}",
        f"--initial-cluster=tiphys=unix://{_PEER_SOCKET}",
        *_ETCD_TICKS,
        "--unsafe-no-fsync",
        "--enable-grpc-gateway=false",
        "--log-level=warn",
    ]


def kube_apiserver(folder: Path, port: int) -> list[str]:
    """The API server on loopback, with its default admission (pod security included) and RBAC.

    Users are known by token only. There is no endpoint for the `kubernetes` service, as no pod
    really runs.
    """
    return [
        *_server(folder, port),
        *_lonely(folder),
        "--authorization-mode=RBAC",
        "--enable-priority-and-fairness=false",
    ]


def bare_apiserver(folder: Path, port: int) -> list[str]:
    """An API server without controllers, for its one user: ready without the making of roles.

    A Pod needs no service account, as nothing would make one.
    """
    return [
        *_server(folder, port),
        *_lonely(folder),
        "--authorization-mode=AlwaysAllow",
        "--disable-admission-plugins=ServiceAccount",
        "--enable-priority-and-fairness=false",
    ]


def open_apiserver(folder: Path, port: int, address: str) -> list[str]:
    """An API server that pods reach as the `kubernetes` service, and that reaches kubelets."""
    return [
        *_server(folder, port, address),
        "--authorization-mode=RBAC",
        f"--advertise-address={address}",
        f"--kubelet-client-certificate={folder}/client.crt",
        f"--kubelet-client-key={folder}/client.key",
        "--kubelet-preferred-address-types=InternalIP",
    ]


def _server(folder: Path, port: int, address: str = LOOPBACK) -> list[str]:
    return [
        f"--etcd-servers=unix:{_CLIENT_SOCKET}",
        f"--bind-address={address}",
        f"--secure-port={port}",
        f"--tls-cert-file={folder}/server.crt",
        f"--tls-private-key-file={folder}/server.key",
        f"--token-auth-file={folder}/tokens.csv",
        "--anonymous-auth=false",
        f"--service-account-key-file={folder}/accounts.key",
        f"--service-account-signing-key-file={folder}/accounts.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--allow-privileged=true",
        "--profiling=false",
    ]


def _lonely(folder: Path) -> list[str]:
    """For a server that no pod asks, and that asks nobody."""
    return [
        "--endpoint-reconciler-type=none",
        # Nobody listens there: a webhook of a test would otherwise reach whatever this machine can.
        f"--egress-selector-config-file={folder}/egress.json",
    ]


def egress(folder: Path) -> dict[str, object]:
    """The API server's configuration for connections of its own: none leads anywhere."""
    nowhere = {"uds": {"udsName": f"{folder}/nobody.sock"}}
    connection = {"proxyProtocol": "HTTPConnect", "transport": nowhere}
    names = ("cluster", "controlplane")
    return {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": name, "connection": connection} for name in names],
    }


def audit(folder: Path) -> list[str]:
    """The API server's arguments for an audit log by the folder's policy, 64 MB at most in all."""
    return [
        f"--audit-policy-file={folder}/audit-policy.json",
        f"--audit-log-path={folder}/{AUDIT_LOG}",
        "--audit-log-maxsize=32",
        "--audit-log-maxbackup=1",
    ]


def kube_controller_manager(folder: Path) -> list[str]:
    """Every controller that is on by default, but for the dearest; serves nothing."""
    return [
        f"--kubeconfig={folder}/kubeconfig",
        "--secure-port=0",
        "--leader-elect=false",
        f"--controllers=*,-{_TYPE_CHECKER}",
        f"--root-ca-file={folder}/authority.crt",
        f"--service-account-private-key-file={folder}/accounts.key",
        "--node-monitor-period=25s",
        f"--node-monitor-grace-period={_NODE_LEASE}s",
        *_CLIENT_RATE,
    ]


def type_checker(kubeconfig: Path) -> list[str]:
    """A controller manager that only says whether admission policies fit the kinds they match."""
    return [
        f"--kubeconfig={kubeconfig}",
        "--secure-port=0",
        "--leader-elect=false",
        f"--controllers={_TYPE_CHECKER}",
    ]


def kube_scheduler(folder: Path) -> list[str]:
    """The default scheduler; serves nothing."""
    return [
        f"--kubeconfig={folder}/kubeconfig",
        "--secure-port=0",
        "--leader-elect=false",
        *_CLIENT_RATE,
    ]


def kwok(folder: Path) -> list[str]:
    """kwok for all nodes, by the stages in the folder; serves nothing."""
    return [
        f"--kubeconfig={folder}/kubeconfig",
        f"--config={folder}/stages.yaml",
        "--manage-all-nodes=true",
        f"--node-lease-duration-seconds={_NODE_LEASE}",
        "--cidr=10.244.0.0/16",
    ]
