"""`tiphys config`: the settings in force and where each comes from."""

from __future__ import annotations

import click

from tiphys.cli.output import as_json, table


@click.command(help="Show the settings in force and where they come from.")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def command(json_: bool) -> None:
    """Defaults, tiphys.toml on the target branch, environment: the last one wins."""
    from tiphys.bootstrap import open_repository, read_config
    from tiphys.config import named

    configured = read_config(open_repository())
    found = named(configured.settings)
    if json_:
        as_json({k: {"value": v, "from": configured.origins[k]} for k, v in found.items()})
    else:
        rows = [(k, ", ".join(v) if isinstance(v, tuple) else v, configured.origins[k])
                for k, v in found.items()]  # fmt: skip
        table(("setting", "value", "from"), rows)
