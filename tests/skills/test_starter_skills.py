"""Every folder in skills/: well-formed, reproducible, secure by default, deaf to hostile text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiphys.domain.skill import Skill
from tiphys.library import load_skill, render
from tiphys.library.strict_yaml import load, load_documents

SKILLS = Path(__file__).parents[2] / "skills"
NAMES = sorted(path.name for path in SKILLS.iterdir() if path.is_dir())
CASES = [
    (name, case.parent.name)
    for name in NAMES
    for case in sorted((SKILLS / name).glob("examples/*/values.yaml"))
]
POD_SPECS = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
CLUSTER_KINDS = {"Namespace", "ClusterRole", "ClusterRoleBinding", "PriorityClass", "StorageClass"}
# Text that has broken out of templates and YAML readers before.
HOSTILE = [
    "a\nhostNetwork: true",
    "x\n---\napiVersion: v1\nkind: Secret",
    '", "privileged": true, "x": "',
    "'}}{{ image }}{% if true %}",
    "{{ env }}",
    "a: b # c",
    "- item",
    "*alias",
    "&anchor x",
    "!!python/object:os.system",
    "%YAML 1.1",
    "<<",
    "yes",
    "0o17",
    "1e3",
    "null",
    "~",
    "\\",
    "$(PATH)",
    "\u2028\u2029\ufeff\x85",
    "\t tab ",
    "]}",
    " ",
]

each_skill = pytest.mark.parametrize("name", NAMES)
each_example = pytest.mark.parametrize(("name", "case"), CASES)


@cache
def skill_of(name: str) -> Skill:
    return load_skill(SKILLS / name)


def objects_of(name: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    files = render(skill_of(name), values)
    return [doc for data in files.values() for doc in load_documents(data, source=name)]


def example(name: str, case: str) -> Mapping[str, Any]:
    return skill_of(name).examples[case]


def pod_specs(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in objects:
        if path := POD_SPECS.get(each["kind"]):
            spec: Any = each
            for key in path:
                spec = spec[key]
            yield spec


@each_skill
def test_a_skill_says_what_it_is_for(name: str) -> None:
    skill = skill_of(name)
    assert skill.license == "Apache-2.0"
    assert "Kubernetes" in skill.compatibility
    for heading in ("## When to use", "## When not to use", "## Pitfalls"):
        assert f"\n{heading}\n" in f"\n{skill.body}\n"
    assert len(skill.examples) >= 2
    assert len(skill.schema["properties"]) <= 16


@each_skill
def test_a_missing_required_value_has_a_question(name: str) -> None:
    schema = skill_of(name).schema
    for required in schema["required"]:
        assert schema["properties"][required].get("x-tiphys", {}).get("question"), required


@each_skill
def test_an_example_shows_what_is_left_out_by_default(name: str) -> None:
    """What no example sets would never be rendered by a check."""
    skill = skill_of(name)
    used = {key for values in skill.examples.values() for key in values}
    for key, definition in skill.schema["properties"].items():
        assert key in used or definition.get("default") not in (None, [], {}), key


@each_skill
def test_the_skill_is_tested_under_its_name(name: str) -> None:
    test = load(skill_of(name).test, source=name)
    operations = [next(iter(each)) for step in test["spec"]["steps"] for each in step["try"]]
    assert (test["kind"], test["metadata"]["name"]) == ("Test", name)
    assert operations[0] == "apply"
    assert "assert" in operations


@each_example
def test_an_example_renders_to_the_same_bytes_again(name: str, case: str) -> None:
    values = example(name, case)
    again = dict(reversed(list(values.items())))
    assert render(skill_of(name), values) == render(skill_of(name), again)


@each_example
def test_every_object_is_labelled_and_in_its_namespace(name: str, case: str) -> None:
    values = example(name, case)
    objects = objects_of(name, values)
    identities = [(o["apiVersion"], o["kind"], o["metadata"]["name"]) for o in objects]
    assert len(set(identities)) == len(identities)
    for each in objects:
        labels = each["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == values["name"]
        assert labels["app.kubernetes.io/managed-by"] == "tiphys"
        assert (each["kind"] in CLUSTER_KINDS) == ("namespace" not in each["metadata"])
        if "namespace" in each["metadata"] and "namespace" in values:
            assert each["metadata"]["namespace"] == values["namespace"]


@each_example
def test_selectors_choose_the_pods_of_the_skill(name: str, case: str) -> None:
    objects = objects_of(name, example(name, case))
    workloads = [o for o in objects if "template" in o.get("spec", {})]
    pods = [o["spec"]["template"]["metadata"]["labels"] for o in workloads if o["kind"] != "Job"]
    for each in objects:
        spec = each.get("spec", {})
        selector = spec.get("selector", {})
        wanted = selector.get("matchLabels", {}) if each["kind"] != "Service" else selector
        if pods and wanted:
            assert wanted.items() <= pods[0].items(), each["kind"]
    ports = [p for s in pod_specs(objects) for c in s["containers"] for p in c.get("ports", [])]
    for service in (o for o in objects if o["kind"] == "Service"):
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in {p["name"] for p in ports}


@each_example
def test_pods_meet_the_restricted_standard(name: str, case: str) -> None:
    for spec in pod_specs(objects_of(name, example(name, case))):
        assert not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC"))
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        for volume in spec.get("volumes", []):
            allowed = {"emptyDir", "configMap", "secret", "projected", "persistentVolumeClaim"}
            assert set(volume) - {"name"} <= allowed
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert not context.get("privileged")
            assert context.get("runAsUser", 1) > 0
            assert not any("hostPort" in port for port in container.get("ports", []))


@each_example
def test_pods_are_good_citizens(name: str, case: str) -> None:
    for spec in pod_specs(objects_of(name, example(name, case))):
        assert spec["automountServiceAccountToken"] is False
        volumes = {volume["name"] for volume in spec.get("volumes", [])}
        for container in spec["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]
            assert not container["image"].endswith(":latest")
            if container.get("ports"):
                assert {"readinessProbe", "livenessProbe"} <= set(container)
            mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert volumes <= mounts


def free_text(definition: Mapping[str, Any]) -> str | None:
    """How a property takes text that no format limits: plain, list, map or None."""
    kinds = [definition["type"]] if isinstance(definition["type"], str) else definition["type"]
    shape = next((s for s in ("array", "object", "string") if s in kinds), "")
    inner = {"array": "items", "object": "additionalProperties"}.get(shape)
    text = definition.get(inner, {}) if inner else definition
    if not isinstance(text, Mapping) or text.get("type") not in ("string", ["string", "null"]):
        return None
    return None if {"format", "enum"} & set(text) else shape


def fill_text(definition: Mapping[str, Any], text: str) -> Any:
    return {"string": text, "array": [text], "object": {"KEY": text}}[free_text(definition) or ""]


def shape_of(value: Any) -> Any:
    """The structure of an object without its texts."""
    if isinstance(value, dict):
        return {key: shape_of(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape_of(each) for each in value]
    return type(value).__name__ if isinstance(value, str) else value


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts_of(each)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@each_skill
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_text_never_becomes_structure(name: str, data: st.DataObject) -> None:
    skill = skill_of(name)
    free = {k: d for k, d in skill.schema["properties"].items() if free_text(d)}
    texts = {key: data.draw(st.sampled_from(HOSTILE) | TEXT, label=key) for key in free}
    values = next(iter(skill.examples.values()))
    hostile = {key: fill_text(free[key], text) for key, text in texts.items()}
    benign = {key: fill_text(free[key], "benign") for key in free}
    found = objects_of(name, {**values, **hostile})
    assert shape_of(found) == shape_of(objects_of(name, {**values, **benign}))
    assert set(texts.values()) <= set(texts_of(found))
