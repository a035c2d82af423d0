"""What must end as open: contents, other languages, things that are spoken about, values elsewhere."""

# ruff: noqa: E501 -- one case a line
from __future__ import annotations

from typing import Any

import pytest

from tests.critic.things import against, scaler, service, thing, workload
from tiphys.verify.critic import spoken
from tiphys.verify.critic.clock import times
from tiphys.verify.critic.content import without_files, without_settings
from tiphys.verify.critic.language import language


def scratch(size: str) -> Any:
    return {"volumes": [{"name": "s", "emptyDir": {"medium": "Memory", "sizeLimit": size}}]}


def paced(low: int, high: int, value: int, period: int) -> Any:
    made = scaler(low, high)
    policies = [{"type": "Pods", "value": value, "periodSeconds": period}]
    made["spec"]["behavior"] = {"scaleDown": {"policies": policies}}
    return made


def kept(**volume: Any) -> Any:
    mounts = [{"name": "d", "mountPath": "/data"}]
    return workload(volumeMounts=mounts, pod={"volumes": [{"name": "d", **volume}]})


GUARDED = thing("NetworkPolicy", "n", spec={"podSelector": {}, "policyTypes": ["Ingress"]})
NIGHTLY = workload("r", "CronJob", schedule="10 2 * * *")
READER = thing("Role", "r", rules=[{"apiGroups": ["apps"], "resources": ["deployments/scale"],
                                    "resourceNames": ["beacon"], "verbs": ["get", "patch"]}])  # fmt: skip
PREFIXED = workload(env=[{"name": "A", "value": "1"}])
PREFIXED["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [
    {"prefix": "FLAG_", "configMapRef": {"name": "flags"}}
]
SUMS = thing(
    "ResourceQuota",
    "q",
    spec={
        "hard": {
            "requests.cpu": "4",
            "requests.memory": "8Gi",
            "limits.cpu": "8",
            "limits.memory": "16Gi",
        }
    },
)
KEPT = "Everything under /data must survive a restart of the pod."


@pytest.mark.parametrize(
    ("request_", "objects"),
    [
        ("Deployment web with this file:\n\n    limit = 45m\n    cpu = 2\n", [workload()]),
        ("```\nreplicas: 9\nport 1234\n```\nDeployment web", [workload()]),
        ("Um Secret chamado acesso no namespace shop, por favor", [thing("Secret", "acesso")]),
        ("Namespace ist shop, alles heißt web", [workload()]),
        ("Serve il Deployment web nel namespace shop", [workload()]),
        ("Deployment web; it waits with until nslookup mydb; do sleep 2; done", [workload()]),
        ("Deployment web in the shop namespace using what is there", [workload()]),
        (
            "4 CPU and 8Gi memory in requests, 8 CPU and 16Gi memory in limits, for the namespace",
            [SUMS],
        ),
        (
            "plus everything from ConfigMap web-flags, it exists already; Deployment web",
            [workload()],
        ),
        ('It may scale one Deployment, "beacon": get and patch of the scale subresource', [READER]),
        ("a scratch directory in RAM, 96Mi at most", [workload(pod=scratch("96Mi"))]),
        (
            "An emptyDir between the two is fine, just cap it at 96Mi",
            [workload(pod=scratch("96Mi"))],
        ),
        ("Outgoing traffic isn't to be restricted.", [GUARDED]),
        ("Nothing about their outgoing traffic should change.", [GUARDED]),
        (
            "scale between 2 and 9 replicas, remove no more than 1 pod per 2 minutes",
            [workload(), paced(2, 9, 1, 120)],
        ),
        ("6 pods; two pods on one node should be avoided", [workload(replicas=6)]),
        ("Each night at ten past two", [NIGHTLY]),
        ("CronJob r runs nightly at ten past two. The release is on Thursday.", [NIGHTLY]),
        ("NODE is the name of the node that web sits on", [workload()]),
        (
            "others call web as http://web, no port in the URL; it listens on 8080",
            [workload(), service()],
        ),
        ("callers use web:80, it listens on 8080", [workload(), service()]),
        ("all keys of the map, each name prefixed with FLAG_", [PREFIXED]),
        ("the old machine had 64 GB of RAM; Deployment web", [workload()]),
        ("Bisher lief das auf einem Rechner mit 16 GB RAM; Deployment web", [workload()]),
        ("Last year it ran with 8 pods, now 3 pods do; Deployment web", [workload(replicas=3)]),
        ("Im Sommer reichten zwei Pods, jetzt bitte fünf.", [workload(replicas=5)]),
        ("não criem LoadBalancer para o Service web", [workload(), service()]),
        (KEPT, [kept(persistentVolumeClaim={"claimName": "d"})]),
        ("scratch under /data need not survive a restart", [kept(emptyDir={})]),
    ],
)
def test_it_is_open(request_: str, objects: list[Any]) -> None:
    assert [each.line for each in against(request_, *objects)] == []


@pytest.mark.parametrize(
    ("request_", "objects", "path"),
    [
        (KEPT, [kept(emptyDir={})], "spec.template.spec.volumes[0]"),
        ("Each night at ten past two", [workload("r", "CronJob", schedule="10 10 * * *")], "spec.schedule"),
        ("every day at 2:30", [workload("r", "CronJob", schedule="2 30 * * *")], "spec.schedule"),
        ("start web with --queue orders", [workload()], "args"),
        ("RuntimeClass strong (handler: kata-fc)", [thing("RuntimeClass", "strong", None, handler="strong")], "handler"),
        ("Secret login of type kubernetes.io/basic-auth", [thing("Secret", "login", type="Opaque")], "type"),
        ("an Aquarium (zoo.example/v1beta1)", [{**thing("Aquarium", "a"), "apiVersion": "zoo.example/v1"}], "apiVersion"),
        ("web uses the new priority class go-first", [workload(), thing("PriorityClass", "go-first", None)], "spec"),
        ("Deployment web in Namespace shop", [workload(namespace="other")], "metadata.namespace"),
        ("Serve il Deployment web nel namespace negozio", [workload()], "metadata.namespace"),
        ("mai meno di 2 e mai più di 9 pod", [workload(), scaler(2, 8)], "spec.maxReplicas"),
    ],
)  # fmt: skip
def test_it_is_still_seen(request_: str, objects: list[Any], path: str) -> None:
    assert any(each.path.endswith(path) for each in against(request_, *objects))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Please run the web shop in namespace shop", "en"),
        ("Bitte legt das Deployment web im Namespace shop an, und zwar mit drei Pods", "de"),
        ("Nous avons besoin d'un Deployment dans le namespace shop avec deux pods", "fr"),
        ("Necesitamos un Deployment en el namespace shop con dos pods", "es"),
        ("Precisamos de um Deployment no namespace shop com duas cópias", "pt"),
        ("Serve un Deployment nel namespace shop con due pod", "it"),
        ("Graag een Deployment in de namespace shop met twee pods", "nl"),
        ("web shop 8080", ""),
    ],
)
def test_languages(text: str, code: str) -> None:
    assert language(text) == code


def test_contents_are_not_read() -> None:
    request = (
        "Put this into app.ini:\n\n    [a]\n    b = 3 replicas\n\nRun 2 replicas.\nA=1\nB=2\nend"
    )

    assert "3 replicas" not in without_files(request)
    assert "Run 2 replicas." in without_files(request)
    assert "A=1" in without_files(request)
    assert "A=1" not in without_settings(request)
    assert without_settings("one\nwrapped=pair\nhere") == "one\nwrapped=pair\nhere"


@pytest.mark.parametrize(
    ("said", "hours", "minute"),
    [
        ("at ten past two", {2, 14}, 10), ("at a quarter to seven", {6, 18}, 45),
        ("half past three in the night", {3}, 30), ("twenty to six pm", {17}, 40),
        ("at 3:17", {3}, 17), ("five minutes before midnight", {23}, 55), ("at 22:30 Uhr", {22}, 30),
    ],
)  # fmt: skip
def test_times_of_day(said: str, hours: set[int], minute: int) -> None:
    (time,) = times(said, "")
    assert (set(time.hours), time.minute) == (hours, minute)


def test_one_day_is_no_schedule() -> None:
    assert spoken.read("the release is on Thursday") is None
    assert spoken.read("it runs on Thursdays at 3:17") is not None


@pytest.mark.parametrize(
    ("first", "main", "seen"),
    [(None, None, ["containers[0]"]), (None, True, []), (True, None, [])],
)
def test_who_fills_a_volume_writes_to_it(first: Any, main: Any, seen: list[str]) -> None:
    def mounts(only: Any) -> list[dict[str, Any]]:
        return [{"name": "s", "mountPath": "/assets", **({"readOnly": only} if only else {})}]

    made = workload(volumeMounts=mounts(main), pod=scratch("9Mi"))
    box = {"name": "fetch", "image": "registry.example/fetch:1", "volumeMounts": mounts(first)}
    made["spec"]["template"]["spec"]["initContainers"] = [box]
    found = against("web may only read /assets, which is read-only for it", made)
    assert [each.path.split("spec.template.spec.")[1].split(".")[0] for each in found] == seen
