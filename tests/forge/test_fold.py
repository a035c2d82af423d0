"""The fold sees a set: order of arrival, repetition and strangers change nothing."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.domain import forge_fields, forge_log
from tiphys.domain.errors import InvalidInput
from tiphys.domain.forge import Issue, Pull
from tiphys.domain.forge_fold import creation, fold, numbers, statuses
from tiphys.domain.forge_log import decode, encode, operation_id

SHAS = ["a" * 40, "b" * 40]
text = st.text(alphabet="abc \n\t#é", max_size=12)
line = st.text(alphabet="abcdé#", min_size=1, max_size=8)
labels = st.lists(st.sampled_from(["x", "y", "z"]), max_size=3)
actions = st.one_of(
    st.tuples(
        st.just("comment"),
        st.fixed_dictionaries({"body": text, "key": st.sampled_from([None, "k", "l"])}),
    ),
    st.tuples(st.just("label"), st.fixed_dictionaries({"add": labels, "remove": labels})),
    st.tuples(
        st.just("state"), st.fixed_dictionaries({"state": st.sampled_from(["open", "closed"])})
    ),
    st.tuples(st.just("edit"), st.fixed_dictionaries({"title": line, "body": text})),
    st.tuples(
        st.just("review"),
        st.fixed_dictionaries(
            {"sha": st.sampled_from(SHAS), "decision": st.just("approve"), "body": text}
        ),
    ),
    st.tuples(st.just("merged"), st.fixed_dictionaries({"sha": st.sampled_from(SHAS)})),
    st.tuples(
        st.just("status"),
        st.fixed_dictionaries({"context": line, "state": st.just("success"), "summary": line}),
    ),
)


def operation(kind, data, *, lamport=1, time=0.0, author="ann", nonce=""):
    blob = encode(kind, author=author, time=time, lamport=lamport, nonce=nonce, data=data)
    return decode(operation_id(blob), blob)


def named_after(made, number=1):
    """The folder that an operation made."""
    return f"{number}-{made.id[:16]}"


@st.composite
def sets(draw):
    opening = {"title": "t", "body": "", "source": "s", "target": "main", "issue": None}
    made = [operation("open-pull", opening)]
    for number, (kind, data) in enumerate(draw(st.lists(actions, max_size=12))):
        lamport, time = draw(st.integers(1, 4)), draw(st.integers(0, 3))
        made.append(operation(kind, data, lamport=lamport, time=time, nonce=str(number)))
    return made


@given(sets(), st.randoms(use_true_random=False), st.data())
def test_any_order_and_any_merge_gives_one_view(found, chance, data):
    entity = f"3-{found[0].id[:16]}"
    view = fold(3, entity, found, {})
    shuffled = found[:]
    chance.shuffle(shuffled)
    assert fold(3, entity, shuffled, {}) == view
    cut = data.draw(st.integers(0, len(found)))
    left, right = shuffled[:cut] + found[:1], shuffled[cut:] + found[:2]
    assert fold(3, entity, left + right, {}) == fold(3, entity, right + left + left, {}) == view
    assert statuses(SHAS[0], found) == statuses(SHAS[0], shuffled)


@given(sets())
def test_merged_is_final(found):
    view = fold(1, named_after(found[0]), found, {})
    assert isinstance(view, Pull)
    merged = any(o.kind == "merged" for o in found)
    assert (view.state == "merged") == merged == (view.merged_sha is not None)


@given(sets())
def test_a_comment_is_never_lost(found):
    view = fold(1, named_after(found[0]), found, {})
    comments = [o for o in found if o.kind == "comment"]
    plain = {o.id for o in comments if o.data["key"] is None}
    keys = {o.data["key"] for o in comments} - {None}
    assert plain <= {c.id for c in view.comments}
    assert len(view.comments) == len(plain) + len(keys)


entities = st.lists(
    st.builds(lambda n, h: f"{n}-{h:016x}", st.integers(1, 6), st.integers(0, 9)), unique=True
)


@given(entities, st.randoms(use_true_random=False))
def test_every_entity_has_one_number_and_first_claims_win(found, chance):
    order = {entity: (1, float(place), entity) for place, entity in enumerate(found)}
    shown = numbers(found, order.get)
    assert sorted(shown.values()) == sorted(found)
    for claim in {forge_log.claimed_number(e) for e in found}:
        rivals = [e for e in found if forge_log.claimed_number(e) == claim]
        assert shown[claim] == min(rivals, key=order.__getitem__)
    shuffled = found[:]
    chance.shuffle(shuffled)
    assert numbers(shuffled, order.get) == shown


def test_a_displaced_number_is_stable_and_named():
    first, second = "1-" + "a" * 16, "1-" + "b" * 16
    order = {first: (1, 1.0, ""), second: (1, 2.0, "")}
    assert numbers([first, second], order.get) == {1: first, 2: second}
    later = "3-" + "c" * 16  # claimed after the merge: one more than the highest shown
    assert numbers([first, second, later], order.get) == {1: first, 2: second, 3: later}
    made = operation("open-issue", {"title": "t", "body": ""})
    assert fold(2, named_after(made), [made], {}).labels == ("was #1",)


def test_a_newer_versions_operation_is_kept_and_passed_by():
    record = {"kind": "react", "author": "ann", "time": 1, "lamport": 9, "data": {"emoji": "+1"}}
    blob = json.dumps(record).encode()
    unknown = decode(operation_id(blob), blob)
    made = operation("open-issue", {"title": "t", "body": ""})
    assert unknown.lamport == 9
    view = fold(1, named_after(made), [made, unknown], {})
    assert isinstance(view, Issue)
    assert view == fold(1, named_after(made), [made], {})
    assert creation(named_after(unknown), [unknown]) is None


GOOD = {
    "kind": "comment",
    "author": "a",
    "time": 1.0,
    "lamport": 1,
    "data": {"body": "b", "key": None},
}
BAD = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"[" * 100_000,
    b"\xff\xfe",
    *(
        json.dumps(GOOD | change).encode()
        for change in [
            {"kind": 7},
            {"author": ""},
            {"author": "a\nb"},
            {"author": None},
            {"time": "soon"},
            {"time": float("nan")},
            {"time": float("inf")},
            {"time": None},
            {"time": 10**400},
            {"lamport": 0},
            {"lamport": 2**53},
            {"lamport": True},
            {"lamport": 1.5},
            {"data": []},
            {"data": {"body": "b"}},
            {"data": {"body": "\x1b[2J", "key": None}},
            {"data": {"body": "\ud800", "key": None}},
            {"data": {"body": "x" * (64 * 1024 + 1), "key": None}},
            {"data": {"body": "b", "key": ["k"]}},
            {"kind": "state", "data": {"state": "merged"}},
            {"kind": "state", "data": {"state": {}}},
            {"kind": "label", "data": {"add": "abc", "remove": []}},
            {"kind": "label", "data": {"add": ["x"] * 33, "remove": []}},
            {"kind": "merged", "data": {"sha": "main"}},
        ]
    ),
]


@pytest.mark.parametrize("blob", BAD, ids=range(len(BAD)))
def test_malformed_operations_are_refused(blob):
    with pytest.raises(InvalidInput):
        decode(operation_id(blob), blob)


def test_a_wrong_name_is_refused():
    blob = json.dumps(GOOD).encode()
    assert decode(operation_id(blob), blob).data["body"] == "b"
    with pytest.raises(InvalidInput):
        decode("0" * 40, blob)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(blob):
    with pytest.raises(InvalidInput):
        decode(operation_id(blob), blob)


@given(st.text(max_size=300))
def test_cleaning_is_done_once(body):
    once = forge_fields.clean_body(body)
    assert forge_fields.clean_body(once) == once
    once.encode()


@given(st.text(max_size=300))
def test_what_is_written_can_be_read(body):
    made = operation("comment", {"body": body, "key": None}, nonce=str(random.Random(0).random()))
    assert made.data["body"] == forge_fields.clean_body(body)


@pytest.mark.parametrize(("author", "title"), [("ann", "new"), ("bot", "old")])
def test_a_request_is_edited_by_its_author_alone(author, title):
    opened = operation("open-issue", {"title": "old", "body": ""})
    edit = operation("edit", {"title": "new", "body": ""}, lamport=2, author=author)
    assert fold(1, named_after(opened), [opened, edit], {}).title == title


def test_a_proposals_text_is_for_whoever_works_on_it():
    opening = {"title": "old", "body": "", "source": "s", "target": "main", "issue": None}
    edit = operation("edit", {"title": "new", "body": ""}, lamport=2, author="bot")
    opened = operation("open-pull", opening)
    assert fold(1, named_after(opened), [opened, edit], {}).title == "new"


def test_what_an_entity_is_named_after_made_it():
    """Else whoever writes an opening with an early time into the folder replaces the request."""
    opened = operation("open-issue", {"title": "mine", "body": ""}, time=5.0)
    other = operation("open-issue", {"title": "other", "body": ""}, time=-1.0, author="eve")
    view = fold(1, named_after(opened), [other, opened], {})
    assert (view.title, view.author) == ("mine", "ann")
