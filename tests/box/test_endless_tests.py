"""Tests that would never end, without any script: the embedded runner ends them in time."""

import time

import pytest

from tests.runner.test_embedded import Clock, Cluster
from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.library.strict_yaml import dump
from tiphys.testing.conformance.runner import stage
from tiphys.testing.memory_cluster import MemoryClusters

CLEANUP = 60.0  # seconds that a test has for tidying up after its end
LOOK = {"assert": {"timeout": "1h", "resource": {"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "never"}}}}  # fmt: skip
GONE = {"wait": {"timeout": "1h", "apiVersion": "v1", "kind": "ConfigMap", "name": "a",
        "for": {"deletion": {}}}}  # fmt: skip
APPLY = {"apply": {"file": "manifests/*.yaml"}}
SLEEP = {"sleep": {"duration": "1h"}}
ON = {"continueOnError": True}
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def a_step(*operations, **step):
    return {"try": list(operations), **step}


@pytest.fixture
def run(tmp_path):
    def run(*steps, clock, sleep, deadline):
        document = {
            "apiVersion": "chainsaw.kyverno.io/v1alpha1",
            "kind": "Test",
            "metadata": {"name": "t"},
            "spec": {"steps": list(steps)},
        }
        folder = stage(tmp_path / "t", dump(document), {"a.yaml": MANIFEST}, {})
        runner = EmbeddedRunner(lambda lease: Cluster(), clock, sleep, deadline)
        with MemoryClusters().lease() as lease:
            return runner.run(folder, lease, values={}, namespace="ns")

    return run


@pytest.mark.parametrize(
    "steps",
    [
        [a_step(SLEEP, LOOK)],
        [a_step({**LOOK, **ON}, {**GONE, **ON}, {**SLEEP, **ON}) for _ in range(60)],
        [a_step(APPLY, *[{**GONE, **ON}] * 255)],
        [a_step(APPLY, LOOK, cleanup=[SLEEP] * 250)],
        [a_step(APPLY, LOOK, catch=[SLEEP] * 120, **{"finally": [GONE] * 120})],
        [a_step({**LOOK, **ON}, **{"finally": [SLEEP, GONE]}) for _ in range(64)],
    ],
    ids=["sleep", "many", "waits", "cleanup", "catch", "finally"],
)
def test_it_ends_in_time(run, steps):
    clock = Clock()
    start = clock()
    report = run(*steps, clock=clock, sleep=clock.sleep, deadline=120.0)
    assert report.outcome == "fail"
    assert clock() - start <= 120.0 + CLEANUP + 1.0


def test_it_ends_in_real_time(run):
    start = time.monotonic()
    steps = [a_step({**LOOK, **ON}, {**SLEEP, **ON}) for _ in range(60)]
    report = run(*steps, clock=time.monotonic, sleep=time.sleep, deadline=0.5)
    assert time.monotonic() - start < 20
    assert "the test's time was up" in report.message
