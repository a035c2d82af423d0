import io
import json
import re
import threading

import pytest
from click.testing import CliRunner

from tiphys.cli.tools import command
from tiphys.toolchain import Event
from tiphys.toolchain.report import plain, shown


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("TIPHYS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("signal.signal", lambda *_: None)

    def run(*args):
        return CliRunner().invoke(command, args)

    return run


def test_install_builds_then_has_nothing_to_say(run, go):
    first = run("install", "etcd", "--only", "go")
    assert first.exit_code == 0
    assert first.stdout == ""
    assert re.search(r"^etcd 3\.6\.6: building with Go; .* 2 minutes", first.stderr, re.M)
    assert re.search(r"^etcd 3\.6\.6: ready after \d+ s$", first.stderr, re.M)
    again = run("install", "etcd")
    assert (again.exit_code, again.output) == (0, "")


def test_list_tells_state_and_origin(run, go, tmp_path):
    run("install", "etcd", "--only", "go")
    listed = json.loads(run("list", "--json").stdout)
    tools = {tool["name"]: tool for tool in listed}
    assert tools["etcd"]["state"] == "installed"
    assert tools["etcd"]["receipt"]["origin"] == "go"
    assert tools["etcd"]["path"].startswith(str(tmp_path / "cache" / "tools" / "etcd"))
    assert (tools["chainsaw"]["state"], tools["chainsaw"]["optional"]) == ("missing", True)
    rows = [line.split("\t") for line in run("list").stdout.splitlines()]
    assert ["etcd", "3.6.6", "installed", "go"] in [row[:4] for row in rows]
    assert [row[:2] for row in rows] == [[tool["name"], tool["version"]] for tool in listed]


def test_an_unknown_tool_and_an_impossible_one_differ(run, no_go):
    unknown = run("install", "kubeadm").exception
    assert (unknown.exit_code, "no tool kubeadm" in str(unknown)) == (1, True)
    impossible = run("install", "etcd", "--offline").exception
    assert impossible.exit_code == 2
    assert "etcd 3.6.6: downloads need the network; Go is not installed" in str(impossible)


def test_a_pipe_gets_a_heartbeat_but_no_fractions():
    stream, beaten = io.StringIO(), threading.Event()

    class Stream(io.StringIO):
        def write(self, text):
            if "so far" in text:
                beaten.set()
            return stream.write(text)

    with plain(Stream(), every=0.05) as tell:
        tell(Event("etcd 3.6.6", "start", "looking"))
        tell(Event("etcd 3.6.6", "step", "downloading etcd"))
        tell(Event("etcd 3.6.6", "step", "downloading etcd", 0.5))
        assert beaten.wait(10)
        tell(Event("etcd 3.6.6", "done", "ready after 1 s"))
    lines = [line for line in stream.getvalue().splitlines() if "so far" not in line]
    assert lines == ["etcd 3.6.6: downloading etcd", "etcd 3.6.6: ready after 1 s"]
    assert re.search(r"etcd 3\.6\.6: downloading etcd \(\d+ s so far\)", stream.getvalue())


def test_a_terminal_shows_each_subject_and_its_end():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    with shown(stream) as tell:
        tell(Event("etcd 3.6.6", "start", "looking"))
        tell(Event("kwok 0.8.0", "step", "downloading [kwok]", 0.5))
        tell(Event("kwok 0.8.0", "failed", "no network"))
        tell(Event("etcd 3.6.6", "done", "ready after 1 s"))
    said = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    assert "etcd 3.6.6 ready after 1 s" in said
    assert "kwok 0.8.0 no network" in said


def test_help_loads_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys, tiphys.cli.tools\n"
        "bad = {'rich', 'filelock', 'urllib.request', 'tomllib'} & set(sys.modules)\n"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
