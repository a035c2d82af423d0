"""Which language a sentence is in, by its small words: rules for one language misread another."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from functools import lru_cache

# Words that one language uses all the time and that mean nothing else in English.
_SMALL = {
    "en": "the and of with should must please we it for that which this are be at our its they has have "
          "when from as by will not your there need needs no any all each every only",
    "de": "der die das und ist sind nicht mit ein eine einen einem einer auf für von dem den im zum zur zu wir soll "
          "sollen bitte auch unser unsere unserem nur wird werden bei sich es alles heißt heisst nennt liegt noch "
          "als aus wenn dass oder keine kein schon jede jeder jedes darf muss braucht bekommt läuft unter nach",
    "fr": "le la les des du une est sont avec dans pour par sur nous doit doivent il elle qui que ne pas aux ce "
          "cette notre nos merci et ou un au chaque sans tout toutes tous être faut deux depuis même espace",
    "es": "el la los las una es son con en para por del al que se debe deben un y nuestro nuestra hay gracias "
          "cada sin todo todos como desde hasta lo necesitamos dos también tiene ya puede su sus",
    "pt": "o os as um uma é são com em para por do da dos das no na nos nas que se deve devem e nosso nossa "
          "obrigada obrigado cada sem tudo todos como precisamos dois duas também tem já pode seu sua ao pelo pela",
    "it": "il lo gli una è sono con per del della dei delle nel nella nei alla allo che si deve devono e nostro "
          "nostra grazie ogni senza tutto tutti come di un al dal dalla serve due anche ha già può suo sua",
    "nl": "de het een en met voor van op dat die wij moet moeten graag ook onze ons niet alleen wordt worden zijn "
          "bij naar er elke zonder alles graag geen uit te aan is deze dit onder zodat als dan twee",
}  # fmt: skip
_SETS = {code: frozenset(words.split()) for code, words in _SMALL.items()}
_WORD = re.compile(r"(?<![\w./:@=-])[^\W\d_]+(?![\w/@=-]|[.:]\w)")
_ENGLISH_TOO = frozenset("a an as at of in on is no per me so we do to come".split())
# Nothing is called so, unless it stands in quotes.
SMALL_WORDS = frozenset().union(*_SETS.values())


@lru_cache(maxsize=4096)
def language(text: str) -> str:
    """The code of the language, "" where the words do not tell."""
    words = [each.lower() for each in _WORD.findall(text[:2000])]
    counts = {code: sum(word in known for word in words) for code, known in _SETS.items()}
    sure = {
        code: sum(word in known and word not in _ENGLISH_TOO for word in words)
        for code, known in _SETS.items()
    }
    best = max(counts, key=lambda code: (counts[code], code == "en"))
    if best == "en":
        return "en" if counts["en"] else ""
    return best if sure[best] >= 2 and counts[best] > counts["en"] else ""
