"""What every TestRunner does, and how two of them are compared on the same cases.

Subclass `RunnerConformance` with fixtures `runner`, `lease` and `namespace` (which exists and
is empty). `read_cases` reads a folder of cases, `stage` lays one out as a runner wants it, and
`differences` says where two reports disagree.
"""
# ruff: noqa: S101, D102 -- a suite is made of assertions; a test's name says what it shows

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tiphys.domain.errors import InvalidInput
from tiphys.library.strict_yaml import dump, load

if TYPE_CHECKING:
    from tiphys.domain.testreport import StepReport, TestReport
    from tiphys.ports import Lease, TestRunner

_HEAD = """\
apiVersion: chainsaw.kyverno.io/v1alpha1
kind: Test
metadata: {name: conformance}
spec:
  timeouts: {assert: 2s, error: 2s, apply: 5s}
  steps:
"""
_APPLY = """\
  - name: apply
    try:
    - apply: {file: manifests/*.yaml}
"""
_ASSERT = """\
  - name: look
    try:
    - assert:
        resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {a: ($values.a)}}
"""
_MANIFEST = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
data: {a: "1"}
"""


def stage(
    folder: Path, test: str | bytes, manifests: Mapping[str, str], values: Mapping[str, Any]
) -> Path:
    """Lay out a test in the new folder `folder`, which is returned.

    `manifests` are YAML texts by file name; they and `values` stand where a release's would.
    """
    folder.mkdir(parents=True)
    (folder / "chainsaw-test.yaml").write_bytes(test if isinstance(test, bytes) else test.encode())
    (folder / "values.yaml").write_text(dump(dict(values)))
    (folder / "manifests").mkdir()
    for name, text in manifests.items():
        (folder / "manifests" / name).write_text(text)
    return folder


@dataclass(frozen=True, slots=True)
class Case:
    """A test with what it must come to.

    `outcome` is what every runner reports. `words` stand in the embedded runner's message.
    `refused` cases are InvalidInput there, where Chainsaw fails only at run time.
    """

    name: str
    test: str
    manifests: Mapping[str, str]
    values: Mapping[str, Any]
    outcome: str
    words: tuple[str, ...] = ()
    refused: bool = False

    def slower(self) -> Case:
        """The same case with ten times the milliseconds, for a machine that was too busy."""
        test = re.sub(r"\b(\d+)ms\b", lambda found: f"{int(found[1]) * 10}ms", self.test)
        return replace(self, test=test)

    def stage(self, folder: Path) -> Path:
        """Lay the case out in a new folder."""
        return stage(folder, self.test, self.manifests, self.values)


def read_cases(root: Path) -> Sequence[Case]:
    """Cases by name: folders with chainsaw-test.yaml, `expected`, values.yaml and manifests/.

    The first line of `expected` is the outcome, then perhaps `refused`; the others are words.
    """
    return [_case(folder) for folder in sorted(root.iterdir()) if folder.is_dir()]


def _case(folder: Path) -> Case:
    first, *words = (folder / "expected").read_text().splitlines()
    outcome, *flags = first.split()
    values = folder / "values.yaml"
    manifests = sorted((folder / "manifests").glob("*"))
    return Case(
        name=folder.name,
        test=(folder / "chainsaw-test.yaml").read_text(),
        manifests={path.name: path.read_text() for path in manifests},
        values=load(values.read_text(), source=str(values)) if values.is_file() else {},
        outcome=outcome,
        words=tuple(words),
        refused="refused" in flags,
    )


def differences(one: TestReport, other: TestReport) -> list[str]:
    """Where two runners disagree about one test: its outcome, and each operation's in turn.

    Operations that only one runner lists (a file that was not found, what follows a failure) are
    left out, and kubectl's operations go by one name.
    """
    found = []
    if one.outcome != other.outcome:
        found.append(f"{one.name}: {one.outcome} ({one.message}) != {other.outcome}"
                     f" ({other.message})")  # fmt: skip
    mine, theirs = list(_comparable(one.steps)), list(_comparable(other.steps))
    if mine != theirs:
        found.append(f"{one.name}: {mine} != {theirs}")
    return found


def _comparable(steps: Sequence[StepReport]) -> Iterator[tuple[str, str, str]]:
    for each in steps:
        aside = each.step.endswith(("(catch)", "(finally)", "(cleanup)"))
        if aside or "no file matches" in each.message:
            continue
        operation = "command" if each.operation in ("wait", "describe") else each.operation
        yield each.step, operation, each.outcome


class RunnerConformance:
    """Run by every runner."""

    def test_a_passing_test(
        self, runner: TestRunner, lease: Lease, namespace: str, tmp_path: Path
    ) -> None:
        folder = stage(tmp_path / "t", _HEAD + _APPLY + _ASSERT, {"one.yaml": _MANIFEST}, {})
        report = runner.run(folder, lease, values={"a": "1"}, namespace=namespace)
        assert (report.name, report.outcome) == ("conformance", "pass")
        assert [(s.step, s.operation, s.outcome) for s in report.steps] == [
            ("apply", "apply", "pass"),
            ("look", "assert", "pass"),
            ("cleanup (apply)", "delete", "pass"),
        ]
        assert 0 <= sum(step.seconds for step in report.steps) <= report.seconds

    def test_a_failing_test_says_what_is_wrong(
        self, runner: TestRunner, lease: Lease, namespace: str, tmp_path: Path
    ) -> None:
        folder = stage(tmp_path / "t", _HEAD + _APPLY + _ASSERT, {"one.yaml": _MANIFEST}, {})
        report = runner.run(folder, lease, values={"a": "2"}, namespace=namespace)
        assert report.outcome == "fail"
        assert "data.a" in report.message
        assert "\n" not in report.message
        assert [s.outcome for s in report.steps] == ["pass", "fail", "pass"]

    def test_the_same_test_again_on_the_namespace_it_left(
        self, runner: TestRunner, lease: Lease, namespace: str, tmp_path: Path
    ) -> None:
        folder = stage(tmp_path / "t", _HEAD + _APPLY + _ASSERT, {"one.yaml": _MANIFEST}, {})
        for _ in range(2):
            report = runner.run(folder, lease, values={"a": "1"}, namespace=namespace)
            assert report.outcome == "pass"
            assert report.steps[-1].operation == "delete"

    def test_no_objects_no_pass(
        self, runner: TestRunner, lease: Lease, namespace: str, tmp_path: Path
    ) -> None:
        folder = stage(tmp_path / "t", _HEAD + _ASSERT, {}, {})
        report = runner.run(folder, lease, values={"a": "1"}, namespace=namespace)
        assert report.outcome == "fail"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (None, "there is no test"),
            (_HEAD + _APPLY, "asserts nothing"),
            (_HEAD + _ASSERT + "---\n" + _HEAD + _ASSERT, "one Test"),
            (_HEAD + _ASSERT + "    try: []\n", "duplicate"),
            (_HEAD + _ASSERT + "    tyr: []\n", "tyr"),
            ("[" * 1000, ""),
            (_HEAD + "#" * (256 * 1024), "bytes"),
        ],
    )
    def test_what_is_no_test_is_refused(
        self,
        runner: TestRunner,
        lease: Lease,
        namespace: str,
        tmp_path: Path,
        text: str | None,
        words: str,
    ) -> None:
        folder = stage(tmp_path / "t", text or "", {"one.yaml": _MANIFEST}, {})
        if text is None:
            (folder / "chainsaw-test.yaml").unlink()
        with pytest.raises(InvalidInput, match=r"chainsaw-test\.yaml") as refused:
            runner.run(folder, lease, values={}, namespace=namespace)
        assert words in str(refused.value)
