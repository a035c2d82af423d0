"""From a request to a pull request, a question or an honest no."""

from __future__ import annotations

import pytest

from tests.pipeline.world import FOLDER, OUT_OF_REACH, STOREFRONT, World, web_files
from tiphys.domain.errors import NotFound
from tiphys.library import read_release
from tiphys.pipeline import generate, waiting
from tiphys.propose.request import QUESTION_KEY, REPLY_KEY
from tiphys.testing.memory_repository import MemoryRepository

NO_IMAGE = "Run the storefront web application in namespace shop, port 8080"


def test_a_request_becomes_a_pull_request(world: World) -> None:
    work = world.ask(STOREFRONT)
    assert (work.ending, work.model_calls) == ("proposed", 0)
    pull = work.pull
    assert pull is not None
    assert (pull.source, pull.target, pull.issue) == ("tiphys/1-web", "main", 1)
    assert world.changed(pull.source) == [f"{FOLDER}/object.yaml", f"{FOLDER}/release.toml"]
    release = read_release(
        world.repository.read(pull.source, f"{FOLDER}/release.toml"), path=FOLDER
    )
    assert release.request == STOREFRONT
    assert release.values == {
        "name": "storefront",
        "namespace": "shop",
        "image": "registry.example/storefront:1.4",
        "port": 8080,
        "replicas": 3,
    }
    message = world.repository.message(pull.source)
    digest = world.repository.tree_id("main", "skills/web")
    assert f"\n\nTiphys-Request: 1\nTiphys-Skill: web@{digest}\n" in message
    assert f"#{pull.number}" in world.sticky(1, REPLY_KEY)[0].body
    assert world.bot.issue(1).labels == ("proposed",)
    assert world.index.commit() == world.repository.resolve("main")


def test_what_is_missing_is_asked_and_the_answer_completes_it(world: World) -> None:
    asked = world.ask(NO_IMAGE)
    assert (asked.ending, asked.pull) == ("asked", None)
    (question,) = world.sticky(1, QUESTION_KEY)
    assert "`image`" in question.body
    assert "`port`:" not in question.body
    assert world.bot.issue(1).labels == ("needs-answer",)
    assert waiting(world.ports) == []
    world.ann.comment(1, "registry.example/storefront:2.0")
    assert [issue.number for issue in waiting(world.ports)] == [1]
    done = world.work(1)
    assert done.ending == "proposed"
    assert done.filling is not None
    assert done.filling.values["image"] == "registry.example/storefront:2.0"
    assert world.bot.issue(1).labels == ("proposed",)
    assert waiting(world.ports) == []


def test_a_contradiction_is_asked_not_chosen(world: World) -> None:
    work = world.ask(f"{STOREFRONT}, replicas: 5")
    assert work.ending == "asked", work.reply
    assert "the request gives" in work.reply
    world.bob.comment(1, "5")
    done = world.work(1)
    assert done.filling is not None
    assert (done.ending, done.filling.values["replicas"]) == ("proposed", 5)


def test_thanks_is_not_an_answer_to_an_answered_question(world: World) -> None:
    assert world.ask(STOREFRONT.replace(" in namespace shop", "")).ending == "asked"
    world.ann.comment(1, "shop")
    first = world.work(1)
    world.ann.comment(1, "thanks")
    again = world.work(1)
    assert first.filling is not None
    assert again.filling is not None
    assert again.filling.values == first.filling.values


def test_what_was_said_before_the_question_is_no_bare_answer_to_it(world: World) -> None:
    world.ann.open_issue("Storefront", STOREFRONT.replace(" in namespace shop", ""))
    world.bob.comment(1, "urgent")
    world.work(1)
    world.ann.comment(1, "shop")
    done = world.work(1)
    assert done.filling is not None
    assert done.filling.values["namespace"] == "shop"


def test_a_question_about_a_value_that_the_skill_no_longer_has_is_dropped(world: World) -> None:
    world.ask("Run the storefront web application in namespace shop: port 8080")
    old_and_new = [
        (b'"image": {', b'"picture": {'),
        (b'"namespace", "image"', b'"namespace", "picture"'),
        (b"{{ image }}", b"{{ picture }}"),
        (b"\nimage:", b"\npicture:"),
    ]
    files = web_files()
    for old, new in old_and_new:
        files = {path: data.replace(old, new) for path, data in files.items()}
    world.push("main", {f"skills/web/{path}": data for path, data in files.items()})
    world.ann.comment(1, "hello")
    work = world.work(1)
    assert work.ending == "asked", work.reply
    assert "`picture`" in work.reply


def test_a_request_out_of_reach_is_declined(world: World) -> None:
    work = world.ask(OUT_OF_REACH)
    assert (work.ending, work.pull, work.match) == ("declined", None, None)
    assert "No merged skill serves" in world.sticky(1, REPLY_KEY)[0].body
    assert world.repository.branches("tiphys/") == []
    assert world.bot.issue(1).labels == ("declined",)


def test_what_is_already_so_is_not_proposed_again(world: World) -> None:
    world.serve(STOREFRONT)
    work = world.ask(STOREFRONT)
    assert work.ending == "declined"
    assert "already like that" in work.reply
    assert world.bot.pulls("open") == []


def test_a_change_keeps_the_other_values_and_touches_only_its_files(world: World) -> None:
    world.serve(STOREFRONT)
    world.serve(STOREFRONT.replace("storefront", "billing"))
    work = world.ask("Scale the storefront in shop to 5 replicas")
    assert work.pull is not None
    assert work.filling is not None
    assert work.filling.existing is not None
    assert work.filling.values == {
        "name": "storefront",
        "namespace": "shop",
        "image": "registry.example/storefront:1.4",
        "port": 8080,
        "replicas": 5,
    }
    assert work.pull.title.startswith("Change storefront in shop")
    assert world.changed(work.pull.source) == [f"{FOLDER}/object.yaml", f"{FOLDER}/release.toml"]


def test_a_change_of_a_release_whose_skill_is_gone_goes_to_another_or_is_declined(
    world: World,
) -> None:
    world.serve(STOREFRONT)
    gone = {e.path: None for e in world.repository.entries("main", "skills/web")}
    world.push("main", gone)
    assert world.ask("Scale the storefront in shop to 5 replicas").ending == "declined"


def test_a_name_taken_by_another_skill_gives_a_folder_with_a_suffix(world: World) -> None:
    world.serve("Publish a config map for visitors called storefront in namespace shop: note=hello")
    work = world.ask(STOREFRONT)
    assert work.draft is not None
    assert work.draft.folder == f"{FOLDER}-web"
    assert work.pull is not None
    assert world.judge(work.pull.number).decision == "accept"


def test_a_folder_written_by_hand_is_never_replaced(world: World) -> None:
    by_hand = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: storefront}\n"
    world.push("main", {f"{FOLDER}/by-hand.yaml": by_hand})
    work = world.ask(STOREFRONT)
    assert work.pull is not None
    assert world.changed(work.pull.source) == [
        f"{FOLDER}-web/object.yaml",
        f"{FOLDER}-web/release.toml",
    ]


def test_both_names_taken_is_said(world: World) -> None:
    note = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
    world.push("main", {f"{FOLDER}/a.yaml": note, f"{FOLDER}-web/a.yaml": note})
    work = world.ask(STOREFRONT)
    assert work.ending == "declined"
    assert "choose another name" in work.reply


def test_one_broken_release_does_not_stop_the_others(world: World) -> None:
    world.push("main", {"manifests/shop/broken/release.toml": b"= nonsense"})
    assert world.ask(STOREFRONT).ending == "proposed"


def test_working_twice_changes_nothing(world: World) -> None:
    first = world.ask(STOREFRONT).pull
    assert first is not None
    tip = world.repository.resolve(first.source)
    assert world.work(1).pull == first
    assert world.repository.resolve(first.source) == tip
    assert [p.number for p in world.bot.pulls()] == [first.number]
    assert len(world.sticky(1, REPLY_KEY)) == 1


def test_another_persons_comment_makes_it_the_bots_turn_and_changes_the_pull(world: World) -> None:
    first = world.ask(STOREFRONT).pull
    assert first is not None
    assert waiting(world.ports) == []
    world.bob.comment(1, "rather 4 replicas")
    assert [issue.number for issue in waiting(world.ports)] == [1]
    again = world.work(1)
    assert again.pull is not None
    assert again.pull.number == first.number
    assert "| replicas | `4` | 4 replicas |" in again.pull.body
    assert b"replicas: 4\n" in world.repository.read(first.source, f"{FOLDER}/object.yaml")
    assert waiting(world.ports) == []


def test_an_answer_that_moves_the_release_leaves_nothing_behind(world: World) -> None:
    first = world.ask(STOREFRONT).pull
    assert first is not None
    world.ann.comment(1, "sorry, namespace: bank")
    world.work(1)
    assert world.changed(first.source) == [
        "manifests/bank/storefront/object.yaml",
        "manifests/bank/storefront/release.toml",
    ]
    assert world.judge(first.number).decision == "accept"


def test_a_push_beside_the_release_is_kept_when_the_draft_changes(world: World) -> None:
    first = world.ask(STOREFRONT).pull
    assert first is not None
    world.push(first.source, {"docs/storefront.md": b"hi\n"})
    world.ann.comment(1, "rather 4 replicas")
    world.work(1)
    assert world.repository.read(first.source, "docs/storefront.md") == b"hi\n"


def test_a_closed_issue_does_not_wait(world: World) -> None:
    world.ann.open_issue("x", "x")
    world.ann.set_state(1, "closed")
    assert waiting(world.ports) == []


def test_generate_writes_nothing(world: World) -> None:
    made = generate(STOREFRONT, world.ports)
    assert list(made.manifests) == [f"{FOLDER}/object.yaml"]
    assert made.skill == "web"
    assert world.repository.branches() == ["main"]
    assert world.bot.issues() == []
    asked = generate(NO_IMAGE, world.ports)
    assert (dict(asked.manifests), list(asked.questions)) == ({}, ["image"])
    assert generate(OUT_OF_REACH, world.ports).skill is None


def test_a_repository_without_commits_is_named_and_the_issue_kept(world: World) -> None:
    world.ann.open_issue("x", STOREFRONT)
    world.ports.repository._branches.clear()  # type: ignore[attr-defined]  # the fake's
    with pytest.raises(NotFound, match="no commits"):
        world.work(1)
    assert isinstance(world.repository, MemoryRepository)
    assert world.bot.issue(1).comments == ()
