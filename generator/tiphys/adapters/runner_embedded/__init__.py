"""Runs a declared subset of Chainsaw's Test in this process.

Outcomes equal those of Chainsaw 0.2.14 for everything in the subset; anything else is refused by
name before the cluster is touched. `document` reads a test, `expressions` and `assertion` are its
pure semantics, `operations` talks to the cluster, `runner` is the port.
"""

from tiphys.adapters.runner_embedded.runner import EmbeddedRunner

__all__ = ["EmbeddedRunner"]
