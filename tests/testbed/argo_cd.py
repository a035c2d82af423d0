"""Argo CD's own controller and repository server, as processes beside a cluster."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tiphys.adapters.cluster_local.processes import Processes
from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import ApiRefusal, NotFound, TiphysError, Unavailable
from tiphys.ports import Object
from tiphys.toolchain import locate
from tiphys.toolchain.module_files import locked_files, module_files

NAMESPACE = "argocd"
API = "argoproj.io/v1alpha1"
REFRESH = "argocd.argoproj.io/refresh"
_LOOPBACK = "127.0.0.1"
_LABEL = {"app.kubernetes.io/part-of": "argocd"}  # what Argo CD knows its own settings by
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ArgoCd:
    """Running controllers. `server` is the address under which they know the cluster."""

    api: KubeApi
    server: str
    kubeconfig: Path
    folder: Path

    def application(self, name: str) -> Object:
        """The live Application. NotFound."""
        found = self.api.get(API, "Application", name, NAMESPACE)
        if found is None:
            raise NotFound(f"there is no Application {name}")
        return found

    def refresh(self, name: str) -> None:
        """Have an Application looked at now, the way a webhook's handler asks for it."""
        metadata = {"name": name, "namespace": NAMESPACE, "annotations": {REFRESH: "normal"}}
        self.api.patch({"apiVersion": API, "kind": "Application", "metadata": metadata})

    def until(self, what: str, done: Callable[[], _T | None], seconds: float = 60.0) -> _T:
        """The first true answer; after `seconds` an AssertionError with the logs' ends."""
        deadline = time.monotonic() + seconds
        while not (value := done()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not after {seconds:.0f} s: {what}\n{self.tail()}")
            time.sleep(0.05)
        return value

    def tail(self, lines: int = 25) -> str:
        """What the Applications say of themselves, and the last lines of each log."""
        told = [json.dumps(each, indent=1) for each in map(_told, self._applications())]
        for log in sorted(self.folder.glob("*.log")):
            told += [f"-- {log.name}", *log.read_text(errors="replace").splitlines()[-lines:]]
        return "\n".join(told)

    def _applications(self) -> Sequence[Object]:
        try:
            return self.api.list(API, "Application", NAMESPACE)
        except TiphysError as error:
            return [{"metadata": {"name": str(error)}}]


@contextmanager
def argo_cd(kubeconfig: Path, folder: Path) -> Iterator[ArgoCd]:
    """Argo CD against the cluster of `kubeconfig`, with `folder` (made new) for its own files.

    All that it listens on is loopback, but for the metrics of the controller, which has no setting
    for that. What was delivered stays when it ends. Unavailable when a part does not come up.
    """
    folder.mkdir(parents=True)
    password = secrets.token_hex(16)
    with closing(KubeApi(kubeconfig)) as api:
        server = _install(api, kubeconfig, password)
        processes = Processes(folder, _environment(folder, password))
        try:
            _start(processes, folder, kubeconfig, password)
            yield ArgoCd(api, server, kubeconfig, folder)
        finally:
            processes.kill()


def _start(processes: Processes, folder: Path, kubeconfig: Path, password: str) -> None:
    redis, repositories, metrics = _free_ports(3)
    cache = ["--redis", f"{_LOOPBACK}:{redis}"]
    own = {"bind": _LOOPBACK, "port": redis, "requirepass": password, "save": '""', "dir": folder}
    settings = folder / "redis.conf"
    settings.write_text("".join(f"{key} {value}\n" for key, value in own.items()))
    processes.run("redis", [_on_path("redis-server"), str(settings)])
    _listening(processes, redis)
    place = ["--address", _LOOPBACK, "--port", str(repositories), "--disable-tls"]
    place += ["--metrics-address", _LOOPBACK, "--metrics-port", str(metrics)]
    server = [str(folder / "bin" / "argocd-repo-server"), *place, "--client-ca-path", "", *cache]
    processes.run("repo-server", server)
    _listening(processes, repositories)
    reach = ["--repo-server", f"{_LOOPBACK}:{repositories}", "--repo-server-plaintext", *cache]
    reach += ["--kubeconfig", str(kubeconfig), "--namespace", NAMESPACE, "--metrics-port", "0"]
    controller = str(folder / "bin" / "argocd-application-controller")
    processes.run("application-controller", [controller, *reach])
    processes.check()


def _environment(folder: Path, password: str) -> dict[str, str]:
    """Paths that are otherwise those of Argo CD's image, and the programs that it calls."""
    places = {
        "ARGOCD_TLS_DATA_PATH": "tls",
        "ARGOCD_SSH_DATA_PATH": "ssh",
        "ARGOCD_GPG_DATA_PATH": "gpg",
        "ARGOCD_APP_CONF_PATH": "app",
        "ARGOCD_PLUGINSOCKFILEPATH": "plugins",
        "ARGOCD_ASK_PASS_SOCK": "ask-pass.sock",
    }
    for name in ("tls", "ssh", "gpg", "app", "plugins", "bin"):
        (folder / name).mkdir()
    for name in ("argocd-application-controller", "argocd-repo-server"):
        (folder / "bin" / name).symlink_to(locate("argo-cd"))
    # Asked for the signature of a commit, it says that there is none; no project asks for one.
    wrapper = folder / "bin" / "git-verify-wrapper.sh"
    wrapper.write_text("#!/bin/sh\n")
    wrapper.chmod(0o755)
    return {
        **{name: str(folder / place) for name, place in places.items()},
        "PATH": f"{folder / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_CONTROLLER_SHARD": "0",  # else a number out of the host's name
        "REDIS_PASSWORD": password,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def _install(api: KubeApi, kubeconfig: Path, password: str) -> str:
    """Argo CD's kinds, its namespace and settings; the address of the cluster."""
    for path in module_files(locked_files("argo-cd-crds")).values():
        api.apply(yaml.load(path.read_bytes(), yaml.CSafeLoader))
    server, access = _access(kubeconfig)
    registered = {"name": "target", "server": server, "config": json.dumps(access)}
    key = {"server.secretkey": secrets.token_hex(16)}
    kind = {"argocd.argoproj.io/secret-type": "cluster"}
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    for obj in (
        _settings("ConfigMap", "argocd-cm", data={"cluster.inClusterEnabled": "false"}),
        _settings("ConfigMap", "argocd-rbac-cm"),
        _settings("Secret", "argocd-secret", stringData=key),
        _settings("Secret", "argocd-redis", stringData={"auth": password}),
        _settings("Secret", "target", kind, stringData=registered),
    ):
        api.apply(obj)
    _poll(lambda: _serves(api), "Argo CD's kinds are not served")
    return server


def _settings(kind: str, name: str, labels: dict[str, str] | None = None, **data: Any) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": _LABEL | (labels or {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **data}


def _access(kubeconfig: Path) -> tuple[str, dict[str, Any]]:
    """Address and credentials of the current context, as a cluster's Secret has them."""
    words = ["config", "view", "--raw", "--flatten", "--minify", "-o", "json"]
    command = [str(locate("kubectl")), "--kubeconfig", str(kubeconfig), *words]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    view = json.loads(done.stdout)
    cluster, user = view["clusters"][0]["cluster"], view["users"][0]["user"]
    tls = {
        "caData": cluster.get("certificate-authority-data"),
        "certData": user.get("client-certificate-data"),
        "keyData": user.get("client-key-data"),
    }
    access: dict[str, Any] = {"tlsClientConfig": {k: v for k, v in tls.items() if v}}
    if token := user.get("token"):
        access["bearerToken"] = token
    return str(cluster["server"]), access


def _serves(api: KubeApi) -> bool:
    try:
        return all(api.list(API, kind) is not None for kind in ("Application", "AppProject"))
    except (ApiRefusal, Unavailable):
        return False


def _listening(processes: Processes, port: int) -> None:
    def answers() -> bool:
        processes.check()
        with socket.socket() as probe:
            return probe.connect_ex((_LOOPBACK, port)) == 0

    _poll(answers, f"nothing listens on port {port}")


def _poll(done: Callable[[], bool], otherwise: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise Unavailable(f"{otherwise} after {seconds:.0f} s")
        time.sleep(0.05)


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((_LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _on_path(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"{name} is not installed: apt-get install {name}")
    return found


def _told(application: Object) -> dict[str, Any]:
    status = application.get("status", {})
    operation = status.get("operationState", {})
    return {
        "application": application["metadata"]["name"],
        "sync": status.get("sync", {}).get("status"),
        "conditions": status.get("conditions"),
        "operation": {key: operation.get(key) for key in ("phase", "message", "retryCount")},
    }
