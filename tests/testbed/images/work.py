"""What the layers' makers share: running programs, removing files, compiling modules."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

# Layers have times of their own, so what is compiled can't be matched with its source by time; in
# an image that nobody can write to it needs no matching at all.
COMPILE = ("-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash")


def run(*command: str | Path) -> None:
    """Run a program quietly. RuntimeError has the last line of what it said when it fails."""
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()
        words = " ".join(map(str, command[:4]))
        raise RuntimeError(f"{words} ... failed: {said[-1] if said else 'it said nothing'}")


def remove(path: Path) -> None:
    """Remove a file, link or folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
