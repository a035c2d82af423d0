"""Files of tasks: what is filled in, and what is refused, by name."""

from __future__ import annotations

import pytest

from tiphys.domain.errors import InvalidInput
from tiphys.learn.tasks import load_tasks
from tiphys.library import strict_yaml

REFERENCE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: <name>
data:
  count: "<count>"
---
apiVersion: v1
kind: Secret
metadata:
  name: <name>
"""


def family(**changes):
    told = {
        "family": "settings",
        "half": "learn",
        "level": "plain",
        "mode": "new",
        "reference": REFERENCE,
        "check": [{"assert": {"apiVersion": "v1", "kind": "ConfigMap", "size": "<count>"}}],
        "wrong": [
            {"why": "other count", "set": {"ConfigMap/data/count": "0"}},
            {"why": "no secret", "without": "Secret"},
        ],
        "tasks": [{"id": "one", "request": "Make it.", "values": {"name": "web", "count": 3}}],
    }
    return {key: value for key, value in {**told, **changes}.items() if value is not None}


@pytest.fixture
def loaded(tmp_path):
    def load(*families):
        (tmp_path / "some.yaml").write_text(strict_yaml.dump(list(families)))
        return load_tasks(tmp_path)

    return load


def test_blanks_are_filled_with_text_in_text_and_with_the_value_alone(loaded):
    (task,) = loaded(family())
    assert [each["metadata"]["name"] for each in task.objects] == ["web", "web"]
    assert task.objects[0]["data"] == {"count": "3"}
    assert task.check[0]["assert"]["resource"]["size"] == 3


def test_a_task_says_otherwise_than_its_family(loaded):
    given = [
        {"id": "one", "request": "Make it.", "values": {"name": "web", "count": 3}},
        {"id": "two", "half": "held", "request": "Do.", "values": {"name": "db", "count": 4}},
    ]
    assert [(each.id, each.half) for each in loaded(family(tasks=given))] == [
        ("one", "learn"),
        ("two", "held"),
    ]


def test_wrong_answers_are_changes_of_the_reference(loaded):
    keys = {"ConfigMap/metadata/labels": {}, "ConfigMap/metadata/labels/a~1b": "c"}
    item = {"Secret/metadata/finalizers": ["a/b", "c/d"], "Secret/metadata/finalizers/1": None}
    keyed, listed = {"why": "keys", "set": keys}, {"why": "list", "set": item}
    edit = {"why": "edit", "edit": {"kind: Secret": "kind: Service"}}
    text = {"why": "text", "answer": "kind: Pod"}
    (task,) = loaded(family(wrong=[*family()["wrong"], listed, keyed, edit, text]))
    wrong = {each.why: strict_yaml.load_documents(each.answer, source="") for each in task.wrong}
    assert [each["data"]["count"] for each in wrong["other count"][:1]] == ["0"]
    assert [each["kind"] for each in wrong["no secret"]] == ["ConfigMap"]
    assert wrong["list"][1]["metadata"]["finalizers"] == ["a/b"]
    assert wrong["keys"][0]["metadata"]["labels"] == {"a/b": "c"}
    assert [each["kind"] for each in wrong["edit"]] == ["ConfigMap", "Service"]
    assert wrong["text"] == [{"kind": "Pod"}]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"half": "both"}, "half"),
        ({"level": "easy"}, "level"),
        ({"mode": "edit"}, "context"),
        ({"context": "kind: Pod"}, "context"),
        ({"check": []}, "check"),
        ({"check": [{"assert": {}, "error": {}}]}, "one key"),
        ({"wrong": family()["wrong"][:1]}, "two wrong"),
        ({"wrong": [{"why": "a", "set": {"Pod/spec": 1}}] * 2}, "a:"),
        ({"wrong": [{"why": "b", "without": "Pod"}] * 2}, "no Pod"),
        ({"wrong": [{"why": "c", "edit": {"kind": ""}}] * 2}, "2 times"),
        ({"wrong": [{"why": "d"}] * 2}, "one of"),
        ({"wrong": [{"without": "Secret"}] * 2}, "why"),
        ({"hint": "none"}, "hint"),
        ({"reference": REFERENCE + "<more>"}, "<more>"),
        ({"reference": None}, "reference"),
        ({"tasks": None}, "list of tasks"),
        ({"tasks": [{"id": "A b", "request": "x", "values": {"name": 1, "count": 1}}]}, "id"),
        ({"tasks": ["one"]}, "mapping"),
        ({"tasks": family()["tasks"] * 2}, "called one"),
    ],
)
def test_what_is_no_family_is_refused_by_name(loaded, changes, word):
    with pytest.raises(InvalidInput, match=word):
        loaded(family(**changes))


def test_a_file_that_is_no_list_is_refused(tmp_path):
    (tmp_path / "some.yaml").write_text("family: one\n")
    with pytest.raises(InvalidInput, match="must be a family"):
        load_tasks(tmp_path)
