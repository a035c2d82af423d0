"""Verified manifests become a skill.

    induce(request, manifests, field_schema=...) -> Induced(name, files, values, notes)
    near_duplicate(files, merged) -> the merged skill that it should have been, or None
    extend(skill, induced) -> the merged skill's files, widened by what is new

Pure functions on bytes: no model, no cluster, no repository. A request is only looked up for
literals; none of its prose reaches a skill.
"""

from tiphys.propose.induce.alike import near_duplicate
from tiphys.propose.induce.compose import Induced, induce
from tiphys.propose.induce.widen import extend

__all__ = ["Induced", "extend", "induce", "near_duplicate"]
