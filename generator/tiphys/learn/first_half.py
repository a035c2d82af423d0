"""Skills made of right answers to earlier tasks, as merged work would have left them behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress

from tiphys.domain.errors import InvalidInput, LimitExceeded, Refused
from tiphys.domain.policy import Policy
from tiphys.learn.tasks import Task
from tiphys.library import (
    load_skill_at,
    make_release,
    parse_skill,
    release_files,
    skill_names,
    strict_yaml,
)
from tiphys.library.openapi import Schemas
from tiphys.ports import Repository, Workbench
from tiphys.propose.author.harden import harden
from tiphys.propose.author.report import field_schemas
from tiphys.propose.induce import Induced, induce, near_duplicate
from tiphys.propose.reuse import merged_releases, place, taken_folders
from tiphys.verify import plan
from tiphys.verify.check import Sandbox
from tiphys.verify.checks import behaviour, control, schema
from tiphys.verify.subject import proposed_subject

# What decides whether a skill works and its test can tell; the rest is about proposals. Kinds of
# the whole cluster are asked for too, and tasks are judged without guardrails.
_PLAN = plan.Plan(plan.FULL.static, (schema.CHECK,), ((behaviour.CHECK,), (control.CHECK,)))
_POLICY = Policy(off_limits_kinds=(), off_limits_namespaces=(), mutation_score=0.9)


def learn_skills(
    tasks: Iterable[Task],
    repository: Repository,
    *,
    target: str,
    bench: Callable[[Task], AbstractContextManager[Workbench]],
    sandbox: Callable[[], AbstractContextManager[Sandbox]],
) -> tuple[str, ...]:
    """Merge a skill for each task whose answer becomes one that passes; their names. Unavailable.

    Each with its release. Edits make no skill, and what nearly is one already is not made twice.
    """
    learned = []
    for task in tasks:
        if task.mode == "new":
            with suppress(InvalidInput, LimitExceeded, Refused):
                made = _induced(task, repository, target, bench)
                if _is_merged(made, task, repository, target, sandbox):
                    learned.append(made.name)
    return tuple(learned)


def _induced(
    task: Task,
    repository: Repository,
    target: str,
    bench: Callable[[Task], AbstractContextManager[Workbench]],
) -> Induced:
    objects = map(harden, task.objects)  # as the author does where guardrails ask for it
    files = {f"{n:02}.yaml": strict_yaml.dump(o).encode() for n, o in enumerate(objects, 1)}
    with bench(task) as described:
        look = field_schemas(Schemas(described.openapi))
        names = skill_names(repository, target)
        made = induce(task.request, files, field_schema=look, taken=names)
    merged = [load_skill_at(repository, target, name) for name in names]
    if near := near_duplicate(made.files, merged):
        raise InvalidInput(f"{task.id}: nearly the skill {near}")
    return made


def _is_merged(
    made: Induced,
    task: Task,
    repository: Repository,
    target: str,
    sandbox: Callable[[], AbstractContextManager[Sandbox]],
) -> bool:
    """Whether it passes; then it is part of the target."""
    tip = repository.resolve(target)
    files = {f"skills/{made.name}/{path}": data for path, data in made.files.items()}
    branch = f"tiphys/{made.name}"
    head = repository.commit(branch, tip, files, f"Add {made.name}\n")
    try:
        subject = proposed_subject(
            repository, head=head, target=target, agent=True, request=task.request
        )
        verdict = plan.verify(subject, policy=_POLICY, sandbox=sandbox, plan=_PLAN)
    finally:
        repository.delete_branch(branch, head)  # another task may lead to a skill of this name
    if verdict.decision != "accept":
        return False
    files |= _released(made, task, repository, tip)
    repository.commit(target, tip, files, f"Add {made.name}\n")
    return True


def _released(made: Induced, task: Task, repository: Repository, rev: str) -> dict[str, bytes]:
    """What it was made for, as it is merged with it."""
    skill = parse_skill(made.name, made.files, digest=repository.tree_of(made.files))
    taken = taken_folders(repository, rev)
    name = place(skill, made.values, merged_releases(repository, rev), taken)
    release = make_release(skill, made.values, request=task.request, name=name)
    return release_files(release, skill)
