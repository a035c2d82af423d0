import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tiphys.argo.render import drift, other_minors, render
from tiphys.verify.plan import FULL

COMMITTED = Path(__file__).parents[2] / "argo"


@pytest.fixture(scope="module")
def files():
    return render()


def tiphys(*arguments):
    command = [str(Path(sys.executable).with_name("tiphys")), "argo", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


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
    missing = tiphys("render", "--check", "--to", folder)
    written = tiphys("render", "--to", folder)
    (folder / "old.yaml").touch()
    changed = tiphys("render", "--check", "--to", folder)
    again = tiphys("render", "--to", folder)
    clean = tiphys("render", "--check", "--to", folder)

    assert (missing.returncode, missing.stdout) == (1, "")
    assert "tiphys argo render" in missing.stderr
    assert written.returncode == again.returncode == clean.returncode == 0
    assert (changed.returncode, "old.yaml is not rendered" in changed.stderr) == (1, True)
    assert not (folder / "old.yaml").exists()


def test_what_is_not_written_yet_says_so():
    assert "not written yet" in tiphys("later", "curriculum").stdout
