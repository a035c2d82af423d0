"""The index follows a branch by what changed, and nothing merged wrongly stops it."""

import json

import pytest

from tiphys.domain.errors import Conflict, NotFound
from tiphys.remember.index import follow
from tiphys.testing.memory_index import MemoryIndex
from tiphys.testing.memory_repository import MemoryRepository

CARD = """---
name: {name}
description: {about}
license: Apache-2.0
compatibility: Kubernetes 1.34
metadata:
  tiphys.scope: namespaced
---
## When to use

{use}

## Pitfalls

Avoid hippopotamuses.
"""
TEXT = {"type": "string", "format": "dns-label", "description": "A name."}
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Values",
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "namespace"],
    "properties": {
        "name": TEXT,
        "namespace": TEXT,
        "size": {
            "type": "integer",
            "description": "How many.",
            "default": 1,
            "x-tiphys": {"words": ["barrels"]},
        },
    },
}
TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ name }}\n"


def skill(name, about="pour wine", use="For cellars."):
    files = {
        "SKILL.md": CARD.format(name=name, about=about, use=use),
        "values.schema.json": json.dumps(SCHEMA),
        "templates/map.yaml.j2": TEMPLATE,
        "examples/one/values.yaml": "name: a\nnamespace: b\n",
        "tests/chainsaw-test.yaml": "apiVersion: chainsaw.kyverno.io/v1alpha1\nkind: Test\n",
    }
    return {f"skills/{name}/{path}": text.encode() for path, text in files.items()}


def release(name, of, request):
    text = (
        f'skill = "{of}"\nskill_digest = ""\nrequest = "{request}"\nmodel = ""\n'
        f'[values]\nname = "{name}"\nnamespace = "shop"\n'
    )
    return {f"manifests/shop/{name}/release.toml": text.encode()}


class Counting(MemoryIndex):
    """Remembers how it was told to change."""

    def __init__(self):
        super().__init__()
        self.puts, self.removes, self.clears = [], [], 0

    def update(self, commit, put, remove, progress=lambda _done, _all: None):
        self.puts.append([document.id for document in put])
        self.removes.append(list(remove))
        super().update(commit, put, remove, progress)

    def clear(self):
        self.clears += 1
        super().clear()


@pytest.fixture
def repository():
    made = MemoryRepository()
    files = {**skill("cellar"), **skill("library", "lend books", "For readers."), "README.md": b"x"}
    made.commit("main", None, files, "start")
    return made


@pytest.fixture
def index():
    return Counting()


def change(repository, files):
    return repository.commit("main", repository.resolve("main"), files, "change")


def first(index, query):
    hits = index.search(query)
    return hits[0].skill if hits else None


def test_everything_merged_is_found(repository, index):
    done = follow(repository, index, "main")
    assert (done.put, done.removed, done.skipped) == (2, 0, ())
    assert done.commit == index.commit() == repository.resolve("main")
    assert first(index, "lend me books") == "library"


@pytest.mark.parametrize("query", ["cellar", "pour some wine", "for cellars", "three barrels"])
def test_name_description_uses_and_value_words_are_read(repository, index, query):
    follow(repository, index, "main")
    assert first(index, query) is not None


def test_pitfalls_are_not_what_a_skill_is_for(repository, index):
    follow(repository, index, "main")
    assert first(index, "hippopotamuses") is None


def test_nothing_new_writes_nothing(repository, index):
    follow(repository, index, "main")
    done = follow(repository, index, "main")
    assert (done.put, done.removed, len(index.puts)) == (0, 0, 1)


def test_only_what_changed_is_read_again(repository, index):
    follow(repository, index, "main")
    change(repository, skill("garden", "grow tomatoes"))
    done = follow(repository, index, "main")
    assert (done.put, done.removed) == (1, 0)
    assert index.puts[-1] == ["skills/garden"]
    assert first(index, "tomatoes") == "garden"


def test_a_change_elsewhere_moves_only_the_commit(repository, index):
    follow(repository, index, "main")
    head = change(repository, {"README.md": b"more", "skills/NOTES.md": b"loose"})
    assert follow(repository, index, "main").put == 0
    assert index.commit() == head


def test_a_deleted_skill_is_forgotten(repository, index):
    follow(repository, index, "main")
    change(repository, dict.fromkeys(skill("library")))
    assert follow(repository, index, "main").removed == 1
    assert first(index, "lend books") is None


def test_a_served_request_leads_to_its_skill(repository, index):
    change(repository, release("bottles", "cellar", "please decorate the ballroom"))
    follow(repository, index, "main")
    hit = index.search("decorate a ballroom")[0]
    assert (hit.id, hit.skill) == ("manifests/shop/bottles", "cellar")


def test_hand_written_manifests_are_no_documents(repository, index):
    change(repository, {"manifests/shop/hand/map.yaml": b"a: 1", "manifests/README.md": b"x"})
    assert follow(repository, index, "main").put == 2
    assert first(index, "hand") is None


@pytest.mark.parametrize(
    "broken",
    [
        {"skills/library/SKILL.md": b"no front matter"},
        {"skills/library/SKILL.md": b"\xff\xfe"},
        {"skills/library/values.schema.json": b"{"},
        {"skills/library/templates/map.yaml.j2": b"{% for %}"},
        {"skills/library/SKILL.md": None},
    ],
)
def test_a_malformed_skill_is_named_and_stops_nobody(repository, index, broken):
    follow(repository, index, "main")
    change(repository, {**broken, **skill("garden", "grow tomatoes")})
    done = follow(repository, index, "main")
    assert len(done.skipped) == 1
    assert "skills/library" in done.skipped[0]
    assert first(index, "tomatoes") == "garden"
    assert first(index, "lend books") is None
    change(repository, skill("library", "lend books"))
    follow(repository, index, "main")
    assert first(index, "lend books") == "library"


def test_a_malformed_release_is_named(repository, index):
    change(repository, {"manifests/shop/odd/release.toml": b"= 1"})
    assert "manifests/shop/odd" in follow(repository, index, "main").skipped[0]


def test_a_rewritten_history_is_read_anew(repository, index):
    follow(repository, index, "main")
    other = MemoryRepository()
    other.commit("main", None, skill("garden", "grow tomatoes"), "another beginning")
    done = follow(other, index, "main")
    assert (done.put, index.clears) == (1, 2)
    assert first(index, "lend books") is None
    assert first(index, "tomatoes") == "garden"


def test_a_rebuild_reads_everything(repository, index):
    follow(repository, index, "main")
    assert follow(repository, index, "main", rebuild=True).put == 2


def test_a_branch_that_is_not_there(repository, index):
    with pytest.raises(NotFound):
        follow(repository, index, "nowhere")
    with pytest.raises(NotFound):
        follow(MemoryRepository(), index, "main")


def test_a_conflict_is_tried_again_and_at_last_told(repository):
    class Moving(MemoryIndex):
        left = 2

        def update(self, commit, put, remove, progress=lambda _done, _all: None):
            if self.left:
                self.left -= 1
                raise Conflict("written meanwhile")
            super().update(commit, put, remove, progress)

    index = Moving()
    assert follow(repository, index, "main").commit == index.commit()
    stuck = Moving()
    stuck.left = 100
    with pytest.raises(Conflict):
        follow(repository, stuck, "main")
