"""What Argo CD is told: valid for its own CRDs, and no wider than what Tiphys lets in."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster_fixtures import eventually
from tiphys.bootstrap import starter_skills
from tiphys.domain.errors import ApiRefusal, Unavailable
from tiphys.domain.policy import SYSTEM_KINDS, SYSTEM_NAMESPACES
from tiphys.library import load_skill, render, strict_yaml
from tiphys.ports import ClusterApi, Object
from tiphys.toolchain import locate
from tiphys.toolchain.module_files import locked_files, module_files

CD = Path(__file__).parents[2] / "argo" / "cd"
CRDS = locked_files("argo-cd-crds")
# Beyond those that the policy names: they decide what is let in, or what is delivered.
DANGEROUS = {
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiregistration.k8s.io", "APIService"),
    ("argoproj.io", "AppProject"),
    ("argoproj.io", "Application"),
    ("argoproj.io", "ApplicationSet"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
}
Served = dict[tuple[str, str], bool]  # (group, kind) -> whether it lives in namespaces


@pytest.fixture(scope="module")
def site() -> list[Object]:
    """The overlay that comes with it, as kubectl would apply it."""
    done = subprocess.run(
        [locate("kubectl"), "kustomize", CD / "site"], capture_output=True, check=True, timeout=60
    )
    return [found for found in yaml.safe_load_all(done.stdout) if found]


def one(found: list[Object], kind: str, name: str) -> Object:
    (each,) = [f for f in found if (f["kind"], f["metadata"]["name"]) == (kind, name)]
    return each


def rendered() -> Iterator[tuple[str, Object]]:
    for folder in sorted(starter_skills().iterdir()):
        skill = load_skill(folder)
        for values in skill.examples.values():
            for name, data in render(skill, values).items():
                for found in strict_yaml.load_documents(data, source=name):
                    yield skill.name, found


def permits(project: Object, group: str, kind: str, name: str, *, namespaced: bool) -> bool:
    """As Argo CD decides it: the list of what is let in, then the one of what is not."""
    spec = project["spec"]
    where = "namespace" if namespaced else "cluster"

    def listed(color: str) -> bool:
        return any(
            (item["group"], item["kind"]) == (group, kind) and item.get("name", name) == name
            for item in spec.get(f"{where}Resource{color}list", ())
        )

    return listed("White") and not listed("Black")


def group_of(found: Object) -> str:
    return str(found["apiVersion"]).rpartition("/")[0]


@pytest.fixture(scope="module")
def cluster(own_cluster: tuple[Any, ClusterApi]) -> ClusterApi:
    """A control plane that knows Argo CD's kinds."""
    _, api = own_cluster
    for path in module_files(CRDS).values():
        api.apply(yaml.safe_load(path.read_bytes()))
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}})
    for kind in ("AppProject", "Application"):

        def known(kind: str = kind) -> bool:
            try:
                return api.list("argoproj.io/v1alpha1", kind) is not None
            except (ApiRefusal, Unavailable):
                return False

        eventually(known)
    return api


@pytest.mark.cluster
@pytest.mark.parametrize("part", ["guardrails", "manifests"])
def test_each_half_can_be_applied_on_its_own(
    cluster: ClusterApi, own_cluster: tuple[Any, ClusterApi], part: str
) -> None:
    words = ["apply", "--server-side", "--dry-run=server", "-o", "name", "-k", str(CD / "site")]
    command = [locate("kubectl"), "--kubeconfig", own_cluster[0].kubeconfig, *words]
    only = ["-l", f"app.kubernetes.io/component={part}"]
    done = subprocess.run(
        [*command, *only], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    project = "tiphys" if part == "manifests" else f"tiphys-{part}"
    assert done.stdout.split() == [
        f"appproject.argoproj.io/{project}",
        f"application.argoproj.io/tiphys-{part}",
    ]


@pytest.fixture(scope="module")
def served(cluster: ClusterApi) -> Served:
    return {
        (each.api_version.rpartition("/")[0], each.kind): each.namespaced
        for each in cluster.kinds()
    }


@pytest.mark.cluster
def test_the_real_crds_accept_every_object(cluster: ClusterApi, site: list[Object]) -> None:
    base = [f for path in ("appproject", "application") for f in load(f"base/{path}.yaml")]
    assert [f["kind"] for f in base] == ["AppProject"] * 2 + ["Application"] * 2
    for found in (*base, *site):
        live = cluster.apply(found, dry_run=True)
        assert live["spec"] == found["spec"]


def load(name: str) -> list[Object]:
    return strict_yaml.load_documents((CD / name).read_bytes(), source=name)


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("kind", "name", "path", "value"),
    [
        ("Application", "tiphys-manifests", ("syncPolicy", "automated", "selfheal"), True),
        ("Application", "tiphys-manifests", ("source", "directory", "exlude"), "x"),
        ("Application", "tiphys-guardrails", ("syncPolicy", "retry", "limits"), 3),
        ("AppProject", "tiphys", ("namespaceResourcesBlacklist",), []),
        ("AppProject", "tiphys", ("destinations",), [{"cluster": "x"}]),
    ],
)
def test_a_misspelt_field_is_refused(
    cluster: ClusterApi, site: list[Object], kind: str, name: str, path: tuple[str, ...], value: Any
) -> None:
    wrong = deepcopy(one(site, kind, name))
    place = wrong["spec"]
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises(ApiRefusal, match=r"unknown field|field not declared"):
        cluster.apply(wrong, dry_run=True)


@pytest.mark.cluster
def test_what_verification_lets_in_is_delivered_and_nothing_else(
    served: Served, site: list[Object]
) -> None:
    project = one(site, "AppProject", "tiphys")
    accepted = {
        (group, kind)
        for (group, kind), namespaced in served.items()
        if namespaced and kind not in SYSTEM_KINDS and group != "argoproj.io"
    }
    listed = project["spec"]["namespaceResourceWhitelist"]
    assert {(item["group"], item["kind"]) for item in listed} == accepted
    for (group, kind), namespaced in served.items():
        if kind in SYSTEM_KINDS or (group, kind) in DANGEROUS:
            assert not permits(project, group, kind, "x", namespaced=namespaced), kind
            # No widening of the first list makes up for the second one.
            if namespaced:
                black = project["spec"]["namespaceResourceBlacklist"]
                assert {"group": group, "kind": kind} in black


@pytest.mark.cluster
def test_every_kind_of_a_starter_skill_is_delivered(served: Served, site: list[Object]) -> None:
    project = one(site, "AppProject", "tiphys")
    for skill, found in rendered():
        group, kind = group_of(found), found["kind"]
        name = "shop" if kind == "Namespace" else found["metadata"]["name"]
        namespaced = served[group, kind]
        assert permits(project, group, kind, name, namespaced=namespaced), f"{kind} of {skill}"


@pytest.mark.cluster
def test_the_two_projects_share_nothing(served: Served, site: list[Object]) -> None:
    rules, releases = (one(site, "AppProject", n) for n in ("tiphys-guardrails", "tiphys"))
    for (group, kind), namespaced in served.items():
        both = [permits(p, group, kind, "shop", namespaced=namespaced) for p in (rules, releases)]
        assert not all(both), kind
        if both[0]:
            assert kind.startswith("ValidatingAdmissionPolicy")
    for path in sorted((CD.parents[1] / "manifests" / "guardrails").glob("*.yaml")):
        for found in strict_yaml.load_documents(path.read_bytes(), source=path.name):
            name = found["metadata"]["name"]
            assert permits(rules, group_of(found), found["kind"], name, namespaced=False)


HOSTILE = [
    ("ConfigMap", "v1", "kube-system"),
    ("ConfigMap", "v1", "argocd"),
    ("Namespace", "v1", ""),
    ("ClusterRoleBinding", "rbac.authorization.k8s.io/v1", ""),
    ("ClusterRoleBinding", "rbac.authorization.k8s.io/v1", "shop"),  # a namespace that it has not
    ("ValidatingAdmissionPolicyBinding", "admissionregistration.k8s.io/v1", ""),
    ("Application", "argoproj.io/v1alpha1", "shop"),
    ("CustomResourceDefinition", "apiextensions.k8s.io/v1", ""),
    ("Deployment", "extensions/v1beta1", "shop"),
    ("Endpoints", "v1", "shop"),
]


@pytest.mark.parametrize(("kind", "version", "namespace"), HOSTILE)
def test_a_hostile_object_is_refused(
    site: list[Object], kind: str, version: str, namespace: str
) -> None:
    project = one(site, "AppProject", "tiphys")
    harmless: Object = {"apiVersion": "v1", "kind": "ConfigMap"}
    assert delivers(project, harmless, "x", "shop")
    assert not delivers(project, {"apiVersion": version, "kind": kind}, "kube-system", namespace)


def delivers(project: Object, found: Object, name: str, namespace: str) -> bool:
    """As Argo CD decides it, which takes for namespaced whatever names a namespace."""
    within = {d["namespace"] for d in project["spec"]["destinations"]}
    kind = permits(project, group_of(found), found["kind"], name, namespaced=bool(namespace))
    return kind and (not namespace or namespace in within)


def test_only_named_namespaces_and_no_wildcard(site: list[Object]) -> None:
    for found in (*site, *load("base/appproject.yaml")):
        if found["kind"] != "AppProject":
            continue
        assert "*" not in yaml.safe_dump(found["spec"])
        spaces = {d["namespace"] for d in found["spec"]["destinations"]}
        assert not spaces & {*SYSTEM_NAMESPACES, "argocd"}
        own = {
            item["name"]
            for item in found["spec"]["clusterResourceWhitelist"]
            if item["kind"] == "Namespace"
        }
        assert own == spaces - {""}


def test_each_application_is_within_its_project(site: list[Object]) -> None:
    applications = [f for f in site if f["kind"] == "Application"]
    assert len(applications) == 2
    for found in applications:
        spec = found["spec"]
        project = one(site, "AppProject", spec["project"])["spec"]
        assert spec["source"]["repoURL"] in project["sourceRepos"]
        place = {"namespace": "", **spec["destination"]}
        assert place in project["destinations"]
        automated = spec["syncPolicy"]["automated"]
        assert automated == {"prune": True, "selfHeal": True, "allowEmpty": False}
        assert "finalizers" not in found["metadata"]  # deleting it leaves what runs alone


@pytest.mark.parametrize(
    ("path", "read_by"),
    [
        ("manifests/shop/web/object.yaml", "tiphys-manifests"),
        ("manifests/shop/web/object.yml", "tiphys-manifests"),
        ("manifests/_cluster/shop/namespace.yaml", "tiphys-manifests"),
        ("manifests/guardrails/images.yaml", "tiphys-guardrails"),
        ("manifests/guardrails/README.md", ""),
        ("manifests/shop/web/release.toml", ""),
        ("manifests/shop/web/README.md", ""),
        ("manifests/shop/web/values.json", ""),
        ("manifests/loose.yaml", ""),
        ("skills/web/examples/a/values.yaml", ""),
    ],
)
def test_which_files_are_read(path: str, read_by: str) -> None:
    found = [a["metadata"]["name"] for a in load("base/application.yaml") if reads(a, path)]
    assert found == ([read_by] if read_by else [])


def reads(application: Object, path: str) -> bool:
    """As Argo CD walks a directory: by the name's ending, then its globs, where * is anything."""
    source = application["spec"]["source"]
    inside = path.removeprefix(f"{source['path']}/")
    directory = source.get("directory", {})
    if inside == path or ("/" in inside and not directory.get("recurse")):
        return False
    if not re.fullmatch(r".*\.(yaml|yml|json|jsonnet)", inside):
        return False
    if "exclude" in directory and matches(directory["exclude"], inside):
        return False
    return "include" not in directory or matches(directory["include"], inside)


def matches(glob: str, path: str) -> bool:
    start, _, options = glob.partition("{")
    assert "*" not in options, "Argo CD's globs match nothing with a star among the alternatives"
    patterns = (start + option for option in options.removesuffix("}").split(","))
    return any(re.fullmatch(".*".join(map(re.escape, p.split("*"))), path) for p in patterns)
