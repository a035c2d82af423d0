"""The plan as Argo Workflows templates, and evidence that pods hand over as files.

Nothing here talks to a cluster or a forge, and no check lives here: what runs is
`tiphys.verify.plan`. hera is imported by `pods` and `workflows` alone, which `render` loads when it
is called.
"""

from tiphys.argo.collecting import collect
from tiphys.argo.evidence_files import read_folder, write_evidence
from tiphys.argo.parts import Part, Shard, cut, parts, shards

__all__ = [
    "Part",
    "Shard",
    "collect",
    "cut",
    "parts",
    "read_folder",
    "shards",
    "write_evidence",
]
