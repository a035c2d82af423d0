"""Values of Secrets against the request, without ever saying one."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tiphys.verify.critic.masking import HIDDEN
from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import LIMIT
from tiphys.verify.critic.world import at, table, text

_KEYS = 50
_VALUE = (
    r"[`'\"]?\s*(?:\(?\s*(?:with\s+)?(?:the\s+|a\s+|its\s+)?value\s*(?:is|of|:|=)?|=|:|is|set\s+to)"
    r"\s*(?:[`'\"](?P<quoted>[^`'\"\n]{1,200})[`'\"]|(?P<bare>[\w+/=.@:-]{3,200}))"
)


def rule(request: str, objects: Iterable[Any]) -> Iterator[Remark]:
    """For each key that the request gives a value: whether the Secret holds that."""
    raw = request[:LIMIT]
    for obj in objects:
        if not isinstance(obj, Mapping) or text(obj, "kind") != "Secret":
            continue
        plain = [(k, v, False) for k, v in table(obj, "stringData").items()]
        plain += [(k, v, True) for k, v in table(obj, "data").items()]
        for key, value, encoded in plain[:_KEYS]:
            if not isinstance(value, str) or not isinstance(key, str):
                continue
            said = re.search(rf"(?<![\w.-]){re.escape(key[:200])}{_VALUE}", raw)
            if said is None:
                continue
            wanted = said["quoted"] or said["bare"].rstrip(".,:")
            field = at(obj, f"{'data' if encoded else 'stringData'}.{key}")
            asked = Requirement("secret", HIDDEN, f"the value of {key}")
            if wanted in (value, _decoded(value) if encoded else value):
                yield covered(asked, Field(field, HIDDEN))
            elif said["quoted"]:
                yield contradicted(asked, Field(field, "another value"))


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().removesuffix("\n")
    except ValueError:
        return ""
