"""`tiphys search`: what the memory finds for a request."""

from __future__ import annotations

import click

from tiphys.cli.output import as_json, progress, table


@click.command()
@click.argument("query")
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--json", "json_", is_flag=True, help="Print the hits as JSON.")
def command(query: str, limit: int, json_: bool) -> None:
    """Find merged skills for QUERY, best first.

    A score is comparable between queries; one below the repository's threshold means that no
    skill serves the request. Exit 0 also when nothing is found.
    """
    from tiphys.bootstrap import open_index, open_repository, read_config
    from tiphys.remember.index import follow

    repository = open_repository()
    settings = read_config(repository).settings
    index = open_index()
    with progress() as tell:
        follow(
            repository,
            index,
            settings.target,
            progress=lambda done, of: tell(f"indexing {done} of {of}"),
        )
        hits = index.search(query, limit)
    if json_:
        as_json([{"skill": h.skill, "id": h.id, "score": h.score, "lexical": h.lexical,
                  "dense": h.dense, "serves": h.score >= settings.match_threshold}
                 for h in hits])  # fmt: skip
        return
    if not hits:
        click.echo("nothing found: say what you need in words, or merge a skill first", err=True)
    table(
        ("score", "skill", "because of"),
        [(f"{h.score:.2f}", h.skill, h.id) for h in hits],
    )
    if hits and hits[0].score < settings.match_threshold:
        click.echo(
            f"no skill serves this: the best score is below {settings.match_threshold:.2f}",
            err=True,
        )
