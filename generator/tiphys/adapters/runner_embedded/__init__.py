"""Runs a declared subset of Chainsaw's Test in this process.

Outcomes equal those of Chainsaw 0.2.14 for everything in the subset; anything else is refused by
name before the cluster is touched. `reading` turns a file into `document`; `expressions`,
`assertion` and `templating` are the pure semantics; `writing`, `expecting` and `waiting` are the
operations; `runner` is the port and gives them their order.
"""

from tiphys.adapters.runner_embedded.runner import EmbeddedRunner

__all__ = ["EmbeddedRunner"]
