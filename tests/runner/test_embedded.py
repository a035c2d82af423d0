"""What the comparison with Chainsaw does not show: time, trouble, files, messages."""

import pytest

from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.domain.errors import ApiRefusal, InvalidInput, Unavailable
from tiphys.testing.conformance.runner import stage
from tiphys.testing.memory_cluster import MemoryCluster

HEAD = """\
apiVersion: chainsaw.kyverno.io/v1alpha1
kind: Test
metadata: {name: t}
spec:
  steps:
  - name: one
    try:
"""
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: x}\n"
LOOK = "    - assert: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}}\n"
APPLY = "    - apply: {file: manifests/*.yaml}\n"


class Clock:
    """Time that passes only when somebody sleeps, or asks the cluster."""

    def __init__(self):
        self.now = 100.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


class Cluster(MemoryCluster):
    """Does `before(verb, name)` first."""

    def __init__(self, before=lambda verb, name: None):
        super().__init__()
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}})
        self.before = before
        self.deleted = []

    def get(self, api_version, kind, name, namespace=None):
        self.before("get", name)
        return super().get(api_version, kind, name, namespace)

    def create(self, obj):
        if hasattr(self, "before"):
            self.before("create", obj["metadata"]["name"])
        return super().create(obj)

    def delete(self, api_version, kind, name, namespace=None):
        self.before("delete", name)
        self.deleted.append(name)
        return super().delete(api_version, kind, name, namespace)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def run(tmp_path, clock):
    def run(cluster, *operations, manifests=("a",), deadline=120.0, tail="", **values):
        texts = {f"{name}.yaml": MANIFEST % name for name in manifests}
        folder = stage(tmp_path / "t", HEAD + "".join(operations) + tail, texts, values)
        runner = EmbeddedRunner(lambda lease: cluster, clock, clock.sleep, deadline)
        return runner.run(folder, None, values=values, namespace="ns")

    return run


def test_the_first_look_is_at_once_and_the_next_ones_ever_later(run, clock):
    report = run(Cluster(), LOOK % "nowhere")
    assert report.outcome == "fail"
    assert report.message == "one: assert: ConfigMap ns/nowhere: not found (after 30.0s)"
    assert clock.slept[0] == 0.05
    assert max(clock.slept) == 0.5
    assert clock.slept[:-1] == sorted(clock.slept[:-1])
    assert report.seconds == pytest.approx(30)


def test_a_cluster_that_never_changes_is_looked_at_once(run, clock):
    looks = []
    cluster = Cluster(lambda _verb, name: looks.append(name))
    cluster.still = True
    report = run(cluster, APPLY, LOOK % "a", LOOK % "nowhere")
    assert report.outcome == "fail"
    assert "ConfigMap ns/nowhere: not found" in report.message
    assert looks.count("nowhere") == 1
    assert clock.slept == []


def test_runs_that_share_what_they_read_do_not_see_each_other(tmp_path, clock):
    """The same bytes are parsed once; a folder that holds others is read anew."""
    text = MANIFEST % "($values.name)"
    folder = stage(tmp_path / "t", HEAD + APPLY + LOOK % "($values.name)", {"a.yaml": text}, {})

    def names(**values):
        cluster = Cluster()
        runner = EmbeddedRunner(lambda lease: cluster, clock, clock.sleep)
        report = runner.run(folder, None, values=values, namespace="ns")
        return report.outcome, set(cluster.deleted)

    assert names(name="one") == ("pass", {"one"})
    assert names(name="two") == ("pass", {"two"})
    (folder / "manifests" / "a.yaml").write_text(MANIFEST % "three")
    assert names(name="one") == ("fail", {"three"})
    (folder / "manifests" / "a.yaml").write_text(MANIFEST % "(random('x'))")
    for _ in range(2):  # a refusal is not forgotten
        with pytest.raises(InvalidInput, match="function `random`"):
            names(name="one")


def test_a_look_that_succeeds_costs_no_sleep(run, clock):
    assert run(Cluster(), APPLY, LOOK % "a").outcome == "pass"
    assert clock.slept == []


def test_what_comes_later_is_still_seen(run, clock):
    cluster = Cluster()

    def arrive(verb, name):
        if name == "late" and clock.now > 103 and verb == "get" and not arrived:
            arrived.append(1)
            cluster.create(
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": name, "namespace": "ns"},
                }
            )

    arrived = []
    cluster.before = arrive
    assert run(cluster, LOOK % "late").outcome == "pass"
    assert 3 <= clock.now - 100 < 4


def test_a_test_that_runs_out_of_time_names_the_operation(run, clock):
    look = (
        "    - assert: {timeout: 10m, resource: {apiVersion: v1, kind: Pod, metadata: {name: p}}}\n"
    )
    report = run(Cluster(), APPLY, look, deadline=20.0)
    assert report.outcome == "fail"
    assert report.message == "one: assert: Pod ns/p: not found (the test's time was up after 20.0s)"
    assert [each.operation for each in report.steps] == ["apply", "assert", "delete"]


def test_a_sleep_is_cut_at_the_end_of_time(run, clock):
    report = run(Cluster(), "    - sleep: {duration: 48h}\n", LOOK % "a", deadline=20.0)
    assert report.outcome == "fail"
    assert "sleep" in report.message
    assert clock.slept == [20.0]


def test_trouble_of_the_cluster_is_no_failure_of_the_test(run):
    def broken(verb, name):
        if name == "b":
            raise Unavailable("no answer")

    cluster = Cluster(broken)
    report = run(cluster, APPLY, LOOK % "b")
    assert (report.outcome, report.message) == ("error", "no answer")
    assert report.steps[1].outcome == "error"
    assert cluster.deleted == ["a"]


def test_trouble_while_cleaning_up(run):
    def broken(verb, name):
        if verb == "delete":
            raise Unavailable("no answer")

    assert run(Cluster(broken), APPLY, LOOK % "a").outcome == "error"


def test_cleanup_goes_backwards_and_spares_what_was_there(run):
    cluster = Cluster()
    cluster.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": "ns"}}
    )
    run(cluster, APPLY, LOOK % "a", manifests=("a", "b", "c"))
    assert cluster.deleted == ["c", "a"]


def refusing(reason, message, seen):
    def before(verb, name):
        if verb == "create" and name == "a":
            seen.append(1)
            raise ApiRefusal(message, status=422, reason=reason)

    return before


@pytest.mark.parametrize(
    ("reason", "message", "final"),
    [
        ("Invalid", 'ConfigMap "a" is invalid: data: Invalid value', True),
        ("BadRequest", 'strict decoding error: unknown field "x"', True),
        ("Invalid", "ValidatingAdmissionPolicy 'p' denied request", False),
        ("Forbidden", "exceeded quota", False),
    ],
)
def test_an_object_that_can_never_be_accepted_is_sent_once(run, clock, reason, message, final):
    seen = []
    report = run(Cluster(refusing(reason, message, seen)), APPLY, LOOK % "a")
    assert report.outcome == "fail"
    assert message in report.message
    assert (len(seen) == 1) is final


def test_the_folder_is_not_left(tmp_path, clock):
    folder = stage(tmp_path / "t", HEAD + APPLY + LOOK % "a", {}, {})
    (tmp_path / "secret.yaml").write_text(MANIFEST % "a")
    (folder / "manifests" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    runner = EmbeddedRunner(lambda lease: Cluster(), clock, clock.sleep)
    with pytest.raises(InvalidInput, match="plain files"):
        runner.run(folder, None, values={}, namespace="ns")


def test_a_computed_file_name_cannot_leave_the_folder(run):
    cluster = Cluster()
    report = run(
        cluster, "    - apply: {file: ($values.file)}\n", LOOK % "a", file="../secret.yaml"
    )
    assert report.outcome == "fail"
    assert "must stay below" in report.message


def test_nothing_is_sent_when_a_later_file_is_not_supported(tmp_path, clock):
    folder = stage(
        tmp_path / "t",
        HEAD + APPLY + "    - assert: {file: expected.yaml}\n",
        {"a.yaml": MANIFEST % "a"},
        {},
    )
    (folder / "expected.yaml").write_text(MANIFEST % "a" + "(random('x')): 1\n")
    seen = []
    cluster = Cluster(lambda verb, name: seen.append(verb))
    runner = EmbeddedRunner(lambda lease: cluster, clock, clock.sleep)
    with pytest.raises(InvalidInput, match="function `random`"):
        runner.run(folder, None, values={}, namespace="ns")
    assert seen == []


def test_a_list_in_a_file_is_taken_apart(tmp_path, clock):
    text = "apiVersion: v1\nkind: List\nitems:\n- " + (MANIFEST % "a").replace("\n", "\n  ")
    folder = stage(tmp_path / "t", HEAD + APPLY + LOOK % "a", {"l.yaml": text.rstrip()}, {})
    runner = EmbeddedRunner(lambda lease: Cluster(), clock, clock.sleep)
    assert runner.run(folder, None, values={}, namespace="ns").outcome == "pass"


def test_the_closest_object_is_the_one_that_is_named(run):
    tree = "{apiVersion: v1, kind: ConfigMap, data: {a: x, b: z}}"
    report = run(
        Cluster(), APPLY, f"    - assert: {{timeout: 1s, resource: {tree}}}\n", manifests=("a", "b")
    )
    assert "the closest of 2" in report.message
    assert "data.b: expected 'z', but the field is missing" in report.message
    assert "data.a" not in report.message
