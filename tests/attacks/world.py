"""A repository like those that people keep, and what the compromised proposer may do to it.

It is the bot: it pushes any git object to branches `tiphys/*`, writes anything below refs/tiphys/
and anything on the forge as itself, with the bot's key too. It can't push to main, and has no key
that signs verdicts or speaks for a person.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pygit2

from tests.attacks.rawgit import FILE, Raw, RawGit
from tests.attacks.thing import CARD, CLUSTER_SCHEMA, PLACES, SCHEMA, TEMPLATE, test_of
from tiphys.acceptance import circumstances_of, judge_pull, pull_subject
from tiphys.adapters.forge_keys import KeySigner
from tiphys.adapters.forge_local import FORGE_REF, LocalForge
from tiphys.adapters.git_repository import GitRepository
from tiphys.adapters.kube_api import KubeApi
from tiphys.adapters.notary import DsseNotary, key_from
from tiphys.adapters.runner_embedded import EmbeddedRunner
from tiphys.adapters.verdicts_git import VERDICTS_REF, GitVerdicts
from tiphys.config import configure
from tiphys.context import Ports
from tiphys.domain.attestation import Circumstances
from tiphys.domain.evidence import Verdict
from tiphys.domain.forge_log import encode, entity_folder, entity_name, operation_id
from tiphys.library import load_skill_at, make_release, release_files
from tiphys.ports import Lease
from tiphys.propose.request import to_request
from tiphys.scaffold import people_line, repository_files
from tiphys.testing.memory_index import MemoryIndex
from tiphys.verify.check import Sandbox

ROOT = Path(__file__).parents[2]
BOT, ANN, BOB = "tiphys", "ann", "bob"
TEST_SECONDS = 10.0
STOREFRONT = {"name": "storefront", "namespace": "shop", "image": "registry.example/storefront:1.4",
              "port": 8080, "replicas": 2}  # fmt: skip
SETTINGS = {"name": "settings", "namespace": "shop", "data": {"LOG_LEVEL": "info"}}
LIMITS = {"name": "limits", "namespace": "vault", "data": {"MAX_BASKET": "50"}}
REQUEST = "Create a config map called limits in namespace vault with MAX_BASKET=50"
FOLDER = "manifests/vault/limits"
BRANCH = "tiphys/1-config-map"

Files = Mapping[str, bytes | None]


@dataclass
class Scene(RawGit):
    """One repository with its forge, its verdicts and people; `outside` lies around it."""

    home: Path
    outside: Path
    notary: DsseNotary
    lease: Lease
    signers: Mapping[str, KeySigner]
    log: list[str] = field(default_factory=list)
    at_first_check: Callable[[], object] | None = None
    place: str = field(default_factory=lambda: f"vault-{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        self.repository = GitRepository(self.home, author=BOT)
        self.git = pygit2.Repository(str(self.home))
        self.verdicts = GitVerdicts(self.home)
        self.read_settings()

    def read_settings(self) -> None:
        """What main says now."""
        found = configure(self.repository.read("main", "tiphys.toml"), {}).settings
        self.settings = replace(found, test_seconds=TEST_SECONDS)
        self.stands = self.main  # where people have put main
        self.forge, self.ann, self.bob = (self.forge_as(name) for name in (BOT, ANN, BOB))

    def forge_as(self, actor: str) -> LocalForge:
        """The forge as somebody uses it who has that name's key, if there is one."""
        signer, people = self.signers.get(actor), self.settings.people
        return LocalForge(self.home, actor, people=people, signer=signer)

    def list_people(self) -> None:
        """Main says whose keys are whose, as it does in a repository that `tiphys init` made."""
        lines = [people_line(name, [s.public_key or ""]) for name, s in self.signers.items()]
        text = self.repository.read("main", "tiphys.toml") + b"\n[people]\n"
        self.merged({"tiphys.toml": text + "\n".join(lines).encode() + b"\n"})
        self.read_settings()

    # -- what people run ---------------------------------------------------------------------------

    def ports(self, actor: str = BOT) -> Ports:
        """The pipeline as `actor` runs it."""
        return Ports(
            repository=GitRepository(self.home, author=actor),
            forge=self.forge_as(actor),
            index=MemoryIndex(),
            sandbox=self._sandbox,
            verdicts=self.verdicts,
            notary=self.notary,
            settings=self.settings,
            environment={"runner": "embedded"},
            progress=self._progress,
        )

    @contextmanager
    def _sandbox(self) -> Iterator[Sandbox]:
        with closing(KubeApi(self.lease.kubeconfig)) as api:

            def runner(other: Any) -> EmbeddedRunner:
                return EmbeddedRunner(lambda _: other, deadline=self.settings.test_seconds)

            yield Sandbox(self.lease, api, runner(api), runner)

    def _progress(self, message: str) -> None:
        self.log.append(message)
        if self.at_first_check is not None:
            act, self.at_first_check = self.at_first_check, None
            act()

    def judge(self, number: int, *, again: bool = False) -> Verdict:
        """A verdict on a pull request, as `tiphys verify` gives it."""
        return judge_pull(number, self.ports(), again=again)

    def circumstances(self, number: int) -> Circumstances:
        """What the verdict on a pull request is remembered by."""
        ports = self.ports()
        return circumstances_of(pull_subject(self.forge.pull(number), ports), ports)

    def head(self, number: int) -> str:
        """The head commit of a pull request."""
        return self.repository.resolve(self.forge.pull(number).source)

    @property
    def main(self) -> str:
        """Where main stands."""
        return self.repository.resolve("main")

    def merged(self, files: Files) -> str:
        """People merge something into main."""
        self.stands = self.repository.commit("main", self.main, files, "Meanwhile\n")
        return self.stands

    # -- honest work -------------------------------------------------------------------------------

    def release(
        self, skill: str = "config-map", request: str = "", folder: str | None = None,
        **values: Any,
    ) -> Files:  # fmt: skip
        """The files of a release of a merged skill; by default what the request asks for."""
        found = load_skill_at(self.repository, "main", skill)
        given = (LIMITS if skill == "config-map" else {}) | values
        return release_files(
            make_release(found, given, request=request or self.asked(self.issue), name=folder),
            found,
        )

    @property
    def issue(self) -> int:
        """A person's request that nobody has served yet."""
        return self.forge.issues("open")[0].number

    def asked(self, issue: int) -> str:
        """A request as a release quotes it."""
        return to_request(self.forge.issue(issue), bot=BOT).text

    def honest(self) -> int:
        """An honest proposal, judged; the verdict is remembered, so that it costs nothing."""
        number = self.propose(self.release())
        assert self.judge(number).decision == "accept"
        return number

    # -- what the proposer does --------------------------------------------------------------------

    def push(self, files: Files, *, branch: str = BRANCH, base: str = "main") -> str:
        """A commit by ordinary means."""
        return self.repository.commit(branch, self.repository.resolve(base), files, "Propose\n")

    def open(
        self, source: str = BRANCH, *, target: str = "main", forge: LocalForge | None = None,
        title: str = "Add limits", issue: int | None = None,
    ) -> int:  # fmt: skip
        """A pull request, for the waiting issue."""
        asked = self.issue if issue is None else issue
        return (forge or self.forge).open_pull(title, "As asked.", source, target, asked).number

    def propose(self, files: Files) -> int:
        """Both."""
        self.push(files)
        return self.open()

    def propose_beside(self, extra: Files) -> int:
        """The honest release with something beside it: an attack differs by just that."""
        return self.propose({**self.release(), **extra})

    def skill(self, name: str, *, scope: str = "namespaced", **files: str) -> dict[str, bytes]:
        """A whole new skill; `files` replaces the text of card, schema, template, test, example."""
        where = f"namespace: {self.place}\n" if scope == "namespaced" else ""
        texts = {
            "card": CARD.format(name=name, scope=scope),
            "schema": SCHEMA if scope == "namespaced" else CLUSTER_SCHEMA,
            "template": TEMPLATE,
            "example": "name: thing\n" + where,
        } | files  # fmt: skip
        texts.setdefault("test", test_of(name, texts["template"]))
        return {f"skills/{name}/{PLACES[key]}": text.encode() for key, text in texts.items()}

    def bring(self, template: str = "", *, name: str = "thing", scope: str = "namespaced",
              released: bool = True, **files: str) -> int:  # fmt: skip
        """A new skill whose template makes an object, well tested, and a release made by it."""
        text = {"template": template} if template else {}
        issue = self.ann.open_issue("Thing", "We need a thing, please.").number
        self.push(self.skill(name, scope=scope, **text, **files))
        if released:
            skill = load_skill_at(self.repository, BRANCH, name)
            values = {"name": "thing", "namespace": self.place}
            values = values if scope == "namespaced" else {"name": "thing"}
            made = release_files(make_release(skill, values, request=self.asked(issue)), skill)
            self.push(made, base=BRANCH)
        return self.open(issue=issue)

    # -- raw git ----------------------------------------------------------------------------------

    def push_tree(
        self, tree: pygit2.Oid, *, branch: str = BRANCH, parents: Sequence[str] | None = None
    ) -> str:
        """A commit of any tree on a branch, by force."""
        over = [self.main] if parents is None else parents
        return self._move(f"refs/heads/{branch}", tree, [pygit2.Oid(hex=p) for p in over])

    def propose_graft(
        self, folder: str, extra: Sequence[Raw], *, sort: bool = True, files: Files | None = None
    ) -> int:
        """The honest release, with raw entries added to one of the folders."""
        tree = self.tree_of(self.push(self.release() if files is None else files))
        self.push_tree(self.graft(tree, folder, extra, sort=sort))
        return self.open()

    # -- raw writes below refs/tiphys/ -------------------------------------------------------------

    def _move(self, ref: str, tree: pygit2.Oid, parents: Sequence[Any]) -> str:
        who = pygit2.Signature(BOT, "tiphys@localhost", int(time.time()), 0)
        sha = str(self.git.create_commit(None, who, who, "More\n", tree, list(parents)))
        self.git.references.create(ref, sha, force=True)
        return sha

    def write_ref(self, ref: str, folder: str, extra: Sequence[Raw]) -> None:
        """Add entries to a folder in the tree of a ref."""
        standing = self.git.references.get(ref)
        tree = standing.peel(pygit2.Tree).id if standing else self.tree([])
        self._move(ref, self.graft(tree, folder, extra), [standing.target] if standing else [])

    def write_operation(
        self, kind: str, data: Mapping[str, Any], *, on: int | None = None, author: str = BOT,
        number: int = 70,
    ) -> None:  # fmt: skip
        """A forge operation of its own making, in anybody's name; `on` an entity or a new one."""
        blob = encode(kind, author=author, time=time.time(), lamport=50, nonce="n", data=data)
        entity = entity_name(number, blob) if on is None else self.entity(on)
        self.write_blob(entity, blob)

    def write_blob(self, entity: str, blob: bytes) -> None:
        """The bytes of an operation, well formed or not, in an entity's folder."""
        name = f"{operation_id(blob)}.json".encode()
        self.write_ref(FORGE_REF, entity_folder(entity), [(FILE, name, self.blob(blob))])

    def entity(self, number: int) -> str:
        """The folder of an issue or pull request in the forge's tree."""
        tree = self.git.references[FORGE_REF].peel(pygit2.Tree)
        names = [child.name or "" for bucket in tree for child in bucket]  # type: ignore[attr-defined]  # a tree
        return next(name for name in names if name.startswith(f"{number}-"))

    def operations(self, number: int) -> list[bytes]:
        """The bytes of every operation on an issue or pull request."""
        tree = self.git.references[FORGE_REF].peel(pygit2.Tree)
        return [blob.data for blob in tree[entity_folder(self.entity(number))]]  # type: ignore[union-attr]  # a tree of blobs

    def keep(self, key: str, sha: str, envelopes: Sequence[bytes], *, stamp: int = 0) -> None:
        """Envelopes in the store of verdicts, as if kept at `stamp` (milliseconds) and after."""
        first = stamp or int(time.time() * 1000)
        entries = [
            (FILE, f"{first + n:015d}-{n:016x}.json".encode(), self.blob(data))
            for n, data in enumerate(envelopes)
        ]
        for folder in (f"keys/{key[:2]}/{key}", f"commits/{sha[:2]}/{sha}"):
            self.write_ref(VERDICTS_REF, folder, entries)


def skill_with(**files: str) -> Callable[[Scene], int]:
    """A new skill without a release; `files` as for `Scene.skill`."""
    return lambda scene: scene.bring(released=False, **files)


def own_signer(folder: Path, name: str) -> KeySigner:
    """Signs on the forge with the key of that name in `folder`."""
    return KeySigner(lambda: key_from(lambda _: None, folder / f"{name}.pem"))


def own_notary(folder: Path, trusted: Sequence[str] = ()) -> DsseNotary:
    """A notary whose key lies in `folder`."""
    return DsseNotary(lambda: key_from(lambda _: None, folder / "signing-key.pem"), trusted)


def build(home: Path, signers: Mapping[str, KeySigner]) -> None:
    """The repository that every attack starts from: starter skills, rules, two releases."""
    repository = GitRepository.init(home, bare=True)
    start = repository_files(ROOT / "skills", ROOT / "manifests" / "guardrails")
    sha = repository.commit("main", None, {**start}, "Start\n")
    for name, values in (("web-service", STOREFRONT), ("config-map", SETTINGS)):
        skill = load_skill_at(repository, sha, name)
        release = make_release(skill, values, request=f"Run {values['name']}")
        sha = repository.commit("main", sha, {**release_files(release, skill)}, "Merge a release\n")
    repository.commit("stable", sha, {}, "What runs\n")
    LocalForge(home, ANN, signer=signers[ANN]).open_issue("Limits", REQUEST)


def copy(home: Path, source: Path) -> Path:
    """A repository of its own over the same objects."""
    pygit2.init_repository(str(home), bare=True, initial_head="main")
    (home / "objects" / "info").mkdir(exist_ok=True)
    (home / "objects" / "info" / "alternates").write_text(f"{source / 'objects'}\n")
    shutil.rmtree(home / "refs")
    shutil.copytree(source / "refs", home / "refs")
    return home


def said(scene: Scene) -> str:
    """Everything that anybody can read afterwards: comments, statuses, verdicts, progress."""
    texts = [*scene.log]
    for ref in (FORGE_REF, VERDICTS_REF):
        reference = scene.git.references.get(ref)
        if reference is not None:
            texts += _blobs(reference.peel(pygit2.Tree))
    return "\n".join(texts)


def _blobs(tree: pygit2.Tree) -> Iterator[str]:
    for child in tree:
        if isinstance(child, pygit2.Tree):
            yield from _blobs(child)
        elif isinstance(child, pygit2.Blob) and child.size < 1 << 20:
            yield child.data.decode(errors="replace")
