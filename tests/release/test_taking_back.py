"""What goes back to what."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.release.world import Target
from tiphys.domain.errors import InvalidInput, NotFound, Refused
from tiphys.releases.taking_back import take_back_release, take_back_skill

WEB, API = "manifests/shop/web", "manifests/shop/api"
contents = st.dictionaries(
    st.sampled_from(["object.yaml", "release.toml", "more.yaml"]),
    st.binary(max_size=20),
    max_size=3,
)
changes = st.lists(st.tuples(st.sampled_from([WEB, API]), contents), max_size=8)


@settings(max_examples=60)
@given(past=changes, last=contents, later=st.lists(contents, max_size=3))
def test_taking_back_the_last_change_gives_the_bytes_before_it(
    past: list[tuple[str, dict[str, bytes]]],
    last: dict[str, bytes],
    later: list[dict[str, bytes]],
) -> None:
    target = Target()
    for folder, files in past:
        target.put(folder, files)
    before = target.files(WEB)
    target.put(WEB, last)
    after = target.files(WEB)
    for files in later:
        target.put(API, files)
    other = target.files(API)
    if before == after:
        return
    plan = take_back_release(target.history(), "shop/web")
    target.land(plan)
    assert (target.files(WEB), target.files(API)) == (before, other)
    assert bool(plan.resets[0].to) == bool(before)
    target.land(take_back_release(target.history(), "shop/web"))
    assert target.files(WEB) == after


@settings(max_examples=60)
@given(past=changes, at=st.integers(0, 8))
def test_any_commit_of_the_past_can_be_gone_back_to(
    past: list[tuple[str, dict[str, bytes]]], at: int
) -> None:
    target = Target()
    stood = [(target.repository.resolve("main"), target.files(WEB))]
    for folder, files in past:
        stood.append((target.put(folder, files), target.files(WEB)))
    if all(files == stood[0][1] for _, files in stood):
        return
    sha, then = stood[at % len(stood)]
    if then == target.files(WEB):
        with pytest.raises(Refused, match="nothing to take back"):
            take_back_release(target.history(), "shop/web", sha)
        return
    target.land(take_back_release(target.history(), "shop/web", sha))
    assert target.files(WEB) == then


def test_only_commits_that_are_merged_can_be_gone_back_to() -> None:
    target = Target()
    start = target.repository.resolve("main")
    aside = target.repository.commit("aside", start, {f"{WEB}/object.yaml": b"x\n"}, "Aside\n")
    target.put(WEB, {"object.yaml": b"y\n"})
    with pytest.raises(Refused, match="past of what is merged"):
        take_back_release(target.history(), "shop/web", aside)
    with pytest.raises(NotFound):
        take_back_release(target.history(), "shop/web", "nowhere")


@pytest.mark.parametrize("name", ["shop/none", "web", "shop/web/x", "../skills", ""])
def test_what_never_was_a_release_is_not_found(name: str) -> None:
    target = Target()
    target.put(WEB, {"object.yaml": b"y\n"})
    with pytest.raises(NotFound, match="never was"):
        take_back_release(target.history(), name)


def test_a_skills_version_goes_with_all_that_it_rendered() -> None:
    target = Target()
    good = target.skill("good")
    target.release("old", good)
    target.release("other", good)
    before = target.files("")
    bad = target.skill("bad")
    target.release("old", bad)
    target.release("old", bad, "b")
    target.release("new", bad)
    plan = take_back_skill(target.history(), "web")
    assert plan.left == plan.notes == ()
    target.land(plan)
    assert target.files("") == before


def test_a_skill_without_a_version_before_is_removed() -> None:
    target = Target()
    before = target.files("")
    digest = target.skill("bad")
    target.release("one", digest)
    target.release("two", digest)
    plan = take_back_skill(target.history(), "web", digest[:8])
    assert not any(each.to for each in plan.resets)
    target.land(plan)
    assert target.files("") == before
    with pytest.raises(NotFound, match="--digest"):
        take_back_skill(target.history(), "web")
    with pytest.raises(Refused, match="gone already"):
        take_back_skill(target.history(), "web", digest)


def test_what_has_changed_since_stays_unless_it_is_asked_for() -> None:
    target = Target()
    bad = target.skill("bad")
    for name in ("hand", "own", "again", "plain"):
        target.release(name, bad)
    target.push({"manifests/shop/hand/object.yaml": b"text: by hand\n"})
    target.push({"manifests/shop/own/release.toml": None})
    target.release("again", target.skill("c", "other"), skill="other")
    stays = {name: target.files(f"manifests/shop/{name}") for name in ("hand", "own", "again")}
    plan = take_back_skill(target.history(), "web")
    assert {each.folder for each in plan.resets} == {"skills/web", "manifests/shop/plain"}
    assert ["by hand" in plan.left[1], "other@" in plan.left[0], "no longer" in plan.left[2]] == [
        True
    ] * 3
    forced = take_back_skill(target.history(), "web", force=True)
    assert (len(forced.resets), forced.left) == (5, ())
    target.land(plan)
    assert stays == {name: target.files(f"manifests/shop/{name}") for name in stays}


def test_a_skill_that_was_mended_stays_and_its_old_releases_go() -> None:
    target = Target()
    bad = target.skill("bad")
    target.release("stale", bad)
    target.release("fresh", bad)
    mended = target.skill("mended")
    target.release("fresh", mended)
    plan = take_back_skill(target.history(), "web", bad)
    assert [each.folder for each in plan.resets] == ["manifests/shop/stale"]
    assert plan.left[0] == f"skill web: is {mended[:12]} by now, not {bad[:12]}"
    assert "shop/fresh: was rendered by" in plan.left[1]


def test_a_release_can_go_back_to_what_would_not_be_accepted_and_then_it_is_said() -> None:
    target = Target()
    good = target.skill("good")
    target.release("one", good)
    bad = target.skill("bad")
    target.release("one", bad)
    (note,) = take_back_release(target.history(), "shop/one").notes
    assert note.startswith(f"shop/one goes back to what web@{good[:12]} rendered")
    assert take_back_skill(target.history(), "web").notes == ()


def test_it_is_said_what_goes_with_a_namespace() -> None:
    target = Target()
    target.put("manifests/_cluster/shop", {"namespace.yaml": b"kind: Namespace\n"})
    assert take_back_release(target.history(), "_cluster/shop").notes == ()
    target.release("one", target.skill("good"))
    (note,) = take_back_release(target.history(), "_cluster/shop").notes
    assert note == "namespace shop would go, and with it 1 release inside it"


@pytest.mark.parametrize("digest", ["", "abc", "ffffffff", "zz", "../../x"])
def test_a_digest_has_to_name_one_version(digest: str) -> None:
    target = Target()
    target.skill("good")
    with pytest.raises(InvalidInput, match="version of skill web"):
        take_back_skill(target.history(), "web", digest)


def test_a_skill_that_never_was_is_not_found() -> None:
    with pytest.raises(NotFound, match="never was"):
        take_back_skill(Target().history(), "web")


NAMES = ["one", "two", "three"]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("skill"), st.sampled_from("abc")),
        st.tuples(st.just("render"), st.sampled_from(NAMES)),
        st.tuples(st.just("hand"), st.sampled_from(NAMES)),
        st.tuples(st.just("remove"), st.sampled_from(NAMES)),
    ),
    max_size=14,
)


@given(steps=steps, force=st.booleans())
def test_nothing_of_a_bad_version_is_left_but_what_is_told(
    steps: list[tuple[str, str]], force: bool
) -> None:
    target = Target()
    digest = target.skill("a")
    for number, (what, name) in enumerate(steps):
        folder = f"manifests/shop/{name}"
        if what == "skill":
            digest = target.skill(name)
        elif what == "render":
            target.release(name, digest, str(number))
        elif what == "remove":
            target.put(folder, {})
        elif target.files(folder):
            target.push({f"{folder}/object.yaml": f"by hand: {number}\n".encode()})
    before = {name: target.files(f"manifests/shop/{name}") for name in NAMES}
    plan = take_back_skill(target.history(), "web", force=force)
    target.land(plan)
    history = target.history()
    assert history.tree("skills/web") != digest
    told = " ".join(plan.left)
    for name in NAMES:
        release = history.release(f"manifests/shop/{name}")
        if release and release.skill_digest == digest:
            assert f"shop/{name}: " in told
            assert not force
        if f"manifests/shop/{name}" not in {each.folder for each in plan.resets}:
            assert target.files(f"manifests/shop/{name}") == before[name]
