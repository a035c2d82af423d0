"""An installed package has every file that the code reads."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "generator" / "tiphys"


def test_every_file_that_is_no_code_is_packaged():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["tiphys"]
    packaged = {found for pattern in patterns for found in PACKAGE.glob(pattern)}
    held = {each for each in PACKAGE.rglob("*") if each.is_file()}
    code = {each for each in held if each.suffix in (".py", ".pyc")}
    assert sorted(held - code - packaged) == []
