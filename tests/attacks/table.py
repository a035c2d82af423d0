"""The table of attacks: each module of `tests/attacks` adds its own with `attack`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.attacks.world import Scene


@dataclass(frozen=True)
class Attack:
    """One thing that a compromised proposer tries.

    `run` does it on a scene and returns the number of the pull request that is to be accepted.
    `by` names what stops it: a check, or one of the words below; `words` are in the reason.
    `hole` says why it is not stopped today, and is empty where it is.
    """

    id: str
    category: str
    tries: str
    by: str
    words: str
    run: Callable[[Scene], int]
    hole: str = ""


# What stops an attack before or after the checks.
OPENING, READING, MERGE = "opening", "reading", "merge"
ATTACKS: list[Attack] = []


def attack(
    category: str, tries: str, *, by: str, words: str, hole: str = "", called: str = ""
) -> Callable[[Callable[[Scene], int]], Callable[[Scene], int]]:
    """Add the decorated function to the table."""

    def add(run: Callable[[Scene], int]) -> Callable[[Scene], int]:
        name = called or run.__name__.replace("_", "-")
        ATTACKS.append(Attack(f"{category}/{name}", category, tries, by, words, run, hole))
        return run

    return add
