"""Where a cluster listens, and that it goes away whatever ends its owner."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from tests.cluster_fixtures import eventually
from tiphys import bootstrap
from tiphys.adapters.cluster_local import LocalClusters, start, state
from tiphys.adapters.kube_api import KubeApi
from tiphys.cli.cluster import command
from tiphys.domain.errors import NotFound, Unavailable
from tiphys.testing.conformance.cluster import ClusterProviderConformance

pytestmark = pytest.mark.cluster

# A program that leases a cluster, says so and waits for its end.
OWNER = """
import sys
from pathlib import Path
from tests.cluster_fixtures import locate_binaries
from tiphys.adapters.cluster_local import LocalClusters
with LocalClusters(locate_binaries(), root=Path(sys.argv[1]), nodes=1).lease() as lease:
    print(lease.id, flush=True)
    sys.stdin.read()
"""


def processes_in(root):
    """Everything that mentions a path below `root`, the guard included."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        is_owner = bool(arguments) and "python" in arguments[0]
        if not is_owner and any(f"{root}{os.sep}" in each for each in arguments):
            found.append(process)
    return found


def folders(root):
    return [each.name for each in root.iterdir() if each.is_dir()]


@pytest.fixture
def root(tmp_path):
    """A root for clusters; nothing may be left in it."""
    root = tmp_path / "clusters"
    yield root
    eventually(lambda: not processes_in(root))
    eventually(lambda: not folders(root))


@pytest.fixture
def owner(root):
    """A process that holds a lease, and its id."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        name = process.stdout.readline().decode().strip()
        assert name, "the owner did not get its lease"
        yield process, name
        process.kill()


class TestProvider(ClusterProviderConformance):
    """Two at once, and an exception inside; `root` sees that nothing is left."""

    @pytest.fixture
    def provider(self, binaries, root):
        return LocalClusters(binaries, root=root, nodes=1)

    @pytest.fixture
    def connect(self):
        return lambda lease: KubeApi(lease.kubeconfig)


def test_only_loopback_is_listened_on(control_plane):
    home = state.Home(control_plane.kubeconfig.parent)
    processes = home.processes()
    assert len(processes) == 5
    listening = [
        (process.name(), connection.laddr.ip)
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == [("kube-apiserver", "127.0.0.1")]


def test_others_may_not_read_the_folder(control_plane):
    folder = control_plane.kubeconfig.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(control_plane.kubeconfig.stat().st_mode) == 0o600


def test_a_stranger_is_not_let_in(control_plane, tmp_path):
    text = control_plane.kubeconfig.read_text()
    token = text.split('"token": "')[1].split('"')[0]
    stranger = tmp_path / "kubeconfig"
    for replaced in ("", "wrong"):
        stranger.write_text(text.replace(token, replaced))
        assert not KubeApi(stranger).ready()


def test_no_secret_of_ours_reaches_the_processes(control_plane):
    for process in state.Home(control_plane.kubeconfig.parent).processes():
        assert set(process.environ()) == {"PATH", "HOME", "TMPDIR", "GOGC", "GOMEMLIMIT"}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_owner_takes_its_cluster_along(owner, root, how):
    process, name = owner
    assert len(processes_in(root)) == 6
    assert folders(root) == [name]
    process.send_signal(how)
    process.wait()
    eventually(lambda: not processes_in(root), 10)
    eventually(lambda: not folders(root), 10)


def test_the_next_run_cleans_up_when_even_the_guard_died(owner, root):
    process, name = owner
    assert state.sweep(root) == []  # its owner lives
    guards = [each for each in processes_in(root) if each.name() == "sh"]
    assert len(guards) == 1
    guards[0].kill()
    process.kill()
    process.wait()
    assert len(processes_in(root)) == 5
    assert state.sweep(root) == [name]
    assert not processes_in(root)
    assert not folders(root)


def test_a_cluster_started_by_hand_stays_until_it_is_ended(binaries, root, monkeypatch):
    monkeypatch.setattr(state, "default_root", lambda: root)
    monkeypatch.setattr(bootstrap, "clusters", lambda: LocalClusters(binaries, nodes=1))
    run = CliRunner().invoke
    try:
        up = run(command, ["up", "--json"])
        assert up.exit_code == 0, up.output
        lease = json.loads(up.stdout)
        assert state.sweep(root) == []
        [listed] = json.loads(run(command, ["list", "--json"]).stdout)
        assert listed == {
            "id": lease["id"],
            "kubeconfig": lease["kubeconfig"],
            "server": lease["server"],
            "kubernetes_version": lease["kubernetes_version"],
            "kept": True,
        }
        assert KubeApi(Path(listed["kubeconfig"])).ready()
        assert len(processes_in(root)) == 5  # its guard has left
    finally:
        run(command, ["down", "--all"])
    assert run(command, ["list"]).stdout == ""
    with pytest.raises(NotFound, match="tiphys cluster list"):
        run(command, ["down", lease["id"]], catch_exceptions=False)


def test_a_program_that_ends_is_named_with_its_last_words(binaries, root, tmp_path):
    broken = tmp_path / "etcd"
    broken.write_text("#!/bin/sh\necho some words\necho no such flag\nexit 1\n")
    broken.chmod(0o755)
    clusters = LocalClusters({**binaries, "etcd": broken}, root=root)
    with pytest.raises(Unavailable, match=r"etcd ended .*: no such flag"):
        clusters.up()


def test_a_port_that_somebody_took_is_tried_again(binaries, root, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1]])
        free = start._free_port
        monkeypatch.setattr(start, "_free_port", lambda to: next(ports, None) or free(to))
        with LocalClusters(binaries, root=root, nodes=1).lease() as lease:
            assert KubeApi(lease.kubeconfig).ready()
            assert folders(root) == [lease.id]
