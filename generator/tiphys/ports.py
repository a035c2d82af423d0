"""What the pipeline needs from the outside, as small Protocols: readers apart from writers.

Adapters implement them (`tiphys.adapters`), `tiphys.testing` ships a fake for each, and one
conformance suite per port runs over both. Errors are those of `tiphys.domain.errors`; a vendor's
exception never crosses a port.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from tiphys.domain.evidence import Tier
from tiphys.domain.forge import Comment, Issue, Pull, ReviewDecision, Status, StatusState
from tiphys.domain.history import Commit
from tiphys.domain.rehearsal import Rehearsal
from tiphys.domain.testreport import TestReport
from tiphys.domain.trace import Entry as TraceEntry
from tiphys.domain.trace import Scribe
from tiphys.domain.tree import Change, Entry, Merge

Object = dict[str, Any]  # one Kubernetes object as JSON


class RepositoryReader(Protocol):
    """Reads of a git repository by revision; never touches a work tree."""

    def resolve(self, rev: str) -> str:
        """Commit sha (40 hex) of a branch, tag or sha. NotFound if there is none."""

    def branches(self, prefix: str = "") -> Sequence[str]:
        """Short branch names that start with `prefix`, sorted."""

    def entries(self, rev: str, prefix: str = "") -> Sequence[Entry]:
        """Every file below the folder `prefix`, sorted by path; empty if the folder is missing."""

    def read(self, rev: str, path: str, limit: int = 1 << 20) -> bytes:
        """A file's bytes. NotFound; LimitExceeded above `limit` bytes (checked before reading)."""

    def tree_id(self, rev: str, path: str = "") -> str:
        """Git tree id of a folder ("" is the root): its digest. NotFound."""

    def changes(self, base: str, head: str, prefix: str = "") -> Sequence[Change]:
        """Paths that differ between two revisions, sorted; no rename detection.

        `base` may be "" for the empty tree.
        """

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor's sha, or None."""

    def message(self, rev: str) -> str:
        """The commit's message."""


class RepositoryWriter(Protocol):
    """Writes with compare-and-set: a moved branch is a Conflict and nothing is lost."""

    def commit(
        self, branch: str, expected: str | None, files: Mapping[str, bytes | None], message: str
    ) -> str:
        """Commit `files` (None deletes) on top of `expected` and move `branch` there from it.

        `expected` None creates an orphan branch. A new branch may start at any `expected` commit.
        """

    def tree_of(self, files: Mapping[str, bytes]) -> str:
        """The tree id that a folder of these files has; no branch shows it."""

    def preview(self, source: str, onto: str, message: str, *, commit: bool = False) -> Merge:
        """What merging commit `source` onto commit `onto` would give: an unreferenced commit.

        No branch moves; nothing to do gives `onto` or, for a descendant, `source` itself (with
        `commit` a merge commit then too).
        """

    def fast_forward(self, source: str, target: str, expected: str) -> Merge:
        """Move branch `target` from `expected` to `source`; Conflict unless it is a descendant."""

    def delete_branch(self, branch: str, expected: str) -> None:
        """Delete a branch that stands at `expected`."""


class Repository(RepositoryReader, RepositoryWriter, Protocol):
    """Both halves."""


class ForgeReader(Protocol):
    """Reads of issues and pull requests; numbers are shared by both and start at 1."""

    def issues(self, state: str | None = None) -> Sequence[Issue]:
        """Issues by number; `state` open, closed or None for all."""

    def issue(self, number: int) -> Issue:
        """One issue. NotFound."""

    def pulls(self, state: str | None = None) -> Sequence[Pull]:
        """Pull requests by number; `state` open, closed, merged or None."""

    def pull(self, number: int) -> Pull:
        """One pull request. NotFound."""

    def statuses(self, sha: str) -> Sequence[Status]:
        """The newest status of each context on a commit, sorted by context."""


class ForgeWriter(Protocol):
    """Writes; each is one operation of the identity that the forge was opened with."""

    def open_issue(self, title: str, body: str) -> Issue:
        """A new open issue."""

    def comment(self, number: int, body: str, key: str | None = None) -> Comment:
        """Comment on an issue or pull request; the same `key` replaces that comment in place."""

    def label(self, number: int, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Add and remove labels; idempotent."""

    def set_state(self, number: int, state: str) -> None:
        """Open or close an issue or pull request. Refused on a merged pull request."""

    def open_pull(
        self, title: str, body: str, source: str, target: str, issue: int | None = None
    ) -> Pull:
        """A new open pull request. Refused if an open one has the same source and target."""

    def edit_pull(self, number: int, title: str, body: str) -> None:
        """Replace a pull request's title and body."""

    def review(self, number: int, sha: str, decision: ReviewDecision, body: str) -> None:
        """Record a review of one head commit."""

    def set_status(self, sha: str, context: str, state: StatusState, summary: str) -> None:
        """Record the state of `context` on a commit."""

    def mark_merged(self, number: int, sha: str) -> None:
        """Record that the pull request was merged as commit `sha`."""


class Forge(ForgeReader, ForgeWriter, Protocol):
    """Both halves."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A cluster that is ours until the lease ends. `server` is an https URL on loopback.

    `audit` is the API server's audit log (JSON lines), where one is kept.
    """

    id: str
    kubeconfig: Path
    server: str
    kubernetes_version: str
    tier: Tier
    audit: Path | None = None


class ClusterProvider(Protocol):
    """Hands out fresh, empty clusters."""

    def lease(self) -> AbstractContextManager[Lease]:
        """A fresh cluster, gone when the context ends, whatever ends it. Unavailable."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind that the API server serves: "apps/v1", "Deployment", in namespaces or not."""

    api_version: str
    kind: str
    namespaced: bool


class ClusterApi(Protocol):
    """The Kubernetes API of one cluster, for any kind. Objects in and out are JSON dicts.

    A refusal by the server (4xx) is `ApiRefusal` with the server's own words; connection trouble
    and 5xx are Unavailable.
    """

    def version(self) -> str:
        """For example "v1.34.4"."""

    def apply(self, obj: Object, *, dry_run: bool = False, manager: str = "tiphys") -> Object:
        """Server-side apply with fieldValidation=Strict and force; returns the live object."""

    def create(self, obj: Object) -> Object:
        """Create; ApiRefusal (reason AlreadyExists) if it is there."""

    def update(self, obj: Object) -> Object:
        """Replace; ApiRefusal (reason NotFound, Conflict)."""

    def patch(self, obj: Object) -> Object:
        """JSON merge patch of the named object with `obj`; ApiRefusal (reason NotFound)."""

    def get(
        self, api_version: str, kind: str, name: str, namespace: str | None = None
    ) -> Object | None:
        """The live object or None. ApiRefusal (reason UnknownKind) for a kind not served."""

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Sequence[Object]:
        """Live objects, in one namespace or (None) in all; each carries apiVersion and kind."""

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> bool:
        """Delete with background propagation; False if it was not there."""

    def namespaced(self, api_version: str, kind: str) -> bool:
        """Whether the kind lives in namespaces. ApiRefusal (reason UnknownKind)."""

    def kinds(self) -> Sequence[Kind]:
        """Every kind that can be listed and deleted, once, in its preferred version; no events.

        Asked anew each time, as a CRD may have come or gone. Ordered by group and kind.
        """


class ApiDescription(Protocol):
    """What an API server says about itself."""

    def kinds(self) -> Sequence[Kind]:
        """Every kind that can be listed and deleted, once, in its preferred version; no events."""

    def openapi(self, api_version: str) -> Mapping[str, Any]:
        """The OpenAPI v3 document of one API version. ApiRefusal where it is not served."""


class Workbench(ApiDescription, Protocol):
    """Where an author tries out what it wrote: it can ask for evidence, never change any."""

    def rehearse(
        self, request: str, objects: Sequence[Object], before: Sequence[Object] = ()
    ) -> Rehearsal:
        """Dry run, apply, watch, compare with the request, and take away again. Unavailable.

        `before` is what was there of these objects.
        """


class TestRunner(Protocol):
    """Runs one Chainsaw test."""

    def run(
        self, folder: Path, lease: Lease, *, values: Mapping[str, Any], namespace: str
    ) -> TestReport:
        """Run `folder`/chainsaw-test.yaml against the leased cluster.

        `values` are bound as `$values`, `namespace` (which exists) is the test's namespace; paths
        in the test are relative to `folder`. InvalidInput names what the runner does not support.
        """


class Embedder(Protocol):
    """Text to vectors. `name` identifies the weights: an index made by another is stale."""

    name: str

    def embed(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:
        """One unit-length vector for each text; `query` for search text, else a document."""


@dataclass(frozen=True, slots=True)
class Document:
    """Something that can be found: a merged skill, or a merged request that a skill served.

    `id` is the path in the repository (`skills/<name>` or `manifests/<ns>/<release>`), `digest` the
    git tree id there, `text` what is searched, `skill` the skill that it leads to.
    """

    id: str
    digest: str
    skill: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found. `score` in 0..1 is comparable between queries; higher is nearer."""

    id: str
    skill: str
    score: float
    lexical: float
    dense: float


class IndexReader(Protocol):
    """Search over the documents of one commit."""

    def commit(self) -> str | None:
        """The commit that the index shows, or None when it is empty."""

    def search(self, query: str, limit: int = 5) -> Sequence[Hit]:
        """Hits, best first."""


class IndexWriter(Protocol):
    """Brings an index to a commit, recorded last, so that a rerun repairs a crash."""

    def update(
        self,
        commit: str,
        put: Sequence[Document],
        remove: Sequence[str],
        progress: Callable[[int, int], None] = ...,
    ) -> None:
        """Put and remove documents, then record `commit`; `progress` is told (done, all)."""

    def clear(self) -> None:
        """Forget everything; the repository can fill it again."""


class Index(IndexReader, IndexWriter, Protocol):
    """Both halves."""


class Notary(Protocol):
    """Signs what was found out, and knows whose signatures count."""

    def sign(self, payload: bytes, payload_type: str) -> bytes:
        """A DSSE envelope (JSON) with one signature of ours. Unavailable without a usable key."""

    def open(self, envelope: bytes, payload_type: str) -> bytes:
        """The payload. Refused unless a trusted key signed it; InvalidInput for no envelope."""


class VerdictStore(Protocol):
    """Signed verdicts, kept with the repository; whoever can push can write here too."""

    def get(self, key: str) -> Sequence[bytes]:
        """Envelopes kept under a verdict's key, newest first."""

    def of_commit(self, sha: str) -> Sequence[bytes]:
        """Envelopes about a head commit, newest first."""

    def put(self, key: str, sha: str, envelope: bytes) -> None:
        """Keep an envelope under a key (64 hex) and a head commit (40 hex); never replaces."""


class TraceStore(Protocol):
    """What attempts at an issue saw, did and gave; whoever can push can write here too."""

    def keep(self, issue: int, entries: Sequence[TraceEntry]) -> str:
        """Keep one attempt and give its id; long texts are cut with a mark. LimitExceeded."""

    def recording(self, issue: int) -> AbstractContextManager[Scribe]:
        """A scribe; what it is given is kept when the context ends, whatever ends it.

        What a killed process was given is taken over by whoever keeps or reads next. A run without
        an entry leaves nothing, and trouble with keeping stops nobody's work.
        """

    def of_issue(self, issue: int) -> Sequence[tuple[str, Sequence[TraceEntry]]]:
        """(id, entries) of each attempt, oldest first; what can't be read is passed by."""

    def issues(self) -> Sequence[int]:
        """The issues that have a trace, sorted."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model said; `model` is the id that its server gives, tokens are 0 where not told.

    `cut` says that the text ends at max_tokens, wherever it was.
    """

    text: str
    model: str
    input_tokens: int
    output_tokens: int
    cut: bool = False


class Model(Protocol):
    """A language model behind a chat interface."""

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        seed: int,
        temperature: float = 0.0,
    ) -> Completion:
        """One answer, as repeatable as the server allows. Unavailable for anything else."""


class Log(Protocol):
    """Reads where a branch has stood."""

    def log(self, rev: str) -> Iterator[Commit]:
        """From `rev` back along first parents, newest first. NotFound, Refused (shallow clone)."""
