"""How a box behaves as process 1 of a pod: it serves, runs what it is given, and ends when told."""

import os
import subprocess

import pytest

from tests.testbed.images import box
from tests.testbed.test_images import opened

pytestmark = pytest.mark.testbed


def test_a_box_is_small_and_nobody_needs_to_be_root(tmp_path):
    box.box(tmp_path / "box.tar", ["registry.example/box:1", "nginx:1.27"])
    box.pause(tmp_path / "pause.tar")

    manifest, config, (layer,) = opened(tmp_path / "box.tar")
    assert (tmp_path / "box.tar").stat().st_size < 3_000_000
    assert manifest["RepoTags"] == ["registry.example/box:1", "nginx:1.27"]
    assert config["config"]["User"] == "65532:65532"
    assert layer.getmember("tmp").mode == 0o1777
    assert layer.getmember("bin/sh").linkname == "busybox"
    assert b":65532:" in layer.extractfile("etc/passwd").read()
    manifest, config, _ = opened(tmp_path / "pause.tar")
    assert (manifest["RepoTags"], config["config"]["Entrypoint"]) == ([box.PAUSE], ["/pause"])


# A pod as a test can have it: namespaces of its own, a root that can't be written to, no
# capabilities, process 1. `beside` runs beside it, then it gets SIGTERM: until it is gone, since
# before it has set its traps the kernel drops the signal.
POD = r"""
set -eu
root=$1 beside=$2; shift 2
exec 3<&0
busybox ifconfig lo up
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
unshare --user --map-user=65532 --map-group=65532 --pid --fork --kill-child --root="$root" \
  -- "$@" <&3 3<&- & pod=$!
get() {
  until busybox wget -qO- "http://127.0.0.1:$1/$2" 2>/dev/null; do busybox usleep 9999; done
}
run() {
  until first=$(cat /proc/$pod/task/$pod/children) && [ "$first" ]; do busybox usleep 9999; done
  eval "$beside"
  until ! kill -TERM $first 2>/dev/null; do busybox usleep 9999; done
}
if [ "$beside" ]; then run; fi
code=0; wait $pod || code=$?
echo "ended $code"
"""


@pytest.fixture
def pod(tmp_path):
    """Runs a command in a box, and `beside` with it; what they said and "ended CODE"."""
    (tmp_path / "root").mkdir()
    root = box.rootfs(tmp_path / "root")
    namespaces = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--"]

    def run(*command, beside="", stdin="", ports=""):
        done = subprocess.run(
            [*namespaces, "sh", "-c", POD, "pod", str(root), beside, *command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=20,
            env={"PATH": f"{os.environ['PATH']}:/bin", "BOX_PORTS": ports},
            check=False,
        )
        return done.stdout + done.stderr

    return run


def test_a_box_serves_and_ends_when_told(pod):
    said = pod("/entrypoint", beside="get 8080 healthz; get 3000 healthz; get 6379 index.html")
    assert said.startswith("ok\nok\n<!doctype html>")
    assert said.endswith("ended 0\n")


def test_a_box_serves_the_ports_that_it_is_told(pod):
    said = pod("/entrypoint", beside="get 1081 healthz; get 1082 healthz", ports="1081, 1082")
    assert said == "ok\nok\nended 0\n"


def test_a_box_that_cannot_serve_ends(pod):
    said = pod("/entrypoint", ports="8080 8080")
    assert "is its port taken?" in said
    assert "ended 1\n" in said


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("id -u; touch /x 2>&1", "65532\ntouch: /x: Read-only file system\nended 1\n"),
        ("cat; exit 7", "given\nended 7\n"),
    ],
)
def test_a_box_runs_what_it_is_given(pod, script, said):
    assert pod("/entrypoint", "sh", "-c", script, stdin="given\n") == said


@pytest.mark.parametrize(
    ("command", "code"), [(["/entrypoint", "sleep", "1000"], 143), (["/pause"], 0)]
)
def test_a_job_and_a_sandbox_end_when_told(pod, command, code):
    assert pod(*command, beside=":") == f"ended {code}\n"
