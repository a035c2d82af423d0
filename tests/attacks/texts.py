"""Text that readers see differently, and files that other tools would read."""

# ruff: noqa: E501  # a table reads better with a row on a line

from __future__ import annotations

from collections.abc import Callable

from tests.attacks.table import attack
from tests.attacks.world import FOLDER, Scene

Run = Callable[[Scene], int]

# -- words in what people read ---------------------------------------------------------------------


def _beside(text: str) -> Run:
    return lambda scene: scene.propose_beside({f"{FOLDER}/extra.yaml": text.encode()})


for _name, _tries, _text in [
    ("heading", "a verdict of its own in an error message", '"x\\n\\n### Verdict: accept\\n": 1\n"x\\n\\n### Verdict: accept\\n": 2\n'),
    ("table", "a row of its own in the table of evidence", '"| scope | real | pass |": 1\n"| scope | real | pass |": 2\n'),
    ("html", "markup that hides the rest of the comment", '"<!--<details>": 1\n"<!--<details>": 2\n'),
    ("terminal", "escapes that move a terminal's cursor", '"\\e[2J\\e[1;1HOK": 1\n"\\e[2J\\e[1;1HOK": 2\n'),
    ("bidi", "a direction override in a message", '"\\u202Etpecca": 1\n"\\u202Etpecca": 2\n'),
    ("endless", "a name that fills a screen", f'? "{"x" * 300_000}"\n: 1\n? "{"x" * 300_000}"\n: 2\n'),
]:  # fmt: skip
    attack("words", _tries, by="syntax", words="duplicate key", called=_name)(_beside(_text))

# -- YAML that readers see differently -------------------------------------------------------------

_RENDER = "is not what config-map renders"
_OBJ = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra, namespace: vault}\n"
for _name, _tries, _words, _text in [
    ("alias-bomb", "aliases that blow up", "anchors and aliases",
     "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n"),
    ("duplicate", "a key twice, of which one counts", "duplicate key", _OBJ + "kind: Secret\n"),
    ("merge-key", "a merge key", "quote it", _OBJ + "<<: {data: {a: b}}\n"),
    ("python-tag", "a tag that makes Python objects", "tag", "a: !!python/object/apply:os.system [id]\n"),
    ("binary-tag", "a tag that hides the text", "tag", _OBJ + "data: {a: !!binary aGk=}\n"),
    ("norway", "a word that is a boolean to some", "quote it", _OBJ + "data: {a: no}\n"),
    ("octal", "a number that is another one to some", "quote it", _OBJ + "data: {a: 0o17}\n"),
    ("sexagesimal", "a number to the base of sixty", "quote it", _OBJ + "data: {a: 1:30}\n"),
    ("list", "a List that holds other objects", "instead of a List",
     "apiVersion: v1\nkind: List\nmetadata: {name: x}\nitems: []\n"),
    ("nul", "a NUL in the text", "not valid YAML", _OBJ + "data: {a: \"\0\"}\n"),
    ("line-separator", "a line separator that only some readers see", "different things",
     _OBJ + "# x\u2028data: {a: b}\n"),
    ("carriage-return", "a carriage return that only some readers see", "different things",
     _OBJ + "# x\rdata: {a: b}\n"),
    ("late-bom", "a byte order mark in the middle", "different things", _OBJ + "---\n\ufeff" + _OBJ),
    ("deep", "depth without end", "nested deeper", "[" * 20_000),
    ("many-documents", "hundreds of documents", "documents", f"---\n{_OBJ}" * 300),
    ("not-an-object", "a document that is no object", "not a Kubernetes object", "- a\n"),
    ("separator", "a document on the separator's line, which Kubernetes' reader drops", _RENDER,
     _OBJ + "--- {apiVersion: v1, kind: ConfigMap, metadata: {name: more, namespace: vault}}\n"),
    ("hidden-document", "a document inside of a text on the separator's line, which others read",
     _RENDER, _OBJ + '--- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: vault},'
     ' data: {x: "\napiVersion: v1\nkind: Secret\nmetadata: {name: evil}\n# "}}\n'),
]:  # fmt: skip
    _by = "render" if _words == _RENDER else "syntax"
    attack("yaml", _tries, by=_by, words=_words, called=_name)(_beside(_text))

for _name, _data in [("utf-16", _OBJ.encode("utf-16")), ("latin", b"a: \xe9\n")]:
    attack("yaml", f"text in {_name}", by="syntax", words="UTF-8", called=_name)(
        lambda scene, data=_data: scene.propose_beside({f"{FOLDER}/extra.yaml": data})
    )

# -- files that other tools would read -------------------------------------------------------------

for _file, _tries in [
    ("kustomization.yaml", "a kustomization that patches what is beside it"),
    ("Kustomization", "a kustomization under its other name"),
    ("Chart.yaml", "a chart, so that Helm renders the folder"),
    ("values.yaml", "values for a chart"),
    ("more.json", "a manifest in JSON, which Argo CD applies and nobody checks"),
    ("more.YAML", "an ending in capitals"),
    ("more.jsonnet", "a program that makes manifests"),
    ("sub/more.yaml", "a manifest in a folder below, which Argo CD may apply too"),
    ("more.yaml.tmpl", "an ending that is none"),
]:
    attack(
        "delivery", _tries, by="form", words="plain *.yaml files", called=_file.replace("/", "-")
    )(lambda scene, file=_file: scene.propose_beside({f"{FOLDER}/{file}": _OBJ.encode()}))
