"""Releases of starter skills whose pods run on a bed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.testbed.bed import BOX, Bed
from tiphys.bootstrap import open_repository
from tiphys.library import load_skill_at, make_release, release_files

VALUES: dict[str, dict[str, Any]] = {
    "web-service": {"image": BOX, "port": 8080, "replicas": 2, "healthPath": "/healthz"},
    "job": {"image": BOX, "command": ["sh", "-c", "echo done > /tmp/result"]},
    "stateful-store": {"image": BOX, "port": 6379, "storageSize": "1Gi"},
    "worker": {"image": BOX, "livenessCommand": ["true"]},
    "cron-job": {"image": BOX, "schedule": "0 3 * * *", "command": ["true"]},
    "daemon-agent": {"image": BOX, "port": 3000},
    "network-policy-deny": {},
    "network-policy-allow": {"app": "cart", "port": 8080, "fromApp": "frontend"},
}


def files_of(home: Path, skill: str, **values: Any) -> dict[str, bytes]:
    """A release of the skill, called like it."""
    known = load_skill_at(open_repository(home), "main", skill)
    given = {"name": skill, "namespace": "shop", **VALUES[skill], **values}
    return release_files(
        make_release(known, given, request=f"Run {skill} in namespace shop"), known
    )


@contextmanager
def running(node: Bed, files: Mapping[str, bytes], folder: Path) -> Iterator[None]:
    """The release on the cluster, as a sync would leave it."""
    folder.mkdir(exist_ok=True)
    for path, data in files.items():
        if path.endswith(".yaml"):
            (folder / Path(path).name).write_bytes(data)
    if not node.api.get("v1", "Namespace", "shop"):
        node.kubectl("create", "namespace", "shop")
    node.kubectl("apply", f"--filename={folder}")
    try:
        yield
    finally:
        node.kubectl("delete", f"--filename={folder}", "--wait=true", "--timeout=60s")
