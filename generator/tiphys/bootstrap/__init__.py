"""The only place where adapters meet ports. Everything heavy is imported inside the function."""

from __future__ import annotations

import functools
import getpass
import hashlib
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.config import CONFIG_FILE, Configured, configure
from tiphys.domain.errors import InvalidInput, NotFound, Refused, Unavailable
from tiphys.ports import (
    ClusterApi,
    ClusterProvider,
    Index,
    Model,
    Repository,
    RepositoryReader,
    TestRunner,
    Workbench,
)

if TYPE_CHECKING:
    from tiphys.adapters.cluster_local import LocalClusters
    from tiphys.adapters.forge_keys import KeySigner
    from tiphys.adapters.forge_local import LocalForge
    from tiphys.adapters.git_history import GitHistory
    from tiphys.adapters.git_repository import GitRepository
    from tiphys.adapters.git_sync import Synced
    from tiphys.adapters.notary import DsseNotary
    from tiphys.adapters.traces_git import GitTraces
    from tiphys.context import Ports, Progress
    from tiphys.demo import Story, Teller
    from tiphys.domain.evidence import Verdict
    from tiphys.domain.policy import Policy, Settings, TrustedIdentity
    from tiphys.domain.ranking import Calibration
    from tiphys.merge_queue import Ended
    from tiphys.toolchain.models import Serving
    from tiphys.verify.check import Sandbox, Servers
    from tiphys.verify.guardrails import Guardrails

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
Runner = str  # "embedded" or "chainsaw"


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of each, and where it leaves the user's work tree: none, updated or behind."""

    ended: Sequence[Ended]
    work_tree: str


def open_repository(path: Path | None = None, *, author: str | None = None) -> GitRepository:
    """The git repository that holds `path` (the current folder). NotFound."""
    from tiphys.adapters.git_repository import GitRepository

    return GitRepository(path or Path.cwd(), author=author)


def open_forge(path: Path | None = None, *, actor: str | None = None) -> LocalForge:
    """The forge inside that repository, writing as `actor` (the person at the keyboard)."""
    from tiphys.adapters.forge_local import LocalForge

    repository = open_repository(path)
    settings = read_config(repository).settings
    who = actor or person()
    return LocalForge(
        repository.path,
        who,
        people=settings.people,
        signer=forge_signer(who),
        target=settings.target,
    )


def forge_signer(actor: str, *, make: bool = False) -> KeySigner:
    """Signs on the forge in that name, where this user has a key for it or one is to be made."""
    from tiphys.adapters.forge_keys import KeySigner, private_key

    own = actor == person()
    return KeySigner(lambda: private_key(actor, keys_folder(), os.environ.get, own=own, make=make))


def own_names() -> dict[str, list[str]]:
    """The person at the keyboard and their bot, with their public keys, made at the first need."""
    names = (person(), configure(None, os.environ).settings.bot)
    return {name: [forge_signer(name, make=True).public_key or ""] for name in names}


def sync_forge(remote: str, path: Path | None = None, *, token: str = "") -> Synced:
    """Bring the forge here and at `remote` to their union. Unavailable, NotFound, Conflict."""
    from tiphys.adapters.git_sync import sync

    return sync(path or Path.cwd(), remote, token=token)


def open_index(repository_path: Path | None = None, *, cache: Path | None = None) -> Index:
    """The search index of that repository, kept in the user's cache unless `cache` is given."""
    from tiphys.adapters.embed_use import SentenceEncoder
    from tiphys.adapters.index_chroma import ChromaIndex

    home = open_repository(repository_path).path.resolve()
    key = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return ChromaIndex(cache or cache_folder() / "index" / key, SentenceEncoder())


def calibration_in_use() -> Calibration:
    """How the index makes its scores."""
    from tiphys.adapters.index_chroma import CALIBRATION

    return CALIBRATION


def clusters() -> LocalClusters:
    """Fresh control planes made of local processes."""
    from tiphys.adapters.cluster_local import LocalClusters
    from tiphys.toolchain import locate

    return LocalClusters({name: locate(name) for name in COMPONENTS})


def running_clusters() -> LocalClusters:
    """What lists and ends control planes; unlike a start, that needs no binaries."""
    from tiphys.adapters.cluster_local import LocalClusters

    return LocalClusters({})


def read_config(repository: Repository) -> Configured:
    """Settings in force for a repository."""
    target = os.environ.get("TIPHYS_TARGET", "main")
    try:
        file = repository.read(target, CONFIG_FILE, 64 * 1024)
    except NotFound:
        file = None
    return configure(file, os.environ)


def other_servers() -> Servers:
    """Bare API servers of the other Kubernetes minors that are installed; none is started yet."""
    from tiphys.adapters.cluster_local import api_servers
    from tiphys.toolchain import load_lock, locate, versions
    from tiphys.verify.compatibility import minor

    default = minor(load_lock().find("kube-apiserver").version)
    found = versions("kube-apiserver")
    others = {version: binary for version, binary in found.items() if minor(version) != default}
    return api_servers(locate("etcd"), others)


def sandboxes(
    provider: Callable[[], ClusterProvider],
    *,
    runner: Runner = "embedded",
    seconds: float = 120.0,
    allowed_scripts: Collection[str] = (),
    others: Callable[[], Servers] = other_servers,
    supported: Sequence[str] = (),
) -> Callable[[], AbstractContextManager[Sandbox]]:
    """Leases clusters together with what talks to them; nothing is looked up before the first.

    Where `others` are only some of the servers in force, `supported` names all versions.
    """

    servers = functools.cache(others)

    @contextmanager
    def sandbox() -> Iterator[Sandbox]:
        from tiphys.adapters.cluster_local import type_checks
        from tiphys.adapters.kube_api import KubeApi
        from tiphys.toolchain import locate
        from tiphys.verify.check import Sandbox

        with provider().lease() as lease, closing(KubeApi(lease.kubeconfig)) as api:
            yield Sandbox(
                lease,
                api,
                _runner(runner, seconds, api, allowed_scripts),
                rehearse=lambda other: _runner("embedded", seconds, other),
                servers=servers(),
                supported=supported,
                type_checks=lambda: type_checks(
                    locate("kube-controller-manager"), lease.kubeconfig
                ),
            )

    return sandbox


def workbenches(
    repository: RepositoryReader, provider: Callable[[], ClusterProvider]
) -> Callable[[str], AbstractContextManager[Workbench]]:
    """Leases clusters under the guardrails of a revision, for an author to try things out."""

    @contextmanager
    def workbench(rev: str) -> Iterator[Workbench]:
        from tiphys.adapters.kube_api import KubeApi
        from tiphys.verify.guardrails import load
        from tiphys.verify.workbench import ClusterWorkbench, definitions

        with provider().lease() as lease, closing(KubeApi(lease.kubeconfig)) as api:
            presumed = definitions(repository, rev)
            yield ClusterWorkbench(api, api, load(repository, rev), presumed=presumed)

    return workbench


def sandboxes_of_minor(wanted: str) -> Callable[[], AbstractContextManager[Sandbox]]:
    """Sandboxes that show the matrix's check one other minor ("1.33"), without nodes. NotFound."""
    from tiphys.adapters.cluster_local.bare import BareServers
    from tiphys.toolchain import locate, versions

    servers = other_servers()
    if wanted not in servers:
        raise NotFound(f"no API server of Kubernetes {wanted} here; there are {', '.join(servers)}")
    return sandboxes(
        lambda: BareServers({name: locate(name) for name in ("etcd", "kube-apiserver")}),
        others=lambda: {wanted: servers[wanted]},
        supported=tuple(versions("kube-apiserver")),
    )


def open_ports(
    path: Path | None = None,
    *,
    actor: str | None = None,
    provider: Callable[[], ClusterProvider] = clusters,
    runner: Runner = "embedded",
    progress: Progress = lambda _message: None,
) -> Ports:
    """Everything the pipeline needs for the repository at `path`, acting as `actor` (the bot)."""
    from tiphys.adapters.embed_use import SentenceEncoder
    from tiphys.adapters.verdicts_git import GitVerdicts
    from tiphys.context import Ports
    from tiphys.verify.plan import FULL, with_model

    repository = open_repository(path)
    settings = read_config(repository).settings
    who = actor or settings.bot
    model, critic = (
        open_model(name, seconds=settings.model_seconds) if name else None
        for name in (settings.model, settings.critic_model)
    )
    return Ports(
        repository=open_repository(path, author=who),
        forge=open_forge(path, actor=who),
        index=open_index(path),
        sandbox=sandboxes(
            provider,
            runner=runner,
            seconds=settings.test_seconds,
            allowed_scripts=settings.policy.allowed_scripts,
        ),
        verdicts=GitVerdicts(repository.path),
        notary=open_notary(settings.trusted_keys, settings.trusted_identities),
        settings=settings,
        plan=with_model(FULL, critic) if critic else FULL,
        environment=environment(runner, settings.critic_model),
        model=model,
        embedder=SentenceEncoder(),
        workbench=workbenches(repository, provider),
        traces=open_traces(path),
        progress=progress,
    )


def open_traces(path: Path | None = None) -> GitTraces:
    """The traces of that repository; those under way are in the user's cache."""
    from tiphys.adapters.traces_git import GitTraces

    home = open_repository(path).path
    return GitTraces(home, _cache_of(home) / "traces")


def _cache_of(home: Path) -> Path:
    return cache_folder() / "runs" / hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]


def open_notary(
    trusted: Sequence[str] = (), identities: Sequence[TrustedIdentity] = ()
) -> DsseNotary:
    """Signs with the user's key; signatures by the `trusted` keys count, or else by that one.

    Where jobs of a CI platform are trusted, such a job signs as itself, unless it was given a key.
    """
    from tiphys.adapters.identity_keys import IssuerKeys
    from tiphys.adapters.identity_oidc import Identities, platform_of
    from tiphys.adapters.notary import DsseNotary, key_from

    asks = identities and not os.environ.get("TIPHYS_SIGNING_KEY")
    return DsseNotary(
        lambda: key_from(os.environ.get, keys_folder() / "signing-key.pem"),
        trusted,
        Identities(
            identities,
            IssuerKeys(cache_folder() / "issuers"),
            platform_of(os.environ.get) if asks else None,
        ),
    )


def open_history(path: Path | None = None) -> GitHistory:
    """Where the branches of that repository have stood."""
    from tiphys.adapters.git_history import GitHistory

    return GitHistory(open_repository(path).path)


def signers(settings: Settings) -> Callable[[bytes], str]:
    """Says whose signatures that count here an envelope carries; "" where none does."""
    from tiphys.domain.attestation import PAYLOAD_TYPE

    keys, jobs = settings.trusted_keys, settings.trusted_identities
    notaries = {key: open_notary([key]) for key in keys}
    notaries |= {str(job): open_notary((), [job]) for job in jobs}
    if not notaries:
        notaries["the key of this machine's user"] = open_notary()

    def signed(envelope: bytes, notary: DsseNotary) -> bool:
        try:
            return bool(notary.open(envelope, PAYLOAD_TYPE))
        except (InvalidInput, Refused, Unavailable):
            return False

    return lambda envelope: ", ".join(
        n for n, notary in notaries.items() if signed(envelope, notary)
    )


def keys_folder() -> Path:
    """Where the user's signing key lives: TIPHYS_KEYS, else the platform's place for data."""
    from platformdirs import user_data_path

    return Path(os.environ.get("TIPHYS_KEYS") or user_data_path("tiphys"))


def open_model(name: str, *, seconds: float = 300.0, keep: Path | None = None) -> Model:
    """The model of that name at OPENAI_BASE_URL, with OPENAI_API_KEY.

    `local` is the installed model, served by a child of ours where OPENAI_BASE_URL is not set.
    With `keep`, each exchange is kept in that folder and asked for only once. TIPHYS_RECORDINGS
    names a folder whose exchanges are all there is; with TIPHYS_RECORD=1 it is a `keep`.
    """
    import httpx

    from tiphys.adapters.model_openai import OpenAiModel
    from tiphys.adapters.model_replay import Replay

    address = os.environ.get("OPENAI_BASE_URL", "")
    real: httpx.BaseTransport | None = None
    if name == "local":
        from tiphys.adapters.model_child import CHILD_URL, ChildTransport
        from tiphys.toolchain.models import find_model

        name = find_model().name
        if not address:
            address, real = CHILD_URL, ChildTransport()
    recordings = os.environ.get("TIPHYS_RECORDINGS")
    if recordings and os.environ.get("TIPHYS_RECORD") != "1":
        real = Replay(Path(recordings))
    elif keep or recordings:
        real = Replay(keep or Path(recordings or ""), real or httpx.HTTPTransport())
    key = os.environ.get("OPENAI_API_KEY", "")
    address = address or "https://api.openai.com/v1"
    return OpenAiModel(address, name, api_key=key, seconds=seconds, transport=real)


def serve_model(
    *,
    port: int,
    threads: int | None,
    context: int,
    ready: Callable[[Serving], None],
    ended: threading.Event,
) -> None:
    """Serve the installed model until `ended`; see `tiphys.adapters.model_local.serve`."""
    from tiphys.adapters.model_local import serve
    from tiphys.toolchain.models import find_model, locate_model

    model = find_model()
    serve(
        locate_model(model),
        model.name,
        port=port,
        threads=threads,
        context=context,
        ready=ready,
        ended=ended,
    )


def environment(runner: Runner = "embedded", model: str = "") -> dict[str, str]:
    """What would run the checks: the runner, each Kubernetes server's version, the model."""
    from tiphys.toolchain import versions

    return {"runner": runner, "kubernetes": " ".join(versions("kube-apiserver")), "model": model}


def person() -> str:
    """The name of the person at the keyboard."""
    try:
        return os.environ.get("TIPHYS_ACTOR") or getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def cache_folder() -> Path:
    """Where caches live: TIPHYS_CACHE, else the platform's place. Deleting it loses nothing."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("TIPHYS_CACHE") or user_cache_path("tiphys"))


def starter_skills() -> Path:
    """The folder of the skills that `tiphys init` copies."""
    return Path(__file__).parents[1] / "starter"


def starter_guardrails() -> Path:
    """The folder of the guardrails that `tiphys init` copies."""
    return Path(__file__).parents[1] / "starter_guardrails"


def starter_rules() -> Guardrails:
    """Those guardrails, for what is judged outside any repository."""
    from tiphys.adapters.folder_reader import FolderReader
    from tiphys.verify.guardrails import load

    return load(FolderReader(starter_guardrails()), "loose", folder="")


def sandboxes_for(
    runner: Runner = "embedded",
) -> tuple[Policy, Callable[[], AbstractContextManager[Sandbox]]]:
    """Policy and sandboxes where no repository is at hand."""
    settings = configure(None, os.environ).settings
    return settings.policy, sandboxes(clusters, runner=runner, seconds=settings.test_seconds)


def open_skills() -> Ports:
    """The pipeline on the repository here, or outside of one on a cached starter repository."""
    try:
        repository = open_repository()
        repository.tree_id(read_config(repository).settings.target, "skills")
        return open_ports()
    except NotFound:
        return open_ports(_starter_repository())


def _starter_repository() -> Path:
    from filelock import FileLock

    from tiphys import __version__

    home = cache_folder() / f"starter-{__version__}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home}.lock"):
        if not home.exists():
            init_repository(home)
    return home


def loose_folder(path: Path) -> RepositoryReader:
    """Manifests on disk, outside any repository."""
    from tiphys.adapters.folder_reader import FolderReader

    return FolderReader(path)


def judge_folder(folder: Path, *, runner: Runner, progress: Progress) -> Verdict:
    """The verdict on manifests that lie outside any repository; nothing is kept."""
    from tiphys.verify.plan import verify
    from tiphys.verify.subject import loose_subject

    policy, sandbox = sandboxes_for(runner)
    subject = loose_subject(loose_folder(folder), starter_rules())
    return verify(subject, policy=policy, sandbox=sandbox, progress=progress)


def init_repository(
    folder: Path, people: Mapping[str, Sequence[str]] | None = None
) -> tuple[str, int]:
    """A new skill repository with the starter skills; (first commit, number of skills).

    `people` are listed in its settings with their public keys.
    """
    from tiphys.adapters.git_repository import GitRepository
    from tiphys.adapters.git_worktree import adopt
    from tiphys.scaffold import repository_files, write_files

    files = repository_files(starter_skills(), starter_guardrails(), people)
    write_files(folder, files)
    repository = GitRepository.init(folder)
    sha = repository.commit("main", None, {**files}, "Start with the starter skills\n")
    adopt(folder)
    return sha, len({path.split("/")[1] for path in files if path.startswith("skills/")})


def merge_and_check_out(
    numbers: Sequence[int],
    *,
    queue: bool = False,
    check_out: bool,
    path: Path | None = None,
    progress: Progress = lambda _message: None,
) -> Merged:
    """Merge one pull request, or a `queue` of them, as the person at the keyboard.

    See `tiphys.acceptance.merge_pull` and `tiphys.merge_queue`. With `check_out` a clean work tree
    on the target branch follows.
    """
    from tiphys.acceptance import merge_pull
    from tiphys.adapters.git_worktree import check_out_head, is_clean
    from tiphys.merge_queue import Ended, merge_queue

    repository = open_repository(path)
    target = read_config(repository).settings.target
    here = repository.root if repository.checked_out() == target else None
    clean = here is not None and check_out and is_clean(here)
    ports = open_ports(path, actor=person(), progress=progress)
    ended: Sequence[Ended] = (
        merge_queue(numbers, ports)
        if queue
        else [Ended(number, "merged", merge_pull(number, ports)) for number in numbers]
    )
    if not any(each.end == "merged" for each in ended):
        return Merged(ended, "none")
    if clean and here is not None:
        check_out_head(here)
    return Merged(ended, work_tree="none" if here is None else "updated" if clean else "behind")


@contextmanager
def open_story(root: Path, teller: Teller, model: str = "") -> Iterator[Story]:
    """The demo on a new repository at `root`, with one cluster always warming up.

    With the name of a `model` one more chapter is told.
    """
    from dataclasses import replace

    from tiphys.adapters.cluster_local import WarmPool
    from tiphys.demo import Story

    with WarmPool(clusters()) as pool:
        init_repository(root, own_names())
        ports = open_ports(root, provider=lambda: pool)
        people = open_ports(root, actor=person(), provider=lambda: pool)
        ports = replace(ports, model=None)
        writer = replace(ports, model=open_model(model)) if model else None
        yield Story(ports, people.forge, people, root, teller, writer)


def _runner(
    name: Runner, seconds: float, api: ClusterApi, allowed_scripts: Collection[str] = ()
) -> TestRunner:
    if name == "chainsaw":
        from tiphys.adapters.box import Box
        from tiphys.adapters.box.chainsaw import screen_allowing
        from tiphys.adapters.runner_chainsaw import ChainsawRunner
        from tiphys.toolchain import locate

        # Only what the embedded runner knows gets through, and programs of skills that a person
        # has allowed by name; those run in a box.
        return ChainsawRunner(
            locate("chainsaw"),
            kubectl=locate("kubectl"),
            deadline=seconds,
            box=Box(),
            screen=screen_allowing(lambda folder: f"skills/{folder.name}" in allowed_scripts),
        )
    from tiphys.adapters.runner_embedded import EmbeddedRunner

    return EmbeddedRunner(lambda _lease: api, deadline=seconds)
