"""Edits of a file that exists: what was meant, and no other line."""

from __future__ import annotations

import difflib

import pytest

from tiphys.domain.errors import InvalidInput
from tiphys.library import strict_yaml
from tiphys.library.patching import FieldPatch, apply_patches, exact_edit, patched_value

FILE = b"""\
# The shop's front door.
apiVersion: apps/v1
kind: Deployment
metadata:
    name: web      # as customers know it
    namespace: "shop"
    labels: {app: web, tier: front}
spec:
    replicas: 3    # see the load test

    template:
        spec:
            containers:
            - name: web
              image: 'registry.example/web:1.4'
              args: [--verbose, "--port=80"]
              env:
              - name: LOG_LEVEL
                value: info
              # - name: DEBUG
              resources: {}
            - name: side   # ships logs
              image: "registry.example/side:2"
            # no third one, please
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  ports:
    - name: http
      port: 80
  # the pods
  selector:
    app: web
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: notes
data:
  plain: word
  text: |
    {{ kept }}
    two

  last: "1"
"""
POD = ("spec", "template", "spec")
WEB = (*POD, "containers", "name=web")


def deployment(path, value=None, op="set"):
    return FieldPatch("Deployment", "web", path, value, op)


def changed(patch: FieldPatch, text: bytes = FILE) -> list[str]:
    """The lines that differ, as a diff shows them; what is said is checked on the way."""
    after = apply_patches(text, [patch])
    assert patch.op == "remove" or apply_patches(after, [patch]) == after
    diff = difflib.ndiff(text.decode().splitlines(), after.decode().splitlines())
    kinds = {d["kind"]: d for d in strict_yaml.load_documents(text, source="f")}
    kinds[patch.kind] = patched_value(kinds[patch.kind], patch)
    assert list(kinds.values()) == strict_yaml.load_documents(after, source="f")
    return [line for line in diff if line[0] in "+-"]


@pytest.mark.parametrize(
    ("patch", "lines"),
    [
        (
            deployment(("spec", "replicas"), 5),
            [
                "-     replicas: 3    # see the load test",
                "+     replicas: 5    # see the load test",
            ],
        ),
        (
            deployment((*WEB, "image"), "registry.example/web:1.5"),
            [
                "-               image: 'registry.example/web:1.4'",
                "+               image: 'registry.example/web:1.5'",
            ],
        ),
        (
            deployment((*WEB, "env", "name=LOG_LEVEL", "value"), "1"),
            ["-                 value: info", "+                 value: '1'"],
        ),
        (
            deployment((*WEB, "env"), {"name": "A", "value": "b"}, "append"),
            ["+               - name: A", "+                 value: b"],
        ),
        (
            deployment((*WEB, "args"), "--x, y", "append"),
            [
                '-               args: [--verbose, "--port=80"]',
                '+               args: [--verbose, "--port=80", "--x, y"]',
            ],
        ),
        (
            deployment((*WEB, "resources", "limits", "cpu"), "500m"),
            [
                "-               resources: {}",
                "+               resources:",
                "+                   limits:",
                "+                       cpu: 500m",
            ],
        ),
        (
            deployment(("metadata", "labels", "team"), "blue"),
            [
                "-     labels: {app: web, tier: front}",
                "+     labels: {app: web, tier: front, team: blue}",
            ],
        ),
        (
            deployment(("metadata", "labels", "app"), op="remove"),
            ["-     labels: {app: web, tier: front}", "+     labels: {tier: front}"],
        ),
        (
            deployment(("metadata", "annotations", "a.b/c"), "on"),
            ["+     annotations:", "+         a.b/c: 'on'"],
        ),
        (
            deployment((*WEB, "env"), op="remove"),
            [
                "-               env:",
                "-               - name: LOG_LEVEL",
                "-                 value: info",
            ],
        ),
        (
            deployment((*WEB, "env", "name=LOG_LEVEL"), op="remove"),
            [
                "-               env:",
                "+               env: []",
                "-               - name: LOG_LEVEL",
                "-                 value: info",
            ],
        ),
        (
            deployment((*POD, "containers", "name=side"), op="remove"),
            [
                "-             - name: side   # ships logs",
                '-               image: "registry.example/side:2"',
            ],
        ),
        (
            deployment((*POD, "containers", 1, "name"), op="remove"),
            [
                "-             - name: side   # ships logs",
                '-               image: "registry.example/side:2"',
                '+             - image: "registry.example/side:2"',
            ],
        ),
        (
            deployment((*POD, "terminationGracePeriodSeconds"), 60),
            ["+             terminationGracePeriodSeconds: 60"],
        ),
        (
            FieldPatch("Service", "web", ("spec", "ports"), {"port": 90}, "append"),
            ["+     - port: 90"],
        ),
        (
            FieldPatch("ConfigMap", "notes", ("data", "text"), "a\nb\n"),
            ["-     {{ kept }}", "-     two", "+     a", "+     b"],
        ),
        (
            FieldPatch("ConfigMap", "notes", ("data", "text"), op="remove"),
            ["-   text: |", "-     {{ kept }}", "-     two"],
        ),
        (FieldPatch("ConfigMap", "notes", ("data", "a"), "b: c"), ["+   a: 'b: c'"]),
        (
            FieldPatch("ConfigMap", "notes", ("data", "last"), "x\ny"),
            ['-   last: "1"', "+   last: |-", "+     x", "+     y"],
        ),
    ],
)
def test_only_the_lines_of_a_field_change(patch, lines):
    assert changed(patch) == lines


def test_a_map_is_changed_where_it_differs():
    limits = {"limits": {"cpu": "1"}}
    once = apply_patches(FILE, [deployment((*WEB, "resources"), limits)])
    more = {"limits": {"cpu": "2"}, "requests": {"cpu": "1"}}
    assert changed(deployment((*WEB, "resources"), more), once) == [
        "+                       cpu: '2'",
        "+                   requests:",
    ]


def test_a_list_is_appended_behind_its_own_comments_and_before_those_of_the_next_key():
    after = apply_patches(
        FILE, [FieldPatch("Service", "web", ("spec", "ports"), {"port": 1}, "append")]
    )
    assert b"    - port: 1\n  # the pods\n  selector:" in after
    after = apply_patches(FILE, [deployment((*POD, "containers"), {"name": "x"}, "append")])
    assert b"# no third one, please\n            - name: x\n---" in after


def test_a_file_keeps_its_line_endings_its_mark_and_a_missing_last_newline():
    given = b"\xef\xbb\xbf" + FILE.replace(b"\n", b"\r\n").rstrip()
    after = apply_patches(given, [FieldPatch("ConfigMap", "notes", ("data", "z"), "1")])
    assert after == given + b"\r\n  z: '1'"
    undone = FieldPatch("ConfigMap", "notes", ("data", "z"), op="remove")
    assert apply_patches(after, [undone]) == given


def test_several_patches_are_made_in_turn():
    after = apply_patches(
        FILE,
        [
            deployment((*WEB, "env"), {"name": "A", "value": "1"}, "append"),
            deployment((*WEB, "env", "name=A", "value"), "2"),
            deployment((*WEB, "env", "name=LOG_LEVEL"), op="remove"),
        ],
    )
    web = strict_yaml.load_documents(after, source="f")[0]["spec"]["template"]["spec"]
    assert web["containers"][0]["env"] == [{"name": "A", "value": "2"}]


def test_items_of_a_list_object_are_edited():
    text = b"apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  metadata:\n    name: a\n"
    after = apply_patches(text, [FieldPatch("Pod", "a", ("metadata", "labels", "x"), "z")])
    assert after == text + b"    labels:\n      x: z\n"


def test_the_namespace_tells_objects_of_one_name_apart():
    one = b"kind: Pod\nmetadata:\n  name: a\n  namespace: v\n"
    text = one + b"---\n" + one.replace(b": v", b": w")
    patch = FieldPatch("Pod", "a", ("spec",), "z", namespace="w")
    assert apply_patches(text, [patch]) == text + b"spec: z\n"
    with pytest.raises(InvalidInput, match="say which"):
        apply_patches(text, [FieldPatch("Pod", "a", ("spec",), "z")])
    with pytest.raises(InvalidInput, match="no Pod"):
        apply_patches(text, [FieldPatch("Pod", "a", ("spec",), "z", namespace="z")])


@pytest.mark.parametrize(
    ("text", "patch", "words"),
    [
        (FILE, FieldPatch("Pod", "web", ("spec",), 1), "no Pod named web"),
        (FILE, deployment(("spec", "nothing"), op="remove"), "no such field"),
        (FILE, deployment((*POD, "containers", "name=no", "image"), "x"), "0 items have name=no"),
        (FILE, deployment((*POD, "containers", "web", "image"), "x"), "say name=web"),
        (FILE, deployment((*POD, "containers", 7, "image"), "x"), "is not there"),
        (FILE, deployment(("spec", "replicas", "x"), 1), "is not there"),
        (FILE, deployment(("spec", "volumes", "name=x", "y"), 1), "is not there"),
        (FILE, deployment(("spec", "replicas"), 1, "append"), "is no list"),
        (FILE, deployment((*WEB, "env"), {"name": "LOG_LEVEL"}, "append"), "already"),
        (FILE, deployment((), 1), "needs the path"),
        (FILE.replace(b"{app: web, ", b"{app: web,\n  "), deployment(("metadata", "labels", "x"), "y"), "brackets"),  # noqa: E501  # one case a line
        (FILE.replace(b": 3 ", b": {{ n }} "), deployment(("spec", "replicas"), 1), "template"),
        (FILE.replace(b": 3 ", b": '{{ n }}' "), deployment(("spec", "replicas"), 1), "template"),
        (FILE.replace(b"\nspec:\n    ", b"\nspec:\n\t"), deployment(("spec", "x"), 1), "YAML"),
        (FILE.replace(b"web      #", b"&a web #"), deployment(("spec", "x"), 1), "aliases"),
        (FILE.replace(b"3 ", b"!!int 3 "), deployment(("spec", "x"), 1), "tag"),
        (FILE.replace(b"spec:", b"spec: {}\nspec:", 1), deployment(("spec", "x"), 1), "duplicate"),
        (b"\xff\xfe", deployment(("spec", "x"), 1), "UTF-8"),
        (b"", deployment(("spec", "x"), 1), "no Deployment"),
    ],
)  # fmt: skip
def test_what_cannot_be_edited_safely_is_refused_in_one_line(text, patch, words):
    with pytest.raises(InvalidInput, match=words) as problem:
        apply_patches(text, [patch])
    assert "\n" not in str(problem.value)


def test_an_exact_edit_needs_the_one_place():
    assert exact_edit(b"a: 1\r\nb: 2\r\n", "a: 1\nb: 2", "a: 1\nb: 3") == b"a: 1\r\nb: 3\r\n"
    for old, words in (("c", "does not occur"), (": ", "more than once"), ("", "empty")):
        with pytest.raises(InvalidInput, match=words):
            exact_edit(b"a: 1\nb: 2\n", old, "x")
