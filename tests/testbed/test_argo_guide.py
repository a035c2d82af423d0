"""The guide leads from an empty cluster to a verdict, in the very words that it has."""

from __future__ import annotations

import re
import time
import tomllib

import pytest

from tests.testbed.guide import FIRST, IMAGES, NOT_HERE, blocks, runs_here, section, variables
from tests.testbed.team import Team, git
from tiphys.acceptance import judge, pull_subject
from tiphys.argo.names import NAMESPACE

pytestmark = pytest.mark.testbed


def test_only_docker_is_left_out(team: Team) -> None:
    assert NOT_HERE == ("docker",)
    page = blocks(section())
    [left_out] = [each for each in page if not runs_here(each)]
    assert "docker build" in left_out
    assert "docker push" in left_out
    # The others ran once each, in the order of the page but for what the node is made of.
    images, *others = team.walk.printed
    assert IMAGES in images
    assert others == [each for each in page if each not in (left_out, images)]


def test_what_the_page_has_its_reader_set_is_what_was_set(team: Team) -> None:
    assert set(variables(section())) == set(team.walk.values)
    ran = "\n".join(team.walk.printed)
    assert set(variables(section())) == set(re.findall(r"\$([A-Z]+)\b", ran))


def test_nothing_on_the_page_looks_like_commands_and_is_not_run() -> None:
    text = section()
    fences = re.findall(r"^ *```(\w*)$", text, re.M)
    assert sorted(kind for kind in fences if kind) == ["sh"] * len(blocks(text)) + ["toml"]
    assert not re.search(r"\n\n {7,}\S", re.sub(r"(?s)```.*?```", "", text))


def test_the_last_step_printed_the_verdict_that_the_pods_posted(team: Team) -> None:
    *_, said = team.walk.printed.values()
    assert "### Verdict: accept" in said
    [comment] = team.posted(FIRST)
    assert "accept" in comment


def test_what_a_verdict_costs_in_pods_and_in_one_process(team: Team) -> None:
    """Nothing to hold on to but that both accept it; the figures are printed."""
    subject = pull_subject(team.bot.forge.pull(FIRST), team.bot)
    started = time.monotonic()
    assert judge(subject, team.bot).decision == "accept"
    here = time.monotonic() - started
    [*_, last] = team.walk.seconds.values()
    print(f"request to verdict {last:.0f} s in pods; verdict in one process {here:.0f} s")


def test_the_settings_are_those_that_the_page_shows(team: Team) -> None:
    [shown] = map(tomllib.loads, blocks(section(), "toml"))
    settings = tomllib.loads(git(team.home, "show", "origin/main:tiphys.toml"))
    voice, signing, machine = settings["people"]["tiphys"]
    names = {
        "ed25519:<voice>": voice,
        "ed25519:<signing>": signing,
        "ed25519:<of this machine>": machine,
    }
    assert [names[each] for each in shown["trusted_keys"]] == settings["trusted_keys"]
    assert [names[each] for each in shown["people"]["tiphys"]] == settings["people"]["tiphys"]
    assert len({voice, signing, machine}) == 3


def test_no_secret_is_missing_that_was_left_to_do(team: Team) -> None:
    [said] = [out for block, out in team.walk.printed.items() if "argo install" in block]
    wanted = re.findall(r"^left to do: kubectl create secret generic (\S+) .*=\.\.\.$", said, re.M)
    made = {each["metadata"]["name"] for each in team.bed.api.list("v1", "Secret", NAMESPACE)}
    assert wanted
    assert {*wanted, "tiphys-signing", "tiphys-voice"} <= made
