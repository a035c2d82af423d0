"""Hostile paths and git objects that no honest client would write."""

from __future__ import annotations

from collections.abc import Callable

import pygit2

from tests.attacks.rawgit import EXECUTABLE, FILE, LINK, MODULE, TREE
from tests.attacks.table import READING, attack
from tests.attacks.world import FOLDER, Scene

OBJECT = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\n  namespace: vault\n"
EVIL = OBJECT.replace(b"extra", b"limits") + b"data: {A: b}\n"


def _name(name: bytes, mode: int = FILE) -> object:
    def run(scene: Scene) -> int:
        oid = scene.blob(OBJECT)
        if mode == TREE:
            oid = scene.tree([(FILE, b"object.yaml", oid)])
        return scene.propose_graft(FOLDER, [(mode, name, oid)])

    return run


# -- names -----------------------------------------------------------------------------------------

for _id, _raw, _tries in [
    ("dot-dot", b"..", "a folder called `..`, to write above the release"),
    ("dot", b".", "a folder called `.`"),
    ("dot-git", b".git", "a folder called .git, for hooks"),
    ("dot-git-case", b".GIT", "the same in capitals, for file systems that fold case"),
    ("ntfs-short-name", b"git~1", "what NTFS calls .git"),
    ("hfs-ignorable", ".g\u200cit".encode(), "what HFS+ calls .git: an ignorable letter in it"),
]:
    attack("paths", _tries, by="scope", words="odd name", called=_id)(_name(_raw, TREE))  # type: ignore[arg-type]  # a run
for _id, _raw, _tries in [
    ("slash-inside", b"../../../outside/canary", "a slash inside of one name, to leave the tree"),
    ("absolute", b"/etc/cron.d/evil.yaml", "an absolute path inside of one name"),
    ("backslash", b"..\\..\\evil.yaml", "backslashes, which Windows takes for slashes"),
    ("alternate-stream", b"object.yaml:stream", "an alternate data stream of NTFS"),
    ("newline", b"a\nb.yaml", "a line break, to forge a line of output"),
    ("escape", b"\x1b[2Ka.yaml", "a terminal's escape sequence in a name"),
    ("bidi", "a\u202elmay.yaml".encode(), "a direction override, to show another ending"),
    ("homoglyph", "\u043ebject.yaml".encode(), "a Cyrillic letter, to pass for object.yaml"),
    ("not-utf8", b"\xff\xfe.yaml", "bytes that are not UTF-8"),
    ("leading-dash", b"-rf.yaml", "a name that a program takes for an option"),
    ("hidden", b".argocd-source-evil.yaml", "a hidden file that overrides Argo CD's source"),
    ("very-long", b"a" * 4000 + b".yaml", "a name of 4000 bytes"),
]:
    attack("paths", _tries, by="scope", words="odd name", called=_id)(_name(_raw))  # type: ignore[arg-type]  # a run
for _id, _raw, _tries in [
    ("trailing-dot", b"object.yaml.", "a dot at the end, which Windows drops"),
    ("device", b"con.yaml.", "the name of a device on Windows"),
    ("case-clash", b"ConfigMap.yaml", "a name that differs in case only, to replace the other"),
]:
    attack("paths", _tries, by="form", words="plain *.yaml files", called=_id)(_name(_raw))  # type: ignore[arg-type]  # a run


@attack("paths", "a workflow of the forge beside the release", by="scope", words="only skills/")
def workflow(scene: Scene) -> int:
    return scene.propose_beside({".github/workflows/ci.yaml": b"on: push\n"})


@attack("paths", "a change of the settings that it is judged by", by="scope", words="tiphys.toml")
def settings(scene: Scene) -> int:
    found = scene.repository.read("main", "tiphys.toml")
    return scene.propose_beside({"tiphys.toml": found + b"mutation_score = 0.0\n"})


@attack("paths", "its own name among those who review", by="scope", words="CODEOWNERS")
def codeowners(scene: Scene) -> int:
    return scene.propose_beside({".github/CODEOWNERS": b"* @tiphys\n"})


@attack(
    "paths", "attributes that rewrite files as they are checked out", by="scope", words="odd name"
)
def gitattributes(scene: Scene) -> int:
    return scene.propose_beside({f"{FOLDER}/.gitattributes": b"*.yaml filter=evil\n"})


@attack("paths", "the folder of skills in capitals", by="scope", words="only skills/")
def capital_skills(scene: Scene) -> int:
    return scene.propose_beside({"Skills/web-service/SKILL.md": b"x\n"})


@attack("paths", "sixty folders inside one another", by="form", words="plain *.yaml files")
def deep(scene: Scene) -> int:
    return scene.propose_beside({f"{FOLDER}/{'a/' * 55}object.yaml": OBJECT})


@attack(
    "paths", "folders nested deeper than a reader can follow", by=READING, words="nested deeper"
)
def deeper(scene: Scene) -> int:
    tree = scene.tree([(FILE, b"a.yaml", scene.blob(OBJECT))])
    for _ in range(500):
        tree = scene.tree([(TREE, b"a", tree)])
    return scene.propose_graft(FOLDER, [(TREE, b"a", tree)])


@attack("paths", "a second release in another namespace", by="scope", words="2 releases")
def two_namespaces(scene: Scene) -> int:
    return scene.propose({**scene.release(), **scene.release(namespace="bank")})


# -- modes and trees -------------------------------------------------------------------------------


@attack("trees", "a symbolic link to a file outside", by="scope", words="symbolic link")
def symlink(scene: Scene) -> int:
    target = str(scene.outside / "canary").encode()
    return scene.propose_graft(FOLDER, [(LINK, b"a.yaml", scene.blob(target))])


@attack(
    "trees", "a release folder that is a link to the .git folder", by="scope", words="symbolic link"
)
def linked_folder(scene: Scene) -> int:
    return scene.propose_graft("manifests/vault", [(LINK, b"other", scene.blob(b"../../.git"))])


@attack("trees", "a submodule that fetches from elsewhere", by="scope", words="submodule")
def submodule(scene: Scene) -> int:
    commit = pygit2.Oid(hex=scene.main)
    return scene.propose_graft(FOLDER, [(MODULE, b"module", commit)])


@attack("trees", "a submodule's description at the root", by="scope", words=".gitmodules")
def gitmodules(scene: Scene) -> int:
    return scene.propose_beside({".gitmodules": b'[submodule "x"]\n\turl = --upload-pack=evil\n'})


@attack("trees", "a manifest that can be executed", by="scope", words="executable")
def executable(scene: Scene) -> int:
    return scene.propose_graft(FOLDER, [(EXECUTABLE, b"run.yaml", scene.blob(OBJECT))])


@attack("trees", "a mode that no git writes, on a file of its own", by="render", words="odd.yaml")
def odd_mode(scene: Scene) -> int:
    return scene.propose_graft(FOLDER, [(0o100666, b"odd.yaml", scene.blob(OBJECT))])


@attack("trees", "a name twice in one folder, the good one first", by="scope", words="2 times")
def twice(scene: Scene) -> int:
    return scene.propose_graft(FOLDER, [(FILE, b"config-map.yaml", scene.blob(EVIL))])


@attack("trees", "a name twice in one folder, the bad one first", by="scope", words="2 times")
def twice_bad_first(scene: Scene) -> int:
    files = scene.release()
    good = scene.blob(files.pop(f"{FOLDER}/config-map.yaml"))
    bad = scene.blob(EVIL)
    extra = [(FILE, b"config-map.yaml", bad), (FILE, b"config-map.yaml", good)]
    return scene.propose_graft(FOLDER, extra, files=files)


@attack(
    "trees", "a folder under the name of a file beside it", by="syntax", words="there is no file"
)
def file_and_folder(scene: Scene) -> int:
    folder = scene.tree([(FILE, b"object.yaml", scene.blob(OBJECT))])
    return scene.propose_graft(FOLDER, [(TREE, b"config-map.yaml", folder)])


@attack(
    "trees",
    "entries out of order, so that look-ups miss one",
    by="scope",
    words="there is no file",
)
def unsorted(scene: Scene) -> int:
    extra = [(FILE, b"extra.yaml", scene.blob(EVIL)), (FILE, b"a.yaml", scene.blob(EVIL))]
    return scene.propose_graft(FOLDER, extra, sort=False)


@attack("trees", "a blob larger than any manifest", by="scope", words="bytes, at most")
def huge_blob(scene: Scene) -> int:
    return scene.propose_beside({f"{FOLDER}/huge.yaml": b"#" * (2 << 20)})


@attack("trees", "more files than anybody reads", by="scope", words="300 files changed")
def many_files(scene: Scene) -> int:
    many = {f"{FOLDER}/f{n}.yaml": OBJECT for n in range(298)}
    return scene.propose_beside({**many})


@attack("trees", "thousands of files", by=READING, words="at most 1000")
def thousands(scene: Scene) -> int:
    oid = scene.blob(OBJECT)
    return scene.propose_graft(FOLDER, [(FILE, b"f%05d.yaml" % n, oid) for n in range(5000)])


@attack("trees", "a few nested trees that stand for billions of files", by=READING, words="smaller")
def tree_bomb(scene: Scene) -> int:
    tree = scene.tree([(FILE, b"f%02d" % n, scene.blob(b"x")) for n in range(30)])
    for _ in range(8):
        tree = scene.tree([(TREE, b"d%02d" % n, tree) for n in range(30)])
    return scene.propose_graft(FOLDER, [(TREE, b"bomb", tree)])


@attack("trees", "a tree that names an object which is not there", by=READING, words="git")
def missing_object(scene: Scene) -> int:
    return scene.propose_graft(FOLDER, [(FILE, b"gone.yaml", pygit2.Oid(hex="1" * 40))])


@attack("trees", "a folder that is a blob in truth", by="scope", words="the check itself broke")
def lying_mode(scene: Scene) -> int:
    return scene.propose_graft(FOLDER, [(TREE, b"sub", scene.blob(OBJECT))])


@attack("trees", "a history that has nothing to do with main", by="scope", words="does not merge")
def unrelated_history(scene: Scene) -> int:
    files = scene.release(name="settings", namespace="shop", data={"LOG_LEVEL": "debug"})
    root = scene.tree([])
    for path, data in files.items():
        folder, _, name = path.rpartition("/")
        root = scene.graft(root, folder, [(FILE, name.encode(), scene.blob(data))])
    scene.push_tree(root, parents=[])
    return scene.open()


def _several(place: str, evil: bytes, order: str) -> Callable[[Scene], int]:
    """A file of a new skill several times: what is looked up is not what is merged."""

    def run(scene: Scene) -> int:
        files = scene.skill("thing")
        path = f"skills/thing/{place}"
        folder, _, name = path.rpartition("/")
        good = files.pop(path)
        tree = scene.tree_of(scene.push(files))
        data = {"g": good, "e": good + evil}
        extra = [(FILE, name.encode(), scene.blob(data[which])) for which in order]
        scene.push_tree(scene.graft(tree, folder, extra))
        return scene.open(issue=scene.ann.open_issue("Thing", "We need a thing, please.").number)

    return run


_PRIVILEGED = b"---\napiVersion: v1\nkind: Pod\nmetadata: {name: evil}\nspec: {hostNetwork: true}\n"
for _order, _tries in [("eg", "twice"), ("ege", "three times")]:
    for _place, _evil in [
        ("templates/object.yaml.j2", _PRIVILEGED),
        ("tests/chainsaw-test.yaml", b"    - script: {content: id}\n"),
    ]:
        attack(
            "trees",
            f"{_place} of a skill {_tries}, so that another one is merged than was read",
            by="scope",
            words=" times",
            called=f"{_tries}-{_place.rpartition('/')[2]}".replace(" ", "-"),
        )(_several(_place, _evil, _order))
