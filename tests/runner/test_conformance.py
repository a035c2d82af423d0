"""The embedded runner against the real Chainsaw, case by case, on one real cluster."""

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


def in_parallel(work, cases):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [problem for problems in pool.map(work, cases) for problem in problems]


@pytest.mark.cluster
def test_every_case_gives_what_it_says(embedded, api, control_plane, fresh_namespaces, tmp_path):
    def check(case):
        return unexpected(
            case, run(embedded, case, tmp_path / case.name, control_plane, fresh_namespaces())
        )

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
        mine = run(embedded, case, tmp_path / f"{case.name}-1", control_plane, one)
        theirs = run(reference, case, tmp_path / f"{case.name}-2", control_plane, other)
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
