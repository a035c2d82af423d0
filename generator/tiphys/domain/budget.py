"""What one request may cost, and what it has cost so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Budget:
    """Upper bounds for one request: tokens that a model writes, rounds, seconds."""

    tokens: int = 8000
    rounds: int = 4
    seconds: float = 600.0


@dataclass(slots=True)
class Meter:
    """Counts against a budget; `clock` is in seconds. Nothing that it allows goes over."""

    budget: Budget
    clock: Callable[[], float]
    calls: int = 0
    read: int = 0
    written: int = 0
    rounds: int = 0
    _started: float = field(default=0.0)

    def __post_init__(self) -> None:
        self._started = self.clock()

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return self.clock() - self._started

    @property
    def seconds_left(self) -> float:
        """Never negative."""
        return max(0.0, self.budget.seconds - self.seconds)

    def allowance(self, most: int) -> int:
        """How many tokens the next answer may have, at most `most`; 0: no more calls."""
        if self.seconds_left <= 0:
            return 0
        return max(0, min(most, self.budget.tokens - self.written))

    def begin_round(self) -> bool:
        """Whether another round may begin; it counts from now on."""
        if self.rounds >= self.budget.rounds or not self.allowance(1):
            return False
        self.rounds += 1
        return True

    def charge(self, *, read: int, written: int) -> None:
        """One answer has come, with the tokens that its server tells."""
        self.calls += 1
        self.read += read
        self.written += written

    @property
    def spent(self) -> str:
        """For people: "3 calls, 812 tokens written, 2 rounds, 41 s"."""
        return (
            f"{self.calls} calls, {self.written} tokens written, "
            f"{self.rounds} rounds, {self.seconds:.0f} s"
        )
