"""The embedded runner against the real Chainsaw, case by case, on one real cluster."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.domain.errors import InvalidInput
from tiphys.domain.testreport import TestReport
from tiphys.testing.conformance.runner import RunnerConformance, differences, read_cases
from tiphys.testing.memory_cluster import MemoryCluster, MemoryClusters

CASES = read_cases(Path(__file__).parent / "fixtures")
KUBECTL = [case for case in CASES if case.name.startswith(("wait", "describe"))]
KINDS = [("v1", "ConfigMap"), ("v1", "Service"), ("apps/v1", "Deployment")]
AT_ONCE = 4  # cases that run side by side; most of them wait for a timeout


class TestEmbeddedInMemory(RunnerConformance):
    @pytest.fixture
    def cluster(self):
        return MemoryCluster()

    @pytest.fixture
    def runner(self, cluster):
        return EmbeddedRunner(lambda lease: cluster)

    @pytest.fixture
    def lease(self):
        with MemoryClusters().lease() as lease:
            yield lease

    @pytest.fixture
    def namespace(self, cluster):
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "suite"}})
        return "suite"


@pytest.mark.cluster
class TestEmbedded(RunnerConformance):
    @pytest.fixture
    def runner(self, embedded):
        return embedded

    @pytest.fixture
    def lease(self, control_plane):
        return control_plane


@pytest.mark.cluster
@pytest.mark.chainsaw
class TestChainsaw(RunnerConformance):
    @pytest.fixture
    def runner(self, chainsaw):
        return chainsaw

    @pytest.fixture
    def lease(self, control_plane):
        return control_plane


def run(runner, case, folder, lease, namespace):
    """The report; a refusal counts as one with that outcome."""
    try:
        return runner.run(case.stage(folder), lease, values=case.values, namespace=namespace)
    except InvalidInput as refusal:
        return TestReport(case.name, "refused", str(refusal), (), 0.0)


def unexpected(case, report):
    """How a report departs from what the case says."""
    outcome = "refused" if case.refused and report.outcome == "refused" else case.outcome
    wrong = [] if report.outcome == outcome else [f"{report.outcome}, not {case.outcome}"]
    wrong += [f"no {words!r}" for words in case.words if words not in report.message]
    return [f"{case.name}: {'; '.join(wrong)} in {report}"] if wrong else []


def left(api, namespace):
    """What a test left behind, without what every namespace has."""
    return sorted(
        (kind, each["metadata"]["name"])
        for version, kind in KINDS
        for each in api.list(version, kind, namespace)
        if each["metadata"]["name"] != "kube-root-ca.crt"
    )


def in_parallel(check, cases):
    """Problems of the cases. One that has any is run again alone and with ten times the time: on a
    busy machine a time-out of milliseconds ends what should have passed, and once it is long
    enough, only a real disagreement is left."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        first = list(pool.map(check, cases))
    again = [case.slower() for case, problems in zip(cases, first, strict=True) if problems]
    return [problem for case in again for problem in check(case)]


@pytest.mark.cluster
def test_every_case_gives_what_it_says(embedded, api, control_plane, fresh_namespaces, tmp_path):
    def check(case):
        folder = tmp_path / secrets.token_hex(4)
        return unexpected(case, run(embedded, case, folder, control_plane, fresh_namespaces()))

    assert len(CASES) >= 25
    problems = in_parallel(check, CASES)
    assert not problems, "\n".join(problems)


@pytest.mark.cluster
@pytest.mark.chainsaw
@pytest.mark.parametrize("kubectl", [False, True], ids=["plain", "with kubectl"])
def test_chainsaw_agrees(
    kubectl, embedded, request, api, control_plane, fresh_namespaces, tmp_path
):
    reference = request.getfixturevalue("chainsaw_and_kubectl" if kubectl else "chainsaw")

    def check(case):
        one, other = fresh_namespaces(), fresh_namespaces()
        folder = tmp_path / secrets.token_hex(4)
        mine = run(embedded, case, folder / "1", control_plane, one)
        theirs = run(reference, case, folder / "2", control_plane, other)
        if case.refused:
            assert theirs.outcome == case.outcome, theirs
            mine = replace(mine, outcome=theirs.outcome, steps=theirs.steps)
        found = differences(mine, theirs)
        if left(api, one) != left(api, other):
            found.append(f"{case.name} leaves {left(api, one)} != {left(api, other)}")
        return found

    cases = [case for case in CASES if (case in KUBECTL) == kubectl]
    problems = in_parallel(check, cases)
    assert not problems, "\n".join(problems)
