"""The critic: does what was asked for stand in the objects? Deterministic; a model may only object.

    remarks(request, objects) -> one ruling for each requirement that it could read

It reads people's words with a reader of its own, so that a proposer's misreading is not shared, and
says `undecided` where neither the words nor the objects settle it. Request and objects are hostile
until proven: nothing here raises on any of them, and no secret value leaves it.
"""

from tiphys.verify.critic.critic import remarks
from tiphys.verify.critic.model import Remark, Requirement, Ruling

__all__ = ["Remark", "Requirement", "Ruling", "remarks"]
