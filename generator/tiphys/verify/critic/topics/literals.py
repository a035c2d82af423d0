"""Identifiers in quotes: what a person spelled out has to stand somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, covered, shown, undecided
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import World, leaves, reference

_QUOTED = re.compile(r"(?<![\w])([`'\"])(?P<text>[A-Za-z0-9/][\w./:@=-]{1,120})\1(?!\w)")
_IDENTIFIER = re.compile(r"[-_./:\d]|[a-z][A-Z]|\A[A-Z_]+\Z")
_FOREIGN = re.compile(
    r"\b(?:team|ticket|issue|cluster|company|repo(?:sitory)?|branch|user|customer|project|people|person|"
    r"tenant|zone|region|word|called\s+it|old|former\w*|previous\w*|currently|was|were|like|instead\s+of|than|"
    r"says?|error|message|pool|wiki|page|document|chart|e\.g\.|such\s+as|example|existing)\s*,?\s*\Z",
    re.IGNORECASE,
)


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Covered where it stands as a key or value, contradicted where nothing like it is there."""
    if not world.objects:
        return
    exact: dict[str, str] = {}
    for obj in world.objects:
        for key, path, value in leaves(obj):
            exact.setdefault(key, f"{reference(obj)}:{path}")
            exact.setdefault(str(value), f"{reference(obj)}:{path}")
    everything = "\n".join(str(v) for v in exact)
    for match in words.find(_QUOTED):
        text = match["text"].rstrip(".:")
        before = words.before(match.start(), 30)
        if not _IDENTIFIER.search(text) or words.negated(match.start()) or _FOREIGN.search(before):
            continue
        requirement = Requirement("literal", shown(text), words.quote(*match.span()))
        if text in exact:
            yield covered(requirement, Field(exact[text], text))
        elif text in everything or "=" in text or ":" in text or "(hidden)" in everything:
            yield undecided(requirement, "it stands only inside of other text, or hidden")
        elif words.world.workloads or not _near_secret(before):
            yield Remark(requirement, "contradicted", "", "no field has it")


def _near_secret(before: str) -> bool:
    return bool(re.search(r"password|value|token|secret", before, re.IGNORECASE))
