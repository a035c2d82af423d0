"""Images that a node has without a registry."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tiphys.adapters.cluster_node.commands import SOCKET
from tiphys.domain.errors import Unavailable

_SECONDS = 300.0


def take_in(enter: Sequence[str], archive: Path) -> None:
    """Import all images of a docker-archive, under the names that it gives them. Unavailable."""
    ctr = [
        "ctr",
        f"--address={SOCKET}",
        "--namespace=k8s.io",
        "--connect-timeout=30s",
        "images",
        "import",
    ]
    try:
        with archive.open("rb") as content:
            subprocess.run(
                [*enter, *ctr, "--all-platforms", "-"],
                stdin=content,
                check=True,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
            )
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1:]
        raise Unavailable(f"{archive.name} can't be taken in: {' '.join(said)}") from error
