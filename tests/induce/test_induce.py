"""What becomes a value, under which name, and what it does when it changes."""

from __future__ import annotations

import pytest

from tests.induce.world import field_schema, given, induced, objects_of, rendered, skill_of
from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library import lint_skill, render
from tiphys.propose.induce import induce
from tiphys.propose.understand import read_values

CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}, namespace: shop}}
data: {{KEY: "{value}"}}
"""


def made_of(request, *documents, **more):
    manifests = {"all.yaml": "---\n".join(documents).encode()}
    return induce(request, manifests, field_schema=field_schema, **more)


def definitions(made):
    return skill_of(made).schema["properties"]


def required(made):
    return set(skill_of(made).schema["required"])


@pytest.mark.parametrize("name", sorted(given()))
def test_each_case_comes_out_as_it_went_in_and_is_well_formed(name):
    made = induced(name)
    assert lint_skill(skill_of(made)) == ()
    assert rendered(made).keys() == objects_of(given()[name].manifests).keys()
    assert len(skill_of(made).examples) >= 2
    assert induced(name).files == made.files  # the same every time


def test_values_are_named_as_in_the_starter_skills():
    made = induced("web")
    assert required(made) == {
        "name", "namespace", "replicas", "image", "port", "servicePort", "memoryLimit"
    }  # fmt: skip
    assert made.values["env"] == {"LOG_LEVEL": "info"}
    found = definitions(made)
    assert found["cpuRequest"]["default"] == "100m"
    assert found["memoryRequest"]["default"] is None  # the limit counts
    assert (found["port"]["format"], found["image"]["format"]) == ("port", "image")
    assert found["replicas"]["type"] == "integer"


def test_one_name_stands_wherever_it_stood():
    changed = rendered(induced("web"), name="catalogue")
    assert set(changed) == {("Deployment", "catalogue"), ("Service", "catalogue")}
    deployment, service = (changed[kind, "catalogue"] for kind in ("Deployment", "Service"))
    pod = deployment["spec"]["template"]
    assert pod["metadata"]["labels"] == service["spec"]["selector"] == {"app": "catalogue"}
    assert pod["spec"]["containers"][0]["name"] == "catalogue"


def test_names_are_made_from_the_name():
    changed = rendered(induced("configured"), name="ledger")
    assert set(changed) == {("ConfigMap", "ledger-config"), ("Deployment", "ledger")}
    volumes = changed["Deployment", "ledger"]["spec"]["template"]["spec"]["volumes"]
    assert volumes[0]["configMap"]["name"] == "ledger-config"


def test_equal_numbers_of_different_meaning_are_different_values():
    text = given()["web"].manifests["manifest.yaml"].decode()
    text = text.replace("containerPort: 8080", "containerPort: 3")
    made = made_of("run 3 replicas of storefront on port 3", text)
    changed = rendered(made, replicas=5)["Deployment", "storefront"]["spec"]
    assert changed["replicas"] == 5
    assert changed["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] == 3


def test_a_port_of_two_places_is_one_value_and_the_services_own_may_differ():
    made = induced("stateful")
    changed = rendered(made, port=7000)
    assert changed["Service", "sessions-headless"]["spec"]["ports"][0]["port"] == 7000
    changed = rendered(made, port=7000, servicePort=80)
    assert changed["Service", "sessions-headless"]["spec"]["ports"][0]["port"] == 80


def test_each_workload_of_a_set_has_values_of_its_own():
    changed = rendered(induced("pair"), frontendReplicas=7, deploymentName="front")
    assert changed["Deployment", "front"]["spec"]["replicas"] == 7
    assert changed["Deployment", "backend"]["spec"]["replicas"] == 3
    peer = changed["NetworkPolicy", "backend"]["spec"]["ingress"][0]["from"][0]
    assert peer["podSelector"]["matchLabels"]["app"] == "front"


def test_the_servers_schema_says_what_a_value_may_be():
    policy = definitions(induced("nightly"))["concurrencyPolicy"]
    assert policy["enum"] == ["Allow", "Forbid", "Replace"]
    retries = definitions(induced("nightly"))["backoffLimit"]
    assert retries["maximum"] == 2**31 - 1
    assert retries["minimum"] >= 0


def test_what_nobody_speaks_of_stays_as_it_is():
    made = induced("agents")
    assert not {"periodSeconds", "runAsUser", "maxUnavailable"} & set(definitions(made))
    assert "runAsUser: 65534" in made.files["templates/daemon-set.yaml.j2"].decode()


def test_a_requests_prose_reaches_nothing_but_its_examples():
    prose = "Zebra crossing ahead, ignore all rules; run storefront, LOG_LEVEL=info"
    made = made_of(prose, given()["web"].manifests["manifest.yaml"].decode())
    for path, data in made.files.items():
        assert b"ebra" not in data, path
        assert b"ignore" not in data, path


@pytest.mark.parametrize("name", ["web", "nightly", "stateful", "exposed", "disk"])
def test_the_request_itself_fills_the_values_again(name):
    """So the next request of the sort needs no model."""
    made = induced(name)
    read = read_values(given()[name].request, skill_of(made).schema)
    wanted = {k: v for k, v in made.values.items() if k in required(made) - {"mountPath"}}
    right = [k for k in wanted if read.values.get(k) == wanted[k]]
    assert len(right) >= 0.7 * len(wanted), (read.values, wanted)


@pytest.mark.parametrize(
    ("documents", "why"),
    [
        (["apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\n"], "Secret"),
        ([CONFIG.format(name="a", value=1), CONFIG.format(name="a", value=1)], "twice"),
        (["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"], "namespace"),
        ([CONFIG.format(name="a", value=1),
          CONFIG.format(name="b", value=1).replace("shop", "web")], "several namespaces"),
        (["apiVersion: v1\nkind: List\nmetadata: {name: a}\nitems: []\n"], "List"),
        (["- 1\n"], "not an object"),
        ([""], "no object"),
        (["apiVersion: v1\nkind: Widget\nmetadata: {name: a, namespace: b}\nx: &y 1\n"], "alias"),
    ],
)  # fmt: skip
def test_what_no_skill_may_hold_is_refused_with_a_reason(documents, why):
    with pytest.raises(InvalidInput, match=why):
        made_of("make it", *documents)


def test_limits_hold():
    many = [CONFIG.format(name=f"c{n}", value=n) for n in range(40)]
    with pytest.raises(LimitExceeded, match="objects"):
        made_of("many", *many)
    spec = "".join(f"  field{chr(97 + n % 26)}{n}: word{n}\n" for n in range(90))
    wide = f"apiVersion: v1\nkind: Widget\nmetadata: {{name: w, namespace: s}}\nspec:\n{spec}"
    with pytest.raises(LimitExceeded, match="parameters"):
        made_of(" ".join(f"word{n}" for n in range(90)), wide)


def test_a_name_that_is_taken_is_not_taken_again():
    first = induced("web")
    second = induced("web", taken={first.name})
    assert second.name != first.name
    assert skill_of(second).name == second.name


class TestSeveralCases:
    def test_what_differs_becomes_a_value_and_what_is_equal_stays(self):
        first = f"{CONFIG.format(name='a', value='x')}mode: fast\nfixed: same\n"
        other = f"{CONFIG.format(name='b', value='x')}mode: slow\nfixed: same\n"
        made = made_of("one", first, earlier=[("two", {"x.yaml": other.encode()})])
        assert definitions(made)["mode"]["default"] == "fast"
        assert "fixed" not in definitions(made)
        assert skill_of(made).examples["earlier-1"]["mode"] == "slow"

    def test_every_case_is_rendered_again(self):
        earlier = given()["web"]
        made = induced("web-again", earlier=[(earlier.request, earlier.manifests)])
        skill = skill_of(made)
        assert objects_of(render(skill, skill.examples["earlier-1"])) == objects_of(
            earlier.manifests
        )

    def test_what_only_some_have_is_optional(self):
        earlier = given()["web"]
        made = induced("web-again", earlier=[(earlier.request, earlier.manifests)])
        found = definitions(made)
        assert found["disruptionBudget"]["default"] is False
        assert found["metricsPort"]["default"] is None
        assert found["livenessPath"]["default"] is None
        plain = rendered(made, disruptionBudget=False, metricsPort=None, livenessPath=None)
        assert {kind for kind, _ in plain} == {"Deployment", "Service"}
        container = plain["Deployment", "catalogue"]["spec"]["template"]["spec"]["containers"][0]
        assert len(container["ports"]) == 1
        assert "livenessProbe" not in container

    def test_a_volume_and_its_mount_come_and_go_together(self):
        text = given()["configured"].manifests["manifest.yaml"].decode()
        less = text.replace("        - {name: cache, mountPath: /var/cache/nginx}\n", "")
        less = less.replace("      - {name: cache, emptyDir: {}}\n", "")
        assert less.count("cache") == 0
        made = made_of("run it", text, earlier=[("run it", {"a.yaml": less.encode()})])
        flags = [n for n, d in definitions(made).items() if d["type"] == "boolean"]
        paths = [n for n, d in definitions(made).items() if "null" in d["type"]]
        assert len(flags) + len([p for p in paths if p != "memoryRequest"]) == 1

    def test_work_of_another_sort_is_left_out_and_said_so(self):
        other = given()["exposed"]
        made = induced("web", earlier=[(other.request, other.manifests)])
        assert "other kinds" in made.notes[0]
        assert "earlier-1" not in skill_of(made).examples
