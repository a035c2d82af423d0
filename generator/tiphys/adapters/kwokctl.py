"""kwokctl's own way to a cluster: the yardstick that our leases are measured against."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tiphys.domain.errors import Unavailable

_FLAGS = {
    "etcd": "--etcd-binary",
    "kube-apiserver": "--kube-apiserver-binary",
    "kube-controller-manager": "--kube-controller-manager-binary",
    "kube-scheduler": "--kube-scheduler-binary",
    "kwok": "--kwok-controller-binary",
}


class Yardstick:
    """One cluster of kwokctl's binary runtime, kept below `home`."""

    def __init__(self, kwokctl: Path, binaries: Mapping[str, Path], home: Path) -> None:
        self._kwokctl = kwokctl
        self._given = [part for n, flag in _FLAGS.items() for part in (flag, str(binaries[n]))]
        self._home = home

    def create(self) -> None:
        """Start it and wait until it is ready. Unavailable."""
        ready = ["--runtime", "binary", "--secure-port", "--wait", "60s"]
        self._run("create", "cluster", *ready, *self._given)

    def delete(self) -> None:
        """Take it away. Unavailable."""
        self._run("delete", "cluster")

    def _run(self, *arguments: str) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        places = {
            "KWOK_WORKDIR": self._home,
            "KUBECONFIG": self._home / "config",
            "HOME": self._home,
        }
        done = subprocess.run(
            [str(self._kwokctl), *arguments, "--name", "yardstick"],
            env={**os.environ, **{name: str(path) for name, path in places.items()}},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if done.returncode:
            raise Unavailable(f"kwokctl {arguments[0]} failed: {done.stderr.strip()[-300:]}")
