"""`tiphys key`: the public half of the key that signs verdicts and what you say on the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tiphys.domain.policy import Settings


@click.command("key")
@click.option("--bot", is_flag=True, help="The key by which your bot signs on this machine.")
def command(bot: bool) -> None:
    """Print your public key, and the line of tiphys.toml that makes your name yours.

    The key stands in trusted_keys for verdicts and under [people] for what is said in your name. It
    is made when it is first needed.
    """
    from tiphys.bootstrap import forge_signer, person
    from tiphys.scaffold import people_line

    settings = _settings()
    name = settings.bot if bot else person()
    key = forge_signer(name, make=True).public_key or ""
    click.echo(key)
    listed = settings.people.get(name, ())
    if key in listed:
        return click.echo(f"{name} is listed with it in tiphys.toml", err=True)
    return click.echo(
        f"what is said as {name} is proven once tiphys.toml on {settings.target} has this line "
        f"under [people]:\n{people_line(name, [*listed, key])}",
        err=True,
    )


def _settings() -> Settings:
    import os

    from tiphys.bootstrap import open_repository, read_config
    from tiphys.config import configure
    from tiphys.domain.errors import NotFound

    try:
        return read_config(open_repository()).settings
    except NotFound:
        return configure(None, os.environ).settings
