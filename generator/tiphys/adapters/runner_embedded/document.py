"""A test as frozen data: what the embedded runner understands, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

OperationKind = Literal[
    "apply", "assert", "create", "delete", "describe", "error", "patch", "sleep", "update", "wait"
]
ASSERTING: frozenset[OperationKind] = frozenset({"assert", "error", "wait"})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that each kind of operation may take; `exec` is for wait and describe."""

    apply: float = 5.0
    assert_: float = 30.0
    cleanup: float = 30.0
    delete: float = 15.0
    error: float = 30.0
    exec: float = 5.0


@dataclass(frozen=True, slots=True)
class Binding:
    """`$name` for the operations that follow; both sides may hold expressions."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Expectation:
    """A check on what an operation gave, for the objects that `match` (None: for all)."""

    match: Any
    check: Any


@dataclass(frozen=True, slots=True)
class Output:
    """A binding that an operation leaves behind, if its object matches."""

    binding: Binding
    match: Any


@dataclass(frozen=True, slots=True, eq=False)
class ResourceAction:
    """Something done to, or expected of, objects: inline, or in files below the test's folder.

    Hashed by identity, for what is found out about it once.
    """

    file: str
    resource: dict[str, Any] | None
    bindings: tuple[Binding, ...] = ()
    expect: tuple[Expectation, ...] = ()
    outputs: tuple[Output, ...] = ()
    template: bool | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What `wait` waits for: deletion, a status condition, or a JSONPath (with a value or any)."""

    kind: Literal["deletion", "condition", "jsonPath"]
    subject: str = ""
    value: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectAction:
    """`wait` and `describe`: one object by name, or those of a label selector, or all."""

    api_version: str
    kind: str
    name: str = ""
    namespace: str = ""
    selector: str = ""
    until: Condition | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """`sleep`, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of a step. `where` is its path in the document, `timeout` seconds or None."""

    kind: OperationKind
    where: str
    action: ResourceAction | ObjectAction | Pause
    timeout: float | None = None
    continue_on_error: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """Operations in order, those that follow a failure, those that follow anyway."""

    name: str
    attempt: tuple[Operation, ...]
    catch: tuple[Operation, ...] = ()
    lastly: tuple[Operation, ...] = ()
    cleanup: tuple[Operation, ...] = ()
    bindings: tuple[Binding, ...] = ()
    timeouts: Mapping[str, float] = field(default_factory=dict)
    template: bool | None = None
    skip_delete: bool | None = None


@dataclass(frozen=True, slots=True)
class Test:
    """A whole test; `metadata` is its own, as `$test.metadata` shows it."""

    __test__ = False  # not a pytest class

    name: str
    steps: tuple[Step, ...]
    metadata: dict[str, Any]
    catch: tuple[Operation, ...] = ()
    bindings: tuple[Binding, ...] = ()
    timeouts: Mapping[str, float] = field(default_factory=dict)
    template: bool = True
    skip: bool = False
    skip_delete: bool = False
