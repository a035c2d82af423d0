"""Rules about identities: a person writes them in tiphys.toml, exact, and never too wide."""

from __future__ import annotations

import json

import pytest

from tiphys.config import configure, named
from tiphys.domain.errors import InvalidInput
from tiphys.domain.policy import TrustedIdentity

GITHUB = "https://token.actions.githubusercontent.com"
RULE = f"""
[[trusted_identities]]
issuer = "{GITHUB}"

[trusted_identities.claims]
repository = "acme/shop"
repository_id = "4711"
workflow_ref = "acme/shop/.github/workflows/verify.yaml@refs/heads/main"
event_name = "workflow_dispatch"
"""


def test_a_rule_is_an_issuer_and_claims() -> None:
    configured = configure(RULE.encode() + RULE.replace("acme", "other").encode(), {})
    rule, other = configured.settings.trusted_identities
    assert rule == TrustedIdentity(
        GITHUB,
        (
            ("event_name", "workflow_dispatch"),
            ("repository", "acme/shop"),
            ("repository_id", "4711"),
            ("workflow_ref", "acme/shop/.github/workflows/verify.yaml@refs/heads/main"),
        ),
    )
    assert dict(other.claims)["repository"] == "other/shop"
    assert configured.origins["trusted_identities"] == "tiphys.toml"
    assert configure(None, {}).settings.trusted_identities == ()


def test_rules_are_shown_as_text() -> None:
    shown = named(configure(RULE.encode(), {}).settings)["trusted_identities"]
    workflow = "acme/shop/.github/workflows/verify.yaml@refs/heads/main"
    claims = "event_name=workflow_dispatch repository=acme/shop repository_id=4711"
    assert json.loads(json.dumps(shown)) == [f"{GITHUB} {claims} workflow_ref={workflow}"]


def test_rules_are_for_the_file_only() -> None:
    with pytest.raises(InvalidInput, match="TIPHYS_TRUSTED_IDENTITIES"):
        configure(None, {"TIPHYS_TRUSTED_IDENTITIES": "https://issuer.example"})


def one(issuer: str = "https://issuer.example", claims: str = 'sub = "x"', more: str = "") -> str:
    return f'[[trusted_identities]]\nissuer = "{issuer}"\nclaims = {{ {claims} }}\n{more}\n'


@pytest.mark.parametrize(
    "issuer",
    ["https://issuer.example", "https://issuer.example:8443/a/b", "http://127.0.0.1:80",
     "http://[::1]:8080/x", "http://localhost:1"],
)  # fmt: skip
def test_an_issuer_is_an_https_url_or_on_loopback(issuer: str) -> None:
    (rule,) = configure(one(issuer).encode(), {}).settings.trusted_identities
    assert rule.issuer == issuer


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((one(issuer), "must be an https URL") for issuer in (
            "", "issuer.example", "http://issuer.example", "http://127.0.0.1.example", "https://",
            "https://issuer.example/", "https://issuer.example?", "https://issuer.example?a=b",
            "https://issuer.example#x", "https://ann@issuer.example", "https://:x@issuer.example",
            "https://issuer.example:99999", "https://[", "file:///etc/passwd", "https://a b",
            "https://xn.example\\n", "https://\\u0456ssuer.example", "https://" + "x" * 400)),
        (one(claims=""), "1 to 32 claims"),
        (one(claims=", ".join(f'c{n} = "x"' for n in range(33))), "1 to 32 claims"),
        (one(claims="sub = 7"), "'sub' must be one line"),
        (one(claims="sub = true"), "'sub' must be one line"),
        (one(claims='sub = ["x"]'), "'sub' must be one line"),
        (one(claims='sub = ""'), "'sub' must be one line"),
        (one(claims='sub = " x"'), "'sub' must be one line"),
        (one(claims='"" = "x"'), "must be one line"),
        (one(claims=f'sub = "{"x" * 301}"'), "'sub' must be one line"),
        (one(claims='sub = "repo:acme/*"'), "without patterns"),
        *((one(claims=f'{name} = "x"'), "does not say who")
          for name in ("iss", "aud", "exp", "iat", "nbf", "jti")),
        (one(GITHUB, 'repository = "acme/shop"'), "must name workflow_ref"),
        (one(GITHUB, 'sub = "repo:acme/shop:ref:refs/heads/main"'), "must name workflow_ref"),
        (one(GITHUB + "/acme", 'repository = "acme/shop"'), "must name workflow_ref"),
        (one(more="audience = 'x'"), "table of issuer and claims"),
        ('[[trusted_identities]]\nissuer = "https://issuer.example"', "table of issuer and claims"),
        ('[[trusted_identities]]\nissuer = "https://issuer.example"\nclaims = "x"', "1 to 32"),
        ('[trusted_identities]\nissuer = "https://issuer.example"', "list of at most 32 tables"),
        ('trusted_identities = "https://issuer.example"', "list of at most 32 tables"),
        ('trusted_identities = ["https://issuer.example"]', "table of issuer and claims"),
        (one() * 33, "list of at most 32 tables"),
    ],
)  # fmt: skip
def test_a_rule_that_says_too_little_or_too_much_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        configure(text.encode(), {})
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("tiphys.toml: trusted_identities")
    assert len(str(refusal.value)) < 300
