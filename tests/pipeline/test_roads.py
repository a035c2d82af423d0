"""Where no skill serves: a change where it stands, or a model's work with the skill it becomes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.author.boards import Board, wants
from tests.pipeline.world import STOREFRONT, World
from tiphys.library.prompts import load_prompt
from tiphys.pipeline import generate
from tiphys.testing.scripted_model import ScriptedModel

BANNER = "Define a ConfigMap called banner in namespace shop whose key title is Spring-Sale"
ANSWER = """Here it is:
```yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: banner
  namespace: shop
data:
  title: Spring-Sale
```
"""
PAGE = "manifests/shop/front-page/page.yaml"
OBJECT = b"""# seen by everybody
apiVersion: v1
kind: ConfigMap
metadata:
  name: front-page
  namespace: shop
data:
  title: Hello  # short
  theme: dark
"""


def with_model(world, *answers, judge=lambda _objects: (), threshold=1.0):
    model, board = ScriptedModel(*answers), Board(judge)

    @contextmanager
    def bench(_rev):
        yield board

    # What a fake index finds is near to everything; at 1.0 nothing merged is to serve.
    settings = replace(world.settings, match_threshold=threshold)
    world.ports = replace(world.ports, model=model, workbench=bench, settings=settings)
    return model


@pytest.fixture
def page(world: World) -> World:
    base = world.repository.resolve("main")
    world.repository.commit("main", base, {PAGE: OBJECT}, "Add a page\n")
    return world


def test_what_a_model_wrote_comes_with_the_skill_that_it_becomes(world: World) -> None:
    model = with_model(world, ANSWER)
    work = world.ask(BANNER)
    assert (work.ending, work.model_calls, len(model.calls)) == ("proposed", 1, 1), work.reply
    assert work.road is not None
    assert work.road.name == "author"
    assert work.pull is not None
    paths = world.changed(work.pull.source)
    assert any(path.startswith("skills/") for path in paths)
    assert "manifests/shop/banner/release.toml" in paths
    message = world.repository.message(work.pull.source)
    assert "Tiphys-Model: scripted" in message
    assert f"Tiphys-Prompt: {load_prompt('author').id}" in message
    assert "Tiphys-Sampling: temperature=0.0 seed=0" in message
    assert "Road: author" in world.bot.pull(work.pull.number).body


def test_what_is_not_good_is_told_and_not_proposed(world: World) -> None:
    with_model(world, ANSWER, judge=wants("size", "nobody can"))
    work = world.ask(BANNER)
    assert (work.ending, work.pull) == ("declined", None)
    assert "nobody should apply" in work.reply
    assert world.bot.issue(1).labels == ("declined",)


def test_without_a_namespace_it_is_asked_for(world: World) -> None:
    with_model(world, ANSWER.replace("  namespace: shop\n", ""))
    work = world.ask("Define a ConfigMap called banner whose key title is Spring-Sale")
    assert (work.ending, "`namespace`" in work.reply) == ("asked", True)


def test_without_a_model_it_is_an_honest_no(world: World) -> None:
    with_model(world)
    world.ports = replace(world.ports, model=None)
    assert world.ask(BANNER).ending == "declined"


def test_a_manifest_of_people_is_changed_in_one_line(page: World) -> None:
    model = with_model(page, ANSWER)
    work = page.ask("Add the label team=blue to front-page")
    assert (work.ending, model.calls) == ("proposed", []), work.reply
    assert work.pull is not None
    now = page.repository.read(work.pull.source, PAGE).decode().splitlines()
    was = OBJECT.decode().splitlines()
    assert [line for line in was if line not in now] == []
    assert [line.strip() for line in now if line not in was] == ["labels:", "team: blue"]


def test_of_a_rewriting_only_what_was_asked_for_goes_on(page: World) -> None:
    rewritten = ANSWER.replace("banner", "front-page").replace("Spring-Sale", "Welcome")
    with_model(page, rewritten)
    work = page.ask("The front-page should greet people differently: its title ought to be Welcome")
    assert work.ending == "proposed", work.reply
    assert work.pull is not None
    now = page.repository.read(work.pull.source, PAGE)
    assert now == OBJECT.replace(b"Hello", b"Welcome")


def test_manifests_at_hand_are_changed_on_stdout(world: World) -> None:
    with_model(world, ANSWER)
    made = generate("Add the label team=blue to front-page", world.ports, context=OBJECT.decode())
    assert (made.good, made.model_calls) == (True, 0)
    [text] = made.manifests.values()
    assert b"team: blue" in text
    assert b"# seen by everybody" in text


IN_KINDS = (
    "Create a ConfigMap in namespace shop, known to all as banner, whose title is Spring-Sale"
)


def test_a_model_may_read_what_a_skill_would_ask_for(world: World) -> None:
    asked = world.ask(IN_KINDS)
    assert asked.ending == "asked", asked.reply
    model = with_model(world, ANSWER, threshold=0.0)
    made = world.ask(IN_KINDS)
    assert (made.ending, len(model.calls)) == ("proposed", 1), made.reply


def test_what_the_model_can_not_read_either_is_asked_for(world: World) -> None:
    with_model(world, ANSWER, judge=wants("size", "nobody can"), threshold=0.0)
    work = world.ask(IN_KINDS)
    assert work.ending == "asked"
    assert "`name`" in work.reply


def test_an_image_that_nobody_named_is_asked_for_and_not_made_up(world: World) -> None:
    model = with_model(world, ANSWER, threshold=0.0)
    work = world.ask("Create a Deployment called web in namespace shop with a service, port 8080")
    assert (work.ending, len(model.calls)) == ("asked", 0), work.reply
    assert "`image`" in work.reply


def test_what_is_handed_over_is_changed_and_no_skill_asks(world: World) -> None:
    model = with_model(world, ANSWER.replace("Spring-Sale", "Closed"), threshold=0.0)
    text = "The ConfigMap should say Closed as its title from now on, please"
    [_, existing, _] = ANSWER.replace("yaml", "").split("```")
    made = generate(text, world.ports, context=existing)
    assert (made.good, made.skill, len(model.calls)) == (True, None, 1), made.reply


SHORT = "Run the storefront web application in namespace shop, listening on port 8080"
SERVED = STOREFRONT + ", with the note `Q-quarterly`"


def test_on_stdout_nobody_answers_so_a_guess_comes_with_the_question(world: World) -> None:
    without = generate(SHORT, world.ports)
    assert (without.manifests, "image" in without.questions) == ({}, True), without.reply
    model = with_model(world, ANSWER, threshold=0.0)
    made = generate(SHORT, world.ports)
    assert (len(made.manifests), made.good, bool(model.calls)) == (1, False, True)
    assert "`image`" in made.reply
    assert made.questions == without.questions


def test_a_question_about_a_kind_waits_for_the_model(world: World) -> None:
    model = with_model(world, ANSWER, threshold=0.0)
    work = world.ask("A web application must run in namespace shop: see the Deployment desk")
    assert (work.ending, len(model.calls)) == ("asked", 0), "nobody named an image"
    work = world.ask(f"{IN_KINDS} (the Deployment mounts it)")
    assert (work.ending, len(model.calls)) == ("proposed", 1), work.reply


def test_what_no_field_takes_up_is_told_and_is_not_called_good(world: World) -> None:
    made = generate(SERVED, world.ports)
    assert (made.good, made.reply) == (False, "Not used from the request: Q-quarterly.")
    assert made.manifests
    work = world.ask(SERVED)
    assert work.pull is not None
    assert "**Not used** from the request: `Q-quarterly`" in world.bot.pull(work.pull.number).body


WHOLE = ANSWER.replace("Spring-Sale", "registry.example/storefront:1.4, 3, 8080, Q-quarterly")


@pytest.mark.parametrize(
    ("answer", "judge", "skill"),
    [
        (WHOLE, lambda _objects: (), None),
        (ANSWER, lambda _objects: (), "web"),
        (WHOLE, wants("kind", "Deployment"), "web"),  # a tie: what is merged and tested stays
        (WHOLE, wants("kind", "Secret"), None),
    ],
)
def test_of_a_skills_and_a_models_answer_the_one_with_fewer_faults_goes_on(
    world: World, answer: str, judge, skill: str | None
) -> None:
    with_model(world, *[answer] * 4, judge=judge, threshold=0.0)
    made = generate(SERVED, world.ports)
    assert (made.skill, made.model_calls > 0) == (skill, True), made.reply


def test_what_an_unlikely_skill_would_ask_waits_for_the_model(world: World, monkeypatch) -> None:
    monkeypatch.setattr("tiphys.propose.reuse.confidence", lambda _signs: 0.4)
    text = "Take the lock for the pods in namespace shop, image registry.example/lock:1"
    model = with_model(world, ANSWER, threshold=0.0)
    world.ask(text)
    assert len(model.calls) > 0
