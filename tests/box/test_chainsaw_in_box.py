"""The real Chainsaw in the box, on a real cluster: allowed scripts, good and bad."""

import sys
from dataclasses import replace

import pytest

from tiphys.adapters.box import Box, Limits
from tiphys.adapters.box.chainsaw import screen_allowing
from tiphys.adapters.runner_chainsaw import ChainsawRunner
from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.library.strict_yaml import dump
from tiphys.testing.conformance.runner import stage
from tiphys.toolchain import locate

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.chainsaw,
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
]

MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: kept}\n"


def a_test(*operations, **timeouts):
    steps = [{"name": "first", "try": [{"apply": {"file": "manifests/*.yaml"}}, *operations]}]
    return dump(
        {
            "apiVersion": "chainsaw.kyverno.io/v1alpha1",
            "kind": "Test",
            "metadata": {"name": "scripted"},
            "spec": {"timeouts": {"exec": "60s", **timeouts}, "steps": steps},
        }
    )


def script(content, **more):
    return {"script": {"content": content, **more}}


@pytest.fixture
def run(control_plane, namespace, tmp_path):
    def run(*operations, lease=control_plane, deadline=60.0, allowed=True, memory=1 << 30):
        runner = ChainsawRunner(
            locate("chainsaw"),
            kubectl=locate("kubectl"),
            deadline=deadline,
            screen=screen_allowing(lambda folder: allowed),
            box=Box(Limits(memory=memory)),
        )
        folder = stage(tmp_path / "backup", a_test(*operations), {"one.yaml": MANIFEST}, {})
        return runner.run(folder, lease, values={"want": "kept"}, namespace=namespace)

    return run


def test_scripts_meet_the_cluster(run):
    read = "kubectl get configmap one -n $NAMESPACE -o 'jsonpath={.data.a}'"
    report = run(
        script(read, outputs=[{"name": "read", "value": "($stdout)"}]),
        script('test "$FOUND" = kept', env=[{"name": "FOUND", "value": "($read)"}]),
        {"command": {"entrypoint": "kubectl", "args": ["get", "--raw", "/readyz"]}},
        {"assert": {"resource": {"apiVersion": "v1", "kind": "ConfigMap",
                                 "metadata": {"name": "one"}, "data": {"a": "($values.want)"}}}},
    )  # fmt: skip
    assert (report.outcome, report.message) == ("pass", "")
    operations = [each.operation for each in report.steps]
    assert operations == ["apply", "script", "script", "command", "assert", "delete"]


def test_a_script_that_fails_fails_the_test(run):
    report = run(script("echo to be seen; exit 7"))
    assert report.outcome == "fail"
    assert report.message.startswith("first: script: ")


def test_a_script_sees_the_box_and_no_more(run, tmp_path):
    (tmp_path / "secret").write_text("secret")
    report = run(
        script(
            f"test ! -e {tmp_path}/secret && test ! -e /root && test ! -e /home"
            " && test ! -e /box/test/../../work && test -r $KUBECONFIG && ! touch /box/test/new"
            ' && test -z "$(env | grep -i -e token -e TIPHYS -e SSH)"'
        )
    )
    assert (report.outcome, report.message) == ("pass", "")


def test_a_script_that_kills_chainsaw_fails_the_test(run):
    report = run(script("kill -9 $PPID; sleep 60"))
    assert (report.outcome, report.message) == ("fail", "signal 9 ended Chainsaw in its box")


def test_a_script_that_hangs_is_named(run):
    report = run(script("sleep 600 & wait"), deadline=4.0)
    assert report.outcome == "fail"
    assert report.message.startswith("the test's 4s were over; the last operation was: ")


def test_a_script_that_eats_memory_fails_the_test(run):
    eat = "for i in 1 2 3 4; do tail /dev/zero & done; wait"
    report = run(script(eat), memory=300 << 20)
    assert (report.outcome, report.message) == (
        "fail",
        "the test used more memory than its box has",
    )


def test_a_report_that_a_script_wrote_is_not_believed_half(run):
    spoil = "(while :; do echo '{\"tests\": 1}' > $TMPDIR/report.json; done) & kill -9 $PPID"
    assert run(script(spoil)).outcome == "fail"


def test_a_script_meets_clusters_on_loopback_only(run, control_plane):
    with pytest.raises(Unavailable, match=r"not kube\.example"):
        run(script("true"), lease=replace(control_plane, server="https://kube.example:6443"))


def test_what_nobody_allowed_does_not_run(run):
    with pytest.raises(InvalidInput, match=r"uses script in step 1; .*policy\.allowed_scripts"):
        run(script("true"), allowed=False)
