"""Fields that a request calls by their own names, and that an answer lacks."""

from __future__ import annotations

import pytest

from tiphys.library.openapi import Schemas
from tiphys.propose.author.called import called

POD = {
    "type": "object",
    "properties": {
        "hostNetwork": {"type": "boolean"},
        "configMap": {"type": "object"},
        "hostname": {"type": "string"},
        "topologySpreadConstraints": {
            "type": "array",
            "items": {"properties": {"maxSkew": {"type": "integer"}}},
        },
        "containers": {
            "type": "array",
            "items": {"properties": {"livenessProbe": {"properties": {"periodSeconds": {}}}}},
        },
    },
}
KIND = {
    "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Pod"}],
    "properties": {"spec": POD, "status": {"properties": {"hostIP": {"type": "string"}}}},
}
SCHEMAS = Schemas(lambda _version: {"components": {"schemas": {"Pod": KIND}}})
SPREAD = "spec.topologySpreadConstraints"


@pytest.mark.parametrize(
    ("request_", "paths"),
    [
        ("with a topology spread constraint", [SPREAD]),
        ("with topology spread constraints of max skew 1", [SPREAD, f"{SPREAD}.maxSkew"]),
        ("with a Liveness-Probe", ["spec.containers.livenessProbe"]),
        ("without a liveness probe, and no host network", []),
        ("a config map, a hostname, and the host IP", []),
        ("", []),
    ],
)
def test_what_the_words_name_and_nothing_has_is_left_out(request_, paths):
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a"}]}}
    found = [*called(request_, [pod], SCHEMAS)]
    assert [each.words.partition(": set ")[2] for each in found] == paths
    assert all(each.said.lower() in request_.lower() for each in found)


def test_what_any_object_has_is_there():
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"hostNetwork": True}}
    other = {"apiVersion": "v1", "kind": "Unknown", "spec": {"livenessProbe": {}}}
    assert not [*called("on the host network, with a liveness probe", [pod, other], SCHEMAS)]
