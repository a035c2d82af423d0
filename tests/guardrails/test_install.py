"""Rules in force: at once, complete, on every Kubernetes minor, and let through what is good."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guardrails.conftest import RULES, denial
from tests.guardrails.objects import KINDS, NAMESPACE, good_pod, named
from tiphys.adapters.cluster_local.bare import api_servers
from tiphys.adapters.kube_api import KubeApi
from tiphys.bootstrap import starter_skills
from tiphys.domain.errors import InvalidInput
from tiphys.library import load_skill
from tiphys.toolchain import locate, versions
from tiphys.verify.cases import example_cases
from tiphys.verify.guardrails import BINDING, POLICY, Guardrails, complaints, install

API = "admissionregistration.k8s.io/v1"
pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("guardrails")]


def test_every_starter_skill_keeps_them(guarded: KubeApi) -> None:
    seen = 0
    for folder in sorted(starter_skills().iterdir()):
        if not (folder / "SKILL.md").exists():
            continue
        for case in example_cases(load_skill(folder)):
            for found in case.objects:
                name = found["metadata"].get("namespace")
                if name and guarded.get("v1", "Namespace", name) is None:
                    own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                    guarded.apply(own)
                assert denial(guarded, found) == "", case.name
                seen += 1
    assert seen > 40


@pytest.mark.parametrize("minor", ["1.33", "1.35"])
def test_they_hold_on_every_minor(tmp_path: Path, minor: str) -> None:
    """The images as volumes that 1.35 knows come from listed registries too."""
    binary = {v: p for v, p in versions("kube-apiserver").items() if v.startswith(f"{minor}.")}
    servers = api_servers(locate("etcd"), binary, root=tmp_path / "clusters")
    with servers[minor]() as api:
        install(RULES, api)
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        api.apply(space)
        for kind, make in KINDS.items():
            assert denial(api, make(good_pod())) == "", kind
            for field in ("hostNetwork", "hostPID"):
                assert field in denial(api, make(good_pod() | {field: True})), kind
        if minor == "1.35":
            for image, let_in in (("registry.example/a:1", True), ("evil.example/a:1", False)):
                volumes = [{"name": "v", "image": {"reference": image}}]
                spec = good_pod() | {"volumes": volumes}
                assert (denial(api, KINDS["Deployment"](spec)) == "") == let_in


def test_they_compile_without_a_complaint(guarded: KubeApi) -> None:
    assert complaints(RULES, guarded) == []


def extra(name: str, expression: str) -> Guardrails:
    """One more rule, about ConfigMaps of that name."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
            "resources": ["configmaps"], "resourceNames": [name]}  # fmt: skip
    metadata = {"name": name}
    policy = {"matchConstraints": {"resourceRules": [rule]},
              "validations": [{"expression": expression, "message": f"no {name}"}]}  # fmt: skip
    bound = {"policyName": name, "validationActions": ["Deny"]}
    return Guardrails(
        (
            ("a.yaml", {"apiVersion": API, "kind": POLICY, "metadata": metadata, "spec": policy}),
            ("a.yaml",
             {"apiVersion": API, "kind": BINDING, "metadata": metadata, "spec": bound}),
        ),
        "d",
    )  # fmt: skip


@pytest.mark.parametrize("attempt", range(2))
def test_what_is_installed_is_in_force_at_once(guarded: KubeApi, attempt: int) -> None:
    names = [f"unwanted-{attempt}-{number}" for number in range(20)]
    rules = Guardrails(tuple(each for name in names for each in extra(name, "false").objects), "d")
    install(rules, guarded)
    for name in reversed(names):
        found = named("v1", "ConfigMap")
        found["metadata"]["name"] = name
        assert f"no {name}" in denial(guarded, found, rules)
    canaries = [
        p for p in guarded.list(API, POLICY) if p["metadata"]["name"].startswith("tiphys-canary")
    ]
    assert canaries == []


@pytest.mark.parametrize("expression", ["object.", "nothing.at.all", "1 + 'a' == 2"])
def test_what_does_not_compile_names_its_file(guarded: KubeApi, expression: str) -> None:
    with pytest.raises(InvalidInput, match=r"a\.yaml: ValidatingAdmissionPolicy/broken: .*compil"):
        install(extra("broken", expression), guarded)
