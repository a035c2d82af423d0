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


AUTHORED = [
    "what no skill serves a model writes",
    "and the next like request needs none",
]
# What the model said when it was asked; docs/authoring.md tells how to ask it again.
RECORDINGS = Path(__file__).parents[1] / "recordings" / "demo"


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("options", "stages", "calls"),
    [([], STAGES, 0), (["--model", "qwen2.5-coder-1.5b-instruct"], [*STAGES, *AUTHORED], 1)],
    ids=["without-a-model", "with-a-recorded-model"],
)
def test_the_demo_tells_every_step(
    options: list[str], stages: list[str], calls: int, tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()  # an index of its own, the tools that are installed
    (tmp_path / "cache" / "tools").symlink_to(cache_folder() / "tools")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tiphys",
            "demo",
            "--json",
            "--dir",
            str(tmp_path / "demo"),
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=600,
        env={
            **os.environ,
            "TIPHYS_CACHE": str(tmp_path / "cache"),
            "TIPHYS_RECORDINGS": str(RECORDINGS),
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr
    table = json.loads(done.stdout)
    assert [row["stage"] for row in table] == stages
    spent = {row["stage"]: row["model_calls"] for row in table if row["model_calls"]}
    assert spent == ({AUTHORED[0]: 1} if calls else {})
    assert all(row["seconds"] >= 0 and row["result"] for row in table)
    assert (tmp_path / "demo" / "skills").is_dir()
