"""Strict YAML: one meaning for every reader, and a canonical way to write it."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.library.strategies import json_values, refusal, texts
from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library import strict_yaml


def load(text: str | bytes) -> Any:
    return strict_yaml.load(text, source="x.yaml")


@given(json_values())
def test_what_is_written_is_read_back(value: Any) -> None:
    text = strict_yaml.dump(value)
    again = load(text)
    assert again == value
    assert repr(again) == repr(value)  # tells 1 from True and 1.0
    assert strict_yaml.dump(again) == text


@given(json_values())
def test_other_readers_read_the_same(value: Any) -> None:
    assert yaml.safe_load(strict_yaml.dump(value)) == value


@given(st.lists(json_values().filter(lambda v: v is not None), max_size=4))
def test_documents_keep_their_order(values: list[Any]) -> None:
    assert strict_yaml.load_documents(strict_yaml.dump_all(values), source="x") == values


@given(texts(40))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    said = refusal(lambda: strict_yaml.load_documents(text, source="x.yaml"))
    assert said is None or said.startswith("x.yaml: ")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    refusal(lambda: strict_yaml.load_documents(data, source="x.yaml"))


@pytest.mark.parametrize(
    "scalar",
    """y N yes No ON off 0o17 0O17 017 0x1F 0X1F -0x1f 0b101 0B1 0b+1 0b-1 0_b+1 1_000 +_1 -._1
    1__0 1e3 1E3 1e+3 1.5e3 1.e5 .5 .5e1 +.5 1. 00 00.5 +01.5 0.1_5 0._5 1_0.5 1:30 190:20:30
    8080:80 1:30.5 12:30:45 2020-01-01 2001-12-14T21:59:43Z .inf -.Inf .nan = <<""".split(),
)
def test_scalars_that_readers_disagree_about_are_refused_by_name(scalar: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(f"a: 1\nb: {scalar}\n")
    assert str(caught.value).startswith(f"x.yaml: line 2: '{scalar}' means different")
    assert str(caught.value).endswith("quote it")
    assert load(f"b: '{scalar}'\n") == {"b": scalar}
    with pytest.raises(InvalidInput):
        load(f"{scalar}: 1\n")
    assert load(strict_yaml.dump({scalar: scalar})) == {scalar: scalar}


@pytest.mark.parametrize("number", ["9" * 19, "-9223372036854775809", "9" * 5000, "1.0e+999"])
def test_numbers_beyond_64_bits_are_refused(number: str) -> None:
    with pytest.raises(InvalidInput, match="beyond 64 bits; quote it"):
        load(f"a: {number}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("+5", 5),
        ("-0", 0),
        ("1.5", 1.5),
        ("1.0e+3", 1000.0),
        ("~", None),
        ("Null", None),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("nULL", "nULL"),
        ("_1", "_1"),
        ("1.2.3", "1.2.3"),
        ("10m", "10m"),
        ("0 5 * * *", "0 5 * * *"),
        ("1e3f", "1e3f"),
        ("Infinity", "Infinity"),
        ("-", [None]),
        ("v1", "v1"),
        ("a:b", "a:b"),
        ("e5", "e5"),
    ],
)
def test_scalars_that_all_readers_agree_about(text: str, value: Any) -> None:
    assert repr(load(text)) == repr(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\na: 2", "line 2: duplicate key 'a'"),
        ("a: 1\n'a': 2", "line 2: duplicate key 'a'"),
        ("x:\n- {a: 1, a: 2}", "line 2: duplicate key 'a'"),
        ("a: &x [1]\nb: [*x, *x]", "line 1: anchors and aliases are not allowed"),
        ("a: &x 1", "anchors and aliases"),
        ("a: {<<: {b: 1}}", "'<<' means different things"),
        ("a: !!str 1", "tag tag:yaml.org,2002:str is not allowed"),
        ("a: ! 1", "tag ! is not allowed"),
        ("!!python/object/apply:os.system [ls]", "tag tag:yaml.org,2002:python"),
        ("%TAG ! tag:x,2000:\n---\n!a b", "tag tag:x,2000:a is not allowed"),
        ("%YAML 3.0\n---\na: 1", "not valid YAML"),
        ("1: a", "key 1 is not text; quote it"),
        ("true: a", "key True is not text; quote it"),
        ("? [a]\n: 1", "is not text"),
        ("a: 1\n b: 2", "not valid YAML: line 2"),
        ("a:\n\t- b", "not valid YAML: line 2"),
        ("a: \x07", "not valid YAML"),
        ("a: 1\r---\rb: 2", "line 1: character U+000D"),
        ("a: 1\nb: x\u2028c: 1", "line 2: character U+2028"),
        ("a: x\x85b: 1", "character U+0085"),
        ("a: x\u2029", "character U+2029"),
        ("a: 1\n---\n\ufeffb: 2", "line 3: character U+FEFF"),
        ("a: 1\n...\nb: 2", "not valid YAML"),
        ("a: 1\n---\nb: 2", "has 2 documents, expected one"),
        (b"a: \xe9", "is not UTF-8 text"),
        ("a: 1".encode("utf-16"), "is not UTF-8 text"),
        ("a: \ud800", "is not UTF-8 text"),
    ],
)
def test_refusals_name_the_place(text: str | bytes, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "---\n---\n", "~"])
def test_empty_documents_are_left_out(text: str) -> None:
    assert strict_yaml.load_documents(text, source="x") == []
    assert load(text) is None


def test_a_byte_order_mark_at_the_start_is_not_content() -> None:
    assert load("\ufeffa: 1") == load(b"\xef\xbb\xbfa: 1") == {"a": 1}


def test_windows_line_ends_are_read() -> None:
    assert load("a: 1\r\nb: |\r\n  x\r\n  y\r\n") == {"a": 1, "b": "x\ny\n"}


ATTACKS = {
    "flow lists": "[" * 1_000_000,
    "flow maps": "{a: " * 200_000,
    "block lists": "- " * 500_000,
    "block maps": "\n".join(" " * i + "a:" for i in range(1400)),
    "complex keys": "? " * 500_000,
    "many nodes": "[" + "a," * 400_000 + "]",
    "empty documents": "---\n" * 250_000,
    "documents": "--- a\n" * 150_000,
    "too large": "a" * 1_100_000,
}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
def test_oversized_texts_end_early(text: str) -> None:
    started = time.process_time()
    with pytest.raises(LimitExceeded) as caught:
        load(text)
    assert time.process_time() - started < 2
    assert len(str(caught.value)) < 200


def test_deep_nesting_is_refused_without_memory() -> None:
    tracemalloc.start()
    with pytest.raises(LimitExceeded, match="nested deeper than 48"):
        load("[" * 1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


@pytest.mark.parametrize(
    "scalar", ["9" * 900_000 + "x", "0x" + "f" * 900_000 + "g", "1:" * 400_000 + "x", "_" * 900_000]
)
def test_long_scalars_are_classified_in_linear_time(scalar: str) -> None:
    started = time.process_time()
    assert load(f"a: {scalar}") == {"a": scalar}
    assert load(strict_yaml.dump({"a": scalar})) == {"a": scalar}
    assert time.process_time() - started < 2


@pytest.mark.parametrize("value", ["wait...", "...", "a\n...", "a\n...\n"])
def test_dots_at_the_end_are_text(value: str) -> None:
    for document in (value, {"a": value}, [value], {"a": {"b": [value]}}):
        assert strict_yaml.load(strict_yaml.dump(document), source="x") == document


def test_text_of_many_lines_is_written_as_a_block() -> None:
    assert strict_yaml.dump({"a": "x: 1\n# y\n"}) == "a: |\n  x: 1\n  # y\n"
    assert strict_yaml.dump({"a": "x \ny"}) == 'a: "x \\ny"\n'


def test_keys_keep_their_order() -> None:
    assert strict_yaml.dump({"kind": "X", "apiVersion": "v1"}) == "kind: X\napiVersion: v1\n"


MANIFESTS = [
    """\
# A Deployment as people write it
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web, tier: "1"}
  annotations:
    prometheus.io/scrape: "true"
    note: it's fine, isn't it?
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: registry.example/web:1.27.3
          args: ["--listen=:8080", --verbose, "-v", "4"]
          ports: [{containerPort: 8080, name: http, protocol: TCP}]
          env:
            - {name: MODE, value: "on"}
            - name: EMPTY
              value: ""
          resources:
            requests: {cpu: 250m, memory: 64Mi}
            limits: {cpu: "1", memory: 0.5Gi}
          readinessProbe:
            httpGet: {path: /healthz?full=1, port: http}
            initialDelaySeconds: 5
          securityContext:
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
""",
    """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  app.conf: |
    [server]
    listen = 0.0.0.0:80
    # a comment
      indented = yes
  one-line: >-
    folded
    text
  key: "a: b # c"
binaryData: {}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "*/5 2 * * 1-5"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: job
            image: registry.example/job:2.0@sha256:DIGEST
            command: [sh, -c, 'echo "done" && exit 0']
""",
    """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
  - host: web.example
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: web, port: {number: 80}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {}, policyTypes: [Ingress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- apiGroups: [""]
  resources: [pods, pods/log]
  verbs: [get, list, "*"]
""",
]


@pytest.mark.parametrize("text", [text.replace("DIGEST", "0" * 64) for text in MANIFESTS])
def test_everyday_manifests_are_read_as_other_readers_do(text: str) -> None:
    found = strict_yaml.load_documents(text, source="x.yaml")
    assert found == list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    assert strict_yaml.load_documents(strict_yaml.dump_all(found), source="x") == found
