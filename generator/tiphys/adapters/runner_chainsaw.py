"""`TestRunner` by the real Chainsaw, a process of its own for each test.

Chainsaw runs whatever the test's `script` and `command` operations say, with this process's
rights: hand it only tests that you would run by hand. Its `wait` and `describe` need kubectl.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.domain.evidence import Outcome
from tiphys.domain.testreport import StepReport, TestReport
from tiphys.library.strict_yaml import Limits, load_documents
from tiphys.ports import Lease

_TEST_FILE = "chainsaw-test.yaml"
_LIMITS = Limits(size=256 * 1024)
_LOG_LINES = 15
_ASSERTING = ("assert", "error", "wait", "script", "command")
# How a dead API server or network shows in Chainsaw's own words, as against a refusal.
_INFRASTRUCTURE = re.compile(
    r"connection refused|connection reset|no route to host|dial tcp|TLS handshake|: EOF"
    r"|failed to (?:load|get).*kubeconfig|server is currently unable|etcdserver:"
)
_CRASH = re.compile(r"^(panic: .*)$", re.MULTILINE)
_FAILED = re.compile(r"^- Failed {1,2}tests (\d+)$", re.MULTILINE)
_ERROR = re.compile(r"=== ERROR\n(.*?)(?=\n\s*\| |\n---|\n=== |\Z)", re.DOTALL)
_LAST_RUN = re.compile(r"\| ([^|]+?) *\| ([A-Z]+) *\| RUN +\| *(.*)")


def _check(folder: Path) -> str:
    """The test's name, once it is known to be one test that asserts something. InvalidInput."""
    path = folder / _TEST_FILE
    if not path.is_file():
        raise InvalidInput(f"{_TEST_FILE}: there is no test in {folder.name}")
    documents = load_documents(path.read_bytes(), source=_TEST_FILE, limits=_LIMITS)
    if len(documents) != 1:
        raise InvalidInput(f"{_TEST_FILE}: must hold one Test, has {len(documents)} documents")
    kinds = list(_operations(documents[0]))
    if not any(kind in _ASSERTING for kind in kinds):
        raise InvalidInput(f"{_TEST_FILE}: the test asserts nothing; add an `assert` or `error`")
    name = documents[0].get("metadata", {}).get("name")
    return name if isinstance(name, str) else folder.name


class ChainsawRunner:
    """Runs tests with the executable `binary`.

    `kubectl` is put first on its PATH. `deadline` is the time in seconds for a whole test; one that
    runs out of it fails and names the operation that hung. `screen` looks at each folder first and
    raises for a test that must not run here.
    """

    def __init__(
        self,
        binary: Path,
        *,
        kubectl: Path | None = None,
        deadline: float = 120.0,
        screen: Callable[[Path], object] = _check,
    ) -> None:
        self._binary = binary
        self._kubectl = kubectl
        self._deadline = deadline
        self._screen = screen

    def run(
        self, folder: Path, lease: Lease, *, values: Mapping[str, Any], namespace: str
    ) -> TestReport:
        """Run `folder`/chainsaw-test.yaml. InvalidInput, Unavailable."""
        name = _check(folder)
        self._screen(folder)
        with tempfile.TemporaryDirectory(prefix="tiphys-chainsaw-") as scratch:
            home = Path(scratch)
            (home / "values.yaml").write_text(json.dumps(dict(values)))
            start = datetime.now().astimezone()
            code, log = self._execute(self._command(folder, home, namespace), home, lease)
            seconds = (datetime.now().astimezone() - start).total_seconds()
            report = _load(home / "report.json")
        if code is None:
            return _out_of_time(name, log, self._deadline, seconds)
        if crash := _CRASH.search(log):
            return TestReport(name, "error", f"Chainsaw crashed: {crash[1]}", (), seconds)
        if report is None:
            raise _refusal(log)
        return _test_report(name, report, log, seconds)

    def _command(self, folder: Path, home: Path, namespace: str) -> list[str]:
        return [
            str(self._binary),
            "test",
            f"--test-dir={folder.resolve()}",
            f"--namespace={namespace}",
            f"--values={home / 'values.yaml'}",
            "--report-format=JSON",
            f"--report-path={home}",
            "--report-name=report",
            "--no-color",
        ]

    def _execute(self, command: Sequence[str], home: Path, lease: Lease) -> tuple[int | None, str]:
        """Exit code (None: it ran out of time and was killed) and everything it printed."""
        path = os.environ.get("PATH", os.defpath)
        if self._kubectl is not None:
            path = f"{self._kubectl.resolve().parent}{os.pathsep}{path}"
        environment = {
            "PATH": path,
            "HOME": str(home),
            "TMPDIR": str(home),
            "KUBECONFIG": str(lease.kubeconfig),
        }
        try:
            process = subprocess.Popen(
                command,
                cwd=home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"Chainsaw does not start: {error}") from error
        try:
            output, _ = process.communicate(timeout=self._deadline)
        except subprocess.TimeoutExpired:
            _kill(process)
            output, _ = process.communicate()
            return None, output.decode(errors="replace")
        except BaseException:
            _kill(process)
            process.wait()
            raise
        return process.returncode, output.decode(errors="replace")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


def _operations(test: Any) -> Iterator[str]:
    spec = test.get("spec") if isinstance(test, dict) else None
    if not isinstance(spec, dict) or not isinstance(test.get("metadata"), dict):
        raise InvalidInput(f"{_TEST_FILE}: needs metadata and spec")
    for step in spec.get("steps") or []:
        attempt = step.get("try") if isinstance(step, dict) else None
        for operation in attempt if isinstance(attempt, list) else []:
            yield from operation if isinstance(operation, dict) else []


def _load(path: Path) -> dict[str, Any] | None:
    try:
        report = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) else None


def _test_report(name: str, report: Mapping[str, Any], log: str, seconds: float) -> TestReport:
    tests = report.get("tests") or []
    if len(tests) != 1:
        raise InvalidInput(f"{_TEST_FILE}: Chainsaw found {len(tests)} tests, expected one")
    steps = tuple(_step_reports(tests[0]))
    failed = _FAILED.search(log)
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


def _out_of_time(name: str, log: str, deadline: float, seconds: float) -> TestReport:
    runs = _LAST_RUN.findall(log)
    where = " ".join(" ".join(runs[-1]).split()) if runs else "before its first operation"
    message = f"the test's {deadline:g}s were over; the last operation was: {where}"
    return TestReport(name, "fail", message, (), seconds)


def _refusal(log: str) -> InvalidInput | Unavailable:
    """What it means that Chainsaw ended without a report."""
    said = _last(log)
    if _INFRASTRUCTURE.search(said):
        return Unavailable(f"Chainsaw cannot reach the cluster: {said}")
    return InvalidInput(f"{_TEST_FILE}: Chainsaw refuses the test: {said}")


def _last(log: str) -> str:
    """Chainsaw's last words."""
    errors = _ERROR.findall(log)
    if errors:
        return " ".join(errors[-1].split())
    lines = [line for line in log.splitlines() if line.strip()]
    stated = [line for line in lines if line.startswith("Error:")]
    return " ".join((stated or lines or ["nothing"])[-_LOG_LINES:][-1].split())
