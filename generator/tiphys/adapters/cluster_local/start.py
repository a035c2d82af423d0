"""The start of a cluster, in the order that makes it fastest.

The API server needs a second until it serves, and another until it has made its own roles; the
controller manager waits, a second at a time, until that is done. So the others start in the gap,
and the controller manager exactly when the server is ready.
"""

from __future__ import annotations

import base64
import json
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tiphys.adapters.cluster_local import certificates, commands, simulation, state
from tiphys.adapters.cluster_local.processes import Processes
from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import ApiRefusal, Unavailable

_T = TypeVar("_T")
_ATTEMPTS = 3  # a free port may be taken by somebody else before the server binds it
_PORT_TAKEN = "address already in use"
_POLL = 0.02  # seconds
_REQUEST = 1.0  # seconds; short, as a server that hangs hides a program that ended

# Fewer garbage collections while the programs start; a soft limit pays the memory back later.
_ENVIRONMENT = {"GOGC": "800", "GOMEMLIMIT": "500MiB"}


def start(folder: Path, binaries: Mapping[str, Path], *, nodes: int, timeout: float) -> Processes:
    """Start a cluster in `folder`, empty but for its nodes and a StorageClass, and wait for it.

    Ready means: the API says so, default service accounts are made, and every node takes pods.
    The administrator's kubeconfig is `folder`/kubeconfig. Unavailable after `timeout` seconds or
    when a program ends; nothing keeps running then.
    """
    return launch(folder, binaries, timeout, lambda starting: _whole(starting, nodes))


def launch(
    folder: Path, binaries: Mapping[str, Path], timeout: float, run: Callable[[Starting], None]
) -> Processes:
    """Start what `run` starts in `folder`; nothing keeps running when it fails. Unavailable."""
    processes = Processes(folder, _ENVIRONMENT)
    try:
        run(Starting(folder, binaries, processes, time.monotonic() + timeout))
    except BaseException:
        processes.kill()
        raise
    return processes


def in_new_home(root: Path, begin: Callable[[state.Home], _T]) -> tuple[state.Home, _T]:
    """A new folder below `root`, and what `begin` started in it; leftovers are swept first.

    Unavailable. Nothing is left when `begin` fails.
    """
    try:
        state.sweep(root)
        for attempt in range(1, _ATTEMPTS + 1):
            home = state.create(root)
            try:
                return home, begin(home)
            except BaseException as error:
                home.kill()
                home.remove()
                taken = isinstance(error, Unavailable) and _PORT_TAKEN in str(error)
                if not taken or attempt == _ATTEMPTS:
                    raise
    except OSError as error:
        raise Unavailable(f"a cluster cannot be started below {root}: {error}") from error
    raise AssertionError("unreachable")  # pragma: no cover


def require(binaries: Mapping[str, Path], names: Sequence[str]) -> None:
    """Unavailable unless every one of `names` is there to be run."""
    found = {name for name, path in binaries.items() if path.is_file()}
    if missing := [name for name in names if name not in found]:
        raise Unavailable(f"a cluster needs {', '.join(missing)}: run `tiphys tools install` first")


@dataclass(frozen=True, slots=True)
class Starting:
    """A cluster that starts in `folder`."""

    folder: Path
    binaries: Mapping[str, Path]
    processes: Processes
    deadline: float

    @property
    def kubeconfig(self) -> Path:
        """The administrator's, once `store` has been called."""
        return self.folder / "kubeconfig"

    def api(self) -> KubeApi:
        """The administrator's access, impatient; to be closed."""
        return KubeApi(self.kubeconfig, timeout=_REQUEST)

    def store(self, address: str = commands.LOOPBACK) -> int:
        """Start etcd; meanwhile choose the API server's port and write what it needs."""
        self.program("etcd", commands.etcd(self.folder))
        port = _free_port(address)
        _write_identity(self.folder, address, port)
        return port

    def program(self, name: str, arguments: Sequence[str], within: Sequence[str] = ()) -> None:
        """Start one of the binaries; `within` is a command that runs it somewhere else."""
        self.processes.run(name, [*within, str(self.binaries[name]), *arguments])

    def wait(self, what: str, done: Callable[[], bool]) -> None:
        """Return when `done()` is true. Unavailable when a program ends or the time is over."""
        while True:
            try:
                if done():
                    return
                failure = ""
            except (Unavailable, ApiRefusal) as error:
                if isinstance(error, ApiRefusal) and error.status != 403:
                    raise
                failure = f" ({error})"  # 403 is what admission says until it is ready itself
            self.processes.check()
            if time.monotonic() > self.deadline:
                raise Unavailable(
                    f"the cluster did not start in time: no {what}{failure}; "
                    "try again when the machine is less busy"
                )
            time.sleep(_POLL)


def _whole(starting: Starting, nodes: int) -> None:
    folder, port = starting.folder, starting.store()
    write_audit_policy(folder)
    server = [*commands.kube_apiserver(folder, port), *commands.audit(folder)]
    starting.program("kube-apiserver", server)
    _write_stages(folder)
    with closing(starting.api()) as api:
        starting.wait("answer from the API server", lambda: bool(api.version()))
        starting.program("kube-scheduler", commands.kube_scheduler(folder))
        starting.program("kwok", commands.kwok(folder))
        for obj in simulation.objects(nodes):
            starting.wait(f"place for a {obj['kind']}", applied(api, obj))
        starting.wait("ready API server", api.ready)
        starting.program("kube-controller-manager", commands.kube_controller_manager(folder))
        starting.wait("default service account", lambda: has_account(api))
        starting.wait("ready node", lambda: nodes_ready(api))


def applied(api: KubeApi, obj: dict[str, object]) -> Callable[[], bool]:
    """To wait for: `obj` is in the cluster."""
    return lambda: bool(api.apply(obj))


def has_account(api: KubeApi) -> bool:
    """Whether the first namespace has the account that pods run under."""
    return api.get("v1", "ServiceAccount", "default", "default") is not None


def nodes_ready(api: KubeApi) -> bool:
    """Whether every node there is takes pods."""

    def ready(node: dict[str, object]) -> bool:
        spec, status = node.get("spec"), node.get("status")
        return (
            isinstance(spec, dict)
            and isinstance(status, dict)
            and not spec.get("taints")
            and any(
                condition["type"] == "Ready" and condition["status"] == "True"
                for condition in status.get("conditions", ())
            )
        )

    return all(ready(node) for node in api.list("v1", "Node"))


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _write_identity(folder: Path, address: str, port: int) -> None:
    """The certificates, the keys, the administrator's token and kubeconfig."""
    authority = certificates.Authority(f"tiphys-{folder.name}")
    server = authority.server("kube-apiserver", (*commands.SERVER_NAMES, address))
    client = authority.client("kube-apiserver", "system:masters")
    token = secrets.token_urlsafe(32)
    cluster = {
        "server": f"https://{address}:{port}",
        "certificate-authority-data": base64.b64encode(authority.certificate).decode("ascii"),
    }
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tiphys", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "tiphys", "context": {"cluster": "tiphys", "user": "admin"}}],
        "current-context": "tiphys",
    }
    for name, content in {
        "authority.crt": authority.certificate,
        "server.crt": server.certificate,
        "server.key": server.key,
        "client.crt": client.certificate,
        "client.key": client.key,
        "accounts.key": certificates.signing_key(),
        "tokens.csv": f'{token},tiphys-admin,tiphys-admin,"system:masters"\n'.encode(),
        "kubeconfig": json.dumps(kubeconfig, indent=1).encode(),
        "egress.json": json.dumps(commands.egress(folder)).encode(),
    }.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)


def write_audit_policy(folder: Path) -> None:
    """Log what service accounts ask for, but not the cluster's own; nothing else is kept."""
    policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
            {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
            {"level": "None"},
        ],
    }
    (folder / "audit-policy.json").write_text(json.dumps(policy), encoding="utf-8")


def _write_stages(folder: Path) -> None:
    text = "\n---\n".join(json.dumps(stage) for stage in simulation.stages())
    (folder / "stages.yaml").write_text(text, encoding="utf-8")
