"""Signing by what a CI platform says a job is: an ID token whose audience is what is signed.

A job asks its platform for a token with the audience "tiphys:sha256:<digest of the message>". The
platform puts into it which repository, workflow, branch and event the job is of, and signs it. So
the token vouches for this one message, there is no key to keep, and the token is of no use
elsewhere: nobody else accepts that audience.

What it proves: the issuer, at the time `iat`, gave a job with these claims a token for just this
message. A token lives for minutes and a verdict for longer, so `exp` is not held against today's
date; it bounds how long after `iat` the token could be meant. What it does not prove: that the
message was stored at that time (there is no public log), or that nobody has stolen the issuer's key
since; a thief could date a token back. Hence a key counts only while the issuer publishes it, and
for a short while after (`IssuerKeys`), and then the verdict has to be reached again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tiphys.adapters.https_json import SECONDS, get_json
from tiphys.adapters.identity_keys import IssuerKeys
from tiphys.domain.errors import Refused, Unavailable
from tiphys.domain.policy import TrustedIdentity

KEYID = "oidc:"  # before the issuer, so that no key's id is mistaken for it
_KINDS = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
_RSA_BITS = 2048
_BYTES = 16 << 10
_LIFETIME = 3600.0  # seconds; a token that lives longer is not a job's
_LEEWAY = 120.0  # seconds that clocks may differ
# Audience, issuer and times are checked here, against the message, the rules and our clock.
_ELSEWHERE = ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")


def audience_of(message: bytes) -> str:
    """The audience by which a token vouches for a message."""
    return f"tiphys:sha256:{hashlib.sha256(message).hexdigest()}"


class Platform:
    """What GitHub Actions offers a job: an address and a bearer's secret to ask for tokens with."""

    def __init__(self, url: str, bearer: str, *, seconds: float = SECONDS) -> None:
        self._url = url
        self._bearer = bearer
        self._seconds = seconds

    def token(self, audience: str) -> str:
        """A token for that audience. Unavailable."""
        try:
            parts = urlsplit(self._url)
        except ValueError:
            raise Unavailable("ACTIONS_ID_TOKEN_REQUEST_URL is not a URL") from None
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("audience", audience)])
        answer = get_json(
            urlunsplit(parts._replace(query=query)),
            {"Authorization": f"Bearer {self._bearer}", "Accept": "application/json"},
            seconds=self._seconds,
        )
        token = answer.get("value")
        if not isinstance(token, str) or not token.isascii() or len(token) > _BYTES:
            raise Unavailable("the platform answered without an ID token; try again later")
        return token


def platform_of(environment: Callable[[str], str | None]) -> Platform | None:
    """The platform of the job that this runs in, if it gives tokens for any audience.

    GitLab does not: the audience of its tokens is written in the job's definition, so none can name
    a message that is not known yet.
    """
    url, bearer = (environment(f"ACTIONS_ID_TOKEN_REQUEST_{name}") for name in ("URL", "TOKEN"))
    return Platform(url, bearer) if url and bearer else None


class Identities:
    """Signs as the job that this is (with a `platform`), and knows whose tokens count (`rules`)."""

    def __init__(
        self,
        rules: Sequence[TrustedIdentity],
        keys: IssuerKeys,
        platform: Platform | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rules = tuple(rules)
        self._keys = keys
        self._platform = platform
        self._clock = clock

    @property
    def trusts(self) -> bool:
        """Whether any token may count."""
        return bool(self._rules)

    @property
    def signs(self) -> bool:
        """Whether there is a platform to ask."""
        return self._platform is not None

    def sign(self, message: bytes) -> tuple[str, bytes]:
        """(key id, token) for a message. Unavailable."""
        if self._platform is None:
            raise Unavailable("this is no CI job that gets ID tokens; sign with a key instead")
        audience = audience_of(message)
        token = self._platform.token(audience).encode()
        try:
            _header, claims = _parts(token)
            _check_times(claims, self._clock())
            if claims.get("aud") != audience or not isinstance(claims.get("iss"), str):
                raise Refused("it is for another audience")
            if not claims["exp"] > self._clock() - _LEEWAY:
                raise Refused("it has expired")
        except Refused as problem:
            raise Unavailable(f"the platform's ID token is of no use: {problem}") from None
        return f"{KEYID}{claims['iss']}", token

    def check(self, keyid: str, token: bytes, message: bytes) -> None:
        """Refused unless the token is for this message and from a job that a rule names.

        Unavailable if the issuer's keys can't be had. Nobody is asked but issuers of rules, and
        only about a token that says what a rule wants to hear.
        """
        header, claims = _parts(token)
        issuer = claims.get("iss")
        known = [rule for rule in self._rules if rule.issuer == issuer]
        if not known or keyid != f"{KEYID}{issuer}":
            raise Refused(f"no rule trusts the issuer {str(issuer)[:120]!a}")
        if claims.get("aud") != audience_of(message):
            raise Refused("the token vouches for something else")
        if not any(rule.accepts(claims) for rule in known):
            missing = ", ".join(known[0].missing(claims))
            raise Refused(f"{issuer} vouches for another job (another {missing})")
        _check_times(claims, self._clock())
        _check_signature(token, header, self._keys.find(known[0].issuer, header["kid"]))


def _parts(token: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, believed by nobody yet. Refused for what is no token of the right form."""
    import jwt

    if len(token) > _BYTES:
        raise Refused(f"a token has at most {_BYTES} bytes")
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as problem:
        raise Refused(f"not a token ({type(problem).__name__})") from None
    said = str(header.get("alg"))[:20]
    if said not in _KINDS or said != header["alg"]:
        raise Refused(f"tokens are signed by {', '.join(_KINDS)}, not {said!a}")
    if not isinstance(header.get("kid"), str) or not 0 < len(header["kid"]) <= 200:
        raise Refused("the token does not say which key signed it")
    return header, claims


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int | float) or not isinstance(expires, int | float):
        raise Refused("the token does not say when it was issued and when it expires")
    # Written so that NaN, which JSON may hold here, is refused.
    if not 0 < expires - issued <= _LIFETIME:
        raise Refused("the token had expired when it was issued, or lives too long for a job's")
    if not issued <= now + _LEEWAY:
        raise Refused("the token is from the future; is this machine's clock right?")


def _check_signature(token: bytes, header: Mapping[str, Any], jwk: Mapping[str, Any]) -> None:
    import jwt

    algorithm = header["alg"]
    kind, curve = _KINDS[algorithm]
    fits = (
        jwk.get("kty") == kind and jwk.get("crv") == curve and jwk.get("alg") in (None, algorithm)
    )
    if not fits:
        raise Refused(f"the issuer's key is not one for {algorithm}")
    only_signature: Any = {f"verify_{claim}": False for claim in _ELSEWHERE}
    public = {name: value for name, value in jwk.items() if name not in ("d", "p", "q")}
    try:
        key = jwt.PyJWK.from_json(json.dumps(public), algorithm)
        if kind == "RSA" and key.key.key_size < _RSA_BITS:
            raise Refused(f"the issuer's key has less than {_RSA_BITS} bits")
        jwt.decode(token, key, algorithms=[algorithm], options=only_signature)
    except (jwt.PyJWTError, ValueError, TypeError) as problem:
        raise Refused(f"the token's signature does not hold ({type(problem).__name__})") from None
