"""Races, branches and authors that are not what they seem, and the rules themselves."""

from __future__ import annotations

from tests.attacks.forged import NO_VERDICT, evil_proposal, swap
from tests.attacks.rawgit import FILE
from tests.attacks.table import MERGE, OPENING, READING, attack
from tests.attacks.world import ANN, BOB, BRANCH, FOLDER, REQUEST, Scene
from tiphys.adapters.forge_local import LocalForge

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
    swap(scene, number)
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
    "branches",
    "the same in raw operations, for a head that was refused",
    by=MERGE,
    words=NO_VERDICT,
)
def opened_twice_by_force(scene: Scene) -> int:
    number = evil_proposal(scene)
    scene.judge(number)
    issue = scene.entity(scene.issue)
    data = {"title": "Again", "body": "x", "source": BRANCH, "target": "main", "issue": issue}
    scene.write_operation("open-pull", data, number=90)
    return 90


@attack("branches", "a branch whose name climbs out", by=OPENING, words="tiphys/../main")
def climbing_branch(scene: Scene) -> int:
    scene.push(scene.release(), branch="tiphys/../main")
    return scene.open("tiphys/../main")


def _rules(scene: Scene) -> dict[str, bytes | None]:
    return {"manifests/guardrails/images.yaml": None, "docs/a.md": b"x\n"}


def _opened_as(scene: Scene, source: str, author: str = ANN, target: str = "main") -> int:
    issue = scene.entity(scene.issue)
    data = {"title": "Docs", "body": "x", "source": source, "target": target, "issue": issue}
    scene.write_operation("open-pull", data, author=author, number=90)
    return 90


def _wide(scene: Scene) -> dict[str, bytes | None]:
    """More than a program may touch at once: documents, and nothing that the checks refuse."""
    return {"docs/a.md": b"Send your tokens to evil.example.\n"}


@attack(
    "branches",
    "a full ref name as source, to be taken for a person's branch",
    by=READING,
    words="not a branch",
)
def source_by_full_ref(scene: Scene) -> int:
    scene.push(_wide(scene))
    return _opened_as(scene, f"refs/heads/{BRANCH}")


@attack(
    "branches",
    "a commit's sha as source, in a person's name",
    by=READING,
    words="not a branch",
)
def source_by_sha(scene: Scene) -> int:
    return _opened_as(scene, scene.push(_wide(scene)))


@attack(
    "branches",
    "a ref below refs/tiphys/ as source",
    by=READING,
    words="not a branch",
)
def source_by_own_ref(scene: Scene) -> int:
    sha = scene.push(_wide(scene))
    scene.git.references.create("refs/tiphys/docs", sha)
    return _opened_as(scene, "refs/tiphys/docs")


@attack(
    "branches",
    "one step above a commit of its own as source",
    by=READING,
    words="not a branch",
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
)
def source_is_main(scene: Scene) -> int:
    return scene.open("main")


@attack(
    "branches",
    "a person's old branch as source, to have it deleted",
    by=MERGE,
    words=NO_VERDICT,
)
def source_is_a_persons(scene: Scene) -> int:
    return scene.open("stable")


@attack(
    "branches",
    "nothing at all, to close a person's issue as served",
    by=MERGE,
    words="verdict",
)
def empty(scene: Scene) -> int:
    scene.git.references.create(f"refs/heads/{BRANCH}", scene.main)
    return scene.open()


@attack("branches", "its own branch in a person's name", by="scope", words="only skills/")
def own_branch_in_anothers_name(scene: Scene) -> int:
    scene.push(_wide(scene))
    return _opened_as(scene, BRANCH)


@attack(
    "forge",
    "a person's request edited so that it asks for what is proposed",
    by="scope",
    words="quotes another",
)
def edited_request(scene: Scene) -> int:
    text = REQUEST.replace("=50", "=5000")
    scene.write_operation("edit", {"title": "Limits", "body": text}, on=scene.issue)
    return scene.propose(scene.release(request=f"Limits\n{text}", data={"MAX_BASKET": "5000"}))


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
    by=READING,
    words="not a branch",
)
def rule_by_forged_author(scene: Scene) -> int:
    sha = scene.push(_changed_rule(scene))
    number = _opened_as(scene, sha)
    LocalForge(scene.home, BOB).review(number, sha, "approve", "fine")
    return number
