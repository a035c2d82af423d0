"""`tiphys search`: which skills come near a request."""

from __future__ import annotations

from dataclasses import asdict

import click

from tiphys.cli.output import as_json, table


@click.command(help="Find skills for a request in plain words.")
@click.argument("query")
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def command(query: str, limit: int, json_: bool) -> None:
    """Search merged skills and requests; a score below the threshold means that none serves it."""
    from tiphys.bootstrap import open_index, open_repository, read_config
    from tiphys.remember.index import follow

    repository = open_repository()
    settings = read_config(repository).settings
    index = open_index()
    follow(repository, index, settings.target)
    hits = index.search(query, limit)
    if json_:
        as_json([asdict(h) | {"serves": h.score >= settings.match_threshold} for h in hits])
        return
    rows = [
        (h.skill, f"{h.score:.2f}", "yes" if h.score >= settings.match_threshold else "no", h.id)
        for h in hits
    ]
    table(("skill", "score", "serves it", "found through"), rows)
