"""Quoted texts stand to the letter, and what is to go goes."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.author.boards import COMPONENTS
from tiphys.domain.rehearsal import Problem, Rehearsal
from tiphys.library.openapi import Schemas
from tiphys.propose.author.fields import parse_path
from tiphys.propose.author.settle import settle
from tiphys.propose.author.wording import to_the_letter


def test_what_differs_from_a_quoted_text_only_at_its_end_is_spelled_like_it():
    obj = {"kind": "ConfigMap", "data": {"proxy.conf": "listen 8081", "other": "listen"}}
    done = to_the_letter('The file proxy.conf holds "listen 8081;".', obj)
    assert (done, obj["data"]["proxy.conf"]) == (("proxy.conf",), "listen 8081;")
    assert obj["data"]["other"] == "listen"


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ("OLD_MODE can go, POOL_SIZE must be 5.", ["POOL_SIZE"]),
        ("A variável OLD_MODE pode sair.", ["POOL_SIZE"]),
        ("OLD_MODE entfällt, POOL_SIZE ist 5.", ["POOL_SIZE"]),
        ("Supprimez la variable OLD_MODE.", ["POOL_SIZE"]),
        ("Remove the variable OLD_MODE.", ["POOL_SIZE"]),
        ("OLD_MODE is no longer needed.", ["POOL_SIZE"]),
        ("POOL_SIZE must be 5.", ["OLD_MODE", "POOL_SIZE"]),
    ],
)
def test_a_variable_that_is_to_go_goes(request_, names):
    env = [{"name": "OLD_MODE", "value": "x"}, {"name": "POOL_SIZE", "value": "5"}]
    obj = {"kind": "Pod", "spec": {"containers": [{"name": "a", "env": env}]}}
    to_the_letter(request_, obj)
    assert [each["name"] for each in obj["spec"]["containers"][0]["env"]] == names


_json = st.recursive(
    st.none() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["env", "name", "data", "a"]), inner, max_size=3)
    ),
    max_leaves=15,
)


@given(request=st.text(max_size=40), obj=st.dictionaries(st.text(max_size=4), _json, max_size=3))
def test_any_object_is_settled_after_the_first_time(request, obj):
    to_the_letter(request, obj)
    once = copy.deepcopy(obj)
    to_the_letter(request, obj)
    assert obj == once


def test_a_path_without_the_position_leads_to_the_item_that_has_the_field():
    obj = {"spec": {"mounts": [{"name": "a"}, {"name": "b", "subPath": "/x"}]}}
    assert parse_path("spec.mounts.subPath", obj, None) == ("spec", "mounts", 1, "subPath")
    assert parse_path("spec.mounts[0].name", obj, None) == ("spec", "mounts", 0, "name")


def run_settle(request, judge, *, existing=(), **fields):
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, **fields}
    documents = {"v1": {"components": {"schemas": COMPONENTS}}}

    def rehearse(objects):
        return Rehearsal(tuple(judge(objects[0])), covered=0, live=tuple(objects))

    schemas = Schemas(lambda version: documents.get(version, {}))
    made, found, _ = settle(
        request, [obj], rehearse([obj]), schemas=schemas, rehearse=rehearse, existing=existing
    )
    return made[0], found


def test_what_the_server_says_it_would_take_is_tried():
    def judge(obj):
        if obj["data"].get("target") != "Average":
            words = 'Unsupported value: "": supported values: "Utilisation", "Average"'
            yield Problem("refused", words, "ConfigMap/c", "data.target")

    made, found = run_settle("Scale it.", judge, data={"target": ""})
    assert (made["data"]["target"], found.good) == ("Average", True)


def test_what_did_not_help_is_tried_again_after_something_else_did():
    def judge(obj):
        if obj["size"] != 7 or obj.get("mode") != "Fast":
            yield Problem("contradicted", "size is wrong", "ConfigMap/c", "size", "7")
        if obj.get("mode") != "Fast":
            yield Problem("contradicted", "mode is wrong", "ConfigMap/c", "mode", "Fast")

    made, found = run_settle("Seven, fast: 7.", judge, size=1, mode="Slow")
    assert (made["size"], made["mode"], found.good) == (7, "Fast", True)


def test_a_probe_fails_as_often_as_fits_into_the_time_that_it_has():
    def judge(obj):
        if obj["failureThreshold"] * obj["periodSeconds"] < 240:
            yield Problem("contradicted", "4 min", "ConfigMap/c", "failureThreshold", "240")

    made, _ = run_settle("240 seconds, every 7", judge, failureThreshold=3, periodSeconds=7)
    assert made["failureThreshold"] == 35


def test_nothing_that_the_request_says_makes_room_for_something_else_that_it_says():
    def judge(obj):
        if obj["data"]["host"] != "shop.example":
            yield Problem(
                "contradicted", "shop.example", "ConfigMap/c", "data.host", "shop.example"
            )

    request = "tickets.example stays, shop.example comes"
    made, _ = run_settle(request, judge, data={"host": "tickets.example"})
    assert made["data"]["host"] == "tickets.example"


def test_nothing_becomes_of_another_kind():
    def judge(obj):
        if obj["kind"] != "Secret":
            yield Problem("contradicted", "a Secret", "ConfigMap/c", "kind", "Secret")

    made, found = run_settle("A Secret.", judge, size=1)
    assert (made["kind"], found.good) == ("ConfigMap", False)


def test_what_the_request_says_is_not_settled_away():
    def judge(obj):
        if obj["size"] != 5:
            yield Problem("contradicted", "5 jobs", "ConfigMap/c", "size", "5")

    made, _ = run_settle("claims: 5, jobs: 10", judge, size=10, data={"claims": "5"})

    assert made["size"] == 10


def test_what_nobody_asked_for_is_taken_away():
    def judge(obj):
        if "mode" in obj:
            yield Problem("contradicted", "not asked for", "ConfigMap/c", "mode")

    made, found = run_settle("Small.", judge, size=1, mode="Slow")
    assert (made.get("mode"), made["size"], found.good) == (None, 1, True)


def test_two_values_may_stand_in_each_others_place():
    def judge(obj):
        for key, value in (("a", "one"), ("b", "two")):
            if obj["data"][key] != value:
                yield Problem("contradicted", "?", "ConfigMap/c", f"data.{key}", "elsewhere")

    made, found = run_settle("One, two.", judge, data={"a": "two", "b": "one"})
    assert (made["data"], found.good) == ({"a": "one", "b": "two"}, True)


def test_a_value_and_a_structure_do_not_change_places():
    tried = []

    def judge(obj):
        tried.append(obj)
        yield Problem("contradicted", "another size", "ConfigMap/c", "size", "")
        yield Problem("contradicted", "another data", "ConfigMap/c", "data", "")

    run_settle("Anything.", judge, size=1, data={"a": "b"})
    assert {type(each.get("size", 0)) for each in tried} == {int}


def test_what_exists_keeps_its_name():
    def judge(obj):
        if obj["metadata"]["name"] != "used":
            yield Problem("contradicted", "another name", "ConfigMap/c", "metadata.name", "used")

    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}

    def rehearse(objects):
        return Rehearsal(tuple(judge(objects[0])), covered=0, live=tuple(objects))

    schemas = Schemas(lambda _version: {"components": {"schemas": COMPONENTS}})
    for existing, name in (([("ConfigMap", "c")], "c"), ((), "used")):
        [made], *_ = settle(
            "The name is used.", [obj], rehearse([obj]),
            schemas=schemas, rehearse=rehearse, existing=existing,
        )  # fmt: skip
        assert made["metadata"]["name"] == name


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Service resumes at 5\n", "Service resumes at five\n"),
        ("Service resumes at 6", "Service resumes at 6"),
        ("workers=5", "workers=5"),
    ],
)
def test_text_of_a_file_has_words_where_the_request_has_them(written, meant):
    made = {"kind": "ConfigMap", "data": {"a": written}, "stringData": None}
    list(to_the_letter("One line: Service resumes at five. And workers=5, five workers.", made))
    assert made["data"]["a"] == meant


@pytest.mark.parametrize(
    ("existing", "hosts"),
    [([("ConfigMap", "c")], ["old.example", "new.example"]), ([], ["new.example"])],
)
def test_hosts_of_what_exists_are_in_use(existing, hosts):
    def judge(obj):
        if "new.example" not in obj["hosts"]:
            yield Problem("contradicted", "hosts", "ConfigMap/c", "hosts[0]", "new.example")

    made, _ = run_settle("Also new.example.", judge, existing=existing, hosts=["old.example"])
    assert made["hosts"] == hosts


@pytest.mark.parametrize(
    ("request_", "keys"),
    [
        ("LOGIN -> reader\npassword -> x", ["LOGIN", "password"]),
        ("LOGIN -> reader, so that the login works", ["login", "password"]),
        ("PASSWORD is x, `login` is y", ["login", "PASSWORD"]),
        ("/LOGIN and PASSWORD.TXT", ["login", "password"]),
    ],
)
def test_a_key_is_in_capitals_where_the_request_has_it_so_only(request_, keys):
    secret = {"kind": "Secret", "stringData": {"login": "reader", "password": "x"}}
    to_the_letter(request_, secret)
    assert [*secret["stringData"]] == keys


def test_a_variable_is_in_capitals_too():
    box = {"name": "a", "env": [{"name": "log_level", "value": "debug"}, {"value": 3}]}
    to_the_letter("LOG_LEVEL is debug", obj := {"kind": "Pod", "spec": {"containers": [box]}})
    assert obj["spec"]["containers"][0]["env"][0] == {"name": "LOG_LEVEL", "value": "debug"}
