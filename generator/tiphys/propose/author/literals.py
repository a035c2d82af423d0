"""Names, numbers and texts of a request that stand nowhere in an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.kinds import named_kinds
from tiphys.propose.reading.spelled import in_figures
from tiphys.propose.schedule import cron_from_words

_LITERAL = re.compile(
    r"\"(?P<quoted>[^\"\n]{1,120})\""
    r"|`(?P<ticked>[^`\n]{1,120})`"
    r"|(?<![\w./:@-])(?P<word>/?[A-Za-z0-9][\w.-]*(?:[/:=@][\w./:@=*-]+)?)"
)
_MARKED = re.compile(r"[-_/=@]|[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z]|\w\.\w|\A\d+\Z")
_TIME = re.compile(
    r"\s*-?(?:%|percent|s|secs?|seconds?|m|mins?|minut\w+|h|hours?|days?|weeks?|months?|years?"
    r"|segundos|sekunden|secondes|horas?|heures?|ore|stunden?|uren|días|dias|jours|tagen?|giorni"
    r"|o'clock|am|pm|th|nd|rd|st)\b|:\d",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[KMGT]i?B", re.IGNORECASE)
_DURATION = re.compile(
    r"(?<![\w.,:/(-])(?P<count>\d{1,6})(?:\s*-?\s*(?P<unit>sec|min|hour|day|week)[a-z]*|(?P<short>[sh]))\b",
    re.IGNORECASE,
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_NUMBERING = re.compile(r"[ \t]*\d{1,2}[.)]\s")
# "two quotas, please" counts what is asked for, and "those two" what was named before.
_WISHES = re.compile(
    r"\s+(?:(?:more|further|other|small|little|quick|new|old|init|separate)\s+)*"
    r"(?:additions?|addresses|adjustments?|boxes|callers|cases|changes?|columns|containers|corrections?|customers|doors|edits"
    r"|fields|files|fixes|groups|keys|kinds|labels|neighbou?rs|objects|paths|points|policies|ports"
    r"|probes|questions?|quotas|releases|requests?|rules|secrets|services|signals|sorts|steps|things|tweaks|types|variables"
    r"|volumes|vms|ways|wishes)\b",
    re.IGNORECASE,
)
_SUCH = re.compile(r"\b(?:those|these|all|any of|both)\s+\Z|\b(?:never|not|can't)[^.;,\n]*\Z", re.I)
_MONTH = re.compile(
    r"\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b", re.IGNORECASE
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.]*://")
_MEMBER = re.compile(r"(.+)-\d{1,3}\Z")  # the pod of a StatefulSet
_FIELD = re.compile(r"[a-z]\w*(?:\.[a-z]\w*)+")
_PLACE = re.compile(r"([\w-]+(?:\.[\w-]+)+)(/[\w./-]+)")  # within a host
_PROTOCOL = re.compile(r"(?<=\d)/(?:TCP|UDP|SCTP)\Z", re.IGNORECASE)
_MODE = re.compile(r"0[0-7]{3}")
_PART = re.compile(r"\d?\.\d{1,3}")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*-?([KMGT]i?)?B?\Z", re.IGNORECASE)
_ABOUT = re.compile(r"[A-Z]{2,}-\d+|[A-Z]\w+(?:SQL|DB|MQ|JS)")  # a ticket; a product
_SPOKEN = re.compile(
    r"(?:single|multi|per|free|lower|upper|run|mid|long|short|two|three|four|five|six)-[a-z]+"
    r"|[a-z]+(?:-[a-z]+)*-(?:backed|killed|wise|wide|like|style|lived|side|member)"
    r"|HTTPS?/\d(?:\.\d)?|IPv[46]|CoAP|yes/no|[a-z]+-(?:made|kept|coded|letter|time|away|in|out)"
    r"|(?:deny|allow)-all|scale-(?:up|down|in|out)|base64|(?:roll|start|shut)-(?:up|down|back|out)",
    re.IGNORECASE,
)
_KINDS = named_kinds()
_ENGLISH = frozenset(
    """read-only read-write one-off cluster-wide re-read well-known follow-up on-call long-term
    short-lived high-priority low-priority up-to-date so-called built-in opt-in stand-in e.g i.e
    non-root kube-system per-node full-time client-side server-side""".split()
)


def unused(request: str, objects: Sequence[Object], context: str = "") -> tuple[str, ...]:
    """Those that look like values and are in no field or key, in order.

    What stands in the `context` may be what is to go.
    """
    leaves = {str(each) for obj in objects for each in leaves_of(obj)}
    everything = "\n".join(leaves)
    sizes = {size for each in leaves for size in _sizes(each)}

    def stands(text: str) -> bool:
        edge = r"(?<![\w.])" if text[:1].isdigit() else ""
        form = edge + re.escape(text) + r"(?!\d|\.\d)"
        return bool(re.search(form, f"{everything}\n{context}", re.IGNORECASE))

    def in_parts(text: str) -> bool:
        """As "key=value:Effect", host/path or a field's path: each part stands for itself."""
        apart = re.split(r"[=:]\s*", text)
        ways = (
            _PROTOCOL.split(text)[:1] * 2,
            text.split("=", 1),
            text.split(":", 1),
            text.rsplit(":", 1),
            apart,
        )
        paths = [text.split(".")] if _FIELD.fullmatch(text) else []
        if place := _PLACE.fullmatch(text):
            paths.append([*place.groups()])
        if text.startswith("/"):  # a key within the folder where it is mounted
            paths.append(text.rsplit("/", 1))
        return any(len(way) > 1 and {*way} <= leaves for way in (*ways, *paths))

    def as_written(text: str) -> bool:
        """As a mode of files or a part of a core is kept."""
        if _MODE.fullmatch(text):
            return str(int(text, 8)) in leaves
        return bool(_PART.fullmatch(text)) and f"{float(text) * 1000:.0f}m" in leaves

    def of_something(text: str) -> bool:
        """A URL of what stands there, or a pod by its number."""
        member = _MEMBER.fullmatch(text)
        rest = _SCHEME.sub("", text) if _SCHEME.match(text) else member[1] if member else ""
        return bool(rest) and rest in leaves

    found = dict.fromkeys(_literals(request))
    known = (
        stands,
        in_parts,
        as_written,
        of_something,
        lambda text: bool(_sizes(text) & sizes),
    )
    left = [text for text in found if not any(knows(text) for knows in known)]
    return (*left, *_durations(in_figures(request), f"{everything}\n{context}"))


def _literals(request: str) -> Iterator[str]:
    times = [range(start, end) for start, end, _ in cron_from_words(request)]
    for match in _LITERAL.finditer(request):
        if any(match.start() in each for each in times):
            continue  # it is in the schedule, another way
        text = match["quoted"] or match["ticked"]
        if text:
            yield text.strip(" ,;.")
            continue
        text = match["word"].rstrip(".,:;*")
        if not _MARKED.search(text) or _is_speech(text):
            continue
        if text.isdecimal() and _NUMBERING.match(request, _line(request, match.start())):
            continue
        if text.isdecimal() and _counts_objects(text, request, match):
            continue
        if re.match(r"\d", text) and _TIME.match(request, match.start() + len(text)):
            continue
        if re.fullmatch(r"[01]", text) or re.fullmatch(r"\d+(?:s|m|h|d|min|x|th|st|nd|rd)", text):
            continue
        yield text


def _is_speech(text: str) -> bool:
    """Whether it looks like a value and is a word: of English, of Kubernetes, of a unit."""
    if text.lower() in _ENGLISH or {text, text.removesuffix("s"), text.removesuffix("es")} & _KINDS:
        return True
    return any(form.fullmatch(text) for form in (_SPOKEN, _UNIT, _ABOUT))


def _counts_objects(number: str, request: str, match: re.Match[str]) -> bool:
    """Whether it counts what is asked for, or what was named before; or it is a date's."""
    if _WISHES.match(request, match.end()) or _MONTH.match(request, match.end()):
        return True
    return len(number) == 1 and bool(_SUCH.search(request[: match.start()]))


def _durations(request: str, everything: str) -> Iterator[str]:
    """Those that stand nowhere: not in seconds, not as "5m", not as the steps of a cron."""
    for match in _DURATION.finditer(request):
        unit = (match["unit"] or match["short"])[0].lower()
        seconds = int(match["count"]) * _SECONDS[unit]
        forms = [
            f"{seconds}s?",
            *(f"{seconds // n}{u}" for u, n in _SECONDS.items() if not seconds % n),
        ]
        forms.append(rf"\S*\*/{match['count']}")
        if not re.search(rf"(?<![\w.])(?:{'|'.join(forms)})(?!\d)", everything):
            yield match[0]


def _line(text: str, position: int) -> int:
    """Where the line of a position begins, if nothing but space is before it; else the end."""
    start = text.rfind("\n", 0, position) + 1
    return start if not text[start:position].strip() else len(text)


def _sizes(text: str) -> set[str]:
    """A number with its unit, written one way: 512MB is 512M."""
    match = _SIZE.match(text)
    return {f"{match[1]}{(match[2] or '')[:1].upper()}"} if match else set()


def leaves_of(value: Any) -> Iterator[Any]:
    """Every key and every value, and lists of words as one text."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield key
            yield from leaves_of(child)
    elif isinstance(value, list):
        if all(isinstance(child, str) for child in value):
            yield " ".join(value)  # as a command is said
        for child in value:
            yield from leaves_of(child)
    else:
        yield value
