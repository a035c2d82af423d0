"""Who speaks on the forge here, with which key, and whose words count."""

from __future__ import annotations

from collections.abc import Iterable

from tiphys.adapters.forge_keys import Signer
from tiphys.domain import forge_names
from tiphys.domain.errors import Refused
from tiphys.domain.forge_fields import clean_actor
from tiphys.domain.forge_log import Operation, Sign
from tiphys.domain.forge_names import Judged, Roster, Screened


class Voice:
    """`actor` speaks, and signs where `signer` has a key; `roster` says who must."""

    def __init__(self, actor: str, roster: Roster, signer: Signer | None) -> None:
        self.actor = clean_actor(actor)
        self._roster = roster
        self._signer = signer
        self._judged: dict[tuple[str, str], Judged] = {}

    def screen(self, entity: str, operations: Iterable[Operation]) -> Screened:
        """What of an entity's operations counts; each signature is checked once."""

        def judged(operation: Operation) -> Judged:
            place = (entity, operation.id)
            if place not in self._judged:
                self._judged[place] = forge_names.judge(entity, operation, self._roster)
            return self._judged[place]

        listed = bool(self._roster.people)
        return forge_names.screen(entity, operations, judged=judged, listed=listed)

    def sign_at(self, place: str) -> Sign | None:
        """How to sign there, where there is a key; Refused where a listed name needs one."""
        keys, signer = self._roster.people.get(self.actor), self._signer
        mine = signer.public_key if signer else None
        if keys is not None and mine not in keys:
            have = "another key" if mine else "no key"
            raise Refused(
                f"{self.actor} is listed under [people] in tiphys.toml, and {have} is here to "
                "sign in that name: `tiphys key` shows the line to add"
            )
        if signer is None or mine is None:
            return None
        forge = self._roster.forge()
        if not forge:
            return None
        return lambda body: (mine, signer.sign(forge_names.message(forge, place, body)).hex())

    @property
    def stranger(self) -> bool:
        """Whether others are listed, and this name is not."""
        return bool(self._roster.people) and self.actor not in self._roster.people

    def must_be_listed(self, doing: str) -> None:
        """Refused for a stranger."""
        if self.stranger:
            raise Refused(
                f"only people listed in tiphys.toml may {doing}, and {self.actor} is not: "
                "`tiphys key` shows the line to add"
            )
