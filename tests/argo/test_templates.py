"""What the templates promise, read off the rendered files; no cluster."""

import json
import re

import pytest
import yaml

from tests.argo.walking import containers_of, pods_of, templates_of, texts
from tiphys.argo import names
from tiphys.argo.render import render

ALLOWED = {
    "{{workflow.parameters.pull}}",
    "{{workflow.parameters.issue}}",
    "{{workflow.parameters.head}}",
    "{{workflow.parameters.base}}",
    "{{inputs.parameters.minor}}",
}
# Elsewhere than in arguments: names that Kubernetes or our own lock gave, and a checked commit.
ELSEWHERE = {
    ("affinity", "{{workflow.name}}"),
    ("arguments", "{{item}}"),
    ("when", "{{workflow.status}} != Succeeded"),
    ("synchronization", "verify-{{workflow.parameters.head}}"),
    ("synchronization", "request-{{workflow.parameters.issue}}"),
}
FORGE = {"TIPHYS_FORGE_TOKEN", "TIPHYS_REMOTE"}
MODEL = {"OPENAI_API_KEY", "OPENAI_BASE_URL"}


@pytest.fixture(scope="module")
def objects():
    found = [each for text in render().values() for each in yaml.safe_load_all(text)]
    return [each for each in found if "kind" in each]  # the rest is for kustomize


@pytest.fixture(scope="module")
def pods(objects):
    return [pod for each in templates_of(objects) for pod in pods_of(each)]


def zone_of(pod):
    return pod["metadata"]["labels"][names.ZONE_LABEL]


def main_of(pod):
    return next(each for each in pod["spec"]["containers"] if each["name"] == "main")


def variables(pod):
    return {each["name"] for each in main_of(pod)["env"]}


def key_of(pod):
    """The Secret whose key it signs with."""
    given = [each for each in main_of(pod)["env"] if each["name"] == "TIPHYS_SIGNING_KEY"]
    return given[0]["valueFrom"]["secretKeyRef"]["name"] if given else None


def test_every_parameter_is_an_argument_of_its_own_or_in_a_known_place(objects):
    seen = 0
    for each in (o for o in objects if o["apiVersion"].startswith("argoproj.io/")):
        for path, text in texts(each):
            if "{{" not in text:
                continue
            seen += 1
            if "args" in path:
                place = path.index("args")
                assert path[place - 1] == "container"
                assert len(path) == place + 2, "an argument is a text, no structure"
                assert text in ALLOWED
            else:
                assert any((key, text) in ELSEWHERE for key in path), (path, text)
    assert seen > 20


def test_no_shell_no_script_no_inline_code(objects):
    for each in templates_of(objects):
        for template in each["spec"]["templates"]:
            kinds = {"container", "dag"} & set(template)
            assert len(kinds) == 1
            assert not {"script", "resource", "http", "data", "plugin", "steps"} & set(template)
            if "container" in template:
                assert template["container"]["command"] == ["tiphys"]
        assert "{{=" not in json.dumps(each)


def test_user_text_has_no_way_in(objects):
    """Parameters are declared, known to the admission policy, and have no default."""
    for each in templates_of(objects):
        parameters = each["spec"].get("arguments", {}).get("parameters", [])
        assert {p["name"] for p in parameters} <= set(names.PARAMETERS)
        assert all(set(p) == {"name"} for p in parameters)
        assert "artifacts" not in each["spec"].get("arguments", {})
        declared = {p["name"] for p in parameters}
        used = set(re.findall(r"workflow\.parameters\.(\w+)", json.dumps(each)))
        assert used == declared


def test_options_end_before_what_somebody_chose(objects):
    """A commit follows its option by name; a number stands behind the `--`."""
    for each in templates_of(objects):
        for template in (t for t in each["spec"]["templates"] if "container" in t):
            args = template["container"]["args"]
            for place, text in enumerate(args):
                if text in ("{{workflow.parameters.pull}}", "{{workflow.parameters.issue}}"):
                    assert args[place - 1] == "--"
                elif "{{" in text:
                    assert args[place - 1] in ("--head", "--base", "--minor")


def test_no_container_of_ours_has_a_token(objects, pods):
    for pod in pods:
        assert pod["spec"]["automountServiceAccountToken"] is False
        mounted = {mount["name"] for mount in main_of(pod)["volumeMounts"]}
        assert mounted <= {"tmp", "work", names.INDEX_CLAIM}
        assert "envFrom" not in main_of(pod)
    for each in templates_of(objects):
        assert each["spec"]["automountServiceAccountToken"] is False
        for template in (t for t in each["spec"]["templates"] if "container" in t):
            assert template["executor"] == {"serviceAccountName": names.EXECUTOR}
        assert not any("secret" in volume for volume in each["spec"]["volumes"])
    accounts = [each for each in objects if each["kind"] == "ServiceAccount"]
    assert {a["metadata"]["name"] for a in accounts} == {
        *names.ACCOUNTS.values(),
        names.EXECUTOR,
    }
    assert all(a["automountServiceAccountToken"] is False for a in accounts)


def test_what_looks_at_a_proposal_has_no_credential_and_no_way_out(pods):
    looking = [pod for pod in pods if zone_of(pod) == "verify"]
    for pod in looking:
        assert variables(pod) == {"HOME"}
        assert pod["metadata"]["labels"][names.EGRESS_LABEL] == "none"
        mounts = {m["mountPath"]: m for m in main_of(pod)["volumeMounts"]}
        assert mounts["/work/in"]["readOnly"] is True
        writable = [
            m["subPath"] for m in mounts.values() if m["name"] == "work" and not m.get("readOnly")
        ]
        assert len(writable) == 1
        assert writable[0].startswith("evidence/")
    assert len(looking) == 3
    assert len({m["subPath"] for p in looking for m in main_of(p)["volumeMounts"]
                if m.get("subPath", "").startswith("evidence/")}) == 3  # fmt: skip


def test_nobody_holds_a_models_key_and_a_forges_credential(pods):
    for pod in pods:
        assert not (variables(pod) & FORGE and variables(pod) & MODEL)
    assert all(variables(p) & FORGE == set() for p in pods if zone_of(p) in ("critic", "remember"))


def test_whoever_signs_sees_nothing_of_the_proposal(pods):
    signing = [pod for pod in pods if key_of(pod) == "tiphys-signing"]
    for pod in signing:
        assert zone_of(pod) == "report"
        mounts = [m for m in main_of(pod)["volumeMounts"] if m["name"] == "work"]
        assert all(m["readOnly"] and m["subPath"] == "evidence" for m in mounts)
    assert len(signing) == 2


def test_the_key_of_who_reads_requests_signs_no_verdict_and_comes_with_no_way_to_push(pods):
    [speaking] = [pod for pod in pods if key_of(pod) not in (None, "tiphys-signing")]
    assert (zone_of(speaking), key_of(speaking)) == ("propose", "tiphys-voice")
    assert not variables(speaking) & FORGE


def test_only_who_talks_to_a_forge_or_model_goes_outside(objects, pods):
    for pod in pods:
        outside = pod["metadata"]["labels"][names.EGRESS_LABEL] == "outside"
        assert outside == bool(variables(pod) & (FORGE | MODEL))
    policies = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "NetworkPolicy"}
    assert "egress" not in policies["nothing"]
    assert policies["nothing"]["policyTypes"] == ["Ingress", "Egress"]
    selector = policies["outside"]["podSelector"]["matchLabels"]
    assert selector == {names.EGRESS_LABEL: "outside"}
    (only,) = policies["executor-to-api-server"]["egress"]
    assert only["to"] == [{"ipBlock": {"cidr": "192.0.2.1/32"}}], "an overlay names the real one"


def test_every_container_is_locked_and_bounded(pods):
    for pod in pods:
        for container in containers_of(pod):
            security = container["securityContext"]
            assert security["runAsNonRoot"] is True
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert security["seccompProfile"] == {"type": "RuntimeDefault"}
            for kind in ("requests", "limits"):
                assert set(container["resources"][kind]) == {"cpu", "memory", "ephemeral-storage"}


def test_everything_ends(objects):
    for each in templates_of(objects):
        spec = each["spec"]
        assert spec["activeDeadlineSeconds"] > 0
        assert set(spec["ttlStrategy"]) == {"secondsAfterSuccess", "secondsAfterFailure"}
        assert spec["podGC"]
        assert spec["volumeClaimGC"]
        for template in (t for t in spec["templates"] if "container" in t):
            assert 0 < template["activeDeadlineSeconds"] < spec["activeDeadlineSeconds"]


# The expression language of Argo reads these as Python does, but for the operators' names.
def retried(expression, status, code):
    python = expression.replace("||", " or ").replace("&&", " and ")
    scope = type("Last", (), {"status": status, "exitCode": code})
    return eval(python, {"__builtins__": {}}, {"lastRetry": scope})


def test_only_infrastructure_is_tried_again(objects):
    for each in templates_of(objects):
        for template in (t for t in each["spec"]["templates"] if "container" in t):
            strategy = template["retryStrategy"]
            expression = strategy["expression"]
            assert strategy["retryPolicy"] == "Always"
            assert 1 <= strategy["limit"] <= 4
            assert strategy["backoff"]
            for status in ("Failed", "Error"):
                assert not retried(expression, status, "1"), "an answer is an answer"
            assert retried(expression, "Failed", "2")
            assert retried(expression, "Failed", "-1")  # evicted, deleted
            assert retried(expression, "Failed", "137")
            assert retried(expression, "Error", "0")
            assert not retried(expression, "Failed", "70")


def test_a_verdict_is_posted_whatever_happens(objects):
    workflow = next(o for o in templates_of(objects) if o["metadata"]["name"] == names.VERIFY)
    spec = workflow["spec"]
    dags = {t["name"]: t["dag"]["tasks"] for t in spec["templates"] if "dag" in t}
    checks = {task["name"]: task for task in dags[spec["entrypoint"]]}
    ends = {"Succeeded", "Failed", "Errored", "Skipped", "Omitted"}

    for name in set(checks) - {"report"}:
        waited = re.findall(rf"\b{name}\.(\w+)", checks["report"]["depends"])
        assert set(waited) == ends, f"the report does not wait for every end of {name}"
    after = {word for t in checks.values() for word in re.findall(r"[a-z]+", t.get("depends", ""))}
    assert "report" not in after, "the report decides how the workflow ends"

    (last,) = dags[spec["onExit"]]
    assert last["when"] == "{{workflow.status}} != Succeeded"
    template = next(t for t in spec["templates"] if t["name"] == last["template"])
    mounted = [mount["name"] for mount in template["container"]["volumeMounts"]]
    assert mounted == ["tmp"], "it waits for no volume"


def test_two_runs_on_one_head_take_turns(objects):
    workflow = next(o for o in templates_of(objects) if o["metadata"]["name"] == names.VERIFY)

    assert workflow["spec"]["synchronization"] == {
        "mutexes": [{"name": "verify-{{workflow.parameters.head}}"}]
    }


def test_the_schedules_name_our_templates_and_never_overlap(objects):
    crons = [o for o in objects if o["kind"] == "CronWorkflow"]
    for each in crons:
        spec = each["spec"]
        assert spec["workflowSpec"] == {"workflowTemplateRef": {"name": each["metadata"]["name"]}}
        assert spec["concurrencyPolicy"] == "Forbid"
        assert spec["suspend"] is True, "what it runs is a stub"
    assert {o["metadata"]["name"] for o in crons} == {names.REVERIFY, names.CURRICULUM}


def test_the_engines_role_is_bound_to_nobody(objects):
    (binding,) = [o for o in objects if o["kind"] == "RoleBinding"]

    assert binding["roleRef"]["name"] == names.EXECUTOR
    assert [s["name"] for s in binding["subjects"]] == [names.EXECUTOR]
    assert not [o for o in objects if o["kind"].startswith("ClusterRole")]
