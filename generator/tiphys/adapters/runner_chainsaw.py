"""`TestRunner` by the real Chainsaw, a process of its own for each test.

Chainsaw runs whatever the test's `script` and `command` operations say. With a `Box` a test that
has any runs in there; without one it has this process's rights: hand it only tests that you would
run by hand. Chainsaw's `wait` and `describe` need kubectl.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from tiphys.adapters.box import Box, Boxed
from tiphys.adapters.box.chainsaw import run_in_box
from tiphys.adapters.chainsaw_report import TEST_FILE, out_of_time, read_run
from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.domain.testreport import TestReport
from tiphys.library.script_steps import scripts_in
from tiphys.library.strict_yaml import Limits, load_documents
from tiphys.ports import Lease

_LIMITS = Limits(size=256 * 1024)
_REPORT = "report.json"
_BEYOND = {
    "memory": "the test used more memory than its box has",
    "output": "the test printed more than its box takes",
}
_ASSERTING = ("assert", "error", "wait", "script", "command")


def _check(folder: Path) -> str:
    """The test's name, once it is known to be one test that asserts something. InvalidInput."""
    path = folder / TEST_FILE
    if not path.is_file():
        raise InvalidInput(f"{TEST_FILE}: there is no test in {folder.name}")
    documents = load_documents(path.read_bytes(), source=TEST_FILE, limits=_LIMITS)
    if len(documents) != 1:
        raise InvalidInput(f"{TEST_FILE}: must hold one Test, has {len(documents)} documents")
    kinds = list(_operations(documents[0]))
    if not any(kind in _ASSERTING for kind in kinds):
        raise InvalidInput(f"{TEST_FILE}: the test asserts nothing; add an `assert` or `error`")
    name = documents[0].get("metadata", {}).get("name")
    return name if isinstance(name, str) else folder.name


class ChainsawRunner:
    """Runs tests with the executable `binary`.

    `kubectl` is put first on its PATH. `deadline` is the time in seconds for a whole test; one that
    runs out of it fails and names the operation that hung. `screen` looks at each folder first and
    raises for a test that must not run here. With a `box`, a test with scripts runs in there.
    """

    def __init__(
        self,
        binary: Path,
        *,
        kubectl: Path | None = None,
        deadline: float = 120.0,
        screen: Callable[[Path], object] = _check,
        box: Box | None = None,
    ) -> None:
        self._binary = binary
        self._kubectl = kubectl
        self._deadline = deadline
        self._screen = screen
        self._box = box

    def run(
        self, folder: Path, lease: Lease, *, values: Mapping[str, Any], namespace: str
    ) -> TestReport:
        """Run `folder`/chainsaw-test.yaml. InvalidInput, Unavailable."""
        name = _check(folder)
        self._screen(folder)
        text = json.dumps(dict(values))
        box = self._box if scripts_in((folder / TEST_FILE).read_bytes()) else None
        start = datetime.now().astimezone()
        if box is None:
            ran = self._run_here(folder, lease, text, namespace)
        else:
            tools = {
                "chainsaw": self._binary,
                **({"kubectl": self._kubectl} if self._kubectl else {}),
            }
            arguments = partial(_arguments, namespace)
            ran = run_in_box(box, tools, arguments, folder, lease, text, self._deadline)
        seconds = (datetime.now().astimezone() - start).total_seconds()
        log = ran.output.decode(errors="replace")
        if ran.ended == "time":
            return out_of_time(name, log, self._deadline, seconds)
        if ran.ended in _BEYOND or (box and (ran.code or 0) < 0):
            words = _BEYOND.get(ran.ended) or f"signal {-(ran.code or 0)} ended Chainsaw in its box"
            return TestReport(name, "fail", words, (), seconds)
        return read_run(name, ran.files.get(_REPORT, b""), log, seconds)

    def _run_here(self, folder: Path, lease: Lease, values: str, namespace: str) -> Boxed:
        path = os.environ.get("PATH", os.defpath)
        if self._kubectl is not None:
            path = f"{self._kubectl.resolve().parent}{os.pathsep}{path}"
        with tempfile.TemporaryDirectory(prefix="tiphys-chainsaw-") as scratch:
            home = Path(scratch)
            (home / "values.yaml").write_text(values)
            environment = {
                "PATH": path,
                "HOME": scratch,
                "TMPDIR": scratch,
                "KUBECONFIG": str(lease.kubeconfig),
            }
            arguments = _arguments(
                namespace, str(folder.resolve()), str(home / "values.yaml"), scratch
            )
            code, output = _execute([str(self._binary), *arguments], environment, self._deadline)
            report = home / _REPORT
            files = {_REPORT: report.read_bytes()} if report.is_file() else {}
        return Boxed("time" if code is None else "exit", code, output, files)


def _arguments(namespace: str, test: str, values: str, reports: str) -> list[str]:
    return [
        "test",
        f"--test-dir={test}",
        f"--namespace={namespace}",
        f"--values={values}",
        "--report-format=JSON",
        f"--report-path={reports}",
        "--report-name=report",
        "--no-color",
    ]


def _execute(
    command: Sequence[str], environment: Mapping[str, str], seconds: float
) -> tuple[int | None, bytes]:
    """Exit code (None: it ran out of time and was killed) and everything it printed."""
    try:
        process = subprocess.Popen(
            command,
            cwd=environment["HOME"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable(f"Chainsaw does not start: {error}") from error
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        output, _ = process.communicate()
        return None, output
    except BaseException:
        _kill(process)
        process.wait()
        raise
    return process.returncode, output


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


def _operations(test: Any) -> Iterator[str]:
    spec = test.get("spec") if isinstance(test, dict) else None
    if not isinstance(spec, dict) or not isinstance(test.get("metadata"), dict):
        raise InvalidInput(f"{TEST_FILE}: needs metadata and spec")
    for step in spec.get("steps") or []:
        attempt = step.get("try") if isinstance(step, dict) else None
        for operation in attempt if isinstance(attempt, list) else []:
            yield from operation if isinstance(operation, dict) else []
