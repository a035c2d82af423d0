"""A cluster made of a recording, with one fault laid over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tiphys.domain.errors import ApiRefusal
from tiphys.ports import Kind, Object
from tiphys.verify.control.recording import (
    Answer,
    Key,
    Question,
    Recording,
    get_question,
    key_of,
    list_question,
)

Fault = Callable[[Object], Object | None]  # an object as it would be, None: it would not be there


class Replay:
    """A `ClusterApi` that answers from `recording`; the object `key` is seen through `fault`.

    Writes are taken as they were recorded and change nothing. `strayed` tells that the test asked
    what the recording can't answer, so that its outcome here says nothing.
    """

    still = True  # a runner that looks twice sees the same

    def __init__(
        self, recording: Recording, key: Key | None = None, fault: Fault | None = None
    ) -> None:
        self._recording = recording
        self._key = key
        self._fault = fault
        self._phase = 0
        self._over = False
        self.strayed = False

    def version(self) -> str:
        """The recorded version."""
        return self._recording.version

    def apply(self, obj: Object, *, dry_run: bool = False, manager: str = "tiphys") -> Object:  # noqa: ARG002  # nobody owns a field here
        """The recorded answer."""
        return self._write("apply", obj)

    def create(self, obj: Object) -> Object:
        """The recorded answer."""
        return self._write("create", obj)

    def update(self, obj: Object) -> Object:
        """The recorded answer."""
        return self._write("update", obj)

    def patch(self, obj: Object) -> Object:
        """The recorded answer."""
        return self._write("patch", obj)

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> bool:
        """Always False, so that nobody waits for it; out of turn it is the cleaning up."""
        writes, key = self._recording.writes, (api_version, kind, name, namespace)
        if self._phase < len(writes) and writes[self._phase].key == key:
            self._over |= writes[self._phase].verb != "delete"
            self._phase += 1
        else:
            self._over = True
        return False

    def get(
        self, api_version: str, kind: str, name: str, namespace: str | None = None
    ) -> Object | None:
        """The recorded answer under the fault."""
        answer = self._answer(get_question(api_version, kind, name, namespace))
        return self._seen(answer) if isinstance(answer, dict) else None

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Sequence[Object]:
        """The recorded answer under the fault; what lost its labels is not selected."""
        answer = self._answer(list_question(api_version, kind, namespace, labels))
        if not isinstance(answer, Sequence):
            return []
        seen = (self._seen(each) for each in answer)
        wanted = (labels or {}).items()
        return [
            each
            for each in seen
            if each and wanted <= (each["metadata"].get("labels") or {}).items()
        ]

    def namespaced(self, api_version: str, kind: str) -> bool:
        """As recorded. ApiRefusal for a kind that was never asked for."""
        known = self._recording.kinds.get((api_version, kind))
        if isinstance(known, bool):
            return known
        if known is None:
            self.strayed = True
            known = ApiRefusal(f"{kind} was not asked for", status=404, reason="UnknownKind")
        raise known

    def kinds(self) -> Sequence[Kind]:
        """Those that the test asked for."""
        known = self._recording.kinds.items()
        return [Kind(*kind, inside) for kind, inside in known if isinstance(inside, bool)]

    def _seen(self, obj: Object) -> Object | None:
        if self._fault is None or key_of(obj) != self._key:
            return obj
        return self._fault(obj)

    def _answer(self, question: Question) -> Answer:
        at = (self._phase, question)
        if at not in self._recording.answers:
            self.strayed |= not self._over
            return None
        answer = self._recording.answers[at]
        if isinstance(answer, ApiRefusal):
            raise answer
        return answer

    def _write(self, verb: str, obj: Object) -> Object:
        writes = self._recording.writes
        expected = writes[self._phase] if self._phase < len(writes) else None
        if expected is None or (expected.verb, expected.key) != (verb, key_of(obj)):
            self.strayed |= not self._over
            return obj
        self._phase += 1
        if isinstance(expected.answer, ApiRefusal):
            raise expected.answer
        answer = expected.answer or obj
        return self._seen(answer) or answer


def overlay(live: Any, before: Any, after: Any) -> Any:
    """`live` with what changed between `before` and `after`; nothing else is touched."""
    if before == after:
        return live
    if isinstance(live, dict) and isinstance(before, dict) and isinstance(after, dict):
        merged = {key: value for key, value in live.items() if key in after or key not in before}
        for key, value in after.items():
            if key not in before:
                merged[key] = value
            elif key in merged:
                merged[key] = overlay(merged[key], before[key], value)
            elif value != before[key]:
                merged[key] = value
        return merged
    if (
        isinstance(live, list)
        and isinstance(before, list)
        and isinstance(after, list)
        and len(live) == len(before) == len(after)
    ):
        return [overlay(*three) for three in zip(live, before, after, strict=True)]
    return after
