"""An issue as a request: what was said, what was asked, whose turn it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tiphys.domain.forge import Comment, Issue
from tiphys.propose.request import (
    QUESTION_KEY,
    REPLY_KEY,
    Request,
    bots_turn,
    question_body,
    to_request,
)

NAMES = st.text("abcdefghijklmnopqrstuvwxyzABC", min_size=1, max_size=12)


def comment(
    author: str, body: str, at: float, key: str | None = None, edited: float | None = None
) -> Comment:
    return Comment(f"{author}-{at}", author, body, at, key, edited)


def issue(*comments: Comment, title: str = "Run it", body: str = "Run it in shop") -> Issue:
    return Issue(7, title, body, "ann", "open", 0.0, (), comments)


def test_the_title_is_part_of_the_text_unless_the_body_starts_with_it() -> None:
    assert to_request(issue(), bot="tiphys") == Request(7, "Run it in shop")
    assert to_request(issue(title="Run it i..."), bot="tiphys").text == "Run it in shop"
    assert to_request(issue(title="Storefront"), bot="tiphys").text == "Storefront\nRun it in shop"
    assert to_request(issue(body=""), bot="tiphys").text == "Run it\n"


def test_answers_are_what_people_said() -> None:
    said = issue(
        comment("bob", "early", 1),
        comment("tiphys", "done", 2, REPLY_KEY),
        comment("tiphys", question_body({"port": "Which?"}, {}), 3, QUESTION_KEY),
        comment("ann", "8080", 4),
        comment("ann", "a sticky note of another tool", 5, "other/tool"),
    )
    assert to_request(said, bot="tiphys") == Request(
        7, "Run it in shop", ("early", "8080"), ("port",), heard=1
    )


def test_nobody_else_asks_in_the_bots_name() -> None:
    posed = comment("mallory", question_body({"image": "Which?"}, {}), 1, QUESTION_KEY)
    assert to_request(issue(posed), bot="tiphys").asked == ()


@given(
    st.dictionaries(NAMES, st.text(max_size=60), min_size=1, max_size=5),
    st.dictionaries(NAMES, st.text(max_size=60), max_size=5),
)
def test_what_was_asked_is_read_back_whatever_the_texts_hold(
    questions: dict[str, str], found: dict[str, str]
) -> None:
    body = question_body(questions, found)
    asked = issue(comment("tiphys", body, 1, QUESTION_KEY))
    assert to_request(asked, bot="tiphys").asked == tuple(questions)


def test_a_value_does_not_pose_as_a_question() -> None:
    body = question_body({"port": "Which\n- `image`: ?"}, {"name": "x\n- `namespace`: hm"})
    asked = issue(comment("tiphys", body, 1, QUESTION_KEY))
    assert to_request(asked, bot="tiphys").asked == ("port",)


def test_whose_turn_it_is() -> None:
    assert bots_turn(issue(), bot="tiphys")
    spoken = comment("tiphys", "done", 2, REPLY_KEY)
    assert not bots_turn(issue(spoken), bot="tiphys")
    assert not bots_turn(issue(comment("ann", "x", 1), spoken), bot="tiphys")
    assert bots_turn(issue(spoken, comment("bob", "x", 3)), bot="tiphys")
    again = comment("tiphys", "done again", 2, REPLY_KEY, edited=4)
    assert not bots_turn(issue(again, comment("bob", "x", 3)), bot="tiphys")
    assert bots_turn(issue(again, comment("bob", "x", 1, "their/key", edited=5)), bot="tiphys")
