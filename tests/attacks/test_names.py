"""Approvals that are not by whom they say; no cluster: the checks have accepted already."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from tests.attacks.forged import accepting
from tests.attacks.names import EVIL, QUOTES, altered, edit_by_ann, genuine, written
from tests.attacks.table import ATTACKS
from tests.attacks.world import ANN, BOB, BOT, Scene, build, own_notary, own_signer
from tiphys.acceptance import merge_pull
from tiphys.adapters.forge_local import LocalForge
from tiphys.domain.attestation import PAYLOAD_TYPE
from tiphys.domain.errors import Refused
from tiphys.ports import Lease

RULES = "manifests/guardrails/images.yaml"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A repository that lists its people, and two pull requests that change the rules."""
    folder = tmp_path_factory.mktemp("names")
    signers = {name: own_signer(folder, name) for name in (ANN, BOB, BOT)}
    build(folder / "repo", signers)
    no_cluster = cast("Lease", None)
    return Scene(folder / "repo", folder, own_notary(folder), no_cluster, signers)


@pytest.fixture
def scene(start: Scene, tmp_path: Path) -> Scene:
    """A copy of it."""
    import shutil

    home = tmp_path / "repo"
    shutil.copytree(start.home, home)
    scene = Scene(home, tmp_path, start.notary, start.lease, start.signers)
    scene.list_people()
    return scene


def propose(scene: Scene, branch: str = "rules", forge: LocalForge | None = None) -> int:
    """A person's change of the rules, which every check accepted."""
    text = scene.repository.read("main", RULES)
    scene.push({RULES: text + f"# {branch}\n".encode()}, branch=branch)
    number = scene.open(branch, forge=forge or scene.ann)
    envelope = scene.notary.sign(accepting(scene, number), PAYLOAD_TYPE)
    scene.keep(scene.circumstances(number).key, scene.head(number), [envelope])
    return number


def approval(scene: Scene, number: int) -> dict[str, str]:
    return {"sha": scene.head(number), "decision": "approve", "body": ""}


def in_bobs_name(signer: str | None) -> Callable[[Scene, int], bytes]:
    def make(scene: Scene, number: int) -> bytes:
        key = scene.signers[signer] if signer else None
        return written(scene, BOB, key, scene.entity(number), "review", approval(scene, number))

    return make


def by_a_look_alike(scene: Scene, number: int) -> bytes:
    name = "b\N{CYRILLIC SMALL LETTER O}b"
    return written(scene, name, None, scene.entity(number), "review", approval(scene, number))


def by_a_stranger_with_a_key(scene: Scene, number: int) -> bytes:
    place = scene.entity(number)
    return written(scene, "eve", scene.signers[BOT], place, "review", approval(scene, number))


def by_the_bot(scene: Scene, number: int) -> bytes:
    key = scene.signers[BOT]
    return written(scene, BOT, key, scene.entity(number), "review", approval(scene, number))


def by_its_author(scene: Scene, number: int) -> bytes:
    key = scene.signers[ANN]
    return written(scene, ANN, key, scene.entity(number), "review", approval(scene, number))


def of_another_pull(scene: Scene, number: int) -> bytes:
    other = propose(scene, "docs")
    sha = scene.head(number)
    return genuine(scene, other, lambda: scene.bob.review(other, sha, "approve", ""))


def of_an_earlier_head(scene: Scene, number: int) -> bytes:
    blob = genuine(scene, number, lambda: scene.bob.review(number, "a" * 40, "approve", ""))
    return altered(blob, data=json.loads(blob)["data"] | {"sha": scene.head(number)})


def of_a_remark(scene: Scene, number: int) -> bytes:
    sha = scene.head(number)
    blob = genuine(scene, number, lambda: scene.bob.review(number, sha, "comment", "Hm"))
    return altered(blob, data=json.loads(blob)["data"] | {"decision": "approve"})


@pytest.mark.parametrize(
    "forge",
    [
        in_bobs_name(None),
        in_bobs_name(ANN),
        in_bobs_name(BOT),
        by_a_look_alike,
        by_a_stranger_with_a_key,
        by_the_bot,
        by_its_author,
        of_another_pull,
        of_an_earlier_head,
        of_a_remark,
    ],
    ids=[
        "unsigned",
        "signed-by-the-author",
        "signed-by-the-bot",
        "look-alike",
        "stranger",
        "bot",
        "author",
        "of-another-pull",
        "of-another-head",
        "of-a-remark",
    ],
)
def test_an_approval_that_is_not_a_second_persons_counts_for_nothing(
    scene: Scene, forge: Callable[[Scene, int], bytes]
) -> None:
    number = propose(scene)
    scene.write_blob(scene.entity(number), forge(scene, number))
    with pytest.raises(Refused, match="review of a second person"):
        merge_pull(number, scene.ports(ANN))
    assert scene.main == scene.stands


def test_a_second_persons_approval_counts(scene: Scene) -> None:
    number = propose(scene)
    scene.bob.review(number, scene.head(number), "approve", "Looks good")
    assert merge_pull(number, scene.ports(ANN)) == scene.main != scene.stands


def test_an_alias_makes_nobody_a_second_person(scene: Scene) -> None:
    alias = LocalForge(scene.home, "ann2", people=scene.settings.people)
    number = propose(scene, forge=alias)
    scene.ann.review(number, scene.head(number), "approve", "")
    with pytest.raises(Refused, match="nobody is known to be a second person"):
        merge_pull(number, scene.ports(ANN))
    assert scene.main == scene.stands


def test_a_genuine_edit_changes_what_is_asked(scene: Scene) -> None:
    """Else every forged one would be stopped for nothing."""
    edit_by_ann(scene, scene.issue)
    assert EVIL in scene.asked(scene.issue)


def test_a_forged_edit_is_told_where_the_request_is_read(scene: Scene) -> None:
    entity = scene.entity(scene.issue)
    scene.write_blob(entity, written(scene, ANN, None, entity))
    issue = scene.forge.issue(scene.issue)
    assert (issue.proven, issue.body) == (True, scene.ann.issue(1).body)
    assert EVIL not in issue.body
    (line,) = issue.left_out
    assert line.endswith("edit in the name of ann, not signed")
    assert [p.partition("/")[0] for p in scene.forge.problems()] == [entity]


def test_a_listed_name_cannot_be_used_without_its_key(scene: Scene) -> None:
    for signer in (None, scene.signers[BOT]):
        forge = LocalForge(scene.home, ANN, people=scene.settings.people, signer=signer)
        with pytest.raises(Refused, match=r"ann is listed under \[people\]"):
            forge.comment(scene.issue, "Me again")


def test_the_table_forges_names_in_many_ways() -> None:
    assert len([a for a in ATTACKS if a.category == "forge" and a.words == QUOTES]) >= 12
