"""What words of a request say of pods, runs, counts and choices, whatever kind they are in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tiphys.ports import Object
from tiphys.propose.author.types import Task
from tiphys.propose.author.words.choices import choose
from tiphys.propose.author.words.claims import without_classes
from tiphys.propose.author.words.environment import fill_environment, read_from
from tiphys.propose.author.words.mounts import hold_mounts, own_files, share_scratch
from tiphys.propose.author.words.probes import probe_by_words
from tiphys.propose.author.words.quotas import count_by_words
from tiphys.propose.author.words.retries import retry_by_words
from tiphys.propose.author.words.shutdown import end_in_time, go_in_time, stop_in_time
from tiphys.propose.author.words.users import not_root


def state(objects: Sequence[Object], task: Task) -> Iterator[str]:
    """Set it in place; what was set. What is said of one pod counts where there is only one."""
    for each in objects:
        yield from hold_mounts(each, task.request)
        yield from share_scratch(each, task.request)
        yield from fill_environment(each, task.request)
        yield from probe_by_words(each, task.request, task.context)
        yield from choose(each, task.request)
        yield from end_in_time(each, task.request)
        yield from go_in_time(each, task.request)
        yield from retry_by_words(each, task.request)
    yield from stop_in_time(objects, task.request)
    yield from own_files(objects, task.request)
    if not task.context:
        yield from not_root(objects, task.request)
        yield from read_from(objects, task.request)
        yield from without_classes(objects, task.request)
    yield from count_by_words(objects, task.request)
