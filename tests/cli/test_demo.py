"""The demo, as the README tells people to run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tiphys.bootstrap import cache_folder

STAGES = [
    "set-up: repository, index, first control plane",
    "a request becomes a pull request",
    "verified on a fresh control plane",
    "merged by a person, memory follows",
    "a missing value becomes a question",
    "a request out of reach is declined",
    "a failing check says why",
    "a like request changes the merged work",
    "a new skill goes the same road",
    "and serves the next request",
]


@pytest.mark.cluster
def test_the_demo_tells_every_step_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()  # an index of its own, the tools that are installed
    (tmp_path / "cache" / "tools").symlink_to(cache_folder() / "tools")
    done = subprocess.run(
        [sys.executable, "-m", "tiphys", "demo", "--json", "--dir", str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "TIPHYS_CACHE": str(tmp_path / "cache")},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    table = json.loads(done.stdout)
    assert [row["stage"] for row in table] == STAGES
    assert {row["model_calls"] for row in table} == {0}
    assert all(row["seconds"] >= 0 and row["result"] for row in table)
    assert (tmp_path / "demo" / "skills").is_dir()
