"""What a passing test saw of the cluster, so that it can be shown the same again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tiphys.domain.errors import ApiRefusal
from tiphys.ports import ClusterApi, Kind, Object

Key = tuple[str, str, str, str | None]  # apiVersion, kind, name, namespace
Question = tuple[Any, ...]  # ("get", *Key) or ("list", apiVersion, kind, namespace, labels)
Answer = Object | Sequence[Object] | ApiRefusal | None


@dataclass(frozen=True, slots=True)
class Write:
    """One change that the test made: create, update, patch, apply or delete; `sent` is its body."""

    verb: str
    key: Key
    sent: Object | None
    answer: Object | ApiRefusal | None


@dataclass
class Recording:
    """A log of one run. `answers` holds the last answer to each question in each phase.

    A phase is the number of writes before it. `seconds` is what the run took without its deletions.
    """

    writes: list[Write] = field(default_factory=list)
    answers: dict[tuple[int, Question], Answer] = field(default_factory=dict)
    kinds: dict[tuple[str, str], bool | ApiRefusal] = field(default_factory=dict)
    version: str = ""
    seconds: float = 0.0

    def questions(self) -> dict[Question, None]:
        """Everything that was asked, each once, in order."""
        return dict.fromkeys(question for _, question in self.answers)

    def written(self, key: Key) -> list[Write]:
        """The writes to one object, its final removal by the runner left out."""
        return [w for w in self.writes[: self._body()] if w.key == key]

    def _body(self) -> int:
        """How many writes come before the deletions at the end."""
        count = len(self.writes)
        while count and self.writes[count - 1].verb == "delete":
            count -= 1
        return count


def get_question(api_version: str, kind: str, name: str, namespace: str | None) -> Question:
    """The key of a `get`."""
    return "get", api_version, kind, name, namespace


def list_question(
    api_version: str, kind: str, namespace: str | None, labels: Mapping[str, str] | None
) -> Question:
    """The key of a `list`."""
    return "list", api_version, kind, namespace, tuple(sorted((labels or {}).items()))


def key_of(obj: Object) -> Key:
    """What tells an object from all others."""
    metadata = obj.get("metadata") or {}
    return obj["apiVersion"], obj["kind"], metadata.get("name", ""), metadata.get("namespace")


class Recorder:
    """A `ClusterApi` that passes everything on to `api` and keeps a log in `recording`."""

    def __init__(self, api: ClusterApi) -> None:
        self._api = api
        self.recording = Recording()

    def version(self) -> str:
        """The cluster's version."""
        self.recording.version = self._api.version()
        return self.recording.version

    def apply(self, obj: Object, *, dry_run: bool = False, manager: str = "tiphys") -> Object:
        """Passed on; a dry run changes nothing and is not logged."""
        if dry_run:
            return self._api.apply(obj, dry_run=True, manager=manager)
        return self._write("apply", obj, lambda: self._api.apply(obj, manager=manager))

    def create(self, obj: Object) -> Object:
        """Passed on."""
        return self._write("create", obj, lambda: self._api.create(obj))

    def update(self, obj: Object) -> Object:
        """Passed on."""
        return self._write("update", obj, lambda: self._api.update(obj))

    def patch(self, obj: Object) -> Object:
        """Passed on."""
        return self._write("patch", obj, lambda: self._api.patch(obj))

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> bool:
        """Passed on."""
        there = self._api.delete(api_version, kind, name, namespace)
        key = (api_version, kind, name, namespace)
        self.recording.writes.append(Write("delete", key, None, None))
        return there

    def get(
        self, api_version: str, kind: str, name: str, namespace: str | None = None
    ) -> Object | None:
        """Passed on."""
        question = get_question(api_version, kind, name, namespace)
        found: Object | None = self._ask(
            question, lambda: self._api.get(api_version, kind, name, namespace)
        )
        return found

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Sequence[Object]:
        """Passed on."""
        question = list_question(api_version, kind, namespace, labels)
        found: Sequence[Object] = self._ask(
            question, lambda: self._api.list(api_version, kind, namespace, labels)
        )
        return found

    def namespaced(self, api_version: str, kind: str) -> bool:
        """Passed on."""
        kinds = self.recording.kinds
        try:
            kinds[api_version, kind] = known = self._api.namespaced(api_version, kind)
        except ApiRefusal as refusal:
            kinds[api_version, kind] = refusal
            raise
        return known

    def kinds(self) -> Sequence[Kind]:
        """Passed on; tests have no use for it."""
        return self._api.kinds()

    def _write(self, verb: str, obj: Object, send: Callable[[], Object]) -> Object:
        try:
            answer = send()
        except ApiRefusal as refusal:
            self.recording.writes.append(Write(verb, key_of(obj), obj, refusal))
            raise
        self.recording.writes.append(Write(verb, key_of(obj), obj, answer))
        return answer

    def _ask(self, question: Question, ask: Callable[[], Any]) -> Any:
        phase = len(self.recording.writes)
        try:
            answer = ask()
        except ApiRefusal as refusal:
            self.recording.answers[phase, question] = refusal
            raise
        self.recording.answers[phase, question] = answer
        return answer
