"""A cluster with one real node on this machine: containerd, kubelet and kube-proxy, real pods.

`room` is where the node lives: namespaces of its own for processes, mounts and the network, so that
all of it is gone when one process is. `commands` holds the programs' configuration, `images` takes
images in, `provider` leases clusters. Linux only, as root, with Debian's packages of containerd,
runc and the CNI plugins or their like.
"""

from tiphys.adapters.cluster_node.commands import PAUSE
from tiphys.adapters.cluster_node.provider import PROGRAMS, NodeClusters, missing

__all__ = ["PAUSE", "PROGRAMS", "NodeClusters", "missing"]
