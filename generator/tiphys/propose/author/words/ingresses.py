"""Certificates and paths of an Ingress as the words of a request have them."""

from __future__ import annotations

import re
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import dicts, items, map_at
from tiphys.propose.author.sentences import sentences

_SECURE = re.compile(
    r"\b(?:https|tls|ssl|certificates?|zertifikat\w*|certificat\w*|certificado)\b", re.I
)
_SECRET = re.compile(
    r"\b(?:secret|geheimnis|secreto|segredo)\s+(?:called\s+|named\s+)?"
    r"[\"'`]?([a-z0-9]+(?:[-.][a-z0-9]+)+|[a-z0-9]+(?=[\"'`]?\s*(?:[.,;:)\n]|\Z)))"
    r"|[\"'`]?\b([a-z0-9]+(?:-[a-z0-9]+)+)[\"'`]?\s+secret\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"\b(?:no|not|without|un\w+|plain|n.t)\b[^.;,]{0,30}\b(?:https|tls|cert\w*)\b", re.I
)


def serve_securely(obj: Object, request: str) -> None:
    """Set in place: the only certificate that the request names, for the only host."""
    spec = map_at(obj, "spec")
    hosts = [str(rule["host"]) for rule in dicts(spec.get("rules")) if rule.get("host")]
    hosts = list(dict.fromkeys(hosts))
    named = {
        one or other
        for text in sentences(request)
        if _SECURE.search(text) and not _PLAIN.search(text)
        for one, other in _SECRET.findall(text)
    }
    if not spec.get("tls") and len(hosts) == len(named) == 1 and "*." not in request:
        spec["tls"] = [{"hosts": hosts, "secretName": named.pop()}]
    held = [each for each in items(spec.get("tls")) if isinstance(each, dict)]
    if len(held) == 1 and not held[0].get("hosts") and hosts:
        held[0]["hosts"] = hosts


def lead_once(obj: Object, _request: str) -> None:
    """Of the same path twice the first: a server would have to choose."""
    for http in dicts(map_at(obj, "spec").get("rules")):
        paths = items(http.get("paths"))
        if all(isinstance(each, dict) for each in paths):
            first: dict[tuple[str, str], Any] = {}
            for each in paths:
                first.setdefault((str(each.get("path")), str(each.get("pathType"))), each)
            if len(first) < len(paths):
                http["paths"] = [*first.values()]
