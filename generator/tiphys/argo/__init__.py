"""The plan as Argo Workflows templates, and evidence that pods hand over as files.

Nothing here talks to a cluster or a forge, and no check lives here: what runs is
`tiphys.verify.plan`. hera is imported by `pods`, `frame` and `workflows` alone, which
`render` loads when it is called.
"""

from tiphys.argo.collecting import collect
from tiphys.argo.evidence_files import exit_code, read_folder, write_evidence
from tiphys.argo.parts import OBJECTIONS, Part, Shard, cut, part_of, parts, shards
from tiphys.argo.submission import submission

__all__ = [
    "OBJECTIONS",
    "Part",
    "Shard",
    "collect",
    "cut",
    "exit_code",
    "part_of",
    "parts",
    "read_folder",
    "shards",
    "submission",
    "write_evidence",
]
