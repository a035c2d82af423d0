"""What holds whatever it is given."""

# ruff: noqa: E501 -- one case a line
from __future__ import annotations

import copy
import random
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.critic.things import ingress, scaler, service, thing, workload
from tiphys.verify.critic import cron, remarks
from tiphys.verify.critic.quantities import parse_quantity

WORDS = st.lists(
    st.sampled_from(
        "run web mailer with without no not 3 three replicas between 2 and 5 port 8080 listens on "
        "namespace shop image registry.example/web:1.0 512Mi memory limit request half a core cpu "
        "every night at Sunday 15 minutes schedule */5 * UTC Europe/Berlin host shop.example.com "
        'Ingress Service storage 20Gi disk class "fast" /data mounted LOG_LEVEL=debug -- = : , . ; '
        "at least most up to both each of for the called named health /healthz retries % ( ) \n é 日本 "
        "\x00 '\" ` ${{ }} pods available label nodes away from read-only root secret token=abc".split(
            " "
        )
    ),
    max_size=60,
).map(" ".join)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(
    "metadata name namespace spec template containers ports containerPort image env value replicas "
    "rules http paths path host selector app tls data roleRef verbs resources limits memory cpu "
    "volumes hostPath securityContext matchLabels schedule jobTemplate volumeClaimTemplates".split()
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(
    "Deployment StatefulSet DaemonSet Job CronJob Pod Service Ingress NetworkPolicy Secret ConfigMap "
    "Role RoleBinding HorizontalPodAutoscaler PodDisruptionBudget Namespace ResourceQuota List".split()
)


@st.composite
def odd_objects(draw: st.DrawFn) -> Any:
    """Real objects with parts of them replaced by anything."""
    made = copy.deepcopy(draw(st.sampled_from(REAL)))
    if draw(st.booleans()):
        made["kind"] = draw(KINDS)
    for _ in range(draw(st.integers(0, 3))):
        holder: Any = made
        while isinstance(holder, dict | list) and holder:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            key = draw(st.sampled_from(keys))
            if not isinstance(holder[key], dict | list) or draw(st.integers(0, 3)) == 0:
                holder[key] = draw(JSON)
                break
            holder = holder[key]
    return made


REAL = [
    workload(replicas=3), workload("mailer", replicas=2), workload("r", "CronJob", schedule="0 2 * * *"),
    service(), ingress("shop.example.com"), scaler(2, 5),
    workload(readinessProbe={"httpGet": {"path": "/healthz", "port": "http"}},
             env=[{"name": "LOG_LEVEL", "value": "debug"}],
             pod={"volumes": [{"name": "d", "emptyDir": {"sizeLimit": "1Gi"}}],
                  "nodeSelector": {"a": "b"}}),
    thing("Role", "x", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
    thing("PodDisruptionBudget", "web", spec={"minAvailable": 1,
                                              "selector": {"matchLabels": {"app": "web"}}}),
    thing("NetworkPolicy", "p", spec={"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}),
    thing("ResourceQuota", "q", spec={"hard": {"pods": "4", "requests.cpu": "2"}}),
]  # fmt: skip


@given(WORDS | st.text(max_size=300), st.lists(odd_objects() | JSON, max_size=4))
@example("3 replicas", [{"kind": "List", "items": [None, 1, {"kind": "Deployment"}]}])
@example("", [workload()])
def test_nothing_makes_it_raise(request_: str, objects: list[Any]) -> None:
    for remark in remarks(request_, objects):
        assert remark.ruling in ("covered", "contradicted", "undecided")
        assert "\n" not in remark.line


@given(WORDS, st.lists(st.sampled_from(REAL), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_objects_does_not_matter(
    request_: str, objects: list[Any], order: random.Random
) -> None:
    shuffled = list(objects)
    order.shuffle(shuffled)
    assert remarks(request_, shuffled) == remarks(request_, objects)


@given(WORDS, st.lists(st.sampled_from(REAL[:6]), max_size=3))
def test_an_unrelated_object_takes_no_cover_away(request_: str, objects: list[Any]) -> None:
    before = {r.requirement for r in remarks(request_, objects) if r.ruling == "covered"}
    more = [*objects, thing("ConfigMap", "unrelated-notes", data={"unrelated": "x"})]
    after = {r.requirement for r in remarks(request_, more) if r.ruling == "contradicted"}
    assert not before & after


@given(WORDS, st.lists(odd_objects(), max_size=3))
def test_what_is_given_stays_as_it_is(request_: str, objects: list[Any]) -> None:
    before = repr(objects)
    remarks(request_, objects)
    assert repr(objects) == before


@given(st.integers(0, 10**6))
def test_quantities_compare_by_value(n: int) -> None:
    assert parse_quantity(f"{n}m") == Decimal(n) / 1000
    assert parse_quantity(f"{n}Ki") == n * 1024 == parse_quantity(n * 1024)
    assert parse_quantity(f"{n}k") == parse_quantity(f"{n}e3")


@given(st.text(max_size=12))
def test_no_text_makes_a_quantity_raise(text: str) -> None:
    found = parse_quantity(text)
    assert found is None or found == found  # noqa: PLR0124  # not a NaN


@given(st.text(alphabet="0123456789*/-,? SUNjanmo@daily", max_size=30))
def test_no_text_makes_a_schedule_raise(text: str) -> None:
    found = cron.parse(text)
    assert found is None or found.minutes


@given(st.sampled_from([2, 3, 4, 5, 6, 10, 12, 15, 20, 30]), st.integers(0, 59))
def test_steps_and_lists_are_the_same_schedule(step: int, start: int) -> None:
    offset = start % step
    listed = ",".join(str(m) for m in range(offset, 60, step))
    assert cron.parse(f"{offset}-59/{step} * * * *") == cron.parse(f"{listed} * * * *")


@pytest.mark.parametrize(
    "piece",
    ["3 ", "at least ", "1,", "a-", "image ", "every ", "no ", "namespace a, ", "- ", "/a", "a.",
     "between 1 and ", "port 1, ", "((", "token=", "0 0 * * ", "a=b ", "\n", "`a-b` ", "web "],
)  # fmt: skip
def test_64_kib_take_a_moment(piece: str) -> None:
    text = (piece * (64 * 1024))[: 64 * 1024]
    started = time.process_time()
    remarks(text, [workload("web"), workload("a"), service()])
    assert time.process_time() - started < 10
