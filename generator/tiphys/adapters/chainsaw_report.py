"""What Chainsaw says of a test: its JSON report, and its log where that is not enough."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.domain.evidence import Outcome
from tiphys.domain.testreport import StepReport, TestReport

TEST_FILE = "chainsaw-test.yaml"
_LOG_LINES = 15
# How a dead API server or network shows in Chainsaw's own words, as against a refusal.
_INFRASTRUCTURE = re.compile(
    r"connection refused|connection reset|no route to host|dial tcp|TLS handshake|: EOF"
    r"|failed to (?:load|get).*kubeconfig|server is currently unable|etcdserver:"
)
_CRASH = re.compile(r"^(panic: .*)$", re.MULTILINE)
_FAILED = re.compile(r"^- Failed {1,2}tests (\d+)$", re.MULTILINE)
_ERROR = re.compile(r"=== ERROR\n(.*?)(?=\n\s*\| |\n---|\n=== |\Z)", re.DOTALL)
_LAST_RUN = re.compile(r"\| ([^|]+?) *\| ([A-Z]+) *\| RUN +\| *(.*)")


def read_run(name: str, report: bytes, log: str, seconds: float) -> TestReport:
    """What a Chainsaw that ended by itself says; `report` is b"" if it left none.

    InvalidInput for a test that it refuses, Unavailable without a cluster.
    """
    if crash := _CRASH.search(log):
        return TestReport(name, "error", f"Chainsaw crashed: {crash[1]}", (), seconds)
    try:
        return _read_report(name, json.loads(report) if report else None, log, seconds)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        raise InvalidInput(f"{TEST_FILE}: Chainsaw's report was spoilt") from None


def out_of_time(name: str, log: str, deadline: float, seconds: float) -> TestReport:
    """What it came to until it was ended."""
    runs = _LAST_RUN.findall(log)
    where = " ".join(" ".join(runs[-1]).split()) if runs else "before its first operation"
    message = f"the test's {deadline:g}s were over; the last operation was: {where}"
    return TestReport(name, "fail", message, (), seconds)


def _read_report(name: str, report: Any, log: str, seconds: float) -> TestReport:
    failed = _FAILED.search(log)
    if report is None:
        raise _refusal(log)
    tests = report.get("tests") or []
    if not tests:  # it did not come that far
        raise _refusal(log)
    if len(tests) > 1:
        raise InvalidInput(f"{TEST_FILE}: Chainsaw found {len(tests)} tests, expected one")
    steps = tuple(_step_reports(tests[0]))
    if tests[0].get("skipped"):
        return TestReport(name, "skipped", "the test says skip", steps, seconds)
    if failed is None:
        raise _refusal(log)
    if failed[1] == "0":
        return TestReport(name, "pass", "", steps, seconds)
    message = next((_say(each) for each in steps if each.outcome == "fail"), "") or _last(log)
    broken = _INFRASTRUCTURE.search(message)
    return TestReport(name, "error" if broken else "fail", message, steps, seconds)


def _say(step: StepReport) -> str:
    return f"{step.step}: {step.operation}: {step.message}"


def _step_reports(test: Mapping[str, Any]) -> Iterator[StepReport]:
    for step in test.get("steps") or []:
        for operation in step.get("operations") or []:
            failure = (operation.get("failure") or {}).get("error")
            if "failure" in operation and not failure:
                failure = "failed without a word"
            outcome: Outcome = "fail" if failure else "pass"
            begin, end = (datetime.fromisoformat(operation[k]) for k in ("startTime", "endTime"))
            yield StepReport(
                step=step.get("name", ""),
                operation=operation.get("type", ""),
                outcome=outcome,
                message=_brief(failure or ""),
                seconds=(end - begin).total_seconds(),
            )


def _brief(failure: str) -> str:
    """Of an assertion's words the objects and what is wrong with each, without the long diff."""
    lines = failure.splitlines()
    wrong = [line.strip() for line in lines if line.startswith("* ")]
    if not wrong:
        return " ".join(failure.split())
    frames = (i for i, line in enumerate(lines) if line and not line.strip("-"))
    objects = [lines[i + 1] for i in list(frames)[::2] if i + 1 < len(lines)]
    return " ".join([*objects[:1], *wrong])


def _refusal(log: str) -> InvalidInput | Unavailable:
    """What it means that Chainsaw ended without a report."""
    said = _last(log)
    if _INFRASTRUCTURE.search(said):
        return Unavailable(f"Chainsaw cannot reach the cluster: {said}")
    return InvalidInput(f"{TEST_FILE}: Chainsaw refuses the test: {said}")


def _last(log: str) -> str:
    """Chainsaw's last words."""
    errors = _ERROR.findall(log)
    if errors:
        return " ".join(errors[-1].split())
    lines = [line for line in log.splitlines() if line.strip()]
    stated = [line for line in lines if line.startswith("Error:")]
    return " ".join((stated or lines or ["nothing"])[-_LOG_LINES:][-1].split())
