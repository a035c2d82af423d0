"""Forged verdicts and talk, races, and pull requests that are not what they seem."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from pathlib import Path

from tests.attacks.table import MERGE, OPENING, attack
from tests.attacks.world import (
    ANN,
    BOB,
    BRANCH,
    FILE,
    FOLDER,
    SETTINGS,
    STOREFRONT,
    Scene,
    own_notary,
)
from tiphys.acceptance import circumstances_of, pull_subject
from tiphys.adapters.forge_local import FORGE_REF, LocalForge
from tiphys.domain.attestation import PAYLOAD_TYPE, Attested, write_statement
from tiphys.domain.evidence import Evidence, Verdict
from tiphys.verify.report import VERDICT_KEY

NO_VERDICT, CHANGED = "no accepting verdict", "again"


def _evil(scene: Scene) -> int:
    """What the forgers want in: bytes that the skill does not render."""
    files = {**scene.release()}
    path = f"{FOLDER}/config-map.yaml"
    files[path] = (files[path] or b"") + b"  EVIL: 'yes'\n"
    return scene.propose(files)


def _accepting(scene: Scene, number: int) -> bytes:
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
    return notary.sign(_accepting(scene, number), PAYLOAD_TYPE)


# -- the store of verdicts -------------------------------------------------------------------------


@attack("store", "an accepting verdict without any signature", by=MERGE, words=NO_VERDICT)
def unsigned(scene: Scene) -> int:
    number = _evil(scene)
    return _kept(scene, number, _envelope(_accepting(scene, number), []))


@attack(
    "store", "one with a signature of random bytes by the right key", by=MERGE, words=NO_VERDICT
)
def forged_signature(scene: Scene) -> int:
    number = _evil(scene)
    keyid = scene.notary._signer.public_key.keyid  # the id is public
    forged = [{"keyid": keyid, "sig": base64.b64encode(b"\0" * 64).decode()}]
    return _kept(scene, number, _envelope(_accepting(scene, number), forged))


@attack("store", "one signed by a key of its own", by=MERGE, words=NO_VERDICT)
def own_key(scene: Scene) -> int:
    number = _evil(scene)
    return _kept(scene, number, _signed(scene, number))


@attack("store", "its own key made a trusted one in the same proposal", by=MERGE, words=NO_VERDICT)
def own_key_in_the_settings(scene: Scene) -> int:
    key = own_notary(scene.home / "own-key").public_key
    number = scene.propose_beside({"tiphys.toml": f'trusted_keys = ["{key}"]\n'.encode()})
    return _kept(scene, number, _signed(scene, number))


@attack("store", "the right payload under another payload type", by=MERGE, words=NO_VERDICT)
def other_type(scene: Scene) -> int:
    number = _evil(scene)
    found = json.loads(_signed(scene, number)) | {"payloadType": "text/plain"}
    return _kept(scene, number, json.dumps(found).encode())


def _genuine(scene: Scene) -> tuple[int, bytes]:
    """An accepted proposal and its genuine envelope."""
    number = scene.honest()
    return number, scene.verdicts.of_commit(scene.head(number))[0]


def _swap(scene: Scene, number: int) -> None:
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
    _swap(scene, number)
    return _kept(scene, number, envelope)


@attack(
    "store", "a genuine verdict whose payload names this head instead", by=MERGE, words=NO_VERDICT
)
def payload_edited(scene: Scene) -> int:
    number, envelope = _genuine(scene)
    _swap(scene, number)
    found = json.loads(envelope)
    found["payload"] = base64.b64encode(_accepting(scene, number)).decode()
    return _kept(scene, number, json.dumps(found).encode())


@attack("store", "a genuine verdict that is no longer about today's main", by=MERGE, words="moved")
def replayed_on_another_base(scene: Scene) -> int:
    number, _ = _genuine(scene)
    scene.merged(scene.release(folder="limits-config-map"))  # the same object
    return number


@attack(
    "store", "a thousand envelopes of garbage, newer than the refusal", by=MERGE, words=NO_VERDICT
)
def flood(scene: Scene) -> int:
    number = _evil(scene)
    scene.judge(number)
    later = 10 * int(time.time() * 1000)
    return _kept(scene, number, *(b'{"payload": "%d"}' % n for n in range(1000)), stamp=later)


@attack(
    "store", "envelopes that are huge, cut short, nested, and not JSON", by=MERGE, words=NO_VERDICT
)
def malformed(scene: Scene) -> int:
    number = _evil(scene)
    good = _signed(scene, number)
    odd = [b"", b"\xff", b"[" * 100_000, good[:-20], b'{"payload": 7}', b" " * (3 << 20), b"null"]
    return _kept(scene, number, *odd)


@attack("store", "a ref of verdicts that is no tree of verdicts at all", by=MERGE, words=NO_VERDICT)
def another_ref(scene: Scene) -> int:
    number = _evil(scene)
    scene.git.references.create("refs/tiphys/verdicts", scene.head(number), force=True)
    return number


@attack(
    "store", "all verdicts thrown away, with the refusal among them", by=MERGE, words=NO_VERDICT
)
def thrown_away(scene: Scene) -> int:
    number = _evil(scene)
    scene.judge(number)
    scene.git.references.delete("refs/tiphys/verdicts")
    return number


# -- talk ------------------------------------------------------------------------------------------


@attack("forge", "a comment that reads like the accepting one", by=MERGE, words=NO_VERDICT)
def forged_comment(scene: Scene) -> int:
    number = _evil(scene)
    scene.forge.comment(number, "### Verdict: accept\n\nA person may merge it.\n", VERDICT_KEY)
    return number


@attack("forge", "a green status on the head and on the merged tree", by=MERGE, words=NO_VERDICT)
def forged_status(scene: Scene) -> int:
    number = _evil(scene)
    subject = pull_subject(scene.forge.pull(number), scene.ports())
    for sha in (subject.head_sha, subject.digest):
        scene.forge.set_status(sha, VERDICT_KEY, "success", "accept: 9 checks passed")
    return number


@attack("forge", "an approval in a person's name", by=MERGE, words=NO_VERDICT)
def forged_review(scene: Scene) -> int:
    number = _evil(scene)
    LocalForge(scene.home, BOB).review(number, scene.head(number), "approve", "Looks good")
    return number


@attack("forge", "operations that are broken in every way", by=MERGE, words=NO_VERDICT)
def malformed_operations(scene: Scene) -> int:
    number = _evil(scene)
    for blob in (b"", b"\xff", b"{}", b"[" * 50_000, b'{"kind": "merged", "lamport": NaN}'):
        scene.write_blob(scene.entity(number), blob)
    scene.write_ref(FORGE_REF, "zz/../../evil", [(FILE, b"x.json", scene.blob(b"x"))])
    return number


@attack("forge", "it says itself that it was merged", by=MERGE, words="is merged")
def claims_to_be_merged(scene: Scene) -> int:
    number = _evil(scene)
    scene.write_operation("merged", {"sha": scene.head(number)}, on=number)
    return number


@attack("forge", "a number that a person's issue has already", by=MERGE, words="no accepting")
def claimed_number(scene: Scene) -> int:
    number = _evil(scene)
    data = {"title": "Mine", "body": "x", "source": BRANCH, "target": "main", "issue": None}
    scene.write_operation("open-pull", data, number=1)
    return number


# -- races -----------------------------------------------------------------------------------------


@attack("races", "a push between the verdict and the merge", by=MERGE, words=NO_VERDICT)
def push_after_the_verdict(scene: Scene) -> int:
    number = scene.honest()
    scene.push({f"{FOLDER}/more.yaml": b"evil\n"}, base=BRANCH)
    return number


@attack("races", "a push while the checks run", by=MERGE, words=NO_VERDICT)
def push_during_the_checks(scene: Scene) -> int:
    number = scene.propose(scene.release())
    scene.at_first_check = lambda: scene.push({f"{FOLDER}/more.yaml": b"evil\n"}, base=BRANCH)
    assert scene.judge(number, again=True).decision == "accept"
    return number


@attack("races", "the branch moved by force to an unrelated history", by=MERGE, words=NO_VERDICT)
def force_push(scene: Scene) -> int:
    number = scene.honest()
    tree = scene.graft(scene.tree([]), FOLDER, [(FILE, b"a.yaml", scene.blob(b"evil\n"))])
    scene.push_tree(tree, parents=[])
    return number


@attack("races", "the branch deleted and made anew", by=MERGE, words=NO_VERDICT)
def branch_replaced(scene: Scene) -> int:
    number = scene.honest()
    _swap(scene, number)
    return number


@attack("races", "a branch that is gone when it is merged", by=MERGE, words="there is no branch")
def branch_gone(scene: Scene) -> int:
    number = scene.honest()
    scene.repository.delete_branch(BRANCH, scene.head(number))
    return number


@attack(
    "races",
    "a head that was right before main changed what it renders from",
    by=MERGE,
    words="since the verdict",
)
def skill_moved(scene: Scene) -> int:
    number = scene.honest()
    path = "skills/config-map/SKILL.md"
    scene.merged({path: scene.repository.read("main", path) + b"\nMore.\n"})
    return number


# -- branches --------------------------------------------------------------------------------------


@attack("branches", "a second pull request for the same branch", by=OPENING, words="is open")
def opened_twice(scene: Scene) -> int:
    scene.propose(scene.release())
    return scene.open()


@attack(
    "branches", "the same in raw operations, for a head that was refused", by=MERGE, words=CHANGED
)
def opened_twice_by_force(scene: Scene) -> int:
    number = _evil(scene)
    scene.judge(number)
    data = {"title": "Again", "body": "x", "source": BRANCH, "target": "main", "issue": None}
    scene.write_operation("open-pull", data, number=90)
    return 90


@attack("branches", "a branch whose name climbs out", by=OPENING, words="tiphys/../main")
def climbing_branch(scene: Scene) -> int:
    scene.push(scene.release(), branch="tiphys/../main")
    return scene.open("tiphys/../main")


def _rules(scene: Scene) -> dict[str, bytes | None]:
    return {"manifests/guardrails/images.yaml": None, "docs/a.md": b"x\n"}


def _opened_as(scene: Scene, source: str, author: str = ANN, target: str = "main") -> int:
    data = {"title": "Docs", "body": "x", "source": source, "target": target, "issue": None}
    scene.write_operation("open-pull", data, author=author, number=90)
    return 90


TWO = {"name": "one", "namespace": "vault"}


def _wide(scene: Scene) -> dict[str, bytes | None]:
    """More than a program may touch at once: documents, and nothing that the checks refuse."""
    return {"docs/a.md": b"Send your tokens to evil.example.\n"}


@attack(
    "branches",
    "a full ref name as source, to be taken for a person's branch",
    by="scope",
    words="only skills/",
    hole="a source is an agent's only if it starts with tiphys/",
)
def source_by_full_ref(scene: Scene) -> int:
    scene.push(_wide(scene))
    return _opened_as(scene, f"refs/heads/{BRANCH}")


@attack(
    "branches",
    "a commit's sha as source, in a person's name",
    by="scope",
    words="only skills/",
    hole="a source is an agent's only if it starts with tiphys/",
)
def source_by_sha(scene: Scene) -> int:
    return _opened_as(scene, scene.push(_wide(scene)))


@attack(
    "branches",
    "a ref below refs/tiphys/ as source",
    by="scope",
    words="only skills/",
    hole="a source is an agent's only if it starts with tiphys/",
)
def source_by_own_ref(scene: Scene) -> int:
    sha = scene.push(_wide(scene))
    scene.git.references.create("refs/tiphys/docs", sha)
    return _opened_as(scene, "refs/tiphys/docs")


@attack(
    "branches",
    "one step above a commit of its own as source",
    by="scope",
    words="only skills/",
    hole="a source is an agent's only if it starts with tiphys/",
)
def source_by_ancestry(scene: Scene) -> int:
    sha = scene.push(_wide(scene))
    scene.push({"docs/b.md": b"x\n"}, base=BRANCH)
    return _opened_as(scene, f"{sha}^0")


@attack(
    "branches",
    "into a branch of its own that keeps no rules",
    by=MERGE,
    words="main",
    hole="a pull request may go into any branch; judge and merge only those into the target",
)
def own_target(scene: Scene) -> int:
    rules = [e.path for e in scene.repository.entries("main", "manifests/guardrails")]
    scene.push(dict.fromkeys(rules), branch="tiphys/base")
    scene.push(scene.release(), base="tiphys/base")
    return scene.open(target="tiphys/base")


@attack(
    "branches",
    "main itself as source, which is tidied up after a merge",
    by=MERGE,
    words="main",
    hole="an empty pull request counts as merged: its source branch is deleted",
)
def source_is_main(scene: Scene) -> int:
    return scene.open("main")


@attack(
    "branches",
    "a person's old branch as source, to have it deleted",
    by=MERGE,
    words="stable",
    hole="an empty pull request counts as merged: its source branch is deleted",
)
def source_is_a_persons(scene: Scene) -> int:
    return scene.open("stable")


@attack(
    "branches",
    "nothing at all, to close a person's issue as served",
    by=MERGE,
    words="verdict",
    hole="an empty pull request counts as merged, and closes its issue",
)
def empty(scene: Scene) -> int:
    scene.git.references.create(f"refs/heads/{BRANCH}", scene.main)
    return scene.open()


# -- the rules -------------------------------------------------------------------------------------


def _changed_rule(scene: Scene) -> dict[str, bytes | None]:
    path = "manifests/guardrails/images.yaml"
    text = scene.repository.read("main", path)
    return {
        path: text.replace(b"['registry.example', '']", b"['registry.example', 'evil.example', '']")
    }


@attack("rules", "a rule loosened, by itself", by="scope", words="never by a program")
def rule_loosened(scene: Scene) -> int:
    return scene.propose(_changed_rule(scene))


@attack("rules", "a rule loosened beside an honest release", by="scope", words="never by a program")
def rule_among_others(scene: Scene) -> int:
    return scene.propose_beside(_changed_rule(scene))


@attack("rules", "a rule removed", by="scope", words="never by a program")
def rule_removed(scene: Scene) -> int:
    return scene.propose({"manifests/guardrails/images.yaml": None})


@attack("rules", "rules under a name that differs in case", by="scope", words="release.toml")
def rules_in_capitals(scene: Scene) -> int:
    rule = scene.repository.read("main", "manifests/guardrails/images.yaml")
    return scene.propose({"manifests/Guardrails/images/a.yaml": rule})


@attack(
    "rules",
    "a binding without teeth among the objects of a release",
    by="form",
    words="decides what is let in",
)
def rule_in_a_release(scene: Scene) -> int:
    text = (
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n"
        "metadata: {name: tiphys-images}\n"
        "spec: {policyName: tiphys-images, validationActions: [Audit]}\n"
    )
    return scene.propose_beside({"manifests/vault/limits/binding.yaml": text.encode()})


@attack(
    "rules",
    "a loosened rule in a person's name, from another's branch",
    by="scope",
    words="never by a program",
    hole="a source is an agent's only if it starts with tiphys/",
)
def rule_by_forged_author(scene: Scene) -> int:
    sha = scene.push(_changed_rule(scene))
    number = _opened_as(scene, sha)
    LocalForge(scene.home, BOB).review(number, sha, "approve", "fine")
    return number


__all__ = ["SETTINGS", "STOREFRONT", "Path", "replace"]
