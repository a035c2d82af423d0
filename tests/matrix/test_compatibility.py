"""The claim: made from versions, read back, and written into a card without touching the rest."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.verify.compatibility import claimed, minor, plain, rewritten, statement

LINE = statement(["1.33.4", "1.34.4"])
VERSIONS = st.builds("1.{}.{}".format, st.integers(0, 60), st.integers(0, 30))


@pytest.mark.parametrize(
    ("versions", "line"),
    [
        (["1.34.4"], "Kubernetes 1.34 (server-side dry run on 1.34.4)"),
        (["v1.34.4"], "Kubernetes 1.34 (server-side dry run on 1.34.4)"),
        (
            ["1.35.4", "1.33.4", "1.34.4"],
            "Kubernetes 1.33 to 1.35 (server-side dry run on 1.33.4, 1.34.4, 1.35.4)",
        ),
        (
            ["1.9.1", "1.10.1", "1.33.4"],
            "Kubernetes 1.9 to 1.10, 1.33 (server-side dry run on 1.9.1, 1.10.1, 1.33.4)",
        ),
        (
            ["1.31.0", "1.33.4", "1.33.10"],
            "Kubernetes 1.31, 1.33 (server-side dry run on 1.31.0, 1.33.4, 1.33.10)",
        ),
    ],
)
def test_a_statement_names_minors_and_what_was_tried(versions: list[str], line: str) -> None:
    assert statement(versions) == line


def test_nothing_accepted_is_nothing_to_claim() -> None:
    with pytest.raises(InvalidInput, match="nothing to claim"):
        statement([])


@given(st.sets(VERSIONS, min_size=1, max_size=8))
def test_a_statement_is_read_back_and_does_not_depend_on_order(versions: set[str]) -> None:
    line = statement(versions)
    assert statement(sorted(versions, reverse=True)) == line
    assert set(claimed(line) or ()) == versions
    assert "\n" not in line


@given(st.sets(VERSIONS, min_size=1, max_size=5))
def test_the_minors_of_a_statement_are_those_that_were_tried(versions: set[str]) -> None:
    covered: set[tuple[int, int]] = set()
    for part in statement(versions).removeprefix("Kubernetes ").partition(" (")[0].split(", "):
        ends = [tuple(map(int, each.split("."))) for each in part.split(" to ")]
        covered |= {(1, number) for number in range(ends[0][1], ends[-1][1] + 1)}
    assert covered == {(1, int(version.split(".")[1])) for version in versions}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Kubernetes 1.34",
        "Kubernetes 1.33 to 1.36 (server-side dry run on 1.33.4, 1.34.4)",
        "Kubernetes 1.33 to 1.34 (server-side dry run on 1.34.4, 1.33.4)",
        "Kubernetes 1.33 to 1.34 (server-side dry run on 1.33.4, 1.34.4).",
        "1.33.4",
    ],
)
def test_other_words_are_no_statement(text: str) -> None:
    assert claimed(text) is None


def test_versions_as_vendors_write_them() -> None:
    assert (minor("v1.34.4-vendor.1702"), plain("v1.34.4+k3s1")) == ("1.34", "1.34.4")
    for odd in ("", "latest", "1.34", "v1"):
        with pytest.raises(Unavailable, match="version"):
            minor(odd)


BEFORE = "name: web\n# kept: a comment\ndescription: >-\n  Runs  things:\n   odd   ones\n"
AFTER = "metadata:   {tiphys.scope:  namespaced}   # another\n"
ENTRIES = (
    "compatibility: Kubernetes 1.34\n",
    "compatibility:   'quoted: text'   # why\n",
    'compatibility: "two\n  lines"\n',
    "compatibility: plain\n  continued\n",
    "compatibility: >-\n  folded\n  text\n\n",
    "compatibility: |\n  literal\n# a comment after\n",
    "compatibility:\n  below\n",
    "compatibility:\n",
    "compatibility: ''\n",
    f"compatibility: {LINE}\n",
)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("order", ["first", "middle", "last"])
def test_only_the_claim_changes(entry: str, newline: str, order: str) -> None:
    front = {
        "first": entry + BEFORE + AFTER,
        "middle": BEFORE + entry + AFTER,
        "last": BEFORE + AFTER + entry,
    }[order]
    text = f"---\n{front}---\n## When to use\n\ncompatibility: not this one  \n\n---\n"
    card = text.replace("\n", newline).encode()
    new = rewritten(card, LINE)
    assert rewritten(new, LINE) == new
    loaded = [yaml.safe_load(each.decode().split("---")[1]) for each in (card, new)]
    assert loaded[1] == {**loaded[0], "compatibility": LINE}
    for kept in (BEFORE, AFTER, "compatibility: not this one  \n\n---\n"):
        assert kept.replace("\n", newline).encode() in new
    for comment in ("# why", "# a comment after"):
        assert (comment in entry) == (comment.encode() in new)


BODIES = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map("x{}".format)


@given(
    value=VALUES,
    others=st.dictionaries(st.sampled_from(["name", "license", "zeta"]), VALUES, max_size=3),
    at=st.integers(0, 3),
    body=BODIES,
    present=st.booleans(),
    width=st.sampled_from([8, 1000]),
    style=st.sampled_from([None, '"', "'", "|", ">"]),
)
def test_everything_else_stays_byte_for_byte(
    value: str, others: dict[str, str], at: int, body: str, present: bool, width: int, style: str
) -> None:
    entries = list(others.items()) or [("name", "web")]
    dumped = [yaml.safe_dump({k: v}, width=width, allow_unicode=True) for k, v in entries]
    claimed_before = yaml.safe_dump({"compatibility": value}, width=width, default_style=style)
    claim = claimed_before if present else ""
    at = min(at, len(dumped)) if present else len(dumped)
    head, tail = "".join(dumped[:at]), "".join(dumped[at:])
    card = f"---\n{head}{claim}{tail}---\n{body}".encode()
    expected = f"---\n{head}compatibility: {LINE}\n{tail}---\n{body}".encode()
    assert rewritten(card, LINE) == expected


@pytest.mark.parametrize(
    "card",
    [
        b"",
        b"no front matter\n",
        b"---\nname: web\n",
        b"---\n- a list\n---\n",
        b"---\nname: a\nname: b\n---\n",
        b"---\n{name: web, compatibility: x}\n---\n",
        b"---\nname: \xff\n---\n",
        b"---\ncompatibility: &a x\nname: *a\n---\n",
    ],
)
def test_a_card_that_can_not_be_changed_is_refused(card: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"SKILL\.md"):
        rewritten(card, LINE)
