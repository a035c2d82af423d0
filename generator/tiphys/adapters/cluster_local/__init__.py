"""`ClusterProvider` of local processes: a real control plane with simulated nodes (kwok).

`LocalClusters` hands out clusters and `WarmPool` keeps the next one ready. Below them, one concern
a module: `start` (in which order), `commands` (how each program is called), `processes` (who kills
them), `state` (folders, locks and leftovers), `certificates`, `simulation` (what the simulated
nodes do). `bare` is for API servers alone, `checker` for a controller that is seldom wanted.

Tier `simulated`: the API server, its admission and every controller are real; nodes, containers
and volumes are not. A pod turns Ready whatever its image does, a Job's pod succeeds, a claim on
an existing StorageClass is bound, and nothing serves metrics.
"""

from tiphys.adapters.cluster_local.bare import BareServers, api_servers
from tiphys.adapters.cluster_local.checker import type_checks
from tiphys.adapters.cluster_local.pool import WarmPool
from tiphys.adapters.cluster_local.provider import LocalClusters, Running

__all__ = ["BareServers", "LocalClusters", "Running", "WarmPool", "api_servers", "type_checks"]
