"""`tiphys key`: the public half of the key that signs verdicts."""

from __future__ import annotations

import click


@click.command(help="Print the public key of your signature, as it stands in trusted_keys.")
def command() -> None:
    """The key is made when it is first needed."""
    from tiphys.bootstrap import open_notary

    click.echo(open_notary().public_key)
