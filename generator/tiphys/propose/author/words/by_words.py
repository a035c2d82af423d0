"""What the words of a request make of an object, where they can be meant in one way only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tiphys.ports import Object
from tiphys.propose.author.fields import map_at
from tiphys.propose.author.words.autoscalers import (
    calm_down,
    only_asked_metrics,
    stated_range,
    stated_targets,
)
from tiphys.propose.author.words.cel import without_parameters, write_as_cel
from tiphys.propose.author.words.definitions import shape_schema, state_names
from tiphys.propose.author.words.ingresses import lead_once, serve_securely
from tiphys.propose.author.words.network import choose_by_words
from tiphys.propose.author.words.rights import (
    bind_inside,
    exact_verbs,
    live_apart,
    read_logs,
    state_rights,
)
from tiphys.propose.author.words.services import name_ports, shape_ports, speak_udp
from tiphys.propose.schedule import cron_from_words

_WHO_CHOOSES_NONE = re.compile(
    r"(?<!not )(?<!not the )(?<!no )\b(?:global\s*)?default|\bpar\s+défaut|\bpor\s+defecto"
    r"|\b(?:no|any|without\s+an?)\s+priorit\w+|\bstandard"
    r"|\b(?:choos?e?|chose|names?|states?|says?|sets?)\s+(?:no|none|nothing|not)\b",
    re.IGNORECASE,
)
_NO_CLASS = ("default", "standard")  # "" is a wish of its own: no volume is to be made
_DEFAULT_CLASS = re.compile(
    r"\b(?:default|usual|no\s+(?:particular|special|specific|certain))\s+(?:storage\s*)?class\b",
    re.I,
)
_TIME = re.compile(
    r"\d{1,2}(?:[:.h]\d{2}|\s?[ap]\.?m\b|\s?(?:uhr|uur|o'clock|h)\b)|\b(?:noon|midnight|midday)\b"
    r"|\b(?:at|um|à|às|las|alle|om)\s+(?:\d|[a-z]+\s+(?:past|to|o'clock))|[\d*]\s[\d*]\S*\s[\d*]"
    r"|\b(?:hourly|nightly|daily|weekly|monthly|except|unless|every|each|jede\w*|chaque|cada|ogni|elke)\b",
    re.IGNORECASE,
)

_Rule = Callable[[Object, str], None]


@dataclass(frozen=True, slots=True)
class _OfNew:
    """A rule for what is made and not for what exists."""

    rule: _Rule

    def __call__(self, obj: Object, request: str) -> None:
        self.rule(obj, request)


def by_words(obj: Object, request: str, *, new: bool = True) -> None:
    """Set in place what the request says of this kind of object.

    Of several that exist, and are not `new`, it may mean another one.
    """
    for rule in _RULES.get(obj["kind"], ()):
        if new or not isinstance(rule, _OfNew):
            rule(obj, request)


def _default_for_nobody(obj: Object, request: str) -> None:
    """A priority is everybody's only where the request speaks of those who choose none."""
    if obj.get("globalDefault") and not _WHO_CHOOSES_NONE.search(request):
        del obj["globalDefault"]


def _default_class(obj: Object, request: str) -> None:
    """The default class is chosen by naming none: "default" is what nobody calls one."""
    spec = map_at(obj, "spec")
    if spec.get("storageClassName") in _NO_CLASS and _DEFAULT_CLASS.search(request):
        del spec["storageClassName"]


def _at_the_time(obj: Object, request: str) -> None:
    """It runs at the only time that the request tells, in whatever language it does."""
    told = [*cron_from_words(request)]
    if len(told) != 1:
        return
    [(start, end, schedule)] = told
    if not _TIME.search(f"{request[:start]} | {request[end:]}"):
        map_at(obj, "spec")["schedule"] = schedule


_RULES: Mapping[str, tuple[_Rule | _OfNew, ...]] = {
    "ClusterRole": (state_rights, _OfNew(read_logs), exact_verbs),
    "ClusterRoleBinding": (_OfNew(bind_inside),),
    "CustomResourceDefinition": (_OfNew(state_names), _OfNew(shape_schema)),
    "CronJob": (_at_the_time,),
    "HorizontalPodAutoscaler": (
        only_asked_metrics,
        _OfNew(stated_targets),
        stated_range,
        calm_down,
    ),
    "Ingress": (_OfNew(serve_securely), lead_once),
    "NetworkPolicy": (_OfNew(choose_by_words),),
    "PersistentVolumeClaim": (_default_class,),
    "PriorityClass": (_OfNew(_default_for_nobody),),
    "Role": (state_rights, _OfNew(read_logs), exact_verbs, _OfNew(live_apart)),
    "RoleBinding": (_OfNew(live_apart),),
    "Service": (_OfNew(shape_ports), name_ports, speak_udp),
    "ValidatingAdmissionPolicy": (write_as_cel, _OfNew(without_parameters)),
    "ValidatingAdmissionPolicyBinding": (_OfNew(without_parameters),),
}
