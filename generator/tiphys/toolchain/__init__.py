"""The external binaries: etcd, the Kubernetes control plane, kwok, and for tests Chainsaw.

`lock.toml` names them; `install` takes each from the user's cache, else from its project's release
page, else builds it with Go; `locate` finds an installed one. Nothing here starts a cluster.
"""

from tiphys.toolchain.cache import ToolStatus, cache_root, locate, status, versions
from tiphys.toolchain.events import Event, Progress
from tiphys.toolchain.install import Installed, install
from tiphys.toolchain.lock import SOURCES, Lock, Tool, load_lock

__all__ = [
    "SOURCES",
    "Event",
    "Installed",
    "Lock",
    "Progress",
    "Tool",
    "ToolStatus",
    "cache_root",
    "install",
    "load_lock",
    "locate",
    "status",
    "versions",
]
