"""Expressions that would fill the memory or never end."""

import resource

import pytest

from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.testing.conformance.runner import stage
from tiphys.testing.memory_cluster import MemoryCluster, MemoryClusters

HEAD = """\
apiVersion: chainsaw.kyverno.io/v1alpha1
kind: Test
metadata: {name: bomb}
spec:
  steps:
  - try:
    - assert:
        bindings:
"""
TAIL = "        resource: {apiVersion: v1, kind: Namespace, metadata: {name: default}}\n"


def doubled(form, first="aaaaaaaa", times=16):
    lines = [f"        - {{name: b0, value: {first}}}"]
    lines += [
        f"        - {{name: b{i + 1}, value: {form.replace('X', f'$b{i}')}}}" for i in range(times)
    ]
    return HEAD + "\n".join(lines) + "\n" + TAIL


@pytest.fixture
def little_memory():
    """A bomb that goes off must not take the machine with it."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def run(text, tmp_path, deadline=20.0):
    cluster = MemoryCluster()
    folder = stage(tmp_path / "t", text, {}, {})
    with MemoryClusters().lease() as lease:
        runner = EmbeddedRunner(lambda _lease: cluster, deadline=deadline)
        return runner.run(folder, lease, values={}, namespace="default")


@pytest.mark.parametrize(
    "text",
    [
        doubled("\"(join('', [X, X, X, X]))\""),
        doubled('"([X, X, X, X][])"', "[1, 2, 3, 4]"),
        doubled('"([X, X, X, X])"', "[1, 2, 3, 4]"),
        doubled('"({a: X, b: X, c: X, d: X})"'),
        doubled('["(X)", "(X)", "(X)", "(X)"]'),
        doubled('{a: "(X)", b: "(X)", c: "(X)", d: "(X)"}'),
        doubled('"(to_string([X, X, X, X]))"'),
    ],
)
def test_what_doubles_and_doubles_is_stopped(text, tmp_path, little_memory):
    report = run(text, tmp_path)
    assert report.outcome == "fail"
    assert "makes more than" in report.message
    assert report.seconds < 10


def test_what_takes_too_long_ends_with_the_tests_time(tmp_path, little_memory):
    lists = doubled('"([X, X, X][])"', "[1, 2, 3]", 8)  # 19,683 numbers: allowed
    slow = '"(length($b8[?contains(to_string($b8), to_string(@))]))"'
    report = run(
        lists.replace(TAIL, f"        - {{name: slow, value: {slow}}}\n{TAIL}"), tmp_path, 2
    )
    assert report.outcome == "fail"
    assert "time is up" in report.message
    assert report.seconds < 10


def test_a_long_text_without_meaning_is_read_at_once(tmp_path):
    text = HEAD.replace("        bindings:\n", "") + TAIL.replace(
        "{name: default}", '{name: default, labels: {a: "' + "- >" * 60_000 + '"}}'
    )
    text = text.replace("    - assert:", "    - assert:\n        timeout: 100ms")
    assert run(text, tmp_path).seconds < 10
