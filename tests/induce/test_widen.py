"""A like skill is recognised, and the merged one is widened instead, or it is said why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.induce.world import (
    given,
    induced,
    objects_of,
    rendered,
    skill_of,
    web_more,
    web_plain,
    widened_web,
)
from tiphys.domain.errors import InvalidInput
from tiphys.library import lint_skill, load_skill, parse_skill, render, strict_yaml
from tiphys.propose.induce import extend, near_duplicate

STARTERS = [load_skill(path) for path in sorted((Path(__file__).parents[2] / "skills").iterdir())]


@pytest.mark.parametrize(
    ("name", "starter"),
    [
        ("web", "web-service"), ("nightly", "cron-job"), ("exposed", "ingress"),
        ("settings", "config-map"), ("agents", "daemon-agent"), ("rights", "service-account"),
        ("firewall", "network-policy-allow"), ("stateful", "stateful-store"),
        ("pair", None), ("elastic", None), ("configured", None), ("sidecar", None),
    ],
)  # fmt: skip
def test_a_near_duplicate_is_known_by_its_structure(name, starter):
    assert near_duplicate(induced(name).files, STARTERS) == starter


def test_names_and_texts_do_not_hide_a_duplicate():
    old = skill_of(induced("web", taken={"deployment-service"}))
    assert near_duplicate(induced("web").files, [old]) == old.name


def test_old_examples_keep_their_bytes_and_the_new_case_comes_out():
    old, changed = widened_web()
    before = parse_skill("deployment-service", old)
    after = parse_skill("deployment-service", {**old, **changed})
    for values in before.examples.values():
        assert render(after, values) == render(before, values)
    wanted = objects_of(render(skill_of(web_more(metrics=False)), web_more(metrics=False).values))
    assert objects_of(render(after, after.examples["widened"])) == wanted
    assert lint_skill(after) == ()


def test_only_optional_values_are_added_and_nothing_is_lost():
    old, changed = widened_web()
    before = json.loads(old["values.schema.json"])
    after = json.loads(changed["values.schema.json"])
    assert after["required"] == before["required"]
    assert all(after["properties"][name] == each for name, each in before["properties"].items())
    new = set(after["properties"]) - set(before["properties"])
    assert {"livenessPath", "disruptionBudget"} <= new
    assert all("default" in after["properties"][name] for name in new)
    assert not [path for path in changed if path.startswith("examples/") and path in old]


def test_the_old_steps_of_the_test_stay_in_front_of_the_new_ones():
    old, changed = widened_web()
    path = "tests/chainsaw-test.yaml"
    before, after = (strict_yaml.load(files[path], source=path) for files in (old, changed))
    steps = before["spec"]["steps"]
    assert after["spec"]["steps"][: len(steps)] == steps
    assert len(after["spec"]["steps"]) > len(steps)


def test_a_hand_written_skill_can_be_widened_too():
    starter = next(skill for skill in STARTERS if skill.name == "persistent-volume-claim")
    case = given()["disk"]
    text = case.manifests["manifest.yaml"].decode()
    labels = "app.kubernetes.io/component: storage, app.kubernetes.io/managed-by: tiphys"
    text = text.replace(
        "namespace: media}",
        f"namespace: media, labels: {{app.kubernetes.io/name: uploads, {labels}}}}}",
    )
    text = text.replace("accessModes:", "volumeMode: Block\n  accessModes:")
    from tests.induce.world import field_schema
    from tiphys.propose.induce import induce

    made = induce(case.request, {"x.yaml": text.encode()}, field_schema=field_schema)
    changed = extend(starter, made)
    assert "volumeMode" in json.loads(changed["values.schema.json"])["properties"]
    assert b"{% if volumeMode is not none %}" in changed["templates/claim.yaml.j2"]


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (web_plain, "reuse it"),
        (lambda: web_more(metrics=True), "counts the items"),
        (lambda: induced("pair"), "widened|near"),
    ],
)
def test_what_cannot_be_widened_is_refused_with_the_reason(new, why):
    with pytest.raises(InvalidInput, match=why):
        extend(skill_of(web_plain()), new())


def test_what_the_merged_skill_always_sets_stands_in_the_way():
    with pytest.raises(InvalidInput, match="initialDelaySeconds"):
        extend(skill_of(induced("web")), web_more(metrics=False))


def test_a_widened_skill_still_takes_other_values():
    old, changed = widened_web()
    after = parse_skill("deployment-service", {**old, **changed})
    values = {**after.examples["widened"], "livenessPath": None, "disruptionBudget": False}
    made = objects_of(render(after, values))
    assert ("PodDisruptionBudget", "catalogue") not in made
    assert rendered(web_plain()).keys() == {("Deployment", "storefront"), ("Service", "storefront")}
