import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from tiphys.argo.render import drift, other_minors, render
from tiphys.cli.argo import command
from tiphys.domain.errors import Refused
from tiphys.verify.plan import FULL

COMMITTED = Path(__file__).parents[2] / "argo"


@pytest.fixture(scope="module")
def files():
    return render()


def argo(*arguments):
    return CliRunner().invoke(command, [str(each) for each in arguments])


def test_the_committed_folder_is_what_the_plan_gives(files):
    assert drift(COMMITTED, files) == [], "run `tiphys argo render`"


def test_rendering_again_gives_the_same_bytes(files):
    assert render() == files


def test_everything_rendered_is_in_the_kustomization(files):
    listed = yaml.safe_load(files["kustomization.yaml"])

    assert {*listed["resources"], *listed["configurations"], "kustomization.yaml"} == set(files)


def test_the_servers_of_the_lock_are_fanned_out_over(files):
    workflow = yaml.safe_load(files["verify-proposal.yaml"])
    tasks = next(t for t in workflow["spec"]["templates"] if t["name"] == "checks")["dag"]["tasks"]
    matrix = next(task for task in tasks if task["name"] == "matrix")

    assert matrix["withItems"] == list(other_minors())
    assert "1.34" not in other_minors()
    assert len(other_minors()) >= 2


def test_another_plan_gives_other_templates():
    from tiphys.verify.plan import Plan

    smaller = render(Plan(FULL.static, FULL.gate, ()), [])
    workflow = yaml.safe_load(smaller["verify-proposal.yaml"])

    assert "matrix" not in {template["name"] for template in workflow["spec"]["templates"]}


def test_each_kind_of_drift_is_named(tmp_path, files):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert drift(tmp_path, files) == []
    (tmp_path / "network.yaml").write_text(files["network.yaml"] + "\n")
    (tmp_path / "reindex.yaml").unlink()
    (tmp_path / "backdoor.yaml").touch()
    (tmp_path / "Dockerfile").touch()

    assert drift(tmp_path, files) == [
        "backdoor.yaml is not rendered",
        "network.yaml differs",
        "reindex.yaml is missing",
    ]
    assert len(drift(tmp_path / "none", files)) == len(files)


def test_the_command_writes_and_checks(tmp_path):
    folder = tmp_path / "argo"
    missing = argo("render", "--check", "--to", folder)
    written = argo("render", "--to", folder)
    (folder / "old.yaml").touch()
    changed = argo("render", "--check", "--to", folder)
    again = argo("render", "--to", folder)
    clean = argo("render", "--check", "--to", folder)

    assert isinstance(missing.exception, Refused)
    assert "`tiphys argo render --to" in str(missing.exception)
    assert "old.yaml is not rendered" in str(changed.exception)
    assert written.exit_code == again.exit_code == clean.exit_code == 0
    assert not (folder / "old.yaml").exists()


def test_drift_is_exit_1_and_one_line(tmp_path):
    tiphys = Path(sys.executable).with_name("tiphys")
    checked = subprocess.run(
        [tiphys, "argo", "render", "--check", "--to", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stdout) == (1, "")
    assert len(checked.stderr.splitlines()) == 1


def test_what_is_not_written_yet_says_so():
    assert "not written yet" in argo("later", "curriculum").output
