"""What a signature covers, in which history it counts, and what it costs."""

import json
import subprocess
import time

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.forge.test_forge_local import entity_of, plant
from tiphys.adapters.forge_keys import KeySigner, private_key, verify
from tiphys.adapters.forge_local import LocalForge
from tiphys.adapters.git_repository import GitRepository
from tiphys.adapters.git_sync import sync
from tiphys.domain.errors import InvalidInput, Refused, Unavailable
from tiphys.domain.forge_log import decode, encode, entity_folder, operation_id
from tiphys.domain.forge_names import Roster, judge, message, place
from tiphys.testing.conformance.forge import key_of, listed

ANN, BOB = key_of("ann"), key_of("bob")
PEOPLE = listed("ann", "bob")
ENTITY, ELSEWHERE = "1-" + "a" * 16, "2-" + "b" * 16


def signing(signer, where=ENTITY, forge="here"):
    return lambda body: (signer.public_key, signer.sign(message(forge, where, body)).hex())


def said(signer=ANN, *, author="ann", body="text", **where):
    return encode(
        "comment",
        author=author,
        time=1.5,
        lamport=3,
        nonce="n",
        data={"body": body, "key": None},
        sign=signing(signer, **where) if signer else None,
    )


def judged(blob, entity=ENTITY, forge="here"):
    return judge(entity, decode(operation_id(blob), blob), Roster(PEOPLE, lambda: forge, verify))


def rewritten(blob, **changes):
    record = json.loads(blob) | changes
    return (json.dumps(record, sort_keys=True, ensure_ascii=False) + "\n").encode()


@given(st.text(max_size=200), st.sampled_from([ENTITY, "status-" + "c" * 40]), st.text(max_size=20))
def test_what_is_signed_is_proven_there_and_nowhere_else(body, entity, forge):
    blob = said(body=body, where=entity, forge=forge)
    assert judged(blob, entity, forge).proven
    assert isinstance(judged(blob, ELSEWHERE, forge), str)
    assert isinstance(judged(blob, entity, f"{forge}x"), str)


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"body": "other", "key": None}},
        {"data": {"body": "text", "key": "k"}},
        {"author": "bob"},
        {"lamport": 4},
        {"time": 2.5},
        {"nonce": "m"},
        {"more": 1},
        {"kind": "comments"},
    ],
)
def test_nothing_can_be_changed_afterwards(changes):
    assert judged(said()).proven
    assert isinstance(judged(rewritten(said(), **changes)), str)


def test_a_signature_has_one_form_in_bytes():
    """A second one would be the same words twice, or an old state of things once more."""
    record = json.loads(said())
    for text in (
        json.dumps(record),
        json.dumps(record, sort_keys=True, indent=1) + "\n",
        json.dumps(record, sort_keys=True) + "\n\n",
        json.dumps(record, sort_keys=True).replace('"nonce"', '"nonce": "x", "nonce"') + "\n",
    ):
        blob = text.encode()
        with pytest.raises(InvalidInput):
            decode(operation_id(blob), blob)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        [],
        {},
        {"key": ANN.public_key},
        {"key": ANN.public_key, "value": "00"},
        {"key": ANN.public_key, "value": "0" * 128, "more": 1},
        {"key": "rsa:00", "value": "0" * 128},
        {"key": ["x"], "value": "0" * 128},
        {"key": ANN.public_key.upper(), "value": "0" * 128},
        {"key": "\ud800", "value": "0" * 128},
    ],
)
def test_a_malformed_signature_is_a_malformed_operation(signature):
    record = json.loads(said()) | {"signature": signature}
    blob = (json.dumps(record, sort_keys=True) + "\n").encode()
    with pytest.raises(InvalidInput):
        decode(operation_id(blob), blob)


def test_a_signature_of_zeros_and_one_with_its_second_half_raised_are_none():
    record = json.loads(said())
    value = record["signature"]["value"]
    order = 2**252 + 27742317777372353535851937790883648493
    raised = (int.from_bytes(bytes.fromhex(value[64:]), "little") + order).to_bytes(32, "little")
    for forged in ("0" * 128, value[:64] + raised.hex()):
        blob = rewritten(said(), signature=record["signature"] | {"value": forged})
        assert isinstance(judged(blob), str)


def test_an_unlisted_name_is_a_claim_whatever_it_signs():
    for signer in (None, ANN):
        assert judged(said(signer, author="eve")).proven is False


def test_what_makes_an_issue_is_signed_for_its_number():
    assert place("7-" + "a" * 16, "open-issue") == place("7-" + "b" * 16, "open-pull")
    assert place("7-" + "a" * 16, "open-issue") != place("8-" + "a" * 16, "open-issue")


# -- in a repository -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    repository = GitRepository.init(tmp_path / "r", bare=True)
    sha = repository.commit("main", None, {"a": b"1"}, "Start")
    repository.commit("main", sha, {"a": b"2"}, "Go on")
    return tmp_path / "r"


def ann(folder, **more):
    return LocalForge(folder, "ann", people=PEOPLE, signer=ANN, **more)


def test_an_issue_copied_to_another_number_is_not_its_authors(folder):
    ann(folder).open_issue("One", "")
    done = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "refs/tiphys/forge"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    path = done.stdout.strip()
    blob = subprocess.run(
        ["git", "show", f"refs/tiphys/forge:{path}"], cwd=folder, capture_output=True, check=True
    ).stdout
    copy = f"7-{entity_of(folder).partition('-')[2]}"
    plant(folder, {f"{entity_folder(copy)}/{path.rpartition('/')[2]}": blob})
    assert [i.number for i in ann(folder).issues()] == [1]
    assert len(ann(folder).problems()) == 1


def test_a_claim_does_not_take_a_proven_number(folder):
    ann(folder).open_issue("One", "")
    data = {"title": "Mine", "body": ""}
    rival = encode("open-issue", author="eve", time=0.0, lamport=1, nonce="", data=data)
    entity = f"1-{operation_id(rival)[:16]}"
    plant(folder, {f"{entity_folder(entity)}/{operation_id(rival)}.json": rival})
    assert [(i.number, i.title) for i in ann(folder).issues()] == [(1, "One"), (2, "Mine")]
    claims = LocalForge(folder, "reader").issues()
    assert [(i.number, i.title) for i in claims] == [(1, "Mine"), (2, "One")]


def test_signatures_count_in_every_clone_and_in_no_other_history(folder, tmp_path):
    ann(folder).open_issue("One", "")
    subprocess.run(["git", "clone", "-q", folder, tmp_path / "clone"], check=True)
    sync(tmp_path / "clone", str(folder))
    assert ann(tmp_path / "clone").issue(1).proven
    other = GitRepository.init(tmp_path / "other", bare=True)
    other.commit("main", None, {"a": b"1"}, "Another start")
    sync(tmp_path / "other", str(folder))
    assert list(ann(tmp_path / "other").issues()) == []
    assert "or not here" in ann(tmp_path / "other").problems()[0]


def test_a_shallow_clone_says_what_to_do(folder, tmp_path):
    ann(folder).open_issue("One", "")
    source = f"file://{folder}"
    subprocess.run(["git", "clone", "-q", "--depth=1", source, tmp_path / "clone"], check=True)
    sync(tmp_path / "clone", str(folder))
    with pytest.raises(Refused, match="git fetch --unshallow"):
        ann(tmp_path / "clone").issues()
    assert LocalForge(tmp_path / "clone", "eve").issues()[0].title == "One"


def test_before_the_first_commit_nothing_is_signed(tmp_path):
    GitRepository.init(tmp_path, bare=True)
    LocalForge(tmp_path, "ann", signer=ANN).open_issue("One", "")
    assert not LocalForge(tmp_path, "ann", signer=ANN).issue(1).proven


def test_a_left_out_operation_is_reported_harmlessly(folder):
    ann(folder).open_issue("One", "")
    record = {"kind": "\x1b[2J", "author": "ann", "time": 1, "lamport": 2, "data": {}}
    blob = json.dumps(record).encode()
    place_ = entity_folder(entity_of(folder))
    plant(folder, {f"{place_}/{operation_id(blob)}.json": blob})
    (line,) = ann(folder).issue(1).left_out
    assert line.isprintable()
    assert ann(folder).problems() == [f"{entity_of(folder)}/{line}"]


def test_a_thousand_signed_operations_are_read_quickly(folder):
    forge = ann(folder)
    forge.open_issue("One", "")
    entity = entity_of(folder)
    first = GitRepository(folder).resolve("main~1")
    files = {}
    for n in range(1000):
        blob = said(body=str(n), forge=first, where=entity)
        files[f"{entity_folder(entity)}/{operation_id(blob)}.json"] = blob
    pygit2.settings.enable_fsync_gitdir(False)  # on again when a forge is opened
    plant(folder, files)
    fresh = ann(folder)
    started = time.process_time()  # what others do on the machine is not counted
    issue = fresh.issue(1)
    spent = time.process_time() - started
    assert len(issue.comments) == 1000
    assert all(c.proven for c in issue.comments)
    started = time.process_time()
    fresh.issue(1)
    again = time.process_time() - started
    assert (spent, again) < (2.0, 2.0)  # 0.3 s and 0.03 s on an idle core


# -- keys ------------------------------------------------------------------------------------------


def test_each_name_has_its_key(tmp_path):
    def key(name, *, own=False, make=True, given=None):
        pem = private_key(name, tmp_path, lambda _: given, own=own, make=make)
        return pem and KeySigner(lambda: pem).public_key

    assert key("ann", own=True, make=False) is None
    assert key("tiphys", make=False) is None
    assert not list(tmp_path.iterdir())
    mine, bots = key("ann", own=True), key("tiphys")
    odd = [key(name) for name in ("a/b", "..", "ä", "x" * 128, "ä" * 128)]
    assert len({mine, bots, *odd}) == 7
    assert (key("ann", own=True, make=False), key("tiphys", make=False)) == (mine, bots)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["actors", "signing-key.pem"]
    assert all(p.stat().st_mode & 0o077 == 0 for p in tmp_path.rglob("*.pem"))
    pem = private_key("eve", tmp_path, lambda _: None, own=False, make=True).decode()
    given = KeySigner(pem.encode).public_key
    assert key("ann", own=True, given=pem) == given  # the variable goes over the person's file
    assert key("tiphys", given=pem) == bots  # but not over the bot's
    assert key("robot", make=False, given=pem) == given


def test_a_broken_key_is_named():
    with pytest.raises(Unavailable, match="not a PEM private key"):
        _ = KeySigner(lambda: b"nonsense").public_key
