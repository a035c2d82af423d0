"""Names and limits that the templates, the rules of access and the engine agree on."""

from __future__ import annotations

from typing import Literal

from tiphys import __version__

Zone = Literal["fetch", "propose", "verify", "critic", "report", "remember"]
Egress = Literal["none", "outside"]

NAMESPACE = "tiphys"
IMAGE = f"registry.example/tiphys:{__version__}"  # an overlay names yours

# Each zone has an account of its own, and none of them any right: no container of ours talks to
# the API server. What Argo's executor needs belongs to its account, whose token only it mounts.
ACCOUNTS: dict[Zone, str] = {
    "fetch": "tiphys-fetch",
    "propose": "tiphys-propose",
    "verify": "tiphys-verify",
    "critic": "tiphys-critic",
    "report": "tiphys-report",
    "remember": "tiphys-remember",
}
EXECUTOR = "tiphys-executor"
ENGINE = "tiphys-engine"  # a role for whoever submits, bound by the installation

ZONE_LABEL = "tiphys.argo/zone"
EGRESS_LABEL = "tiphys.argo/egress"
HEAD_LABEL = "tiphys.argo/head"
WORKFLOW_LABEL = "workflows.argoproj.io/workflow"  # on every pod of a workflow

VERIFY, REQUEST, REINDEX = "verify-proposal", "handle-request", "reindex"
REVERIFY, CURRICULUM = "reverify", "curriculum"
WORKFLOWS = (VERIFY, REQUEST, REINDEX, REVERIFY, CURRICULUM)

# Parameters carry commits and numbers, and nothing else: the API server refuses the rest.
COMMIT = "^[0-9a-f]{40}$"
NUMBER = "^[1-9][0-9]{0,8}$"
PARAMETERS = {"pull": NUMBER, "issue": NUMBER, "head": COMMIT, "base": COMMIT}

USER = 65532  # the image's own
INDEX_CLAIM = "tiphys-index"
