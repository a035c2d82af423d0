"""`tiphys key`: the public half of the key that signs verdicts and what you say on the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tiphys.domain.policy import Settings


@click.command("key")
@click.option("--bot", is_flag=True, help="The key by which your bot signs on this machine.")
@click.option("--vouch", is_flag=True, help="Stand by what is left out in that name; asks first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(bot: bool, vouch: bool, yes: bool) -> None:
    """Print your public key, and the line of tiphys.toml that makes your name yours.

    The key stands in trusted_keys for verdicts and under [people] for what is said in your name. It
    is made when it is first needed. What was said in your name before that line was there is left
    out until you vouch for it.
    """
    from tiphys.bootstrap import forge_signer, person
    from tiphys.scaffold import people_line

    settings = _settings()
    name = settings.bot if bot else person()
    if vouch:
        return _vouch(name, yes)
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


def _vouch(name: str, yes: bool) -> None:
    from tiphys.bootstrap import open_forge

    forge = open_forge(actor=name)
    mine = [line for line in forge.problems() if f" in the name of {name}, " in line]
    for line in mine:
        click.echo(line)
    if mine and (yes or click.confirm(f"was all of this said by {name}?", err=True)):
        click.echo(f"{forge.vouch()} count now", err=True)
    elif not mine:
        click.echo(f"nothing in the name of {name} is left out", err=True)


def _settings() -> Settings:
    import os

    from tiphys.bootstrap import open_repository, read_config
    from tiphys.config import configure
    from tiphys.domain.errors import NotFound

    try:
        return read_config(open_repository()).settings
    except NotFound:
        return configure(None, os.environ).settings
