"""python -m tests.testbed: exit 1 and say what is missing, unless the test bed can run here.

With --why it only says so: whoever asks can tell a reason from a crash by the exit code.
"""

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
    reason = lacking()
    told = f"the test bed can't run here: {reason}" if reason else ""
    if "--why" in sys.argv:
        print(told)
    elif told:
        sys.exit(told)
