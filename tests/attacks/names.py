"""Talk in the name of people whose keys it does not have, where main lists them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.attacks.table import attack
from tests.attacks.world import ANN, BOB, BOT, BRANCH, REQUEST, Scene
from tiphys.adapters.forge_keys import KeySigner
from tiphys.adapters.forge_local import LocalForge, first_commit
from tiphys.adapters.git_repository import GitRepository
from tiphys.domain.forge_log import encode
from tiphys.domain.forge_names import message
from tiphys.scaffold import people_line

QUOTES = "quotes another"
EVIL = REQUEST.replace("=50", "=5000")
EDIT = {"title": "Limits", "body": EVIL}


def written(
    scene: Scene, author: str, signer: KeySigner | None, place: str,
    kind: str = "edit", data: Mapping[str, Any] = EDIT,
) -> bytes:  # fmt: skip
    """The bytes of an operation in anybody's name, signed by whom and for where it likes."""

    def sign(body: bytes) -> tuple[str, str]:
        assert signer is not None
        signed = message(first_commit(scene.git, "main"), place, body)
        return signer.public_key or "", signer.sign(signed).hex()

    return encode(
        kind,
        author=author,
        time=9e9,
        lamport=50,
        nonce="n",
        data=data,
        sign=sign if signer else None,
    )


def altered(blob: bytes, **changes: Any) -> bytes:
    """An operation with something changed or, for None, taken out; in the form that it is kept."""
    record = {**json.loads(blob), **changes}
    kept = {name: value for name, value in record.items() if value is not None}
    return (json.dumps(kept, sort_keys=True, ensure_ascii=False) + "\n").encode()


def genuine(scene: Scene, number: int, act: Callable[[], object]) -> bytes:
    """The bytes of what somebody really does on an issue or pull request."""
    before = set(scene.operations(number))
    act()
    (blob,) = set(scene.operations(number)) - before
    return blob


def edit_by_ann(scene: Scene, number: int, body: str = EVIL) -> bytes:
    """She edits her request, as a program that knows how lets her."""
    data = {"title": "Limits", "body": body}
    return genuine(scene, number, lambda: scene.ann._act(number, "edit", data))


def propose_evil(scene: Scene) -> int:
    """What it wants in, quoting what it wants to have been asked."""
    return scene.propose(scene.release(request=f"Limits\n{EVIL}", data={"MAX_BASKET": "5000"}))


def editing(
    called: str, tries: str, words: str = QUOTES
) -> Callable[[Callable[[Scene, str], bytes]], object]:
    """An attack that puts the bytes which the decorated function gives into a person's issue."""

    def add(make: Callable[[Scene, str], bytes]) -> object:
        def run(scene: Scene) -> int:
            scene.list_people()
            entity = scene.entity(scene.issue)
            scene.write_blob(entity, make(scene, entity))
            return propose_evil(scene)

        return attack("forge", tries, by="scope", words=words, called=called)(run)

    return add


@editing("edited-request-in-its-authors-name", "a person's request edited in that person's name")
def unsigned(scene: Scene, entity: str) -> bytes:
    return written(scene, ANN, None, entity)


@editing("edit-signed-by-the-bot", "the same, signed by the bot's key")
def by_the_bots_key(scene: Scene, entity: str) -> bytes:
    return written(scene, ANN, scene.signers[BOT], entity)


@editing("edit-signed-by-another", "the same, signed by a listed key of another person")
def by_anothers_key(scene: Scene, entity: str) -> bytes:
    return written(scene, ANN, scene.signers[BOB], entity)


@editing("edit-with-anothers-key-id", "a signature by the bot's key that names the person's")
def by_a_key_that_is_named_otherwise(scene: Scene, entity: str) -> bytes:
    blob = written(scene, ANN, scene.signers[BOT], entity)
    value = json.loads(blob)["signature"]["value"]
    return altered(blob, signature={"key": scene.signers[ANN].public_key, "value": value})


@editing("edit-with-its-author-swapped", "another person's edit with the author's name put in")
def swapped_author(scene: Scene, entity: str) -> bytes:
    return altered(written(scene, BOB, scene.signers[BOB], entity), author=ANN)


@editing("edit-of-another-issue", "a genuine edit of the person's other issue, copied here")
def replayed_from_another_issue(scene: Scene, _entity: str) -> bytes:
    other = scene.ann.open_issue("Limits", "Something else").number
    return edit_by_ann(scene, other)


@editing(
    "edit-with-its-signature-stripped", "the same without the signature, to pass for an old one"
)
def stripped(scene: Scene, _entity: str) -> bytes:
    other = scene.ann.open_issue("Limits", "Something else").number
    return altered(edit_by_ann(scene, other), signature=None)


@editing("edit-changed-after-signing", "a genuine edit of this issue with another body put in")
def changed_after_signing(scene: Scene, _entity: str) -> bytes:
    blob = edit_by_ann(scene, scene.issue, f"{REQUEST}, please")
    return altered(blob, data=EDIT)


@editing("edit-moved-in-time", "an edit that the person took back, moved to a later logical time")
def moved_in_time(scene: Scene, _entity: str) -> bytes:
    blob = edit_by_ann(scene, scene.issue)
    edit_by_ann(scene, scene.issue, REQUEST)
    return altered(blob, lamport=60)


@editing("edit-of-another-repository", "a genuine edit of the same issue in another repository")
def replayed_from_another_repository(scene: Scene, entity: str) -> bytes:
    other = GitRepository.init(scene.outside.parent / "other", bare=True)
    other.commit("main", None, {"tiphys.toml": b""}, "Another start\n")
    sign_there = message(other.resolve("main"), entity, b"")
    assert sign_there != message(first_commit(scene.git, "main"), entity, b"")
    body = written(scene, ANN, None, entity)
    signed = scene.signers[ANN].sign(sign_there + body).hex()
    return altered(body, signature={"key": scene.signers[ANN].public_key, "value": signed})


@editing("edit-by-a-look-alike", "an edit in a name that looks like the person's")
def look_alike(scene: Scene, entity: str) -> bytes:
    return written(scene, "\N{CYRILLIC SMALL LETTER A}nn", None, entity)


@attack(
    "forge",
    "an answer that asks for more, in a name of its own",
    by="scope",
    words=QUOTES,
)
def answer_by_a_stranger(scene: Scene) -> int:
    scene.list_people()
    LocalForge(scene.home, "eve", people=scene.settings.people).comment(scene.issue, EVIL)
    quoted = f"{scene.asked(scene.issue)}\n{EVIL}"
    return scene.propose(scene.release(request=quoted, data={"MAX_BASKET": "5000"}))


@attack(
    "forge", "an opening with an earlier time, to take a request's place", by="scope", words=QUOTES
)
def opening_replaced(scene: Scene) -> int:
    scene.list_people()
    made = {"author": "eve", "time": 0.0, "lamport": 1, "nonce": "n", "data": EDIT}
    scene.write_blob(scene.entity(scene.issue), encode("open-issue", **made))
    return propose_evil(scene)


def _settings(scene: Scene, people: Mapping[str, str]) -> dict[str, bytes | None]:
    text = scene.repository.read("main", "tiphys.toml").partition(b"[people]")[0]
    lines = "\n".join(people_line(name, [key]) for name, key in people.items())
    return {"tiphys.toml": text + b"[people]\n" + lines.encode() + b"\n"}


@attack(
    "forge", "its own key added to a person's name in the same proposal", by="scope", words="only"
)
def own_key_for_a_person(scene: Scene) -> int:
    scene.list_people()
    key = scene.signers[BOT].public_key or ""
    entity = scene.entity(scene.issue)
    scene.write_blob(entity, written(scene, ANN, scene.signers[BOT], entity))
    release = scene.release(request=f"Limits\n{EVIL}", data={"MAX_BASKET": "5000"})
    return scene.propose({**release, **_settings(scene, {ANN: key})})


@attack("forge", "a person taken off the list in the same proposal", by="scope", words="only")
def person_taken_off(scene: Scene) -> int:
    scene.list_people()
    entity = scene.entity(scene.issue)
    scene.write_blob(entity, written(scene, ANN, None, entity))
    release = scene.release(request=f"Limits\n{EVIL}", data={"MAX_BASKET": "5000"})
    key = scene.signers[BOT].public_key or ""
    return scene.propose({**release, **_settings(scene, {BOT: key})})


@attack("forge", "the list alone, by a branch of a program", by="scope", words="only")
def list_alone(scene: Scene) -> int:
    scene.list_people()
    scene.push(_settings(scene, {ANN: scene.signers[BOT].public_key or ""}), branch=BRANCH)
    return scene.open()
