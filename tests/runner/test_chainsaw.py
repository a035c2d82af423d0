"""The Chainsaw adapter over a stand-in for the binary: its report, its log, its ends."""

import json
import sys
import time

import pytest

from tests.runner.test_embedded import HEAD, LOOK
from tiphys.adapters.box import Boxed
from tiphys.adapters.runner_chainsaw import ChainsawRunner
from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.ports import Lease
from tiphys.testing.conformance.runner import stage
from tiphys.testing.memory_cluster import MemoryClusters

OPERATION = {"startTime": "2026-01-02T03:04:05.123456789Z", "endTime": "2026-01-02T03:04:06.2Z"}


def step(name, *operations):
    return {
        "name": name,
        "operations": [
            {**OPERATION, "type": kind, **({"failure": {"error": error}} if error else {})}
            for kind, error in operations
        ],
    }


@pytest.fixture
def run(tmp_path):
    def run(
        *, steps=(), failed=0, log="", report=True, hang=False, deadline=20.0, skipped=False,
        started=True,
    ):  # fmt: skip
        tests = [{"name": "t", "skipped": skipped, "steps": list(steps)}] * started
        said = f"{log}\n- Failed  tests {failed}\n" if report else log
        program = tmp_path / "chainsaw"
        program.write_text(
            f"#!{sys.executable}\n"
            "import json, os, pathlib, sys, time\n"
            "options = dict(a[2:].split('=', 1) for a in sys.argv[1:] if '=' in a)\n"
            f"print({said!r}, flush=True)\n"
            "seen = {'argv': sys.argv[1:], 'environment': dict(os.environ), 'cwd': os.getcwd(),\n"
            "        'values': json.load(open(options['values']))}\n"
            f"pathlib.Path({str(tmp_path / 'seen.json')!r}).write_text(json.dumps(seen))\n"
            f"if {hang}: time.sleep(60)\n"
            f"if {report}: pathlib.Path(options['report-path'], 'report.json').write_text(\n"
            f"    {json.dumps({'tests': tests})!r})\n"
        )
        program.chmod(0o755)
        folder = stage(tmp_path / "t", HEAD + LOOK % "a", {}, {})
        with MemoryClusters().lease() as lease:
            runner = ChainsawRunner(program, kubectl=tmp_path / "kubectl", deadline=deadline)
            return runner.run(folder, lease, values={"a": 1}, namespace="ns")

    return run


def test_a_report_is_read(run, tmp_path):
    report = run(steps=[step("one", ("apply", None), ("assert", None))])
    assert (report.name, report.outcome, report.message) == ("t", "pass", "")
    assert [(s.step, s.operation, s.outcome) for s in report.steps] == [
        ("one", "apply", "pass"),
        ("one", "assert", "pass"),
    ]
    assert report.steps[0].seconds == pytest.approx(1.076, abs=0.001)
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen["values"] == {"a": 1}
    assert "--namespace=ns" in seen["argv"]
    assert "--no-color" in seen["argv"]
    environment = seen["environment"]
    assert environment["HOME"] == seen["cwd"] != str(tmp_path)
    assert environment["PATH"].startswith(str(tmp_path))
    assert set(environment) <= {"HOME", "KUBECONFIG", "PATH", "TMPDIR", "LC_CTYPE"}


def test_the_first_failure_is_the_message(run):
    report = run(
        steps=[
            step("one", ("assert", "* spec.x:\n  Invalid")),
            step("cleanup (one)", ("delete", "no")),
        ],
        failed=1,
    )
    assert report.outcome == "fail"
    assert report.message == "one: assert: * spec.x:"


def test_an_assertion_is_told_without_its_diff(run):
    error = (
        '-----------\nv1/Pod/ns/a\n-----------\n* status.phase: Invalid value: "A"\n\n'
        "--- expected\n+++ actual\n@@ -1 +1 @@\n-B\n+A\n"
    )
    report = run(steps=[step("one", ("assert", error))], failed=1)
    assert report.message == 'one: assert: v1/Pod/ns/a * status.phase: Invalid value: "A"'


def test_a_failure_outside_any_operation_is_in_the_log(run):
    log = "    | 10:00:00 | t | one | TRY | ERROR |\n=== ERROR\nno files found\n    | next"
    report = run(steps=[step("one")], failed=1, log=log)
    assert (report.outcome, report.message) == ("fail", "no files found")


def test_a_dead_cluster_is_no_failure_of_the_test(run):
    error = "Get https://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused"
    assert run(steps=[step("one", ("assert", error))], failed=1).outcome == "error"


def test_skipped(run):
    assert run(skipped=True).outcome == "skipped"


def test_a_test_that_chainsaw_cannot_read(run):
    with pytest.raises(InvalidInput, match="Chainsaw refuses the test: Error: unknown field"):
        run(report=False, log="Loading tests...\nError: unknown field\n")


def test_a_crash_of_chainsaw_is_no_failure_of_the_test(run):
    report = run(report=False, log="Running tests...\npanic: interface conversion\n\ngoroutine 1")
    assert (report.outcome, report.message) == (
        "error", "Chainsaw crashed: panic: interface conversion",
    )  # fmt: skip


def test_no_cluster_at_all(run):
    with pytest.raises(Unavailable, match="cannot reach the cluster"):
        run(report=False, log="Error: dial tcp: connection refused\n")


def test_a_cluster_that_is_gone_before_the_first_step(run):
    log = '=== ERROR\nfailed to get server groups: Get "https://a/api": connection reset by peer'
    with pytest.raises(Unavailable, match="cannot reach the cluster"):
        run(started=False, failed=1, log=log)


def test_a_test_that_hangs_is_ended_and_names_the_operation(run):
    start = time.monotonic()
    log = "    | 10:00:00 | t | one | ASSERT    | RUN   | v1/Pod @ ns/a"
    report = run(hang=True, deadline=1.0, log=log)
    assert time.monotonic() - start < 20
    assert report.outcome == "fail"
    assert report.message.endswith("the last operation was: one ASSERT v1/Pod @ ns/a")


def test_no_binary(tmp_path):
    folder = stage(tmp_path / "t", HEAD + LOOK % "a", {}, {})
    with MemoryClusters().lease() as lease, pytest.raises(Unavailable, match="does not start"):
        ChainsawRunner(tmp_path / "nothing").run(folder, lease, values={}, namespace="ns")


class BoxOf:
    """Says what came out, and remembers what went in."""

    def __init__(self, boxed):
        self.boxed = boxed
        self.ran = []

    def run(self, command, **options):
        self.ran.append((command, options))
        return self.boxed


SCRIPT = "    - script: {content: 'true'}\n"


@pytest.fixture
def run_in(tmp_path):
    def run_in(box, test=SCRIPT):
        folder = stage(tmp_path / "t", HEAD + test + LOOK % "a", {}, {})
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text("{}")
        lease = Lease("a", kubeconfig, "https://127.0.0.1:6443", "v1.34.4", "simulated")
        binary, kubectl = tmp_path / "chainsaw-1", tmp_path / "kubectl-1"
        runner = ChainsawRunner(binary, kubectl=kubectl, deadline=5.0, box=box)
        return runner.run(folder, lease, values={"a": 1}, namespace="ns")

    return run_in


def boxed(*, steps=(), failed=0, ended="exit", code=0, report=None, log=""):
    data = json.dumps({"tests": [{"name": "t", "steps": list(steps)}]}).encode()
    said = f"{log}\n- Failed  tests {failed}\n".encode()
    return Boxed(ended, code, said, {"report.json": data if report is None else report})


def test_a_test_with_scripts_runs_in_the_box(run_in, tmp_path):
    box = BoxOf(boxed(steps=[step("one", ("script", None))]))
    assert run_in(box).outcome == "pass"
    ((command, options),) = box.ran
    assert command[:2] == ["/box/chainsaw", "test"]
    assert options["reach"] == ("127.0.0.1", 6443)
    assert options["folders"] == {"/box/test": tmp_path / "t"}
    assert options["programs"]["/box/kubectl"] == tmp_path / "kubectl-1"
    assert options["files"] == {"/box/values.yaml": '{"a": 1}', "/box/kubeconfig": "{}"}
    assert options["seconds"] == 5.0


def test_a_test_without_scripts_does_not(run_in):
    box = BoxOf(boxed())
    with pytest.raises(Unavailable, match="does not start"):  # the binary, that is: not in the box
        run_in(box, test="")
    assert box.ran == []


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ({"ended": "memory", "code": None}, "more memory than its box has"),
        ({"ended": "output", "code": None}, "printed more than its box takes"),
        ({"ended": "time", "code": None}, "the test's 5s were over"),
        ({"code": -9}, "signal 9 ended Chainsaw in its box"),
        ({"code": 1, "failed": 1, "steps": [step("one", ("script", "exit 1"))]}, "one: script: "),
    ],
)
def test_what_ends_in_the_box_is_the_tests_fault(run_in, outcome, said):
    report = run_in(BoxOf(boxed(**outcome)))
    assert report.outcome == "fail"
    assert said in report.message


@pytest.mark.parametrize(
    "report",
    [b"{", b"[]", b'{"tests": [1]}', b'{"tests": {"a": 1}}', b'{"tests": [{"steps": "x"}]}',
     b'{"tests": [{"steps": [{"operations": [{}]}]}]}', b"[" * 100_000],
)  # fmt: skip
def test_a_report_that_a_script_spoilt_is_refused(run_in, report):
    with pytest.raises(InvalidInput, match="report was spoilt"):
        run_in(BoxOf(boxed(report=report)))
