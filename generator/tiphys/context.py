"""Everything outside that the pipeline's stages use, as one value; wired in `tiphys.bootstrap`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tiphys.domain.policy import Settings
from tiphys.domain.trace import Scribe
from tiphys.ports import (
    Embedder,
    Forge,
    Index,
    Model,
    Notary,
    Repository,
    TraceStore,
    VerdictStore,
    Workbench,
)
from tiphys.verify.check import Sandbox
from tiphys.verify.plan import FULL, Plan

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ports:
    """`sandbox` leases a fresh cluster for the checks of `plan`, which `environment` runs.

    `model` and `workbench` are what the author road needs; without a model there is none. With an
    `embedder` it also reads what a request means and does not name. Each
    attempt is told to `scribe`, which the pipeline takes from `traces`.
    """

    repository: Repository
    forge: Forge
    index: Index
    sandbox: Callable[[], AbstractContextManager[Sandbox]]
    verdicts: VerdictStore
    notary: Notary
    settings: Settings
    plan: Plan = FULL
    environment: Mapping[str, str] = field(default_factory=dict)
    model: Model | None = None
    embedder: Embedder | None = None
    workbench: Callable[[str], AbstractContextManager[Workbench]] | None = None
    traces: TraceStore | None = None
    scribe: Scribe = field(default=lambda _entry: None)
    progress: Progress = field(default=lambda _message: None)
