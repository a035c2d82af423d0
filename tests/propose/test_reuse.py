"""Filling in a merged skill: values and their sources, questions, places."""

from __future__ import annotations

import pytest
from tests.pipeline.world import FOLDER, STOREFRONT, start_files, web_files

from tiphys.domain.errors import Refused
from tiphys.domain.skill import Skill
from tiphys.library import Release, make_release, parse_skill, release_files
from tiphys.ports import Document
from tiphys.propose.request import Request
from tiphys.propose.reuse import fill, merged_releases, place, retrieve, taken_folders
from tiphys.testing.memory_index import MemoryIndex
from tiphys.testing.memory_repository import MemoryRepository

WEB = parse_skill("web", web_files(), digest="d" * 40)
VALUES = {"name": "storefront", "namespace": "shop", "image": "registry.example/s:1", "port": 80}


def release(skill: Skill = WEB, **values: object) -> Release:
    return make_release(skill, VALUES | values, request="Run the storefront")


def request(text: str, *answers: str, asked: tuple[str, ...] = (), heard: int = 0) -> Request:
    return Request(1, text, answers, asked, heard)


def test_every_value_says_where_it_comes_from() -> None:
    filling = fill(request(STOREFRONT), WEB, releases=())
    assert filling.values.keys() == filling.sources.keys()
    assert all(source in STOREFRONT for source in filling.sources.values())
    assert filling.sources["replicas"] == "3 replicas"
    assert (dict(filling.questions), filling.existing) == ({}, None)


def test_questions_are_the_skills_own_words() -> None:
    filling = fill(request("Run a web application"), WEB, releases=())
    assert filling.questions == {
        "name": "What should it be called?",
        "namespace": "Namespace.",
        "image": "Which image?",
        "port": "Which port?",
    }


def test_figures_that_no_value_took_are_listed() -> None:
    filling = fill(request(f"{STOREFRONT}, and 99.9% uptime by Q3"), WEB, releases=())
    assert filling.unused == ("99.9%", "Q3")


def test_a_bare_answer_answers_the_one_question_that_is_open() -> None:
    text = STOREFRONT.replace(" in namespace shop", "")
    one = request(text, "shop", "thanks", asked=("namespace",))
    assert fill(one, WEB, releases=()).values["namespace"] == "shop"
    before = request(text, "urgent", asked=("namespace",), heard=1)
    assert list(fill(before, WEB, releases=()).questions) == ["namespace"]
    unknown = request(text, "urgent", asked=("color",))
    assert list(fill(unknown, WEB, releases=()).questions) == ["namespace"]


def test_a_later_answer_wins_and_settles_a_contradiction() -> None:
    text = f"{STOREFRONT}, replicas: 5"
    assert list(fill(request(text), WEB, releases=()).questions) == ["replicas"]
    settled = fill(request(text, "make it 4 replicas", "no, 7 replicas"), WEB, releases=())
    assert (settled.values["replicas"], dict(settled.questions)) == (7, {})


def test_a_change_keeps_what_it_does_not_name() -> None:
    old = release(replicas=3)
    filling = fill(request("Scale storefront in shop to 5 replicas"), WEB, releases=[old])
    assert filling.existing == old
    assert filling.values == VALUES | {"replicas": 5}
    assert filling.sources["image"] == f"kept from {FOLDER}"


def test_two_releases_of_that_name_make_it_ask_for_the_namespace() -> None:
    both = [release(), release(namespace="bank")]
    filling = fill(request("Scale storefront to 5 replicas"), WEB, releases=both)
    assert filling.existing is None
    assert "namespace" in filling.questions


def test_a_like_named_release_of_another_skill_is_not_changed() -> None:
    (other,) = [release(parse_skill_note(), note="x")]
    assert fill(request(STOREFRONT), WEB, releases=[other]).existing is None


def parse_skill_note() -> Skill:
    prefix = "skills/note/"
    files = {p.removeprefix(prefix): d for p, d in start_files().items() if p.startswith(prefix)}
    return parse_skill("note", files)


def test_places() -> None:
    note = parse_skill_note()
    assert place(WEB, VALUES, ()) == "storefront"
    assert place(WEB, VALUES, [release()], {FOLDER}) == "storefront"
    assert place(WEB, VALUES, [release(note)]) == "storefront-web"
    assert place(WEB, VALUES, (), {FOLDER}) == "storefront-web"
    assert place(WEB, VALUES, (), {"manifests/bank/storefront"}) == "storefront"
    with pytest.raises(Refused, match="in shop; choose another name"):
        place(WEB, VALUES, (), {FOLDER, f"{FOLDER}-web"})


@pytest.fixture
def repository() -> MemoryRepository:
    repository = MemoryRepository()
    base = repository.commit("main", None, start_files(), "Start\n")
    good = release_files(release(), WEB)
    bad = {"manifests/shop/bad/release.toml": b"=", "manifests/bank/hand/x.yaml": b"a: 1\n"}
    repository.commit("main", base, {**good, **bad}, "More\n")
    return repository


def test_broken_releases_are_left_out_but_keep_their_folders(repository: MemoryRepository) -> None:
    assert [r.path for r in merged_releases(repository, "main")] == [FOLDER]
    assert taken_folders(repository, "main") == {
        FOLDER,
        "manifests/shop/bad",
        "manifests/bank/hand",
    }


def index(*documents: Document) -> MemoryIndex:
    index = MemoryIndex()
    index.update("c", documents, ())
    return index


def test_retrieval_says_why_and_respects_the_threshold(repository: MemoryRepository) -> None:
    web = Document("skills/web", "d", "web", "run a web application")
    served = Document(FOLDER, "d", "web", "storefront with a cart")
    asked = {"repository": repository, "rev": "main", "releases": ()}
    match = retrieve(request("run web"), index=index(web), threshold=0.1, **asked)
    assert match is not None
    assert (match.skill.name, match.because) == ("web", "its description fits")
    like = retrieve(request("cart"), index=index(web, served), threshold=0.1, **asked)
    assert like is not None
    assert like.because == f"it served `{FOLDER}`"
    assert retrieve(request("run web"), index=index(web), threshold=1.1, **asked) is None


def test_a_skill_that_left_since_it_was_indexed_is_passed_over(
    repository: MemoryRepository,
) -> None:
    gone = Document("skills/gone", "d", "gone", "run a web application")
    found = index(gone)
    asked = {"repository": repository, "rev": "main", "releases": ()}
    assert retrieve(request("run web"), index=found, threshold=0.0, **asked) is None


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("Scale the storefront to 5", True),
        ("please UPDATE storefront", True),
        ("Run storefront and scale it later", False),  # the first verb says what is wanted
        ("Scale the billing to 5", False),
        ("storefront", False),
    ],
)
def test_a_change_goes_to_the_skill_that_made_it(
    repository: MemoryRepository, text: str, change: bool
) -> None:
    match = retrieve(
        request(text),
        index=index(),
        repository=repository,
        rev="main",
        threshold=0.5,
        releases=[release()],
    )
    assert (match is not None) == change
    assert match is None or match.because == f"it changes `{FOLDER}`, which this skill made"
