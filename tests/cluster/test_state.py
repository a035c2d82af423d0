"""What can be said about folders, binaries and the command line without a cluster."""

import errno
import json
import os

import pytest
from click.testing import CliRunner

from tests.cluster_fixtures import COMPONENTS
from tiphys.adapters.cluster_local import LocalClusters, provider, state
from tiphys.cli.cluster import command
from tiphys.domain.errors import Refused, Unavailable


def test_a_living_owner_keeps_its_folder_and_a_dead_one_does_not(tmp_path):
    root = tmp_path / "clusters"
    mine = state.create(root)
    theirs = state.create(root)
    theirs._release()
    assert state.sweep(root) == [theirs.id]
    assert [each.id for each in state.find(root)] == [mine.id]
    mine.remove()
    assert state.sweep(root) == []


def test_a_kept_cluster_without_processes_is_swept(tmp_path):
    home = state.create(tmp_path)
    home.keep()
    assert state.sweep(tmp_path) == [home.id]


def test_half_removed_folders_go_and_strangers_stay(tmp_path):
    (tmp_path / "0123abcd").mkdir()
    (tmp_path / "something").mkdir()
    (tmp_path / "note").touch()
    assert state.sweep(tmp_path) == ["0123abcd"]
    assert sorted(each.name for each in tmp_path.iterdir()) == [".lock", "note", "something"]


def test_a_root_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real")
    with pytest.raises(Refused, match="another root"):
        state.create(tmp_path / "root")


def test_a_root_that_cannot_be_made_is_unavailable(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable):
        state.create(tmp_path / "file" / "root")


def test_a_full_disk_is_unavailable_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    program = tmp_path / "program"
    program.touch()
    monkeypatch.setattr(provider, "start", full)
    clusters = LocalClusters(dict.fromkeys(COMPONENTS, program), root=tmp_path / "clusters")
    with pytest.raises(Unavailable, match="No space left"):
        clusters.up()
    assert [each.name for each in (tmp_path / "clusters").iterdir()] == [".lock"]


def test_missing_binaries_are_named(tmp_path):
    with pytest.raises(Unavailable, match=r"needs etcd, .*kwok: run `tiphys tools install`"):
        LocalClusters({}, root=tmp_path).up()


def test_the_command_line_without_clusters(tmp_path, monkeypatch):
    monkeypatch.setattr(state, "default_root", lambda: tmp_path / "clusters")
    run = CliRunner().invoke
    assert json.loads(run(command, ["list", "--json"]).stdout) == []
    assert run(command, ["down", "--all"]).exit_code == 0
    assert run(command, ["down"]).exit_code == 2
    assert run(command, ["down", "one", "--all"]).exit_code == 2
