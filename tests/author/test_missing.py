"""What a request asks for and an answer lacks, and that it is asked for alone."""

from __future__ import annotations

import pytest

from tests.author.boards import Board
from tests.author.test_loop import config, run
from tiphys.domain.rehearsal import Problem
from tiphys.propose.author.missing import missing
from tiphys.propose.author.types import Pieces, Task
from tiphys.testing.scripted_model import ScriptedModel

ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
RUNS = {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}
WRAPPED = "Make its service\naccount planner, and a ConfigMap."


@pytest.mark.parametrize(
    ("request_", "made", "lacking"),
    [
        ("Keep it in a ConfigMap c and add a CronJob.", [CONFIG], ["CronJob"]),
        (WRAPPED, [CONFIG], ["ServiceAccount"]),
        ("An autoscaler: add a HorizontalPodAutoscaler for a Deployment.", [CONFIG],
         ["HorizontalPodAutoscaler"]),
        ("Namespace shop: a ConfigMap with A=b.", [CONFIG], []),
        ("Run registry.example/shop/web:1.", [CONFIG], ["Deployment"]),
        ("Run registry.example/shop/web:1 as a Job.", [], ["Job"]),
        ("Run registry.example/shop/web:1.", [RUNS], []),
        ("The account ci may list pods.", [ROLE], ["RoleBinding"]),
        ("A Role that may list pods.", [ROLE, {"kind": "RoleBinding"}], []),
    ],
)  # fmt: skip
def test_what_is_lacking(request_, made, lacking):
    assert list(missing(Task(request_), made, ())) == lacking


def test_what_the_critic_misses_counts_and_what_exists_does_not():
    told = [Problem("contradicted", "no NetworkPolicy among the objects", wanted="NetworkPolicy")]
    assert list(missing(Task("Close it."), [CONFIG], told)) == ["NetworkPolicy"]
    there = "kind: NetworkPolicy\nmetadata: {name: n}\n"
    assert not missing(Task("Close it.", context=there), [CONFIG], told)
    field = [Problem("contradicted", "data.A is b", object="ConfigMap/c", wanted="ConfigMap")]
    assert not missing(Task("Close it."), [CONFIG], field)


SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\n"
BOTH = "A ConfigMap one and a Secret login."


def kinds(made):
    return [each["kind"] for each in made.best.objects]


def test_one_missing_object_is_asked_for_alone_and_joins_the_others():
    model = ScriptedModel(config(3), f"{SECRET}---\n{config(9, name='two')}")
    made, _ = run(model, Board(), request=BOTH)
    assert made.good
    assert kinds(made) == ["ConfigMap", "Secret"]
    assert made.best.objects[0]["size"] == 3
    assert "Write only the Secret" in model.calls[1][-1].text
    assert "size: 3" in model.calls[1][-1].text


def test_a_missing_object_is_asked_for_once():
    model = ScriptedModel(config(3), "I would rather not.", config(4))
    made, _ = run(model, Board(), request=BOTH)
    assert (kinds(made), made.calls) == (["ConfigMap"], 2)


def test_an_object_that_does_harm_is_left_out_again():
    def judge(objects):
        if any(each["kind"] == "Secret" for each in objects):
            return [Problem("refused", "no secrets here", "Secret/shop/login")]
        return ()

    made, _ = run(ScriptedModel(config(3), SECRET), Board(judge), request=BOTH)
    assert kinds(made) == ["ConfigMap"]


def test_without_steps_nothing_is_asked_for_alone():
    made, _ = run(ScriptedModel(config(3)), Board(), request=BOTH, pieces=Pieces(steps=False))
    assert (kinds(made), made.calls) == (["ConfigMap"], 1)


@pytest.mark.parametrize(
    ("request_", "made", "lacking"),
    [
        ("A Lighthouse gull-rock.", [], ("Lighthouse",)),
        ("A Lighthouse gull-rock.", ["Lighthouse"], ()),
        ("A Role for every Lighthouse.", ["Role"], ()),
        ("A lighthouse.", [], ()),
    ],
)
def test_a_kind_of_the_teams_own_is_asked_for_by_its_name(request_, made, lacking):
    objects = [{"kind": kind, "metadata": {"name": "x"}} for kind in made]

    assert missing(Task(request_), objects, (), {"Lighthouse", "Tide"}) == lacking


def test_the_kind_that_the_critic_does_not_find_is_missing():
    words = "asked: a volume claim; found: no PersistentVolumeClaim and no StatefulSet among them"
    said = Problem("contradicted", words, wanted="claim")
    assert missing(Task("on a volume claim"), [], [said]) == ("PersistentVolumeClaim",)
