"""python -m tests.testbed.images runner|box|pause --output FILE [--name NAME]..."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.testbed.images import box, runner
from tiphys.argo.names import IMAGE
from tiphys.domain.errors import TiphysError

NAMES = {"runner": IMAGE, "box": "registry.example/box:1"}


def main() -> None:
    """Make one image, and say on stderr of what and how long it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.testbed.images", description=__doc__)
    parser.add_argument("image", choices=("runner", "box", "pause"))
    parser.add_argument("--output", type=Path, required=True, help="the docker-archive to write")
    parser.add_argument("--name", action="append", help="the image's name; may be repeated")
    parser.add_argument("--source", type=Path, default=Path(), help="the checkout of the runner")
    parser.add_argument("--cache", type=Path, help="where the runner's layers are kept")
    asked = parser.parse_args()
    names = asked.name or [NAMES.get(asked.image, box.PAUSE)]
    started = time.monotonic()
    try:
        if asked.image == "runner":
            layers = runner.build(asked.output, names=names, source=asked.source, cache=asked.cache)
            for layer in layers:
                _say(layer.name, layer.path, layer.seconds, "kept" if layer.kept else "made")
        else:
            (box.box if asked.image == "box" else box.pause)(asked.output, names)
    except (OSError, RuntimeError, ValueError, TiphysError) as error:
        sys.exit(f"error: {error}")
    _say(" ".join(names), asked.output, time.monotonic() - started, "written")


def _say(what: str, path: Path, seconds: float, how: str) -> None:
    size = path.stat().st_size / 1e6
    sys.stderr.write(f"{what:<10} {size:8.1f} MB {seconds:7.1f} s  {how}\n")


if __name__ == "__main__":
    main()
