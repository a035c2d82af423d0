"""What a request says and no field holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.author.boards import Board
from tests.author.test_loop import config, run
from tiphys.propose.author.literals import unused
from tiphys.testing.scripted_model import ScriptedModel

POD = {
    "kind": "Pod",
    "metadata": {"name": "db-main", "labels": {"tier": "gold"}},
    "spec": {
        "containers": [
            {"image": "registry.example/db:1", "resources": {"limits": {"memory": "512M"}}}
        ],
        "volumes": [{"secret": {"defaultMode": 420}}],
        "terminationGracePeriodSeconds": 600,
    },
}


@pytest.mark.parametrize(
    ("request_", "lacking"),
    [
        ("A Pod db-main of registry.example/db:1 with 512 MB, tier=gold.", []),
        ("A read-only Pod that gets 10 minutes to end, once a day, at 3 o'clock.", []),
        ("Pod db-main with a cache of 200Mi.", ["200Mi"]),
        ('Pod db-main, marked "cost: r42".', ["cost: r42"]),
        ("Pod db-main of registry.example/db:2.", ["registry.example/db:2"]),
        ("Pod db-main on port 5432 at db.example.", ["5432", "db.example"]),
        ("LOG_LEVEL=debug", ["LOG_LEVEL=debug"]),
        ("1. a Pod\n2. of 512 MB\n 3) tier=gold", []),
        ("in GiB, tier=gold:600, mode 0644, spec.containers", []),
        ("It gets 10 minutes to end, and is looked at every 20 seconds.", ["20 seconds"]),
        ("Two quotas and 3 ports. Those 2 are for a RAM-backed, run-once db-main-0.", []),
        ("Reach it as http://db-main, since 6 May, at 02:15 every night.", []),
        ("2 spare disks, a cluster-fast one.", ["2", "cluster-fast"]),
        ("A grace of 600s, 15 minutes of cache, and two hours more.", ["15 minutes", "2 hours"]),
        ("TICKET-88: PostgreSQL on db-main", []),
        ("Pods with `tier: gold`, and two kinds of others with `tier: lead`.", ["tier: lead"]),
        ("Two changes and three more things, db-main/gold", ["db-main/gold"]),
        (
            "512.registry.example/db:1 is looked for in a.example/b",
            ["512.registry.example/db:1", "a.example/b"],
        ),
        ("Speak HTTP/2 and IPv6, yes/no, in PriorityClasses, by a hand-made one.", []),
        ("Four customers, two vms and 3 services on 600/TCP.", []),
        ("600/UDP and 700/TCP", ["700/TCP"]),
        ("GLOB=/logs/*.log, **tier=gold**", ["GLOB=/logs/*.log"]),
        ("tier=silver:600, mode 0444, spec.hostIPC", ["tier=silver:600", "0444", "spec.hostIPC"]),
    ],
)
def test_what_is_not_used(request_, lacking):
    assert list(unused(request_, [POD])) == lacking


def test_a_number_does_not_stand_in_a_version():
    assert unused("after 4 failures", [{"image": "registry.example/db:4.17.2"}]) == ("4",)
    assert unused("after 4 failures", [{"failureThreshold": 4}]) == ()


def test_a_path_below_a_host_stands_where_both_of_them_do():
    rule = {"host": "tickets.example", "paths": [{"path": "/guide"}]}
    said = "tickets.example/guide goes to the guide"
    assert unused(said, [rule]) == ()
    assert unused(said, [{**rule, "host": "shop.example"}]) == ("tickets.example/guide",)


@given(st.text(max_size=200))
def test_what_stands_in_a_field_is_used_and_any_text_can_be_read(text):
    found = unused(text, [])
    assert unused(text, [{"data": dict.fromkeys(found, "x")}]) == ()


def test_the_model_is_told_once_what_it_left_out():
    model = ScriptedModel(config(3), config(3, mode="Slow-200Mi"))
    made, _ = run(model, Board(), request="Keep 200Mi free.")
    assert made.good
    assert 'the request says "200Mi", and no field has it' in model.calls[1][-1].text
    assert (made.calls, made.best.unsaid) == (2, ())


def test_what_the_model_leaves_out_again_is_let_be():
    made, _ = run(ScriptedModel(config(3)), Board(), request="Keep 200Mi free.")
    assert (made.good, made.calls) == (True, 2)
    assert [each.said for each in made.best.unsaid] == ["200Mi"]
