"""Reading `trusted_identities`: rules that a person wrote about tokens of a CI platform."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from tiphys.domain.errors import InvalidInput
from tiphys.domain.policy import TrustedIdentity

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_TEXT = 300  # characters of an issuer, a claim's name or its value
_MOST = 32  # rules, and claims of one rule
_TIMES = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})
# Whoever may push some branch may add a workflow to it, and that runs as the same repository.
_GITHUB = re.compile(r"https://token\.actions\.githubusercontent\.com(/|\Z)")


def read_identities(value: Any, source: str) -> tuple[TrustedIdentity, ...]:
    """Rules from the tables of a file named `source`. InvalidInput, naming what is wrong."""
    name = f"{source}: trusted_identities"
    if not isinstance(value, list) or len(value) > _MOST:
        raise InvalidInput(f"{name} must be a list of at most {_MOST} tables")
    return tuple(_rule(each, f"{name}[{at}]") for at, each in enumerate(value))


def is_issuer(url: str) -> bool:
    """Whether a URL can name an issuer: https (http on loopback), a host, perhaps a path."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password) and port != 0
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    tidy = _tidy(url) and url.isascii() and " " not in url and url == url.rstrip("/?#")
    return plain and safe and tidy and bool(parts.hostname)


def _rule(value: Any, name: str) -> TrustedIdentity:
    if not isinstance(value, dict) or set(value) != {"issuer", "claims"}:
        raise InvalidInput(f"{name} must be a table of issuer and claims")
    issuer, claims = value["issuer"], value["claims"]
    if not isinstance(issuer, str) or not is_issuer(issuer):
        raise InvalidInput(f"{name}.issuer must be an https URL without a slash at its end")
    if not isinstance(claims, dict) or not 0 < len(claims) <= _MOST:
        raise InvalidInput(f"{name}.claims must name 1 to {_MOST} claims: the issuer serves all")
    for claim, text in claims.items():
        if not _tidy(claim) or not isinstance(text, str) or not _tidy(text):
            raise InvalidInput(f"{name}.claims: {claim[:80]!a} must be one line of text")
        if claim in _TIMES:
            raise InvalidInput(f"{name}.claims: {claim} does not say who asked for the token")
        if "*" in text:
            raise InvalidInput(f"{name}.claims: {claim} is compared as it is, without patterns")
    if _GITHUB.match(issuer) and "workflow_ref" not in claims:
        raise InvalidInput(
            f"{name}.claims must name workflow_ref: without it any branch's workflow counts"
        )
    return TrustedIdentity(issuer, tuple(sorted(claims.items())))


def _tidy(text: str) -> bool:
    return 0 < len(text) <= _TEXT and text.isprintable() and " ".join(text.split()) == text
