"""The restricted standard as the server itself has it, against ours: it never asks for more."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.guardrails.conftest import denial
from tests.guardrails.objects import EXEMPT, KINDS, LAX, Object, good_pod
from tiphys.adapters.kube_api import KubeApi

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("guardrails")]

_FIELDS: dict[str, list[Any]] = {
    "privileged": [True, False],
    "allowPrivilegeEscalation": [True, False],
    "capabilities": [{}, {"drop": ["ALL"]}, {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
                     {"drop": ["ALL"], "add": ["CHOWN"]}, {"drop": ["KILL"]}],
    "runAsNonRoot": [True, False],
    "runAsUser": [0, 7],
    "seccompProfile": [{"type": "Unconfined"}, {"type": "RuntimeDefault"},
                       {"type": "Localhost", "localhostProfile": "a"}],
    "seLinuxOptions": [{}, {"type": "container_t"}, {"type": "spc_t"}, {"level": "s0"},
                       {"user": "u"}, {"role": "r"}],
    "appArmorProfile": [{"type": "Unconfined"}, {"type": "RuntimeDefault"}],
    "sysctls": [[{"name": "net.ipv4.tcp_rmem", "value": "1"}], [{"name": "a.b", "value": "1"}]],
    "procMount": ["Default", "Unmasked"],
}  # fmt: skip
_OF_POD = ("runAsNonRoot", "runAsUser", "seccompProfile", "seLinuxOptions", "appArmorProfile",
           "sysctls")  # fmt: skip
_SOURCES: list[Object] = [
    {"emptyDir": {}}, {"hostPath": {"path": "/"}}, {"nfs": {"server": "a", "path": "/"}},
    {"secret": {"secretName": "a"}}, {"gitRepo": {"repository": "a"}},
    {"projected": {"sources": []}}, {"csi": {"driver": "a"}}, {"iscsi": {"targetPortal": "a",
     "iqn": "iqn.2001-04.a:b", "lun": 1}},
]  # fmt: skip


def _pick(name: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(_FIELDS[name])


@st.composite
def pods(draw: st.DrawFn) -> Object:
    """A good pod but for one or two steps aside: two faults would cover for each other."""
    spec = good_pod() | {"securityContext": {}}
    spec["initContainers"] = [copy.deepcopy(spec["containers"][0]) | {"name": "first"}]
    inner = draw(st.sampled_from([*spec["containers"], *spec["initContainers"]]))["securityContext"]
    for _ in range(draw(st.integers(1, 2))):
        step = draw(st.sampled_from(["container", "pod", "neither", "volume", "host"]))
        if step == "container":
            name = draw(st.sampled_from(sorted(set(_FIELDS) - {"sysctls"})))
            inner[name] = draw(_pick(name))
        elif step == "pod":
            name = draw(st.sampled_from(_OF_POD))
            spec["securityContext"][name] = draw(_pick(name))
        elif step == "neither" and inner:
            inner.pop(draw(st.sampled_from(sorted(inner))))
        elif step == "volume":
            spec["volumes"] = [{"name": "v", **draw(st.sampled_from(_SOURCES))}]
        elif step == "host":
            spec[draw(st.sampled_from(["hostNetwork", "hostPID", "hostIPC"]))] = True
    return spec


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(spec=pods())
def test_what_the_servers_own_standard_refuses_is_refused(guarded: KubeApi, spec: Object) -> None:
    def said(namespace: str) -> str:
        pod = KINDS["Pod"](spec)
        pod["metadata"]["namespace"] = namespace
        return denial(guarded, pod)

    if "violates PodSecurity" in said(EXEMPT):
        event("refused by the server's own standard")
        assert said(LAX).startswith("policy"), spec
