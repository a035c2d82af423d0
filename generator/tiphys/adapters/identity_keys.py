"""The keys that OpenID issuers publish: fetched, and remembered for a while after they rotate."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tiphys.adapters.https_json import SECONDS, get_json
from tiphys.domain.errors import Refused, Unavailable

FRESH_SECONDS = 86400.0  # that long a published key is not asked for again
GRACE_SECONDS = 7 * 86400.0  # that long it counts after it was last seen published
PAUSE_SECONDS = 10.0  # made-up key ids can't make us ask more often
_MOST = 100
_KINDS = ("RSA", "EC", "OKP")


@dataclass(frozen=True, slots=True)
class _Known:
    """When the issuer was last asked, and each key (a JWK) by id with when it was last published.

    Times are seconds since the epoch.
    """

    asked: float = 0.0
    keys: Mapping[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)


class IssuerKeys:
    """Keys by issuer, remembered as one file each in `folder`.

    A key counts for a day without a look, and for a week after it was last seen published, so that
    a rotation does not void what was signed just before. Deleting the folder ends both at once.
    `clock` gives seconds since the epoch; `seconds` bounds one request.
    """

    def __init__(
        self, folder: Path, *, clock: Callable[[], float] = time.time, seconds: float = SECONDS
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._seconds = seconds

    def find(self, issuer: str, kid: str) -> dict[str, Any]:
        """The key as JWK. Refused if the issuer publishes it no longer; Unavailable."""
        now = self._clock()
        known = self._load(issuer)
        if not _within(known.keys.get(kid), now, FRESH_SECONDS) and not (
            0 <= now - known.asked < PAUSE_SECONDS
        ):
            known = self._ask(issuer, known, now)
        found = known.keys.get(kid)
        if found is None:
            raise Refused(f"{issuer} publishes no key {kid[:80]!a} (any more); verify again")
        return found[1]

    def _ask(self, issuer: str, known: _Known, now: float) -> _Known:
        about = get_json(f"{issuer}/.well-known/openid-configuration", seconds=self._seconds)
        where = about.get("jwks_uri")
        if about.get("issuer") != issuer or not isinstance(where, str):
            raise Unavailable(f"{issuer} describes another issuer; look at its configuration")
        if _origin(where) != _origin(issuer):
            raise Unavailable(f"{issuer} has its keys at another host, which is not supported")
        published = _usable(get_json(where, seconds=self._seconds).get("keys"))
        if published is None:
            raise Unavailable(f"{issuer} publishes no list of keys; try again later")
        kept = {k: v for k, v in known.keys.items() if _within(v, now, GRACE_SECONDS)}
        newer = _Known(now, {**kept, **{kid: (now, jwk) for kid, jwk in published.items()}})
        with suppress(OSError):  # then they are fetched again
            self._save(issuer, newer)
        return newer

    def _file(self, issuer: str) -> Path:
        return self._folder / f"{hashlib.sha256(issuer.encode()).hexdigest()[:32]}.json"

    def _load(self, issuer: str) -> _Known:
        try:
            data = json.loads(self._file(issuer).read_bytes())
            if data["issuer"] != issuer:
                return _Known()
            keys = {
                str(kid): (float(each["seen"]), dict(each["jwk"]))
                for kid, each in data["keys"].items()
            }
            return _Known(float(data["asked"]), keys)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return _Known()

    def _save(self, issuer: str, known: _Known) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        keys = {kid: {"seen": seen, "jwk": jwk} for kid, (seen, jwk) in known.keys.items()}
        text = json.dumps({"issuer": issuer, "asked": known.asked, "keys": keys})
        file = self._file(issuer)
        part = file.with_name(f"{file.name}.{os.getpid()}")
        part.write_text(text)
        part.replace(file)


def _within(found: tuple[float, object] | None, now: float, seconds: float) -> bool:
    return found is not None and 0 <= now - found[0] < seconds


def _usable(listed: object) -> dict[str, dict[str, Any]] | None:
    """Public keys for signatures by their ids; what is of no use to us is left out."""
    if not isinstance(listed, list):
        return None
    found: dict[str, dict[str, Any]] = {}
    for jwk in listed[:_MOST]:
        if (
            isinstance(jwk, dict)
            and isinstance(jwk.get("kid"), str)
            and jwk.get("kty") in _KINDS
            and jwk.get("use", "sig") == "sig"
        ):
            found[jwk["kid"]] = jwk
    return found


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc
