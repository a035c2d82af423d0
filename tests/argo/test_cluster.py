"""The committed folder on a real API server with Argo's real CRDs; no controller runs here."""

import copy
import subprocess

import pytest
import yaml

from tests.argo import crds
from tests.argo.test_render import COMMITTED
from tests.argo.walking import containers_of, pods_of, templates_of
from tests.cluster_fixtures import eventually
from tiphys.argo import names
from tiphys.argo.submission import submission
from tiphys.domain.errors import ApiRefusal
from tiphys.toolchain import locate

pytestmark = pytest.mark.cluster

HEAD, BASE = "a" * 40, "b" * 40


def kustomize(*arguments):
    command = [locate("kubectl"), "kustomize", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def objects():
    """What `kubectl apply -k argo` would send."""
    found = list(yaml.safe_load_all(kustomize(COMMITTED)))
    return sorted(found, key=lambda each: each["kind"] != "Namespace")


@pytest.fixture(scope="module")
def argo(own_cluster, objects):
    """A cluster that everything was applied to, strictly."""
    _, api = own_cluster
    crds.install(api)
    for each in objects:
        api.apply(each)
    eventually(lambda: _refusal(api, workflow(podSpecPatch="{}")))
    return api


def workflow(template=names.VERIFY, parameters=None, **spec):
    if parameters is None:
        parameters = {"pull": "7", "head": HEAD, "base": BASE}
    return {
        "apiVersion": crds.API,
        "kind": "Workflow",
        "metadata": {"name": "one", "namespace": names.NAMESPACE},
        "spec": {
            "workflowTemplateRef": {"name": template},
            "arguments": {
                "parameters": [{"name": n, "value": v} for n, v in parameters.items()],
            },
        }
        | spec,
    }


def _refusal(api, obj):
    try:
        api.apply(obj, dry_run=True)
    except ApiRefusal as refusal:
        return str(refusal)
    return None


def test_an_overlay_names_the_image_of_every_pod(tmp_path):
    (tmp_path / "argo").symlink_to(COMMITTED)
    (tmp_path / "kustomization.yaml").write_text(
        "resources: [argo]\n"
        f"images: [{{name: {names.IMAGE.rpartition(':')[0]}, newName: mine/t, newTag: v9}}]\n"
        "configurations: [argo/images.yaml]\n"
    )
    built = kustomize("--load-restrictor=LoadRestrictionsNone", tmp_path)

    assert built.count("image: mine/t:v9") > 10
    assert names.IMAGE not in built


def test_a_real_server_takes_all_of_it_and_keeps_every_field(argo, objects):
    for each in objects:
        place = (each["metadata"]["name"], each["metadata"].get("namespace"))
        live = argo.get(each["apiVersion"], each["kind"], *place)
        if each["apiVersion"] == crds.API:
            assert live["spec"] == each["spec"], "the server dropped or changed a field"


def _misspelt(value, path):
    """Put an unknown field into every mapping, in place; the mappings by the field's path."""
    found = {}
    if isinstance(value, list):
        for number, each in enumerate(value):
            found |= _misspelt(each, f"{path}[{number}]")
    elif isinstance(value, dict):
        for key, each in list(value.items()):
            found |= _misspelt(each, f"{path}.{key}")
        value["misspelt"] = "x"
        found[f"{path}.misspelt"] = value
    return found


# Maps of free keys, where any field is a right one.
FREE = ("labels", "labelsFrom", "limits", "requests", "matchLabels")


@pytest.mark.parametrize("kind", ["WorkflowTemplate", "CronWorkflow"])
def test_a_misspelt_field_is_refused_wherever_it_stands(argo, objects, kind):
    """So the schemas are no empty promise: wherever we write a field, another one is refused."""
    for each in (o for o in copy.deepcopy(objects) if o["kind"] == kind):
        each["metadata"]["name"] = "misspelt"
        found = _misspelt(each["spec"], "spec")
        missed = {path for path in found if path.rsplit(".", 2)[-2] not in FREE}
        while missed:  # a server names the first of many
            words = _refused(argo, each)
            named = {path for path in missed if path in words}
            assert named, f"not refused: {sorted(missed)}, but {words}"
            for path in named:
                del found[path]["misspelt"]
            missed -= named


def _refused(api, obj):
    """The server's words to a creation; an apply would name items of lists by their keys."""
    with pytest.raises(ApiRefusal) as refusal:
        api.create(obj)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("template", "parameters"),
    [
        (names.VERIFY, {"pull": "1", "head": HEAD, "base": BASE}),
        (names.REQUEST, {"issue": "999999999"}),
        (names.REINDEX, {}),
        (names.REVERIFY, {}),
        (names.CURRICULUM, {}),
    ],
)
def test_our_own_workflows_are_admitted(argo, template, parameters):
    assert _refusal(argo, submission(template, "one", parameters)) is None


def test_a_workflow_can_be_stopped_and_waits_where_told(argo):
    assert _refusal(argo, workflow(shutdown="Stop")) is None
    assert _refusal(argo, workflow(suspend=True, priority=3)) is None


def test_what_the_schedules_start_is_admitted(argo, objects):
    for each in (o for o in objects if o["kind"] == "CronWorkflow"):
        started = workflow() | {"spec": each["spec"]["workflowSpec"] | {"arguments": {}}}

        assert _refusal(argo, started) is None


@pytest.mark.parametrize(
    "text",
    [
        "main",
        "a" * 39,
        "a" * 41,
        "A" * 40,
        HEAD + "\n",
        "\n" + HEAD,
        f"{HEAD}; rm -rf /",
        "$(touch /tmp/x)",
        "{{workflow.name}}",
        "{{=sprig.env('HOME')}}",
        '","--evil","',
        "--help",
        "",
        "7",
    ],
)
@pytest.mark.parametrize("name", ["head", "base"])
def test_only_a_commit_is_a_commit(argo, name, text):
    parameters = {"pull": "7", "head": HEAD, "base": BASE, name: text}

    assert "is a commit or a number" in _refusal(argo, workflow(parameters=parameters))


@pytest.mark.parametrize(
    "text", ["0", "-1", "07", "1e3", "1" * 10, " 7", "7\n", "\u0667", "x", "", HEAD, "{{item}}"]
)
def test_only_a_number_is_a_number(argo, text):
    parameters = {"pull": text, "head": HEAD, "base": BASE}

    assert "is a commit or a number" in _refusal(argo, workflow(parameters=parameters))


@pytest.mark.parametrize(
    "spec",
    [
        {"workflowTemplateRef": {"name": "mine"}},
        {"workflowTemplateRef": {"name": names.VERIFY, "clusterScope": True}},
        {"workflowTemplateRef": {}},
        {"templates": [{}], "entrypoint": "mine"},
        {"serviceAccountName": "tiphys-report"},
        {"podSpecPatch": '{"hostNetwork": true}'},
        {"automountServiceAccountToken": True},
        {"executor": {"serviceAccountName": "default"}},
        {"volumes": [{"name": "tmp", "hostPath": {"path": "/"}}]},
        {"onExit": "static"},
        {"hooks": {"exit": {"template": "static"}}},
        {"hostNetwork": True},
        {"activeDeadlineSeconds": 1},
        {"templateDefaults": {}},
        {"podMetadata": {"labels": {names.EGRESS_LABEL: "outside"}}},
        {"workflowMetadata": {"labels": {"a": "b"}}},
        {"securityContext": {}},
        {"arguments": {"artifacts": [{"name": "code", "raw": {"data": "x"}}]}},
        {"arguments": {"parameters": [{"name": "title", "value": "7"}]}},
        {"arguments": {"parameters": [{"name": "pull"}]}},
        {"arguments": {"parameters": [{"name": "pull", "value": "7", "default": "x"}]}},
        {
            "arguments": {
                "parameters": [{"name": "pull", "valueFrom": {"expression": "'7'"}}],
            }
        },
    ],
    ids=str,
)
def test_whoever_may_create_workflows_can_override_nothing(argo, spec):
    words = _refusal(argo, workflow(**spec))

    assert words
    assert "tiphys-workflows" in words


def test_another_namespace_is_none_of_our_business(argo):
    other = workflow(podSpecPatch="{}")
    other["metadata"]["namespace"] = "default"

    assert _refusal(argo, other) is None


def _may(api, account, verb, group, resource, namespace):
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "metadata": {},
        "spec": {
            "user": f"system:serviceaccount:{names.NAMESPACE}:{account}",
            "groups": [
                "system:serviceaccounts",
                f"system:serviceaccounts:{names.NAMESPACE}",
                "system:authenticated",
            ],
            "resourceAttributes": {
                "verb": verb,
                "group": group,
                "resource": resource,
                "namespace": namespace,
            },
        },
    }
    return api.create(review)["status"]["allowed"]


ASKED = [
    ("create", "argoproj.io", "workflowtaskresults"),
    ("patch", "argoproj.io", "workflowtaskresults"),
    ("get", "argoproj.io", "workflowtaskresults"),
    ("delete", "argoproj.io", "workflowtaskresults"),
    ("create", "argoproj.io", "workflows"),
    ("get", "argoproj.io", "workflows"),
    ("get", "", "secrets"),
    ("list", "", "secrets"),
    ("create", "", "pods"),
    ("get", "", "pods"),
    ("patch", "", "pods"),
    ("create", "", "pods/exec"),
    ("create", "", "serviceaccounts/token"),
    ("get", "", "configmaps"),
]


def test_no_zone_has_any_right_and_the_executor_only_its_two(argo):
    for account in (*names.ACCOUNTS.values(), names.EXECUTOR):
        allowed = {
            (verb, resource)
            for verb, group, resource in ASKED
            if _may(argo, account, verb, group, resource, names.NAMESPACE)
        }

        own = {(v, "workflowtaskresults") for v in ("create", "patch")}
        assert allowed == (own if account == names.EXECUTOR else set())
    assert not _may(argo, names.EXECUTOR, "create", "argoproj.io", "workflowtaskresults", "default")


def test_every_pod_passes_the_restricted_standard(argo, objects):
    """Argo's own containers too: the controller adds them and then applies our patch."""
    made = [pod for each in templates_of(objects) for pod in pods_of(each)]
    for pod in made:
        assert _refusal(argo, pod) is None
    assert len(made) > 10


@pytest.mark.parametrize("container", ["main", "wait", "init"])
def test_the_standard_would_notice(argo, objects, container):
    pod = next(pods_of(next(templates_of(objects))))
    for each in containers_of(pod):
        if each["name"] == container:
            each["securityContext"].pop("allowPrivilegeEscalation")

    assert "allowPrivilegeEscalation" in _refusal(argo, pod)
