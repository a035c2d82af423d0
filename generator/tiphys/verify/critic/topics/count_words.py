"""How people say numbers of pods: so many, so many at least or at most, a range, a target."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

from tiphys.verify.critic.wording import pattern

NOUN = (
    r"(?:replicas?|replicates|instances?|copies|copy|pods?|members?|nodes?|repliken|replikate|replikas?|réplikas?|cópias?|copias?|instâncias?|"
    r"instanzen|kopien|répliques?|réplicas|instancias)\b"
)
MIDDLE = r"(?: (?:[a-z]+|[a-z]+-[a-z]+)){0,2}?"
COUNT = pattern(rf"{{N}}(?:-| ){NOUN}|{{N}} (?:identical|running|ready|web|server|stateless|"
                 rf"equal|parallel|redundant|backend|application|app|database|cache) {NOUN}")  # fmt: skip
KEYED = pattern(
    r"\b(?:replicas?|replica count|number of (?:replicas|instances|copies)|instances?|"
    r"scaled?(?: it| this| them)? to)(?: (?:should|must) be| is| are| of| at| set to|:|=)?"
    r"[ =:]\s*{N}(?! (?:%|percent))"
)
TOTAL = pattern(
    r"{N}(?: (?:replicas|pods|instances|copies|of them))? (?:overall|in total|in all|altogether)\b"
)
TIMES = pattern(r"\breplicated {N} times|\b{N}[- ]way replicated")
RANGE = pattern(
    rf"\b(?:between|from)? ?{{N}} ?(?:and|to|-|\.\.|und|bis|y|a|à|et|e) ?{{N}}(?: (?:[a-z]{{1,30}} )?{NOUN})"
    rf"|\b(?:scales?|scaling|autoscales?|autoscaling|range|replicas|instances|pods|copies)\b"
    r"[^.\n]{0,40}? (?:between|from) {N} (?:and|to|up to) {N}(?! ?%)"
    rf"|\bbetween {{N}} and {{N}}(?: (?:[a-z]{{1,30}} )?{NOUN})"
)
LOW = pattern(
    r"\b(?:min(?:imum|imal|\.)?(?:[- ]?replicas)?(?: of| is| =|:|=)?|floor(?: of| is)?|mindestens|minReplicas(?: of|:|=)?|"
    rf"never (?:fewer|less|below)(?: than)?|no (?:fewer|less) than|not (?:fewer|less) than) ?{{N}}"
    rf"(?:{MIDDLE} {NOUN})?(?!\d| ?(?:%|[a-z]*i?b\b|[MGK]i))"
    rf"|\b(?:at least|always (?:have|run|keep|be)?(?: at least)?) ?{{N}}{MIDDLE} {NOUN}"
    rf"|\b{{N}}{MIDDLE} {NOUN} at (?:the (?:very )?)?least\b"
    r"|\b{N} (?:is|as|are|being) (?:the|its|our)? ?(?:floor|min(?:imum)?|lower (?:limit|bound)|least)\b"
)
LOW_ABROAD = pattern(
    r"\b(?:mindestens|wenigstens|nie weniger als|au moins|jamais moins de|minimum|al menos|como mínimo|nunca menos de|pelo menos|no mínimo|almeno|"
    rf"mai meno di|non meno di|minstens|ten minste|nooit minder dan) {{N}}(?: {NOUN})?(?! ?(?:%|[MGK]i|cpus?|cores?|m\b))"
)
HIGH_ABROAD = pattern(
    r"\b(?:höchstens|maximal|nie mehr als|au plus|au maximum|jamais plus de|como máximo|como mucho|nunca más de|no máximo|nunca mais de|al massimo|"
    rf"mai più di|non più di|hoogstens|maximaal|nooit meer dan) {{N}}(?: {NOUN})?(?! ?(?:%|[MGK]i|cpus?|cores?|m\b))"
)
HIGH = pattern(
    r"\b(?:max(?:imum|imal|\.)?(?:[- ]?replicas)?(?: of| is| =|:|=)?|maxReplicas(?: of|:|=)?|"
    r"never (?:more|above|over)(?: than)?|no more than|not more than|"
    r"(?:scal(?:e|es|ing)|grow|go|burst)(?: out)? (?:up )?to(?: at most)?) ?{N}"
    rf"(?:{MIDDLE} {NOUN})?(?!\d| ?(?:%|percent|[a-z]*i?b\b|[MGK]i|retries|minutes|hours|seconds|at))"
    rf"|\b(?:at most|up to) {{N}}{MIDDLE} {NOUN}"
    rf"|\b{{N}}{MIDDLE} {NOUN} at (?:the (?:very )?)?most\b"
    r"|\b{N} (?:is|as|are|being) (?:the|its|our)? ?(?:ceiling|max(?:imum)?|upper (?:limit|bound)|most|limit|top)\b"
    r"|\b(?:ceiling|upper (?:limit|bound)|cap)(?: of| is| at|:)? {N}\b(?! ?(?:%|[MGK]i|m\b|cores?|cpus?))"
)
TARGET = pattern(
    r"\b{N} ?(?:%|percent)(?: of)?(?: average| target| the)?(?: of)? ?(?:cpu|processor|memory|ram|util\w*|load)"
    r"|\b(?:cpu|processor|memory|utili[sz]ation)(?: (?:usage|use|util\w*|load|target))?"
    r"(?: (?:of|at|around|above|over|exceeds|is|reaches|hits|goes (?:above|over)|target(?:ing)?|stays?|under|below|to|near|passes|crosses)){0,3}"
    r"[ :=]*{N} ?(?:%|percent)"
)
