"""Which road a request takes, how sure that is, and why: recorded with every proposal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Name = Literal["reuse", "adapt", "author"]


@dataclass(frozen=True, slots=True)
class Road:
    """`confidence` in 0..1 is for `reuse` how likely the skill is right (`confidence` below), 1 for
    an edit that was read whole, and for `author` the share of requirements that a field is known
    to meet."""

    name: Name
    confidence: float
    reason: str

    @property
    def line(self) -> str:
        """For people."""
        return f"{self.name} ({self.confidence:.2f}): {self.reason}"


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for and against reusing one skill, each about 0..1.

    `score` of the index; `margin` to the second skill, signatures included; `told`: the share of
    its own required values that were read; `named`: how many values were, of four; `unused`: how
    many figures no value took, of four; `strange`: the share of the request's words that neither
    the skill nor a value holds; `kind`: 1 where the request calls one of its kinds by name.
    """

    score: float
    margin: float
    told: float
    named: float
    unused: float
    strange: float
    kind: float


# Made by `tiphys bench roads --fit`: a logistic regression on the working half of tests/roads.
WEIGHTS = Signs(score=0.78, margin=1.52, told=1.7, named=0.3, unused=0.38, strange=-1.9, kind=0.04)
BIAS = -1.18


def confidence(signs: Signs, weights: Signs = WEIGHTS, bias: float = BIAS) -> float:
    """How likely reusing the skill is right, 0..1."""
    power = bias + sum(getattr(weights, n) * getattr(signs, n) for n in Signs.__slots__)
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, power))))
