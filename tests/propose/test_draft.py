"""A draft's text and files, and putting it on the forge once."""

from __future__ import annotations

import re
import string
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pipeline.world import FOLDER, start_files, web_files

from tiphys.domain import trailers
from tiphys.library import parse_skill
from tiphys.propose.author.types import Meant
from tiphys.propose.draft import Draft, write_draft
from tiphys.propose.open import open_pull
from tiphys.propose.request import Request
from tiphys.propose.reuse import Filling, Match
from tiphys.testing.memory_forge import MemoryForge
from tiphys.testing.memory_repository import MemoryRepository

WEB = parse_skill("web", web_files(), digest="d" * 40)
VALUES = {"name": "storefront", "namespace": "shop", "image": "registry.example/s:1", "port": 80}
HOSTILE = st.text(st.sampled_from("|`\\<>\n\r\t&*_[]()#-~ a\u2028\x1b"), max_size=40) | st.text(
    max_size=40
)


def draft(sources: dict[str, str] | None = None, *unused: str, **values: object) -> Draft:
    filling = Filling(VALUES | values, sources or {}, {}, unused)
    match = Match(WEB, 0.9, "its description fits")
    return write_draft(Request(1, "Run it"), match, filling, folder="storefront")


def cells(row: str) -> list[str]:
    """A table row's cells as GitHub's Markdown reads them."""
    return re.split(r"(?<!\\)(?:\\\\)*\|", row)[1:-1]


@settings(max_examples=60, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_value_breaks_the_table(motto: str, source: str, unused: str) -> None:
    body = draft({"motto": source}, unused, motto=motto.replace("\x00", "")).body
    lines = body.split("\n")
    start = lines.index("| value | is | from |")
    rows = [line for line in lines[start + 2 :] if line.startswith("|")]
    assert lines[start + 2 : start + 2 + len(rows)] == rows
    assert [cells(row)[0].strip() for row in rows] == list(WEB.schema["properties"])
    for row in rows:
        assert len(cells(row)) == 3
        assert row.count("`") == 2
        assert "<" not in row
        assert row.isprintable()
    assert lines[-1] == f"The rendered manifests are in `{FOLDER}/`."
    assert set(body) - {"\n"} <= {c for c in body if c.isprintable()}


def test_the_body_says_what_is_default_and_what_was_not_used() -> None:
    body = draft({"port": "port 80"}, "99.9%", port=80).body
    assert "| port | `80` | port 80 |" in body
    assert "| replicas | `2` | the skill's default |" in body
    assert "**Not used** from the request: `99.9%`." in body
    assert "No model was called" in body


def test_the_files_and_the_trailers() -> None:
    made = draft()
    assert sorted(made.files) == [f"{FOLDER}/object.yaml", f"{FOLDER}/release.toml"]
    assert made.branch == "tiphys/1-web"
    assert made.trailers == {"Tiphys-Request": "1", "Tiphys-Skill": f"web@{'d' * 40}"}
    assert set(made.title) <= set(string.printable)


def world() -> tuple[MemoryRepository, MemoryForge, str]:
    repository, forge = MemoryRepository(), MemoryForge("tiphys")
    forge.open_issue("Run it", "Run it")
    return repository, forge, repository.commit("main", None, start_files(), "Start\n")


def test_opening_twice_is_opening_once() -> None:
    repository, forge, base = world()
    pulls, tips = [], []
    for _ in range(2):
        pulls.append(
            open_pull(draft(), issue=1, base=base, target="main", repository=repository,
                      writer=repository, forge=forge)
        )  # fmt: skip
        tips.append(repository.resolve("tiphys/1-web"))
    assert pulls[0] == pulls[1]
    assert tips[0] == tips[1]
    message = repository.message(tips[0])
    assert message.startswith(f"{draft().title}\n")
    assert trailers.parse(message) == dict(draft().trailers)


def test_another_draft_updates_the_same_pull_request() -> None:
    repository, forge, base = world()
    given_ = {"issue": 1, "base": base, "target": "main", "repository": repository,
              "writer": repository, "forge": forge}  # fmt: skip
    first = open_pull(draft(), **given_)  # type: ignore[arg-type]  # the same for both
    tip = repository.resolve(first.source)
    second = open_pull(draft(port=81), **given_)  # type: ignore[arg-type]  # as above
    assert second.number == first.number
    assert "`81`" in second.body
    assert repository.merge_base(tip, first.source) == tip


def test_a_closed_pull_request_is_left_closed() -> None:
    repository, forge, base = world()
    given_ = {"issue": 1, "base": base, "target": "main", "repository": repository,
              "writer": repository, "forge": forge}  # fmt: skip
    first = open_pull(draft(), **given_)  # type: ignore[arg-type]  # the same for both
    forge.set_state(first.number, "closed")
    assert open_pull(draft(), **given_).number != first.number  # type: ignore[arg-type]  # as above


def test_a_field_that_is_meant_and_not_there_is_not_served():
    kinds = frozenset({"Deployment"})
    sure = Meant("keep its data", "spec.paused", ("paused",), kinds, score=0.9)
    there = Meant("two of them", "spec.replicas", ("replicas",), kinds, score=0.9)
    filling = Filling(VALUES, {}, {})
    made = write_draft(
        Request(1, "Run it"),
        Match(WEB, 0.9, "its description fits"),
        filling,
        folder="storefront",
        meant=[sure, there, replace(sure, said="perhaps", score=0.4)],
    )
    assert made.unserved == ("keep its data",)
    assert "**Not used** from the request: `keep its data`" in made.body
