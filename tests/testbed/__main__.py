"""python -m tests.testbed: exit 0 if the test bed can run here, else say what is missing."""

from __future__ import annotations

import os
import shutil
import sys

from tests.testbed.images.box import BUSYBOX
from tiphys.adapters.cluster_node import missing

_PACKAGES = {"debootstrap": "debootstrap", "redis-server": "redis-server", "git": "git"}


def lacking() -> str:
    """Why not, in one line; empty if it can."""
    if os.environ.get("TIPHYS_TESTBED_KUBECONFIG"):
        return ""
    absent = [package for name, package in _PACKAGES.items() if shutil.which(name) is None]
    absent += [] if BUSYBOX.exists() else ["busybox-static"]
    return missing() or (f"install {', '.join(absent)}" if absent else "")


if __name__ == "__main__":
    if reason := lacking():
        sys.exit(f"the test bed can't run here: {reason}")
