"""The name in a noun phrase: "the checkout API" is checkout, "our order mailer" is not settled."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tiphys.library import formats
from tiphys.propose.reading.vocabulary import ARTICLE, FUNCTION, QUALITIES, TYPES, is_name

_ARTICLES = re.compile(rf"(?:\s*\b{ARTICLE}(?=[\s\"'`])){{0,2}}", re.IGNORECASE)
_TOKEN = re.compile(
    r"""[ \t]+(?:\n[ \t]*)?(?:["'`“](?P<quoted>[^"'`”\n]{1,253})["'`”]|"""
    r"(?P<word>[^\W_](?:[\w.-]*[^\W_])?)(?![\w/@:-]*[\w/@]))|"
    r"""["'`“](?P<bare>[^"'`”\n]{1,253})["'`”]""",
)
_MAX_WORDS = 6


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun phrase. `name` is None where several words could be it (`words` holds them).

    `article` says that it was led by one, `typed` that it says what kind of thing it is, `plain`
    that it is quoted or could hardly be an everyday word.
    """

    name: str | None
    span: tuple[int, int]
    words: tuple[str, ...]
    article: bool
    typed: bool
    plain: bool
    capital: bool = False


def noun_at(
    text: str, position: int, *, stop: re.Pattern[str] | None = None, any_type: bool = False
) -> Noun | None:
    """The noun phrase that begins after `position`, if it holds anything that may be a name.

    It ends where `stop` matches. With `any_type` even a word such as "batch" may be the name.
    """
    articles = _ARTICLES.match(text, position)
    article = bool(articles and articles[0].strip())
    position = articles.end() if articles else position
    words: list[re.Match[str]] = []
    typed = False
    for _ in range(_MAX_WORDS):
        token = _TOKEN.match(text, position)
        if token is None:
            break
        quoted = token["quoted"] or token["bare"]
        if quoted is not None:
            if words or not formats.is_dns_subdomain(quoted.lower()):
                break
            return Noun(quoted.lower(), token.span(), (quoted,), article, typed, plain=True)
        fold = token["word"].casefold()
        if words and stop and stop.match(text, token.start("word")):
            break
        if fold in FUNCTION or (fold.isdigit() and not words):
            break
        if not any_type and (fold in TYPES or fold in QUALITIES):
            typed = typed or fold in TYPES
            if words and fold in TYPES:
                break
        else:
            words.append(token)
        position = token.end()
    return _noun(words, article=article, typed=typed, any_type=any_type)


def _noun(words: list[re.Match[str]], *, article: bool, typed: bool, any_type: bool) -> Noun | None:
    if not words:
        return None
    texts = tuple(word["word"] for word in words)
    span = words[0].start("word"), words[-1].end("word")
    special = [text for text in texts if re.search(r"[\d-]", text) and is_name(text)]
    if len(texts) > 1 and not (len(special) == 1 and texts[-1] == special[0]):
        return Noun(None, span, texts, article, typed, plain=False)
    name = texts[-1].lower()
    if not formats.is_dns_subdomain(name) or not (any_type or is_name(name)):
        return None
    plain = bool(special) or "." in name
    capital = texts[-1][:1].isupper()
    return Noun(name, words[-1].span("word"), texts, article, typed, plain, capital)
