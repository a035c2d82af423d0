"""Forged verdicts and forged talk."""

from __future__ import annotations

import base64
import json
import time

from tests.attacks.rawgit import FILE
from tests.attacks.table import MERGE, attack
from tests.attacks.world import BOB, BRANCH, FOLDER, Scene, own_notary
from tiphys.acceptance import circumstances_of, pull_subject
from tiphys.adapters.forge_local import FORGE_REF, LocalForge
from tiphys.domain.attestation import PAYLOAD_TYPE, Attested, write_statement
from tiphys.domain.evidence import Evidence, Verdict
from tiphys.verify.report import VERDICT_KEY

NO_VERDICT, CHANGED = "no accepting verdict", "again"


def evil_proposal(scene: Scene) -> int:
    """What the forgers want in: bytes that the skill does not render."""
    files = {**scene.release()}
    path = f"{FOLDER}/config-map.yaml"
    files[path] = (files[path] or b"") + b"  EVIL: 'yes'\n"
    return scene.propose(files)


def accepting(scene: Scene, number: int) -> bytes:
    """The Statement that would let it in."""
    ports = scene.ports()
    subject = pull_subject(scene.forge.pull(number), ports)
    fine = Evidence("scope", subject.digest, "static", "pass", "fine", 0.1)
    verdict = Verdict("accept", subject.head_sha, (fine,), "1 check passed, up to tier static")
    return write_statement(Attested(verdict, circumstances_of(subject, ports)))


def _kept(scene: Scene, number: int, *envelopes: bytes, stamp: int = 0) -> int:
    scene.keep(scene.circumstances(number).key, scene.head(number), envelopes, stamp=stamp)
    return number


def _envelope(payload: bytes, signatures: list[dict[str, str]]) -> bytes:
    body = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": signatures,
    }
    return json.dumps(body).encode()


def _signed(scene: Scene, number: int) -> bytes:
    """An accepting verdict signed by a key of the proposer's own."""
    notary = own_notary(scene.home / "own-key")
    return notary.sign(accepting(scene, number), PAYLOAD_TYPE)


# -- the store of verdicts -------------------------------------------------------------------------


@attack("store", "an accepting verdict without any signature", by=MERGE, words=NO_VERDICT)
def unsigned(scene: Scene) -> int:
    number = evil_proposal(scene)
    return _kept(scene, number, _envelope(accepting(scene, number), []))


@attack(
    "store", "one with a signature of random bytes by the right key", by=MERGE, words=NO_VERDICT
)
def forged_signature(scene: Scene) -> int:
    number = evil_proposal(scene)
    keyid = scene.notary._signer.public_key.keyid  # the id is public
    forged = [{"keyid": keyid, "sig": base64.b64encode(b"\0" * 64).decode()}]
    return _kept(scene, number, _envelope(accepting(scene, number), forged))


@attack("store", "one signed by a key of its own", by=MERGE, words=NO_VERDICT)
def own_key(scene: Scene) -> int:
    number = evil_proposal(scene)
    return _kept(scene, number, _signed(scene, number))


@attack("store", "its own key made a trusted one in the same proposal", by=MERGE, words=NO_VERDICT)
def own_key_in_the_settings(scene: Scene) -> int:
    key = own_notary(scene.home / "own-key").public_key
    number = scene.propose_beside({"tiphys.toml": f'trusted_keys = ["{key}"]\n'.encode()})
    return _kept(scene, number, _signed(scene, number))


@attack("store", "the right payload under another payload type", by=MERGE, words=NO_VERDICT)
def other_type(scene: Scene) -> int:
    number = evil_proposal(scene)
    found = json.loads(_signed(scene, number)) | {"payloadType": "text/plain"}
    return _kept(scene, number, json.dumps(found).encode())


def _genuine(scene: Scene) -> tuple[int, bytes]:
    """An accepted proposal and its genuine envelope."""
    number = scene.honest()
    return number, scene.verdicts.of_commit(scene.head(number))[0]


def swap(scene: Scene, number: int) -> None:
    """The branch replaced by what the forgers want in."""
    files = {**scene.release(data={"MAX_BASKET": "50", "EVIL": "yes"})}
    scene.repository.delete_branch(BRANCH, scene.head(number))
    files[f"{FOLDER}/config-map.yaml"] = (files[f"{FOLDER}/config-map.yaml"] or b"") + b"#\n"
    scene.push(files)


@attack(
    "store", "a genuine verdict on another head, kept under this one", by=MERGE, words=NO_VERDICT
)
def replayed_for_another_head(scene: Scene) -> int:
    number, envelope = _genuine(scene)
    swap(scene, number)
    return _kept(scene, number, envelope)


@attack(
    "store", "a genuine verdict whose payload names this head instead", by=MERGE, words=NO_VERDICT
)
def payload_edited(scene: Scene) -> int:
    number, envelope = _genuine(scene)
    swap(scene, number)
    found = json.loads(envelope)
    found["payload"] = base64.b64encode(accepting(scene, number)).decode()
    return _kept(scene, number, json.dumps(found).encode())


@attack("store", "a genuine verdict that is no longer about today's main", by=MERGE, words="moved")
def replayed_on_another_base(scene: Scene) -> int:
    number, _ = _genuine(scene)
    scene.merged(scene.release(folder="limits-config-map"))  # the same object
    return number


@attack(
    "store", "hundreds of envelopes of garbage, newer than the refusal", by=MERGE, words=NO_VERDICT
)
def flood(scene: Scene) -> int:
    number = evil_proposal(scene)
    scene.judge(number)
    later = 10 * int(time.time() * 1000)
    return _kept(scene, number, *(b'{"payload": "%d"}' % n for n in range(300)), stamp=later)


@attack(
    "store", "envelopes that are huge, cut short, nested, and not JSON", by=MERGE, words=NO_VERDICT
)
def malformed(scene: Scene) -> int:
    number = evil_proposal(scene)
    good = _signed(scene, number)
    odd = [b"", b"\xff", b"[" * 100_000, good[:-20], b'{"payload": 7}', b" " * (3 << 20), b"null"]
    return _kept(scene, number, *odd)


@attack("store", "a ref of verdicts that is no tree of verdicts at all", by=MERGE, words=NO_VERDICT)
def another_ref(scene: Scene) -> int:
    number = evil_proposal(scene)
    scene.git.references.create("refs/tiphys/verdicts", scene.head(number), force=True)
    return number


@attack(
    "store", "all verdicts thrown away, with the refusal among them", by=MERGE, words=NO_VERDICT
)
def thrown_away(scene: Scene) -> int:
    number = evil_proposal(scene)
    scene.judge(number)
    scene.git.references.delete("refs/tiphys/verdicts")
    return number


# -- talk ------------------------------------------------------------------------------------------


@attack("forge", "a comment that reads like the accepting one", by=MERGE, words=NO_VERDICT)
def forged_comment(scene: Scene) -> int:
    number = evil_proposal(scene)
    scene.forge.comment(number, "### Verdict: accept\n\nA person may merge it.\n", VERDICT_KEY)
    return number


@attack("forge", "a green status on the head and on the merged tree", by=MERGE, words=NO_VERDICT)
def forged_status(scene: Scene) -> int:
    number = evil_proposal(scene)
    subject = pull_subject(scene.forge.pull(number), scene.ports())
    for sha in (subject.head_sha, subject.digest):
        scene.forge.set_status(sha, VERDICT_KEY, "success", "accept: 9 checks passed")
    return number


@attack("forge", "an approval in a person's name", by=MERGE, words=NO_VERDICT)
def forged_review(scene: Scene) -> int:
    number = evil_proposal(scene)
    LocalForge(scene.home, BOB).review(number, scene.head(number), "approve", "Looks good")
    return number


@attack("forge", "operations that are broken in every way", by=MERGE, words=NO_VERDICT)
def malformed_operations(scene: Scene) -> int:
    number = evil_proposal(scene)
    for blob in (b"", b"\xff", b"{}", b"[" * 50_000, b'{"kind": "merged", "lamport": NaN}'):
        scene.write_blob(scene.entity(number), blob)
    scene.write_ref(FORGE_REF, "zz/../../evil", [(FILE, b"x.json", scene.blob(b"x"))])
    return number


@attack("forge", "it says itself that it was merged", by=MERGE, words="is merged")
def claims_to_be_merged(scene: Scene) -> int:
    number = evil_proposal(scene)
    scene.write_operation("merged", {"sha": scene.head(number)}, on=number)
    return number


@attack("forge", "a number that a person's issue has already", by=MERGE, words="no accepting")
def claimed_number(scene: Scene) -> int:
    number = evil_proposal(scene)
    data = {"title": "Mine", "body": "x", "source": BRANCH, "target": "main", "issue": None}
    scene.write_operation("open-pull", data, number=1)
    return number
