"""Change requests against the objects that exist: sentences are matched whole, or not at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tiphys.domain.errors import InvalidInput
from tiphys.library.patching import FieldPatch
from tiphys.ports import Object
from tiphys.propose.editing import containers, extras, fields, network
from tiphys.propose.editing.rule import Change, Rule
from tiphys.propose.editing.targets import Scope, Unclear

_LIMIT = 4000  # characters; what is longer is no plain change
_SENTENCE = 400
_JOINTS = 10
_RULES: tuple[Rule, ...] = (*containers.RULES, *extras.RULES, *network.RULES, *fields.RULES)
_BULLET = r"(?:[-*+•]|\d{1,2}[.)])\s+"
# A line that merely wraps goes on in the next one.
_END = re.compile(rf"[.!?;]+(?=\s|\Z)|\n\s*{_BULLET}|\A\s*{_BULLET}|(?<=:)\s*\n|\n\s*\n")
_LEAD = re.compile(
    r"(?:(?:hi|hello|hey|dear)(?: \w+)?[,!]?\s+|please\s+|(?:can|could|would|will)\s+(?:you|we)\s+|"
    r"(?:i|we)(?:'d| would)?\s+(?:want|need|like)\s+(?:you\s+)?to\s+|let(?:'s| us)\s+|kindly\s+|"
    r"(?:also|then|next|and|finally|additionally|now|just)[,]?\s+|make sure (?:that )?)",
    re.IGNORECASE,
)
_TRAIL = re.compile(
    r"(?:[,\s]+(?:please|thanks|thank you|now|as well|too|instead|also|again|for us|for me)"
    r"|\s*[.!?:,]|,?\s+(?:because|since|so that)\s[^.;]*)\Z",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"(?:thanks|thank you|cheers|many thanks|please|hi|hello|hey)(?: (?:a lot|so much|all|team))?",
    re.IGNORECASE,
)
# Sentences that ask for something to stay: no patch may touch it.
_STAYS = re.compile(
    r"(?:leave|keep) (?P<a>.{2,80}?)(?: (?:alone|as (?:it|they) (?:is|are)|untouched|unchanged))"
    r"|(?:do not|don't|please don't) (?:touch|change) (?P<b>.{2,80})"
    r"|(?P<c>.{2,80}?) (?:stays?|remains?|has to stay|have to stay|must stay|should stay)"
    r"(?: (?:as (?:it|they) (?:is|are)|the same|unchanged|untouched))?"
    r"|(?P<d>.{2,80}?) (?:must|should|may) not change",
    re.IGNORECASE,
)
_SMALL = frozenset("the its their our this that of for on in at and all other".split())
_PLACE = re.compile(
    r"(?:\A|\s)in (?:the )?(?:namespace ([a-z0-9-]+)|([a-z0-9-]+) namespace)[,:]?(?=\s|\Z)", re.I
)
_JOINT = re.compile(r",\s*and\s+then\s+|,\s*and\s+|,\s*then\s+|\s+and\s+then\s+|\s+and\s+|,\s*")
_BLANKS = re.compile(r"(\"[^\"\n]*\"|`[^`\n]*`|'[^'\n]*')|\s+")
_VERB = re.compile(r"\w+(?:\s+(?:the|up|down)(?=\s))?")


@dataclass(frozen=True, slots=True)
class Edit:
    """What a request asks to change.

    Either `patches`, or `questions` that a person has to answer first, or neither: then it is not
    (only) a change of these objects, and `unplaced` holds the sentences that were not understood.
    """

    patches: tuple[FieldPatch, ...] = ()
    questions: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()

    @property
    def understood(self) -> bool:
        """Whether patches can be made as they stand."""
        return bool(self.patches)


def read_edit(text: str, objects: Sequence[Object]) -> Edit:
    """Read a request. All of it is understood, or no patch comes back.

    `objects` are those that may be changed, as JSON; whether they are live or text is the same.
    """
    known = [each for each in objects if isinstance(each, dict) and each.get("kind")]
    if len(text) > _LIMIT or not known:
        return Edit(unplaced=(" ".join(text.split())[:_SENTENCE],))
    patches: list[FieldPatch] = []
    questions: list[str] = []
    unplaced: list[str] = []
    scope = Scope(known)
    staying: list[str] = []
    for sentence in _sentences(text):
        if stays := _stays(_bare(sentence)):
            staying.append(stays)
            continue
        try:
            found = _read(sentence, scope)
            if found is None:
                unplaced.append(sentence)
                continue
            scope = scope.after(found.patches, found.targets)
            patches += found.patches
        except Unclear as problem:
            questions.append(str(problem))
        except InvalidInput:
            unplaced.append(sentence)
    unplaced += [each for each in staying if any(_touches(patch, each) for patch in patches)]
    return _settled(text, known, patches, questions, unplaced)


def _settled(
    text: str,
    known: Sequence[Object],
    patches: Sequence[FieldPatch],
    questions: Sequence[str],
    unplaced: Sequence[str],
) -> Edit:
    """Patches only where nothing else came up and something changes."""
    if unplaced:
        return Edit(unplaced=tuple(unplaced))
    if questions:
        return Edit(questions=tuple(dict.fromkeys(questions)))
    if not patches:
        return Edit(unplaced=(" ".join(text.split())[:_SENTENCE],))
    if not _changes(patches, known):
        return Edit(questions=("All of that is so already: what should change?",))
    return Edit(tuple(patches))


def _stays(sentence: str) -> str:
    """What a sentence wants left as it is; "" where it wants something else."""
    if re.fullmatch(r"(?:all|everything) else (?:as|like) (?:it|they) (?:is|are)", sentence, re.I):
        return "else"
    match = _STAYS.fullmatch(sentence)
    if match is None:
        return "else" if re.fullmatch(r"nothing else(?: changes)?", sentence, re.I) else ""
    return next(group for group in match.groups() if group)


def _touches(patch: FieldPatch, phrase: str) -> bool:
    """Whether a patch changes what a phrase names, as far as words can tell."""
    said = set(re.findall(r"[a-z0-9]+", phrase.lower())) - _SMALL
    own = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", f"{patch.where} {patch.value}").lower()
    words = set(re.findall(r"[a-z0-9]+", own))
    words |= {f"{word}s" for word in words}
    return bool(said) and said <= words


def _sentences(text: str) -> list[str]:
    """Sentences and list items without their marks; courtesies are left out."""
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(match[0])
        return f"\x00{len(held) - 1}\x00"

    quiet = re.sub(r"\"[^\"\n]*\"|`[^`\n]*`|(?<!\w)'[^'\n]*'(?!\w)", hold, text.replace("\x00", ""))
    parts = (part.strip() for part in _END.split(quiet))
    found = [re.sub("\x00(\\d+)\x00", lambda m: held[int(m[1])], part) for part in parts]
    return [each for each in found if each and not _COURTESY.fullmatch(_bare(each))]


def _bare(sentence: str) -> str:
    """Without words that ask nothing."""
    sentence = _BLANKS.sub(lambda found: found[1] or " ", sentence).strip()
    before = ""
    while sentence != before:
        before = sentence
        sentence = _TRAIL.sub(
            "", _LEAD.sub("", sentence, count=1) if _LEAD.match(sentence) else sentence
        )
    return sentence


def _read(sentence: str, scope: Scope) -> Change | None:
    if len(sentence) > _SENTENCE:
        return None
    placed = _PLACE.search(sentence)
    namespace = (placed[1] or placed[2]) if placed else ""
    if placed and namespace in scope.namespaces:
        sentence = f"{sentence[: placed.start()]} {sentence[placed.end() :]}"
        scope = scope.within(namespace)
    return _joined(_bare(sentence), scope, _JOINTS)


def _joined(sentence: str, scope: Scope, depth: int) -> Change | None:
    """One change, or several: the longest beginning that is one, and then the rest."""
    unclear: list[Unclear] = []
    found = _single(sentence, scope, unclear)
    joints = list(_JOINT.finditer(sentence))[:_JOINTS] if depth else []
    for joint in () if found else reversed(joints):
        left, rest = sentence[: joint.start()], _bare(sentence[joint.end() :])
        first = _single(_bare(left), scope, [])
        if first is None:
            continue
        then = scope.after(first.patches, first.targets)
        verb = _VERB.match(left)
        again = (rest, f"{verb[0].split()[0]} {rest}" if verb else rest)
        for words in dict.fromkeys(again):
            second = _joined(words, then, depth - 1)
            if second is not None:
                return Change(first.patches + second.patches, second.targets)
    if found is None and unclear:
        raise unclear[0]
    return found


def _single(sentence: str, scope: Scope, unclear: list[Unclear]) -> Change | None:
    for each in _RULES:
        for form in each.forms:
            match = form.fullmatch(sentence)
            if match is None:
                continue
            try:
                found = each.make(scope, match)
                if found is not None:
                    scope.after(found.patches, found.targets)
                    return found
            except Unclear as problem:
                unclear.append(problem)
            except InvalidInput:
                continue
    return None


def _changes(patches: Sequence[FieldPatch], objects: Sequence[Object]) -> bool:
    after = Scope(objects).after(patches, ()).objects
    return list(after) != list(objects)
