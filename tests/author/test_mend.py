"""Objects are mended against a real server's schemas, and right ones are left alone."""

from __future__ import annotations

import pytest
import yaml

from tests.author.boards import CARDS
from tiphys.library.openapi import Schemas
from tiphys.propose.author.links import link
from tiphys.propose.author.mend import Mender

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def mender(api):
    return Mender(Schemas(api.openapi), api.kinds())


def mend(mender, text):
    return mender.mend(yaml.load(text, Loader=yaml.BaseLoader))[0]


@pytest.mark.parametrize("kind", sorted(CARDS))
def test_what_is_right_stays_as_it_is(mender, kind):
    for text in CARDS[kind].split("\n---\n"):
        right = yaml.safe_load(text)
        mended, notes = mender.mend(yaml.load(text, Loader=yaml.BaseLoader))
        assert (mended, notes) == (right, ())
        link([mended])
        assert mended == right


DEPLOYMENT = """
apiVersion: {version}
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: "3"
  {spec}
  template:
    spec:
      {pod}
      containers:
        - name: web
          image: registry.example/web:1
          {container}
"""


@pytest.mark.parametrize(
    ("fields", "path", "expected"),
    [
        ({}, ("spec", "replicas"), 3),
        ({"version": "extensions/v1beta1"}, ("apiVersion",), "apps/v1"),
        ({"version": "v1"}, ("apiVersion",), "apps/v1"),
        ({"container": "ports: {containerPort: '80'}"}, ("ports",), [{"containerPort": 80}]),
        ({"container": "resources: {limits: 200Mi, requests: 250m}"}, ("resources",),
         {"limits": {"memory": "200Mi"}, "requests": {"cpu": "250m"}}),
        ({"container": "env: {A: b, C: '1'}"}, ("env",),
         [{"name": "A", "value": "b"}, {"name": "C", "value": "1"}]),
        ({"container": "imagepullpolicy: always"}, ("imagePullPolicy",), "Always"),
        ({"container": "args: [run, 5]"}, ("args",), ["run", "5"]),
        ({"container": "command: serve"}, ("command",), ["serve"]),
        ({"container": "tty: yes"}, ("tty",), True),
        ({"container": "resources: {requests: {cpu: 1}}"}, ("resources", "requests", "cpu"), "1"),
        ({"container": "restartPolicy: Always\n          replicas: 7"}, ("replicas",), None),
        ({"spec": "serviceAccountName: bot"},
         ("spec", "template", "spec", "serviceAccountName"), "bot"),
        ({"spec": "nodeSelector: {a: b}"},
         ("spec", "template", "spec", "nodeSelector"), {"a": "b"}),
        ({"pod": "volumes: {name: tmp, emptyDir: }"},
         ("spec", "template", "spec", "volumes"), [{"name": "tmp", "emptyDir": {}}]),
        ({"pod": "nonsense: 1"}, ("spec", "template", "spec", "nonsense"), None),
        *(({"pod": f"volumes: [{{name: a, secret: {{secretName: a, defaultMode: {said}}}}}]"},
           ("spec", "template", "spec", "volumes"),
           [{"name": "a", "secret": {"secretName": "a", "defaultMode": mode}}])
          for said, mode in (("0400", 256), ("400", 256), ("0o440", 288), ("'0644'", 420),
                             ("420", 420), ("256", 256), ("384", 384))),
    ],
)  # fmt: skip
def test_what_was_meant_is_beyond_doubt(mender, fields, path, expected):
    filled = {"version": "apps/v1", "spec": "", "pod": "", "container": "", **fields}
    found = mend(mender, DEPLOYMENT.format(**filled))
    if path[0] not in found:
        found = found["spec"]["template"]["spec"]["containers"][0]
    for part in path:
        found = found.get(part)
    assert found == expected


def test_text_stays_text_where_the_schema_says_so(mender):
    found = mend(
        mender, "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {a: 1, b: yes}"
    )
    assert found["data"] == {"a": "1", "b": "yes"}


def test_a_kind_that_nobody_serves_is_told(mender):
    made, notes = mender.mend({"apiVersion": "v1", "kind": "Gadget", "spec": {"n": "1"}})
    assert made["spec"] == {"n": 1}
    assert notes == ("no kind Gadget is served",)


@pytest.mark.parametrize("odd", ["text", ["a"], {"a": ["b"]}, None, "1"])
@pytest.mark.parametrize("field", ["metadata", "spec", "data"])
def test_nothing_is_raised_for_a_wrong_shape(mender, field, odd):
    for kind in ("ConfigMap", "Deployment", "Service", "CronJob", "Gadget", "RoleBinding"):
        made, _ = mender.mend({"apiVersion": "v1", "kind": kind, field: odd})
        link([made])


def test_a_level_that_is_not_there_is_taken_away(mender):
    made = mend(
        mender,
        """
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: builder}
        spec:
          automountServiceAccountToken: "false"
          imagePullSecrets: [{name: login}]
        """,
    )
    assert made["automountServiceAccountToken"] is False
    assert made["imagePullSecrets"] == [{"name": "login"}]
    assert "spec" not in made


def test_what_stands_in_levels_that_the_kind_has_not_is_its_own(mender):
    account = mend(
        mender,
        """
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: builder}
        spec: {template: {spec: {imagePullSecrets: [{name: login}], metadata: {name: x}}}}
    """,
    )
    assert account == {
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "builder"},
        "imagePullSecrets": [{"name": "login"}],
    }  # fmt: skip
