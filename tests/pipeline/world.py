"""The pipeline on the shipped fakes: no cluster, no vectors, no disk."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tiphys.acceptance import judge_pull, merge_pull
from tiphys.context import Ports
from tiphys.domain.evidence import Verdict
from tiphys.domain.forge import Comment
from tiphys.domain.policy import Settings
from tiphys.pipeline import Work, work_on
from tiphys.scaffold import skill_files
from tiphys.testing.memory_cluster import MemoryClusters
from tiphys.testing.memory_forge import MemoryForge, MemoryStore
from tiphys.testing.memory_index import MemoryIndex
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.testing.memory_verdicts import MemoryNotary, MemoryVerdicts
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify.check import Sandbox
from tiphys.verify.plan import BRIEF

STOREFRONT = (
    "Run the storefront web application in namespace shop: image "
    "registry.example/storefront:1.4, 3 replicas, port 8080"
)
OUT_OF_REACH = "Translate the quarterly report into Portuguese"
FOLDER = "manifests/shop/storefront"

_SCHEMA: dict[str, Any] = {
    "title": "Values of web",
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "namespace", "image", "port"],
    "properties": {
        "name": {
            "type": "string",
            "format": "dns-label",
            "description": "Name.",
            "x-tiphys": {"question": "What should it be called?"},
        },
        "namespace": {"type": "string", "format": "dns-label", "description": "Namespace."},
        "image": {"type": "string", "format": "image", "description": "Which image?"},
        "port": {"type": "integer", "format": "port", "description": "Which port?"},
        "replicas": {"type": "integer", "minimum": 1, "default": 2, "description": "Pods."},
        "motto": {"type": "string", "default": "none", "description": "Any text."},
    },
}
_TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ name }}
  namespace: {{ namespace }}
  annotations:
    motto: {{ motto }}
spec:
  replicas: {{ replicas }}
  selector:
    matchLabels:
      app: {{ name }}
  template:
    metadata:
      labels:
        app: {{ name }}
    spec:
      containers:
        - name: main
          image: {{ image }}
          ports:
            - containerPort: {{ port }}
"""
_EXAMPLE = "name: web\nnamespace: demo\nimage: registry.example/web:1\nport: 80\n"


def web_files(
    description: str = "Run a web application from a container image on a port.",
) -> dict[str, bytes]:
    """A skill with required values, a default and a free text."""
    files = dict(skill_files("web", description))
    files["values.schema.json"] = json.dumps(_SCHEMA).encode()
    files["templates/object.yaml.j2"] = _TEMPLATE.encode()
    files["examples/short/values.yaml"] = files["examples/other/values.yaml"] = _EXAMPLE.encode()
    return files


def start_files() -> dict[str, bytes]:
    """A repository with the skills `web` and `note`."""
    note = skill_files("note", "Publish a note for visitors in a config map.")
    return {f"skills/web/{p}": d for p, d in web_files().items()} | {
        f"skills/note/{p}": d for p, d in note.items()
    }


@dataclass
class World:
    """Ports of the bot and of a person over the same things."""

    runner: ScriptedRunner = field(default_factory=ScriptedRunner)
    settings: Settings = field(default_factory=lambda: Settings(match_threshold=0.01))

    def __post_init__(self) -> None:
        self.repository = MemoryRepository()
        self.repository.commit("main", None, start_files(), "Start\n")
        ticks = itertools.count(1)
        store = MemoryStore()
        self.clock = lambda: float(next(ticks))
        self.bot, self.ann, self.bob = (
            MemoryForge(name, self.clock, store) for name in ("tiphys", "ann", "bob")
        )
        self.index = MemoryIndex()
        self.clusters = MemoryClusters()
        self.verdicts, self.notary = MemoryVerdicts(), MemoryNotary("here")
        shared = (self.index, self.sandbox, self.verdicts, self.notary, self.settings)
        # The rest of the checks need more of a cluster than a fake is.
        self.ports = Ports(self.repository, self.bot, *shared, plan=BRIEF)
        self.person = Ports(self.repository, self.ann, *shared, plan=BRIEF)

    @contextmanager
    def sandbox(self) -> Iterator[Sandbox]:
        with self.clusters.lease() as lease:
            yield Sandbox(lease, self.clusters.api(lease), self.runner, lambda _api: self.runner)

    def ask(self, text: str) -> Work:
        """A person's request, worked on once."""
        return self.work(self.ann.open_issue(text.splitlines()[0][:80], text).number)

    def work(self, issue: int) -> Work:
        return work_on(self.bot.issue(issue), self.ports)

    def judge(self, pull: int) -> Verdict:
        return judge_pull(pull, self.ports)

    def merge(self, pull: int) -> str:
        return merge_pull(pull, self.person)

    def serve(self, text: str) -> Work:
        """Request, propose, verify and merge."""
        work = self.ask(text)
        assert work.pull is not None, work.reply
        assert self.judge(work.pull.number).decision == "accept"
        self.merge(work.pull.number)
        return work

    def push(self, branch: str, files: Mapping[str, bytes | None]) -> str:
        """A commit on top of a branch by somebody else."""
        return self.repository.commit(branch, self.repository.resolve(branch), files, "Push\n")

    def sticky(self, number: int, key: str) -> list[Comment]:
        found = [*self.bot.issues(), *self.bot.pulls()]
        (one,) = [each for each in found if each.number == number]
        return [c for c in one.comments if c.key == key]

    def changed(self, head: str, base: str = "main") -> list[str]:
        return [c.path for c in self.repository.changes(base, head)]
