"""When a recording can be believed: a test may write over the fault in a manifest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tiphys.library import strict_yaml
from tiphys.ports import Object
from tiphys.verify.control.mutants import Mutant
from tiphys.verify.control.recording import Recording, Write, key_of

_WRITING = ("apply", "create", "update", "patch")


def believable(mutant: Mutant, sent: Object, recording: Recording, *, own_words: bool) -> bool:
    """Whether the recording shows what would be there under the fault; `sent` is the manifest.

    It does where the test wrote the object as it stands in the manifest and left the changed
    field alone. `own_words` says that the test holds objects of its own: an object written twice
    is then not sure to come from the manifest twice.
    """
    writes = recording.written(key_of(sent))
    if not writes or not _as_is(writes[0], sent):
        return False
    return not any(
        _touches(write, mutant) for write in writes[1:] if own_words or not _as_is(write, sent)
    )


def writes_of_its_own(test: str) -> bool:
    """Whether a test sends objects that are not in a file. InvalidInput for what is no YAML."""
    return any(
        isinstance(action, dict) and "resource" in action
        for operation in _dicts(strict_yaml.load(test, source="chainsaw-test.yaml"))
        for kind, action in operation.items()
        if kind in _WRITING
    )


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _dicts(child)


def _as_is(write: Write, sent: Object) -> bool:
    """Whether a body is the manifest; a version is added to what is there already."""
    if write.sent is None:
        return False
    metadata = {k: v for k, v in write.sent["metadata"].items() if k != "resourceVersion"}
    return {**write.sent, "metadata": metadata} == sent


def _touches(write: Write, mutant: Mutant) -> bool:
    """Whether a write sets the mutant's field, or one above or below it."""
    if write.verb not in ("patch", "apply") or write.sent is None:
        return True  # replaced or deleted
    here: Any = write.sent
    for part in mutant.path:
        if not isinstance(here, dict):
            return True
        if part not in here:
            return False
        here = here[part]
    return True
