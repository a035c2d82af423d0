"""Secrets out of sight, before anything else sees an object."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "(hidden)"
_DEPTH = 64
_NAME = re.compile(
    r"passw|passphrase|pwd|secret|token|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key"
    r"|encryption[-_.]?key|signing[-_.]?key|auth(?!or)|cookie|salt|dsn\b|connection[-_.]?string",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"-----BEGIN|\beyJ[\w-]{8,}\.|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bgh[pousr]_\w{16,}"
    r"|\bxox[abpr]-[\w-]{8,}|\bsk-[\w-]{16,}|://[^/\s:@]{0,64}:[^/\s@]{1,200}@"
    r"|(?<![\w/.:-])(?=[\w+/]{0,80}\d)(?=[\w+/]{0,80}[a-z])(?=[\w+/]{0,80}[A-Z])[\w+/]{32,}={0,2}"
)
_INSIDE = re.compile(
    r"((?:passw\w{0,8}|pwd|secret|token|api[-_]?key|credentials?)[\"']?\s{0,3}[=:]\s{0,3})[^\s,;]{1,500}",
    re.IGNORECASE,
)
_FLAG = re.compile(r"(--?[\w.-]{1,64})(?:=(.*))?\Z", re.DOTALL)
_NOISE = ("kubectl.kubernetes.io/last-applied-configuration",)


def names_secret(name: str) -> bool:
    """Whether a setting of this name is likely to hold a credential."""
    return bool(_NAME.search(name[:256]))


def looks_secret(value: str) -> bool:
    """Whether a value has the form of a credential."""
    return bool(_VALUE.search(value[:4096]))


def cleaned(text: str) -> str:
    """Free text with what looks like a credential hidden."""
    return _VALUE.sub(HIDDEN, _INSIDE.sub(rf"\1{HIDDEN}", text))


def secrets_of(obj: Mapping[str, Any]) -> set[str]:
    """Values of a Secret as they are written and as they are meant, from 4 characters on."""
    found: set[str] = set()
    if obj.get("kind") == "Secret":
        for key in ("data", "stringData"):
            inner = obj.get(key)
            for value in inner.values() if isinstance(inner, Mapping) else ():
                if isinstance(value, str):
                    found |= {value, _decoded(value)}
    return {value for value in found if len(value) > 3}


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return ""


def masked(obj: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without managed fields, and with every value that may be a credential hidden."""
    found = _mask(obj, "", 0)
    if not isinstance(found, dict):
        return {}
    if obj.get("kind") == "Secret":
        for key in ("data", "stringData"):
            if isinstance(found.get(key), dict):
                found[key] = dict.fromkeys(found[key], HIDDEN)
            elif key in found:
                found[key] = HIDDEN
    metadata = found.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
        if isinstance(notes := metadata.get("annotations"), dict):
            if obj.get("kind") == "Secret":  # some tools repeat the data in there
                metadata["annotations"] = dict.fromkeys(notes, HIDDEN)
            for noise in _NOISE:
                metadata["annotations"].pop(noise, None)
    return found


def _mask(value: Any, key: str, depth: int) -> Any:
    if depth > _DEPTH:
        return HIDDEN
    if isinstance(value, Mapping):
        parts = {str(k): v for k, v in value.items()}
        found = {k: _mask(v, k, depth + 1) for k, v in parts.items()}
        name = parts.get("name")
        if isinstance(name, str) and "value" in parts and names_secret(name):
            found["value"] = HIDDEN
        if key in ("data", "annotations"):
            found |= {k: HIDDEN for k in parts if names_secret(k)}
        return found
    if isinstance(value, list | tuple):
        return _items([_mask(each, key, depth + 1) for each in value])
    if isinstance(value, str) and looks_secret(value) and key != "image":
        return HIDDEN
    if isinstance(value, str):
        return _INSIDE.sub(rf"\1{HIDDEN}", value)
    return value


def _items(values: list[Any]) -> list[Any]:
    """Arguments: the value of a flag that names a credential, wherever it stands."""
    found: list[Any] = []
    hide = False
    for value in values:
        flag = _FLAG.match(value[:4096]) if isinstance(value, str) else None
        if hide and flag is None:
            value = HIDDEN  # noqa: PLW2901  # the one place that rewrites it
        hide = bool(flag and names_secret(flag[1]) and flag[2] is None)
        if flag and flag[2] is not None and names_secret(flag[1]):
            value = f"{flag[1]}={HIDDEN}"  # noqa: PLW2901
        found.append(value)
    return found
