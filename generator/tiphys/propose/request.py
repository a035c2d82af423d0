"""An issue as a request: the text, the answers that people gave, and whose turn it is."""

from __future__ import annotations

from dataclasses import dataclass

from tiphys.domain.forge import Issue
from tiphys.domain.markdown import cell

QUESTION_KEY = "tiphys/question"  # the bot's one comment that asks
REPLY_KEY = "tiphys/reply"  # the bot's one comment that says what it did or why it did not


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for, oldest text first.

    `asked` names the values last asked about, `heard` counts the answers that came before that
    question: they say what they say, but answer nothing that nobody had asked yet.
    """

    number: int
    text: str
    answers: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    heard: int = 0

    @property
    def whole(self) -> str:
        """The text and its answers, one below the other."""
        return "\n".join((self.text, *self.answers))


def to_request(issue: Issue, *, bot: str) -> Request:
    """The request that an issue holds; the bot's own comments are not part of it.

    What nobody is proven to have said adds nothing to what somebody is proven to have asked.
    """
    heard_from = [c for c in issue.comments if c.proven or not issue.proven]
    said = [c for c in heard_from if c.author != bot and c.key is None]
    question = next((c for c in issue.comments if c.key == QUESTION_KEY and c.author == bot), None)
    title = "" if issue.body.startswith(issue.title.removesuffix("...")) else f"{issue.title}\n"
    text, answers = title + issue.body, tuple(c.body for c in said)
    if question is None:
        return Request(issue.number, text, answers)
    asked_at = question.edited or question.created
    heard = sum(c.created < asked_at for c in said)
    return Request(issue.number, text, answers, _asked_in(question.body), heard)


def bots_turn(issue: Issue, *, bot: str) -> bool:
    """Whether anything was said since the bot last spoke."""
    spoken = [c.edited or c.created for c in issue.comments if c.author == bot]
    heard = [c.edited or c.created for c in issue.comments if c.author != bot]
    return not spoken or max(heard, default=0.0) > max(spoken)


def question_body(questions: dict[str, str], found: dict[str, str]) -> str:
    """The comment that asks: one line a value, each naming it in backquotes."""
    lines = ["I need a little more before I can propose this:", ""]
    lines += [f"- `{name}`: {' '.join(question.split())}" for name, question in questions.items()]
    if found:
        lines += [
            "",
            "So far I read: " + ", ".join(f"`{k}` = `{cell(v)}`" for k, v in found.items()) + ".",
        ]
    lines += ["", "Answer in a comment, for example `" + next(iter(questions)) + ": ...`."]
    return "\n".join(lines)


def _asked_in(body: str) -> tuple[str, ...]:
    return tuple(
        line.split("`")[1] for line in body.splitlines() if line.startswith("- `") and "`: " in line
    )
