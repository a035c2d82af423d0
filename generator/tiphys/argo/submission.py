"""The Workflow that an engine submits: a template's name, commits and numbers, nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tiphys.argo import names
from tiphys.domain.errors import InvalidInput
from tiphys.ports import Object

API_VERSION = "argoproj.io/v1alpha1"
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,50}[a-z0-9])?")

# What each template takes, no more and no less.
TAKES: Mapping[str, frozenset[str]] = {
    names.VERIFY: frozenset({"pull", "head", "base"}),
    names.REQUEST: frozenset({"issue"}),
    names.REINDEX: frozenset(),
    names.REVERIFY: frozenset(),
    names.CURRICULUM: frozenset(),
}


def of_proposal(pull: int, *, head: str, base: str, key: str) -> tuple[str, dict[str, str | int]]:
    """The name and parameters under which a pull request is judged; `key` is its circumstances'."""
    return f"verify-{pull}-{key[:20]}", {"pull": pull, "head": head, "base": base}


def submission(template: str, name: str, parameters: Mapping[str, str | int]) -> Object:
    """A Workflow called `name` of one of our templates.

    The name is the engine's key: made from what is judged, it is taken when it is submitted twice.
    InvalidInput for anything that the cluster's admission would refuse too.
    """
    if template not in TAKES:
        raise InvalidInput(f"{template!a} is no template of ours")
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!a} can't name a workflow")
    if set(parameters) != TAKES[template]:
        wanted = ", ".join(sorted(TAKES[template])) or "nothing"
        raise InvalidInput(f"{template} takes {wanted}")
    texts = {key: str(value) for key, value in sorted(parameters.items())}
    for key, text in texts.items():
        if not re.fullmatch(names.PARAMETERS[key], text, re.ASCII):
            raise InvalidInput(f"{key} of {template} is no {_words(key)}: {text[:60]!a}")
    return {
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "metadata": {
            "name": name,
            "namespace": names.NAMESPACE,
            "labels": {"app.kubernetes.io/part-of": "tiphys"},
        },
        "spec": {
            "workflowTemplateRef": {"name": template},
            "arguments": {"parameters": [{"name": n, "value": v} for n, v in texts.items()]},
        },
    }


def _words(key: str) -> str:
    return "number" if names.PARAMETERS[key] == names.NUMBER else "commit id"
