"""Argo Workflows for a bed: the images of its controller, and what its release installs."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import yaml

from tests.testbed.images import archive as docker
from tiphys.toolchain import locate
from tiphys.toolchain.module_files import locked_files, module_files

NAMESPACE = "argo"
CONTROLLER = "registry.example/workflow-controller:v4.0.2"
EXECUTOR = "registry.example/argoexec:v4.0.2"
_USER = "8737"


def images(folder: Path) -> list[Path]:
    """Archives of the controller's image and of what it puts beside each container."""
    made = []
    for name, tool in ((CONTROLLER, "workflow-controller"), (EXECUTOR, "argoexec")):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            root = Path(scratch)
            root.chmod(0o755)
            for each in ("bin", "tmp", "etc"):
                (root / each).mkdir()
            (root / "tmp").chmod(0o1777)
            (root / "etc" / "passwd").write_text(f"argo:x:{_USER}:{_USER}::/tmp:/bin/none\n")
            (root / "bin" / tool).hardlink_to(_beside(folder, locate(tool)))
            made.append(folder / f"{tool}.tar")
            docker.write(
                made[-1],
                [root],
                names=[name],
                entrypoint=[f"/bin/{tool}"],
                env={"PATH": "/bin"},
                user=_USER,
            )
    return made


def write_install(folder: Path) -> None:
    """`install.yaml` as the release makes it: without the server, with the images of this bed."""
    folder.mkdir()
    for path in (each for name in _FILES for each in module_files(locked_files(name)).values()):
        shutil.copy(path, folder)
    resources = sorted(path.name for path in folder.iterdir())
    target = {"kind": "Deployment", "name": "workflow-controller"}
    document = {
        "resources": resources,
        "namespace": NAMESPACE,
        "patches": [{"target": target, "patch": yaml.safe_dump(_OURS)}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(document))
    command = [str(locate("kubectl")), "kustomize", str(folder)]
    (folder / "install.yaml").write_bytes(subprocess.check_output(command, timeout=60))


_FILES = ("argo-workflows-minimal", "argo-workflows-controller", "argo-workflows-rights")
_CONTAINER = "/spec/template/spec/containers/0"
_OURS = [
    {"op": "replace", "path": f"{_CONTAINER}/image", "value": CONTROLLER},
    {"op": "replace", "path": f"{_CONTAINER}/args", "value": [f"--executor-image={EXECUTOR}"]},
]


def _beside(folder: Path, program: Path) -> Path:
    """The program on the folder's own disk, where it can be linked to."""
    copy = folder / program.name
    if not copy.exists():
        copy.write_bytes(program.read_bytes())
        copy.chmod(0o755)
    return copy
