import json
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.argo.evidence_files import (
    MAX_BYTES,
    MAX_DETAILS,
    MAX_TEXT,
    read_evidence,
    read_folder,
    tiers,
    write_evidence,
)
from tiphys.argo.parts import shards
from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.domain.evidence import Evidence
from tiphys.verify.plan import FULL

HEAD, DIGEST = "a" * 40, "b" * 40
SHARDS = shards(FULL, ["1.33", "1.35"], objections=True)
STATIC = SHARDS[0]


def passes(shard, **changes):
    """What a pod of the shard finds when all is well."""
    return [
        replace(Evidence(n, DIGEST, tiers(FULL)[n] or "simulated", "pass", "fine", 0.5), **changes)
        for n in shard.part.checks
    ]


def read(data, shard=STATIC, head=HEAD, digest=DIGEST):
    return read_evidence(data, shard, FULL, head_sha=head, digest=digest)


@st.composite
def _found(draw):
    shard = draw(st.sampled_from(SHARDS))
    outcomes = st.sampled_from(["pass", "fail", "skipped", "error"])
    return shard, [
        replace(
            each,
            outcome=draw(outcomes),
            summary=draw(st.text(max_size=200)),
            seconds=draw(st.floats(0, 1e6)),
            details=tuple(draw(st.lists(st.text(max_size=50), max_size=5))),
        )
        for each in passes(shard)
    ]


@given(_found())
def test_what_was_written_is_read(found):
    shard, evidence = found

    assert list(read(write_evidence(shard, FULL, HEAD, evidence), shard)) == evidence


@given(_found(), st.data())
def test_a_damaged_file_is_refused_or_says_the_same(found, data):
    shard, evidence = found
    written = write_evidence(shard, FULL, HEAD, evidence)
    at = data.draw(st.integers(0, len(written) - 1))
    cut_short = written[:at]

    with pytest.raises(InvalidInput):
        read(cut_short, shard)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["schema", "shard", "head", "digest", "checks", "evidence", "x"]), inner),
    max_leaves=10,
))  # fmt: skip
def test_any_other_json_is_refused(document):
    with pytest.raises(InvalidInput):
        read(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("where", "changes"),
    [
        ("head", {"head": "c" * 40}),
        ("digest", {"digest": "c" * 40}),
        ("shard", {"shard": "cluster"}),
        ("check versions", {"checks": {"scope": 0}}),
        ("schema", {"schema": 2}),
        ("another field", {"more": 1}),
    ],
)
def test_a_file_about_something_else_is_refused(where, changes):
    document = json.loads(write_evidence(STATIC, FULL, HEAD, passes(STATIC)))

    with pytest.raises(InvalidInput):
        read(json.dumps(document | changes).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "accepted"},
        {"tier": "divine"},
        {"tier": "real"},  # a static check that says it saw real pods
        {"seconds": -1},
        {"seconds": True},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"summary": None},
        {"summary": "x" * (MAX_TEXT + 1)},
        {"details": "text"},
        {"details": [1]},
        {"details": ["x"] * (MAX_DETAILS + 1)},
        {"subject_digest": "c" * 40},
        {"check": "behaviour"},
        {"check": "cluster"},
        {"more": 1},
    ],
)
def test_evidence_that_no_check_gives_is_refused(change):
    document = json.loads(write_evidence(STATIC, FULL, HEAD, passes(STATIC)))
    document["evidence"][0] |= change

    if change == {"details": "text"}:
        assert read(json.dumps(document).encode())[0].details == tuple("text")
        return
    with pytest.raises(InvalidInput):
        read(json.dumps(document).encode())


def test_a_check_left_out_or_told_twice_is_refused():
    found = passes(STATIC)

    for wrong in (found[1:], [*found, found[0]]):
        with pytest.raises(InvalidInput, match="not that of its checks"):
            read(write_evidence(STATIC, FULL, HEAD, wrong))


def test_nothing_to_hand_over_is_not_a_file():
    with pytest.raises(InvalidInput):
        write_evidence(STATIC, FULL, HEAD, [])


def test_long_details_are_cut_short_and_the_rest_stays():
    long = passes(STATIC, details=("\U0001f600" * MAX_TEXT,) * MAX_DETAILS, outcome="fail")

    data = write_evidence(STATIC, FULL, HEAD, long)

    assert len(data) <= MAX_BYTES
    assert [e.outcome for e in read(data)] == ["fail"] * len(long)


def test_a_file_too_large_is_not_even_parsed():
    with pytest.raises(LimitExceeded):
        read(b" " * (MAX_BYTES + 1))


def test_deep_nesting_is_refused():
    with pytest.raises(InvalidInput):
        read(b"[" * 100_000)


def place(folder, shard, data=b"x"):
    (folder / shard.part.name).mkdir(exist_ok=True)
    (folder / shard.part.name / f"{shard.name}.json").write_bytes(data)


def test_each_pods_file_is_found_by_its_shard(tmp_path):
    for shard in SHARDS:
        place(tmp_path, shard, shard.name.encode())

    assert read_folder(tmp_path, SHARDS) == {s.name: s.name.encode() for s in SHARDS}


def test_no_part_speaks_for_another(tmp_path):
    place(tmp_path, STATIC)
    (tmp_path / "static" / "cluster.json").write_bytes(b"forged")
    (tmp_path / "cluster.json").write_bytes(b"forged")

    assert set(read_folder(tmp_path, SHARDS)) == {"static"}


def test_links_pipes_and_folders_are_no_evidence(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "cluster.json").write_bytes(b"token")
    inside = tmp_path / "evidence"
    for name in ("static", "matrix"):
        (inside / name).mkdir(parents=True)
    (inside / "static" / "static.json").symlink_to(outside / "cluster.json")
    (inside / "cluster").symlink_to(outside)
    os.mkfifo(inside / "matrix" / "matrix-1.33.json")
    (inside / "matrix" / "matrix-1.35.json").mkdir()

    assert read_folder(inside, SHARDS) == {}


def test_a_large_file_is_not_read_whole(tmp_path):
    place(tmp_path, STATIC)
    os.truncate(tmp_path / "static" / "static.json", 50 * MAX_BYTES)

    assert len(read_folder(tmp_path, SHARDS)["static"]) == MAX_BYTES + 1


def test_a_missing_folder_holds_no_evidence(tmp_path):
    assert read_folder(tmp_path / "none", SHARDS) == {}
