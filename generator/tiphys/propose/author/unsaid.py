"""What a request says and an answer does not, and the part of the request that it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tiphys.ports import Object
from tiphys.propose.author.literals import unused
from tiphys.propose.author.meant import lacking
from tiphys.propose.author.sentences import sentences
from tiphys.propose.author.strangers import untouched
from tiphys.propose.author.types import Task, Unsaid
from tiphys.propose.reading.spelled import in_figures

_CLAUSE = re.compile(r"(?<=[,;:])\s+")
_LONG = 24  # words of a sentence that is told in clauses


def left_out(task: Task, objects: Sequence[Object]) -> Iterator[Unsaid]:
    """Values that no field has, fields that are meant and not there, changes that were not made."""
    for each in unused(in_figures(task.request), objects, task.context):
        yield Unsaid(each, f'the request says "{each}", and no field has it')
    for field in lacking(task.meant, objects):
        yield Unsaid(field.said, f'the request says "{field.said}": set {field.field}')
    yield from untouched(task, objects)


def parts(request: str, unsaid: Sequence[Unsaid]) -> Iterator[tuple[str, list[str]]]:
    """The parts of the request in which something is unsaid, and what to tell of each.

    A part is a sentence, or of a long one the clause with its neighbours. What stands in no part
    is left out.
    """
    rest = [each for each in unsaid if each.said]
    for own, shown in _parts(request):
        here = [each for each in rest if _stands(each.said, own)]
        rest = [each for each in rest if each not in here]
        if here:
            yield " ".join(shown.split()), [each.words for each in here]


def _stands(said: str, text: str) -> bool:
    words = r"\s+".join(map(re.escape, said.split()))
    return bool(re.search(rf"(?<![\w.]){words}(?!\w)", text))


def _parts(request: str) -> Iterator[tuple[str, str]]:
    """Each part alone, and with what is shown around it."""
    for sentence in sentences(request):
        clauses = _CLAUSE.split(sentence)
        if len(sentence.split()) <= _LONG:
            yield sentence, sentence
            continue
        for number, own in enumerate(clauses):
            yield own, " ".join(clauses[max(0, number - 1) : number + 2])
