"""The tasks of the development benchmark: a request in plain words, and what tells a right answer.

A task's `check` and `later` are operations of a Chainsaw step. `check` must hold as soon as the
answer is applied, `later` once the cluster's controllers had time to act on it.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.domain.testreport import TestReport
from tiphys.learn.answers import read_answer
from tiphys.learn.grounds import Grounds
from tiphys.library import strict_yaml
from tiphys.ports import Object
from tiphys.verify.check import Sandbox

Half = Literal["learn", "held"]
Stage = Literal["parse", "refused", "check"]
_TEXTS = ("id", "family", "half", "level", "mode", "request", "reference")
_FIELDS = frozenset({*_TEXTS, "check", "wrong", "context", "presumes", "namespace", "later"})
_CHOICES = {"half": ("learn", "held"), "level": ("plain", "hard"), "mode": ("new", "edit")}
_LIMITS = strict_yaml.Limits(nodes=200_000)
_ONE_LOOK = "100ms"
_AGAIN = 0.1  # seconds between two looks at what controllers do
PATIENCE = 5.0  # seconds that controllers get


@dataclass(frozen=True, slots=True)
class Wrong:
    """An answer that must fail, and why it is wrong."""

    why: str
    answer: str


@dataclass(frozen=True, slots=True)
class Task:
    """One request with its check. `reference` is a right answer, `context` what an edit starts at.

    `presumes` are objects that stand before the answer comes. `namespace` is the one that the
    request names, "" where it names none; the check looks there.
    """

    id: str
    family: str
    half: Half
    level: Literal["plain", "hard"]
    mode: Literal["new", "edit"]
    request: str
    reference: str
    check: tuple[Mapping[str, Any], ...]
    later: tuple[Mapping[str, Any], ...]
    wrong: tuple[Wrong, ...]
    context: str = ""
    presumes: tuple[Object, ...] = ()
    namespace: str = ""

    @property
    def objects(self) -> Sequence[Object]:
        """The documents of the reference."""
        return read_answer(self.reference)


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether an answer passed; if not, where it stopped and in whose words."""

    passed: bool
    reason: str
    stage: Stage


def load_tasks(folder: Path) -> tuple[Task, ...]:
    """Every task of the YAML files in a folder, by file and place. InvalidInput."""
    found: list[Task] = []
    for path in sorted(folder.glob("*.yaml")):
        listed = strict_yaml.load(path.read_bytes(), source=path.name, limits=_LIMITS)
        if not isinstance(listed, list):
            raise InvalidInput(f"{path.name}: must hold a list of tasks")
        found += [_task(each, f"{path.name}[{number}]") for number, each in enumerate(listed)]
    twice = [name for name, count in Counter(each.id for each in found).items() if count > 1]
    if twice:
        raise InvalidInput(f"{folder.name}: more than one task is called {twice[0]}")
    return tuple(found)


def judge_answer(
    task: Task, documents_text: str, sandbox: Sandbox, *, patience: float = PATIENCE
) -> Judged:
    """Apply an answer to namespaces of its own and check it; nothing of it stays.

    One at a time for each name outside fresh namespaces. Unavailable where the cluster is at
    fault, InvalidInput where the task is.
    """
    try:
        objects = read_answer(documents_text)
    except InvalidInput as problem:
        return Judged(False, str(problem), "parse")
    if not objects:
        return Judged(False, "the answer holds no object", "parse")
    own = frozenset(
        each["metadata"]["name"] for each in task.objects if each["kind"] == "Namespace"
    )
    with Grounds(sandbox.api, task.namespace, own) as grounds:
        try:
            grounds.lay(task.presumes)
        except InvalidInput as problem:
            raise InvalidInput(f"task {task.id}: what it presumes is refused: {problem}") from None
        try:
            grounds.lay(objects)
        except InvalidInput as problem:
            return Judged(False, str(problem), "refused")
        report = _run(task.check, grounds.place, sandbox)
        deadline = time.monotonic() + patience
        while report.outcome == "pass" and task.later:
            report = _run(task.later, grounds.place, sandbox)
            if report.outcome == "pass" or time.monotonic() > deadline:
                break
            time.sleep(_AGAIN)
            report = TestReport(report.name, "pass", "", (), 0.0)
    return Judged(report.outcome == "pass", report.message, "check")


def _run(operations: Sequence[Mapping[str, Any]], namespace: str, sandbox: Sandbox) -> TestReport:
    """One look at the cluster. InvalidInput for what is no check, Unavailable."""
    test = {
        "apiVersion": "chainsaw.kyverno.io/v1alpha1",
        "kind": "Test",
        "metadata": {"name": "task"},
        "spec": {
            "timeouts": {"assert": _ONE_LOOK, "error": _ONE_LOOK},
            "steps": [{"name": "as asked", "try": list(operations)}],
        },
    }
    with tempfile.TemporaryDirectory(prefix="tiphys-task-") as folder:
        Path(folder, "chainsaw-test.yaml").write_text(strict_yaml.dump(test))
        report = sandbox.runner.run(Path(folder), sandbox.lease, values={}, namespace=namespace)
    if report.outcome == "error":
        raise Unavailable(report.message)
    return report


def _task(given: Any, where: str) -> Task:
    if not isinstance(given, dict):
        raise InvalidInput(f"{where}: must be a mapping")
    where = f"{where} {given.get('id', '')}".strip()
    if unknown := sorted(set(given) - _FIELDS):
        raise InvalidInput(f"{where}: unknown field {unknown[0]}")
    for key in _TEXTS:
        if not (isinstance(given.get(key), str) and given[key].strip()):
            raise InvalidInput(f"{where}: needs {key}, as text")
    for key, allowed in _CHOICES.items():
        if given[key] not in allowed:
            raise InvalidInput(f"{where}: {key} must be {' or '.join(allowed)}")
    if (given["mode"] == "edit") != bool(given.get("context")):
        raise InvalidInput(f"{where}: an edit has a context, and nothing else has")
    wrong = tuple(_wrong(each, given["reference"], where) for each in given.get("wrong") or ())
    if len(wrong) < 2:
        raise InvalidInput(f"{where}: needs at least two wrong answers")
    check = tuple(_operation(each, where) for each in given.get("check") or ())
    if not check:
        raise InvalidInput(f"{where}: needs a check")
    texts: dict[str, Any] = {key: given[key].strip() for key in _TEXTS}
    return Task(
        **texts,
        check=check,
        later=tuple(_operation(each, where) for each in given.get("later") or ()),
        wrong=wrong,
        context=given.get("context") or "",
        presumes=tuple(given.get("presumes") or ()),
        namespace=given.get("namespace") or "",
    )


def _operation(given: Any, where: str) -> Mapping[str, Any]:
    """An operation; `assert` and `error` may hold the tree itself in place of `resource`."""
    if not isinstance(given, dict) or len(given) != 1:
        raise InvalidInput(f"{where}: each operation of a check is a mapping of one key")
    ((kind, action),) = given.items()
    if kind in ("assert", "error") and isinstance(action, dict) and "kind" in action:
        return {kind: {"resource": action}}
    return given


def _wrong(given: Any, reference: str, where: str) -> Wrong:
    """A wrong answer, as its own text or told as a change of the reference.

    `edit` replaces texts that stand there once, `without` leaves out the documents of a kind, and
    `set` gives fields another value (null: none) by pointers such as `Deployment/spec/replicas`.
    """
    ways: Mapping[str, Callable[[Any, str], str]] = {
        "answer": lambda text, _reference: str(text),
        "edit": _edited,
        "without": _without,
        "set": _changed,
    }
    why = given.get("why") if isinstance(given, dict) else None
    way = [key for key in given if key in ways] if why else []
    if len(way) != 1 or len(given) != 2:
        raise InvalidInput(f"{where}: a wrong answer has `why` and one of {', '.join(ways)}")
    try:
        return Wrong(str(why), ways[way[0]](given[way[0]], reference))
    except (InvalidInput, LookupError, TypeError, ValueError) as problem:
        raise InvalidInput(f"{where}: {why}: {problem!r}") from None


def _edited(edits: Any, reference: str) -> str:
    for old, new in edits.items():
        if reference.count(old) != 1:
            raise InvalidInput(f"{old} stands there {reference.count(old)} times, not once")
        reference = reference.replace(old, str(new))
    return reference


def _without(kind: Any, reference: str) -> str:
    objects = read_answer(reference)
    kept = [each for each in objects if each["kind"] != kind]
    if len(kept) == len(objects):
        raise InvalidInput(f"the reference has no {kind} to leave out")
    return strict_yaml.dump_all(kept)


def _changed(changes: Any, reference: str) -> str:
    objects = read_answer(reference)
    for pointer, value in changes.items():
        kind, *path, last = (part.replace("~1", "/") for part in pointer.split("/"))
        name, _, number = kind.partition(":")
        at: Any = [each for each in objects if each["kind"] == name][int(number or 0)]
        for part in path:
            at = at[int(part)] if isinstance(at, list) else at[part]
        if value is None:
            del at[int(last) if isinstance(at, list) else last]
        elif isinstance(at, list):
            at[int(last) :] = [value, *at[int(last) + 1 :]]
        else:
            at[last] = value
    return strict_yaml.dump_all(objects)
