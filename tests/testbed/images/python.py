"""The layers with Python packages: what tiphys runs with, and tiphys itself.

They are a virtual environment of the base's Python, laid out by this Python's pip.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.testbed.images.work import COMPILE, remove, run

PYTHON = Path("opt/tiphys/python")
SITE = PYTHON / "lib/python3.11/site-packages"
LOCKS = ("requirements.lock", "requirements-tools.lock")

_PACKAGE = ("LICENSE", "README.md", "generator", "pyproject.toml")
_LINKED = ("manifests/guardrails", "skills")  # links in the package lead there
_TESTS = ("test", "tests")
_USED_TESTS = "numpy/_core/tests"  # numpy.testing imports from it
_SCRIPT = """\
#!/opt/tiphys/python/bin/python
import sys

from tiphys.cli import main

sys.exit(main())
"""
_VENV = """\
home = /usr/bin
include-system-site-packages = false
version = 3.11
"""


def fetch(source: Path, wheels: Path) -> None:
    """Make a wheel of every package that the locks of `source` name, in the new folder `wheels`."""
    for name in LOCKS:
        locked = ("--require-hashes", "--no-deps", "-r", source / name)
        _pip("wheel", *locked, "-w", wheels, index=True)


def requirements(source: Path) -> list[str]:
    """What the package in `source` runs with."""
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    return list(project["dependencies"])


def install_packages(root: Path, *, wanted: list[str], wheels: Path) -> None:
    """Fill `root` with a virtual environment that has what is wanted and what that needs."""
    site = root / SITE
    _pip("install", "--find-links", wheels, "--target", site, *wanted)
    tests = [path for path in site.rglob("*") if path.name in _TESTS and path.is_dir()]
    for path in (site / "bin", *site.rglob("*.pyi"), *tests):
        if path.exists() and path != site / _USED_TESTS:
            remove(path)
    _compile(root)
    (root / PYTHON / "bin").mkdir()
    for name in ("python", "python3"):
        (root / PYTHON / "bin" / name).symlink_to("/usr/bin/python3")
    (root / PYTHON / "pyvenv.cfg").write_text(_VENV, "utf-8")


def install_tiphys(root: Path, *, source: Path, wheels: Path) -> None:
    """Fill `root` with what lies over the packages' layer: tiphys as it is in `source`."""
    _pip("install", "--find-links", wheels, "--no-deps", "--target", root / SITE, source)
    remove(root / SITE / "bin")  # its scripts name the Python that made them
    _compile(root)
    script = root / PYTHON / "bin/tiphys"
    script.parent.mkdir()
    script.write_text(_SCRIPT, "utf-8")
    script.chmod(0o755)


@contextmanager
def copied(source: Path) -> Iterator[Path]:
    """A copy of what the package is built from: building leaves files behind."""
    litter = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "source")
        for name in (*_PACKAGE, *_LINKED):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            if (source / name).is_dir():
                shutil.copytree(source / name, copy / name, symlinks=True, ignore=litter)
            else:
                shutil.copy(source / name, copy / name)
        yield copy


def _pip(what: str, *arguments: str | Path, index: bool = False) -> None:
    """Run this Python's pip; without `index` it takes what it is given, nothing from outside."""
    options = ["-q", "--disable-pip-version-check"]
    options += [] if index else ["--no-index"]
    options += ["--no-compile", "--no-warn-conflicts"] if what == "install" else []
    run(sys.executable, "-m", "pip", what, *options, *arguments)


def _compile(root: Path) -> None:
    """Compile every module below `root` for the place that it will have in the image."""
    run(sys.executable, *COMPILE, "-j", "2", "-s", root, "-p", "/", root / SITE)
