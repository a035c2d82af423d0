"""The command line: one file a command, each loaded only when it is called.

Exit codes: 0 done (for `verify`: accepted), 1 refused or not accepted, 2 could not tell or wrong
usage, 70 a bug in Tiphys, 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from tiphys import __version__
from tiphys.domain.errors import TiphysError

# Listed here so that `--help` imports no command.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Watch the whole story in a scratch repository."),
    "init": ("init", "Make a new skill repository with the starter skills."),
    "request": ("request", "Ask for something in plain words: opens an issue."),
    "work": ("work", "Propose for open issues."),
    "verify": ("verify", "Judge a pull request on a fresh cluster."),
    "issue": ("issue", "List, show, comment on and close issues."),
    "pr": ("pull", "List, show, review, merge and close pull requests."),
    "release": ("release", "Lead what runs back to its request, and take it back."),
    "index": ("index", "Bring the search index to the target branch."),
    "search": ("search", "Find skills for a request."),
    "generate": ("generate", "Manifests for a request, without a forge."),
    "skill": ("skill", "List, make, check and test skills."),
    "cluster": ("cluster", "Start and stop ephemeral control planes."),
    "tools": ("tools", "Install the external binaries."),
    "model": ("model", "Install and serve a small open model."),
    "trace": ("trace", "Show what attempts did, and export it for training."),
    "sync": ("sync", "Exchange issues and pull requests with a remote."),
    "key": ("key", "Print the public key of your signature."),
    "argo": ("argo", "Make the templates that Argo Workflows runs."),
    "config": ("config", "Show the settings in force and where they come from."),
    "bench": ("bench", "Measure Tiphys."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"tiphys.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # click itself would add an empty line
            raise click.Abort from None
        except BrokenPipeError:
            # The reader of our output left; pointing stdout elsewhere keeps the exit quiet.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="tiphys")
@click.option(
    "-C", "folder", type=click.Path(exists=True, file_okay=False), help="Act as if started here."
)
def tiphys(folder: str | None) -> None:
    """Requests in plain language become reviewed, tested Kubernetes manifests."""
    if folder:
        os.chdir(folder)


def main() -> None:
    """Run the command line; every error is one line on stderr."""
    try:
        result = tiphys.main(standalone_mode=False)
    except TiphysError as error:
        _stop(str(error), error.exit_code)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        _stop(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _stop("interrupted", 130)
    except Exception as error:
        if os.environ.get("TIPHYS_DEBUG"):
            raise
        _stop(f"a bug: {type(error).__name__}: {error} (TIPHYS_DEBUG=1 shows where)", 70)
    else:
        sys.exit(result if isinstance(result, int) else 0)


def _stop(message: str, code: int) -> None:
    click.echo(f"tiphys: {' '.join(message.split())}", err=True)
    sys.exit(code)
