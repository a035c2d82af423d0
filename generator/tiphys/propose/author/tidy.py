"""What has one right answer, so that no model is asked: places, links, leftovers, spellings."""

from __future__ import annotations

from collections.abc import Sequence

from tiphys.ports import Kind, Object
from tiphys.propose.author.cards import card_objects, prune, shown_objects, without_copies
from tiphys.propose.author.fields import name_of
from tiphys.propose.author.links import link, select_stated
from tiphys.propose.author.outline import custom_kinds
from tiphys.propose.author.places import place
from tiphys.propose.author.pods import as_asked, as_templates, keep_apart
from tiphys.propose.author.references import lead_somewhere
from tiphys.propose.author.strangers import as_existing, without_accounts, without_strangers
from tiphys.propose.author.sure import set_figures, set_lacking
from tiphys.propose.author.types import Pieces, Task
from tiphys.propose.author.unasked import take_out_unasked
from tiphys.propose.author.unplaced import put_in_place
from tiphys.propose.author.wording import to_the_letter
from tiphys.propose.author.words.mounts import mount_loose
from tiphys.propose.author.words.named import call_by_name
from tiphys.propose.author.words.nodes import name_topologies, run_on
from tiphys.propose.author.words.state import state
from tiphys.propose.author.words.unspoken import without_unspoken
from tiphys.propose.kinds import asked_kinds
from tiphys.propose.rewritten import rewrite_objects


def tidy(
    task: Task, objects: Sequence[Object], kinds: Sequence[Kind], pieces: Pieces
) -> tuple[list[Object], list[str]]:
    """The objects of an answer as the request must have meant them, and what was changed.

    `kinds` are those that the API server serves. The objects are changed in place too.
    """
    kept, notes = _once(objects), list[str]()
    if pieces.mending:
        asked = asked_kinds(task.request, referred=False)
        kept = as_templates(as_asked(kept, asked) if not task.context else kept)
    if pieces.mending and task.context:
        notes += as_existing(task, kept)
        kept = rewrite_objects(task.request, task.context, kept)
    place(kept, {(each.api_version, each.kind) for each in kinds if each.namespaced}, task)
    if pieces.mending:
        known, shown = f"{task.request}\n{task.context}", shown_objects(task.examples)
        all_shown = (*card_objects(), *shown)  # one is shown with a smaller step, too
        if not task.context:
            notes += call_by_name(kept, task.request)
            notes += run_on(kept, task.request)
            notes += name_topologies(kept, task.request)
            copied = without_copies(known, kept, all_shown)
            notes += [f"{at}: not those of the example" for at in copied]
        for each in kept:
            notes += mount_loose(each, task.request)
            gone = prune(known, each, task.meant, shown)
            gone += take_out_unasked(known, each, all_shown)
            if not task.context:
                keys = {key for field in task.meant for key in field.keys}
                gone += (*without_unspoken(each, task.request, keys),)
            notes += [f"{path} left out: not asked for" for path in gone]
            spelled = to_the_letter(task.request, each)
            notes += [f"{key}: as the request spells it" for key in spelled]
        notes += set_lacking(task.meant, kept)  # before what words say in one way only
        notes += state(kept, task)
        kept = without_accounts(known, kept)
        notes += lead_somewhere(kept, known)
        link(kept, task.request, new=not task.context)
        if not task.context:
            select_stated(kept, task.request)
        kept, strangers = without_strangers(task, kept, custom_kinds(kinds))
        notes += strangers
        for each in kept:
            notes += keep_apart(each, task.meant)
        notes += set_figures(task.meant, kept, task.request)
    if pieces.literals and not task.context:
        notes += put_in_place(task.request, kept)
    return kept, notes


def _once(objects: Sequence[Object]) -> list[Object]:
    """Of those of one kind and name the last, as when all of them were applied."""
    last = {name_of(each): number for number, each in enumerate(objects)}
    return [each for number, each in enumerate(objects) if last[name_of(each)] == number]
