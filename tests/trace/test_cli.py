"""`tiphys trace` on a repository whose traces are anybody's."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import original, repository, tiphys  # noqa: F401  # fixtures
from tests.pipeline.world import STOREFRONT
from tests.trace.world import Lab, config
from tiphys.adapters.traces_git import GitTraces
from tiphys.domain.trace import Intent, Result


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "lab", config().replace("Fast", "Slow"))


def test_a_trace_is_shown_a_block_for_each_tick(tiphys, repository):  # noqa: F811
    tiphys(repository, "request", STOREFRONT)
    tiphys(repository, "work", "1")
    shown = tiphys(repository, "trace", "show", "1")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert lines[1].startswith("attempt 00")
    assert lines[3] == "the road"
    starts = [line.split("  ")[0] for line in lines[4:] if line[:1].strip()]
    assert starts == ["saw", "thought", "did", "expected", "came of"]
    (attempt,) = json.loads(tiphys(repository, "trace", "show", "1", "--json").out)
    assert [each["entry"] for each in attempt["entries"]] == ["intent", "result"]
    assert attempt["entries"][1]["outcome"] == "reuse"


def test_nothing_in_a_trace_moves_the_cursor(tiphys, repository):  # noqa: F811
    hostile = "\x1b]0;gone\x07\x1b[2J\r\u202etxt\x9b31m\nattempt 1\n\nthe road\nsaw"
    told = Intent(1, *[hostile] * 4, (("user", hostile),), hostile, {hostile: hostile})
    GitTraces(repository).keep(1, [told, Result(1, hostile, "good", hostile, (), (), "", 7, 9)])
    shown = tiphys(repository, "trace", "show", "1").out
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert "\\x1b[2J\\r\\u202etxt\\x9b31m" in shown
    assert "7 tokens read, 9 written" in shown
    assert [line[:7] for line in shown.splitlines()].count("attempt") == 1
    assert shown.count("\nsaw") == 1


def test_an_attempt_that_was_killed_is_shown_as_such(tiphys, repository):  # noqa: F811
    GitTraces(repository).keep(1, [Intent(1, "a", "b", "c", "d")])
    assert "came of   nothing that is known" in tiphys(repository, "trace", "show", "1").out


def test_an_issue_without_a_trace_is_said(tiphys, repository):  # noqa: F811
    done = tiphys(repository, "trace", "show", "9")
    assert (done.code, done.out) == (1, "")
    assert done.err == "tiphys: no attempt at #9 left a trace; `tiphys work 9` makes one\n"


def test_an_export_is_json_lines_with_a_summary_beside_them(tiphys, repository, tmp_path):  # noqa: F811
    done = tiphys(repository, "trace", "export")
    assert (done.code, done.out) == (0, "")
    assert done.err == "0 lines from 0 merged issues; 0 values of Secrets masked\n"
    out = tmp_path / "pairs.jsonl"
    for _ in range(2):
        done = tiphys(repository, "trace", "export", "--format", "preference", "--out", str(out))
        assert (done.code, done.out, out.read_text()) == (0, "", "")
    missing = str(tmp_path / "none" / "x")
    refused = tiphys(repository, "trace", "export", "--out", missing)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(f"tiphys: {missing} can't be written: ")


def test_the_whole_way_from_an_attempt_to_a_line(tiphys, repository, lab, monkeypatch):  # noqa: F811
    from tiphys import bootstrap

    lab.merge(lab.ask())
    monkeypatch.setattr(bootstrap, "open_traces", lambda: lab.traces)
    monkeypatch.setattr(bootstrap, "open_forge", lambda: lab.bot)
    monkeypatch.setattr(bootstrap, "open_repository", lambda: lab.repository)
    done = tiphys(repository, "trace", "export")
    (line,) = done.out.splitlines()
    assert "mode: Slow" in json.loads(line)["messages"][-1]["content"]
    assert done.err == "1 lines from 1 merged issues; 0 values of Secrets masked\n"
