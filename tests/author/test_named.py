"""Objects have the name that a request gives them, where there is one way to read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.propose.author.words.named import asks_for, call_by_name


def thing(kind, name="x", **rest):
    return {"kind": kind, "metadata": {"name": name}, **rest}


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("Write a Role toll-elector for who may hold a certain lease.", "toll-elector"),
        ("A role called elector, please.", "elector"),
        ('The Role "elector" may read leases.', "elector"),
        ("Whoever keeps time may read leases. Call it time-keeper.", "time-keeper"),
        ("The name: keeper", "keeper"),
        ("Two things:\n- Role keeper, for reading leases\n- nothing else", "keeper"),
        ("Role keeper in namespace bridge", "keeper"),
        ("Role models are rare\n- Role play: none", "play"),
        ("A Role toll-elector named toll-leader", "toll-leader"),
        ("A cluster-wide Role for-all of one, Role for-most of others", "toll-leader"),
        ("Role cluster-wide, and (call it mqtt) a port", "toll-leader"),
        ("Role toll=elector, role toll-elector/x", "toll-leader"),
    ],
)
def test_the_only_one_of_its_kind_is_called_what_stands_behind_it(request_, name):
    role = thing("Role", "toll-leader")
    list(call_by_name([role], request_))
    assert role["metadata"]["name"] == name


def test_of_several_each_keeps_its_name():
    roles = [thing("Role", "a"), thing("Role", "b")]
    assert not [*call_by_name(roles, "A Role toll-elector")]


def test_who_refers_to_it_follows():
    role, account = thing("Role", "a-reader"), thing("ServiceAccount", "a-reader")
    binding = thing("RoleBinding", "b", roleRef={"kind": "Role", "name": "a-reader"})
    list(call_by_name([role, account, binding], "Role log-reader of account a-reader"))
    assert binding["roleRef"]["name"] == "log-reader"
    assert account["metadata"]["name"] == "a-reader"


def test_a_name_that_nobody_said_is_replaced_wherever_it_stands():
    claim = thing("PersistentVolumeClaim", "data")
    pod = thing("Pod", "p", spec={"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]})
    list(call_by_name([claim, pod], "A pod p with the claim tape-archive"))
    assert pod["spec"]["volumes"] == [{"persistentVolumeClaim": {"claimName": "tape-archive"}}]


@pytest.mark.parametrize("kind", ["Ro(le", "[", "Böse"])
def test_kinds_that_there_are_not_are_left(kind):
    made = thing(kind)
    assert not [*call_by_name([made], "A Role toll-elector")]
    assert not asks_for(kind, "A Role toll-elector")


@given(st.text(alphabet='Role called-x"`it:,. \n', max_size=60))
def test_any_request_leaves_a_name_that_can_be_one(request_):
    role = thing("Role", "r")
    list(call_by_name([role], request_))
    assert role["metadata"]["name"].strip() == role["metadata"]["name"] != ""
