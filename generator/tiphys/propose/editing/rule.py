"""What a rule is: a form of sentence and what it changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tiphys.library.patching import FieldPatch
from tiphys.propose.editing.targets import Scope, Target

SET = (
    r"(?:set|change|update|raise|increase|bump|lower|reduce|decrease|drop|cut|adjust|make|put|"
    r"switch|move|extend|shorten|bring|modify|edit|configure|turn|grow|shrink|expand|resize|fix)"
)
ADD = r"(?:add|set|put|define|give|create|attach|include|introduce|configure)"
REMOVE = r"(?:remove|delete|drop|unset|clear|take\s+out|strip|get\s+rid\s+of)"
OF = r"(?:of|for|on|in|to|from|at|with|into)"
T = r"(?P<t>[^,;]{1,90}?)"  # what is to change
OLD = r"(?:\s+from\s+(?P<old>\S{1,60}(?:\s\S{1,12})?))?"


@dataclass(frozen=True, slots=True)
class Change:
    """Patches, and the objects that a "it" in the next sentence means."""

    patches: tuple[FieldPatch, ...]
    targets: tuple[Target, ...]


Make = Callable[[Scope, "re.Match[str]"], Change | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """Forms of one kind of sentence; `make` may still say that it is not one."""

    forms: tuple[re.Pattern[str], ...]
    make: Make


def rule(make: Make, *forms: str) -> Rule:
    """A rule whose forms have to match a whole sentence, its white space single blanks."""
    compiled = tuple(re.compile(form, re.IGNORECASE) for form in forms)
    return Rule(compiled, make)


def change(targets: Sequence[Target], patches: Sequence[FieldPatch]) -> Change | None:
    """A change, unless there is nothing in it."""
    return Change(tuple(patches), tuple(targets)) if targets and patches else None
