"""A job's token counts as a signature on one message, and nothing that only looks like it does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.identity.issuer import (
    JOB,
    NOW,
    TOKEN,
    Issuer,
    handmade,
    identities,
    key,
    public_jwk,
    public_pem,
    reply,
    running,
)
from tiphys.adapters.identity_keys import IssuerKeys
from tiphys.adapters.identity_oidc import (
    KEYID,
    Identities,
    Platform,
    audience_of,
    platform_of,
)
from tiphys.domain.errors import Refused, Unavailable
from tiphys.domain.policy import TrustedIdentity

MESSAGE = b"DSSEv1 4 type 7 message"
AUDIENCE = audience_of(MESSAGE)


def check(issuer: Issuer, folder: Path, token: str, *rules: TrustedIdentity) -> None:
    trusted = identities(issuer, folder, *(rules or (issuer.rule(),)))
    trusted.check(f"{KEYID}{issuer.url}", token.encode(), MESSAGE)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_trusted_jobs_token_counts(issuer: Issuer, tmp_path: Path, algorithm: str) -> None:
    issuer.signs_with = ("other", algorithm)
    issuer.published.append(public_jwk("other", algorithm))
    job = identities(issuer, tmp_path, issuer.rule(), platform=issuer.platform())
    keyid, token = job.sign(MESSAGE)
    assert keyid == f"oidc:{issuer.url}"
    job.check(keyid, token, MESSAGE)


def test_a_token_counts_long_after_it_expired(issuer: Issuer, tmp_path: Path) -> None:
    token = issuer.token(AUDIENCE)
    issuer.clock.now += 90 * 86400
    check(issuer, tmp_path, token)


def test_a_token_for_one_message_does_not_serve_another(issuer: Issuer, tmp_path: Path) -> None:
    trusted = identities(issuer, tmp_path, issuer.rule())
    token = issuer.token(AUDIENCE).encode()
    with pytest.raises(Refused, match="vouches for something else"):
        trusted.check(f"{KEYID}{issuer.url}", token, MESSAGE + b"!")


# What the platform says about a job that nobody meant to trust.
FORK = "eve/shop/.github/workflows/verify.yaml@refs/heads/main"
OTHER_JOBS: dict[str, dict[str, Any]] = {
    "another repository": {"repository": "acme/blog", "repository_id": "4712"},
    "a repository that took the name over": {"repository_id": "9999"},
    "a fork": {"repository": "eve/shop", "repository_id": "5", "workflow_ref": FORK},
    "a fork's pull request": {
        "event_name": "pull_request",
        "ref": "refs/pull/7/merge",
        "workflow_ref": JOB["workflow_ref"].replace("heads/main", "pull/7/merge"),
        "sub": "repo:acme/shop:pull_request",
    },
    "an event that a fork sets off on main": {"event_name": "pull_request_target"},
    "a pushed branch's workflow": {
        "ref": "refs/heads/tiphys/7-web",
        "workflow_ref": JOB["workflow_ref"].replace("main", "tiphys/7-web"),
    },
    "another workflow": {"workflow_ref": JOB["workflow_ref"].replace("verify", "ci")},
    "another spelling": {"repository": "Acme/Shop"},
    "a longer name": {"repository": "acme/shop2"},
    "no repository": {"repository": None},
    "a list that holds it": {"repository": ["acme/shop"]},
    "a number": {"repository_id": 4711},
}


@pytest.mark.parametrize("changes", OTHER_JOBS.values(), ids=OTHER_JOBS)
def test_another_job_is_refused(issuer: Issuer, tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="vouches for another job"):
        check(issuer, tmp_path, issuer.token(AUDIENCE, **changes))
    assert issuer.asked == []


def forged(
    issuer: Issuer, header: dict[str, Any], secret: bytes | None = None, **claims: Any
) -> str:
    return handmade({"typ": "JWT", **header}, issuer.claims(AUDIENCE, **claims), secret)


def with_header(issuer: Issuer, name: str = "one", **header: Any) -> str:
    """Signed by a key of that name, under a header of one's own."""
    claims = issuer.claims(AUDIENCE)
    return jwt.encode(claims, key(name), "RS256", headers={"kid": "one", **header})


FORGERIES: dict[str, tuple[Callable[[Issuer], str], str]] = {
    "alg none": (lambda i: forged(i, {"alg": "none", "kid": "one"}), "not 'none'"),
    "alg None": (lambda i: forged(i, {"alg": "None", "kid": "one"}), "not 'None'"),
    "no alg": (lambda i: forged(i, {"kid": "one"}), "signed by"),
    "alg a list": (lambda i: forged(i, {"alg": ["RS256"], "kid": "one"}), "signed by|not a token"),
    "HS256 with the public key": (
        lambda i: forged(i, {"alg": "HS256", "kid": "one"}, public_pem("one")),
        "not 'HS256'",
    ),
    "RS256 by a hash": (
        lambda i: forged(i, {"alg": "RS256", "kid": "one"}, public_pem("one")),
        "signature does not hold",
    ),
    "no signature": (lambda i: forged(i, {"alg": "RS256", "kid": "one"}), "does not hold"),
    "another algorithm than the key's": (
        lambda i: forged(i, {"alg": "ES256", "kid": "one"}, b"x"),
        "not one for ES256",
    ),
    "PS256": (
        lambda i: jwt.encode(i.claims(AUDIENCE), key("one"), "PS256", headers={"kid": "one"}),
        "not 'PS256'",
    ),
    "another key under a published id": (lambda i: with_header(i, "two"), "does not hold"),
    "its own key in the header": (
        lambda i: with_header(i, "two", jwk=public_jwk("two")),
        "does not hold",
    ),
    "its own keys' address": (
        lambda i: with_header(i, "two", jku="http://127.0.0.1:9/jwks"),
        "does not hold",
    ),
    "something critical": (lambda i: with_header(i, crit=["x"], x=1), "not a token"),
    "a payload elsewhere": (
        lambda i: forged(i, {"alg": "RS256", "kid": "one", "b64": False, "crit": ["b64"]}),
        "not a token",
    ),
    "an unknown key id": (lambda i: with_header(i, kid="nine"), "publishes no key 'nine'"),
    "no key id": (lambda i: jwt.encode(i.claims(AUDIENCE), key("one"), "RS256"), "which key"),
    "an empty key id": (lambda i: with_header(i, kid=""), "which key"),
    "a key id that is a path": (lambda i: with_header(i, kid="../../one"), "publishes no key"),
    "a key id without end": (lambda i: with_header(i, kid="k" * 5000), "which key"),
    "no audience": (lambda i: i.token(AUDIENCE, aud=None), "something else"),
    "many audiences": (lambda i: i.token(AUDIENCE, aud=[AUDIENCE, "x"]), "something else"),
    "expired when issued": (lambda i: i.token(AUDIENCE, exp=int(NOW)), "had expired"),
    "expired before it was issued": (lambda i: i.token(AUDIENCE, exp=int(NOW) - 60), "had expired"),
    "a life of days": (lambda i: i.token(AUDIENCE, exp=int(NOW) + 86400), "lives too long"),
    "from the future": (
        lambda i: i.token(AUDIENCE, iat=int(NOW) + 600, exp=int(NOW) + 900),
        "from the future",
    ),
    "no time": (lambda i: i.token(AUDIENCE, iat=None), "does not say when"),
    "no end": (lambda i: i.token(AUDIENCE, exp=None), "does not say when"),
    "no number for a time": (lambda i: forged(i, {"alg": "RS256", "kid": "one"}, iat="1"), "when"),
    "a time that is no number": (
        lambda i: forged(i, {"alg": "RS256", "kid": "one"}, iat=float("nan")),
        "had expired|lives",
    ),
    "too large": (lambda i: i.token(AUDIENCE, padding="x" * 20000), "bytes"),
    "too deep": (lambda i: forged(i, {"alg": "RS256", "kid": "one"}, sub=deep(2000)), "not|no"),
    "not a token": (lambda _: "good.bye", "not a token"),
    "empty": (lambda _: "", "not a token"),
}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels // 4):
        value = [value]
    return value


@pytest.mark.parametrize(("make", "words"), FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_is_refused(
    issuer: Issuer, tmp_path: Path, make: Callable[[Issuer], str], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        check(issuer, tmp_path, make(issuer))


def test_an_attackers_issuer_is_refused_without_asking_it(issuer: Issuer, tmp_path: Path) -> None:
    with running() as attacker:
        attacker.job = dict(JOB)
        trusted = identities(issuer, tmp_path, issuer.rule())
        token = attacker.token(AUDIENCE).encode()
        for keyid in (f"{KEYID}{attacker.url}", f"{KEYID}{issuer.url}"):
            with pytest.raises(Refused, match="no rule trusts the issuer"):
                trusted.check(keyid, token, MESSAGE)
        # It claims to be the one that is trusted, under another key.
        attacker.signs_with = ("two", "RS256")
        borrowed = attacker.token(AUDIENCE, iss=issuer.url).encode()
        with pytest.raises(Refused, match="publishes no key 'two'"):
            trusted.check(f"{KEYID}{issuer.url}", borrowed, MESSAGE)
        assert attacker.asked == []


@pytest.mark.parametrize("name", [None, 7, ["x"], "", "HTTP://127.0.0.1", "{url}/", "{url}/.."])
def test_an_issuer_is_compared_as_it_is(issuer: Issuer, tmp_path: Path, name: object) -> None:
    said = name.format(url=issuer.url) if isinstance(name, str) else name
    claims = issuer.claims(AUDIENCE) | {"iss": said}
    with pytest.raises(Refused, match=r"no rule trusts|not a token"):
        check(issuer, tmp_path, handmade({"alg": "RS256", "kid": "one"}, claims))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_weak_key_is_refused(issuer: Issuer, tmp_path: Path) -> None:
    issuer.signs_with = ("weak", "RS256")
    issuer.published.append(public_jwk("weak"))
    with pytest.raises(Refused, match="less than 2048 bits"):
        check(issuer, tmp_path, issuer.token(AUDIENCE))


def test_one_rule_of_several_is_enough_and_all_its_claims_are_needed(
    issuer: Issuer, tmp_path: Path
) -> None:
    token = issuer.token(AUDIENCE)
    half = issuer.rule(repository="acme/shop", event_name="push")
    other_half = issuer.rule(repository="acme/blog", event_name="workflow_dispatch")
    with pytest.raises(Refused, match="another event_name"):
        check(issuer, tmp_path, token, half, other_half)
    check(issuer, tmp_path, token, half, other_half, issuer.rule())


@given(data=st.binary(max_size=300), cut=st.booleans())
def test_no_bytes_break_the_reader(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, cut: bool
) -> None:
    rule = TrustedIdentity("http://127.0.0.1:9", (("repository", "acme/shop"),))
    trusted = Identities([rule], IssuerKeys(tmp_path_factory.getbasetemp() / "none"))
    token = b"eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ." + data if cut else data
    with pytest.raises(Refused):
        trusted.check(f"{KEYID}{rule.issuer}", token, MESSAGE)


# -- asking the platform ---------------------------------------------------------------------------


def test_only_a_platform_that_gives_tokens_for_any_audience_is_one() -> None:
    github = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "y"}
    assert platform_of(github.get) is not None
    for name in github:
        assert platform_of({**github, name: ""}.get) is None
    assert platform_of({"GITLAB_CI": "true", "CI_JOB_JWT_V2": "x", "ID_TOKEN": "y"}.get) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"aud": "https://github.com/acme"}, "another audience"),
        ({"exp": int(NOW) - 600, "iat": int(NOW) - 900}, "has expired"),
        ({"exp": int(NOW) - 1}, "had expired"),
        ({"iss": None}, "no issuer|another audience"),
        ({"iat": None}, "does not say when"),
    ],
)
def test_a_useless_token_is_the_platforms_fault(
    issuer: Issuer, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    token = issuer.token(AUDIENCE, **changes)
    issuer.answers[TOKEN] = lambda r: reply(r, 200, f'{{"value": "{token}"}}'.encode())
    with pytest.raises(Unavailable, match=words):
        identities(issuer, tmp_path, platform=issuer.platform()).sign(MESSAGE)


@pytest.mark.parametrize(
    "body", [b"", b"no", b"[]", b"{}", b'{"value": 7}', b'{"value": ""}', b'{"value": "\xc3\xa4"}',
             b'{"value": "' + b"x" * 20000 + b'"}', b"x" * 300_000]
)  # fmt: skip
def test_no_token_is_the_platforms_fault(issuer: Issuer, tmp_path: Path, body: bytes) -> None:
    issuer.answers[TOKEN] = lambda r: reply(r, 200, body)
    with pytest.raises(Unavailable):
        identities(issuer, tmp_path, platform=issuer.platform()).sign(MESSAGE)


def test_a_refusal_of_the_platform_does_not_tell_the_jobs_secret(
    issuer: Issuer, tmp_path: Path
) -> None:
    for platform in (
        Platform(f"{issuer.url}{TOKEN}?api-version=2.0&k=private", "wrong-secret"),
        Platform("http://platform.example/token?k=private", "wrong-secret"),
        Platform("https://[", "wrong-secret"),
    ):
        with pytest.raises(Unavailable) as problem:
            identities(issuer, tmp_path, platform=platform).sign(MESSAGE)
        assert "secret" not in str(problem.value)
        assert "private" not in str(problem.value)


def test_without_a_platform_nothing_is_signed(issuer: Issuer, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="sign with a key"):
        identities(issuer, tmp_path).sign(MESSAGE)
