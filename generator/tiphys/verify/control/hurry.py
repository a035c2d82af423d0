"""A test that waits no longer than it is told to."""

from __future__ import annotations

from typing import Any

from tiphys.library import strict_yaml

_CUT = ("apply", "assert", "error", "exec")
_KEPT = ("cleanup", "delete")  # nobody waits in vain for what is taken away


def hurried(test: str, seconds: float, *, sleeps: bool = True) -> str:
    """The test's text with every time-out at `seconds`; without `sleeps` none is slept.

    What only runs after a failure (`catch`) is left out, as the outcome stands by then. Time for
    deleting is left as it was. InvalidInput for what is no YAML.
    """
    found = strict_yaml.load(test, source="chainsaw-test.yaml")
    spec = found.get("spec") if isinstance(found, dict) else None
    if not isinstance(spec, dict):
        return test
    limit = f"{max(1, round(seconds * 1000))}ms"
    steps = spec.get("steps")
    new = {key: value for key, value in spec.items() if key != "catch"}
    new["timeouts"] = _timeouts(spec.get("timeouts")) | dict.fromkeys(_CUT, limit)
    if isinstance(steps, list):
        new["steps"] = [_step(each, sleeps=sleeps) for each in steps]
    return strict_yaml.dump({**found, "spec": new})


def _timeouts(given: Any) -> dict[str, Any]:
    kept = given if isinstance(given, dict) else {}
    return {key: value for key, value in kept.items() if key in _KEPT}


def _step(step: Any, *, sleeps: bool) -> Any:
    if not isinstance(step, dict):
        return step
    new = {key: value for key, value in step.items() if key != "catch"}
    if "timeouts" in new:
        new["timeouts"] = _timeouts(new["timeouts"])
    for part in ("try", "finally", "cleanup"):
        if isinstance(new.get(part), list):
            new[part] = [_operation(each, sleeps=sleeps) for each in new[part]]
    return new


def _operation(operation: Any, *, sleeps: bool) -> Any:
    if not isinstance(operation, dict):
        return operation
    new = {}
    for kind, action in operation.items():
        if kind == "sleep" and not sleeps and isinstance(action, dict):
            new[kind] = {**action, "duration": "0s"}
        elif isinstance(action, dict) and kind != "delete":
            new[kind] = {key: value for key, value in action.items() if key != "timeout"}
        else:
            new[kind] = action
    return new
