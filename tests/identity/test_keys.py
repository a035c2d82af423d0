"""An issuer's keys are fetched from itself, within limits, and remembered for a while."""

from __future__ import annotations

import json
import socket
import stat
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.identity.issuer import (
    CONFIGURATION,
    JWKS,
    Issuer,
    identities,
    public_jwk,
    reply,
    running,
)
from tiphys.adapters.https_json import get_json
from tiphys.adapters.identity_keys import (
    FRESH_SECONDS,
    GRACE_SECONDS,
    PAUSE_SECONDS,
    IssuerKeys,
)
from tiphys.adapters.identity_oidc import KEYID, audience_of
from tiphys.domain.errors import Refused, Unavailable

MESSAGE = b"a verdict"


def check(issuer: Issuer, folder: Path, token: str, *, seconds: float = 10.0) -> None:
    trusted = identities(issuer, folder, issuer.rule(), seconds=seconds)
    trusted.check(f"{KEYID}{issuer.url}", token.encode(), MESSAGE)


@pytest.fixture
def token(issuer: Issuer) -> str:
    return issuer.token(audience_of(MESSAGE))


def rotate(issuer: Issuer) -> None:
    issuer.published, issuer.signs_with = [public_jwk("two")], ("two", "RS256")


# -- remembering -----------------------------------------------------------------------------------


def test_a_key_is_asked_for_once_a_day(issuer: Issuer, tmp_path: Path, token: str) -> None:
    for _ in range(3):
        check(issuer, tmp_path, token)
        issuer.clock.now += FRESH_SECONDS / 3 - 1
    assert issuer.asked == [CONFIGURATION, JWKS]
    issuer.clock.now += FRESH_SECONDS / 3
    check(issuer, tmp_path, token)
    assert issuer.asked.count(JWKS) == 2


def test_a_rotation_does_not_void_a_verdict_at_once(
    issuer: Issuer, tmp_path: Path, token: str
) -> None:
    check(issuer, tmp_path, token)
    rotate(issuer)
    issuer.clock.now += PAUSE_SECONDS
    check(issuer, tmp_path, issuer.token(audience_of(MESSAGE)))
    issuer.clock.now += GRACE_SECONDS - FRESH_SECONDS
    check(issuer, tmp_path, token)
    issuer.clock.now += FRESH_SECONDS
    with pytest.raises(Refused, match=r"publishes no key 'one' \(any more\); verify again"):
        check(issuer, tmp_path, token)
    check(issuer, tmp_path, issuer.token(audience_of(MESSAGE)))


def test_a_rotated_key_that_was_never_seen_does_not_count(
    issuer: Issuer, tmp_path: Path, token: str
) -> None:
    rotate(issuer)
    with pytest.raises(Refused, match="verify again"):
        check(issuer, tmp_path, token)


def test_another_key_under_the_same_id_takes_its_place(
    issuer: Issuer, tmp_path: Path, token: str
) -> None:
    check(issuer, tmp_path, token)
    issuer.published = [{**public_jwk("two"), "kid": "one"}]
    issuer.clock.now += FRESH_SECONDS
    with pytest.raises(Refused, match="signature does not hold"):
        check(issuer, tmp_path, token)


def test_made_up_key_ids_do_not_make_us_ask_again(issuer: Issuer, tmp_path: Path) -> None:
    keys = IssuerKeys(tmp_path, clock=issuer.clock)
    for number in range(20):
        with pytest.raises(Refused):
            keys.find(issuer.url, f"made-up-{number}")
    assert issuer.asked.count(JWKS) == 1
    issuer.clock.now += PAUSE_SECONDS
    assert keys.find(issuer.url, "one")["kty"] == "RSA"


def test_one_issuers_keys_do_not_serve_another(issuer: Issuer, tmp_path: Path) -> None:
    keys = IssuerKeys(tmp_path, clock=issuer.clock)
    keys.find(issuer.url, "one")
    with running() as other:
        other.published = [public_jwk("two")]
        with pytest.raises(Refused):
            keys.find(other.url, "one")
    written = {json.loads(file.read_text())["issuer"]: file for file in tmp_path.iterdir()}
    written[other.url].write_bytes(written[issuer.url].read_bytes())
    with pytest.raises(Unavailable):  # a file of another issuer is none, and this one is down
        IssuerKeys(tmp_path, clock=other.clock).find(other.url, "one")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "null", '{"issuer": 1}', '{"issuer": "U", "asked": "x", "keys": {}}',
             '{"issuer": "U", "asked": 1, "keys": {"one": 3}}', "[" * 100_000]
)  # fmt: skip
def test_a_broken_cache_is_no_cache(issuer: Issuer, tmp_path: Path, token: str, text: str) -> None:
    check(issuer, tmp_path, token)
    (file,) = (tmp_path / "issuers").iterdir()
    file.write_text(text.replace("U", issuer.url))
    check(issuer, tmp_path, token)
    assert issuer.asked.count(JWKS) == 2


def test_without_a_place_to_remember_keys_are_fetched(
    issuer: Issuer, tmp_path: Path, token: str
) -> None:
    (tmp_path / "issuers").write_text("a file where the folder should be")
    check(issuer, tmp_path, token)


def test_only_the_owner_reads_and_writes_the_cache(
    issuer: Issuer, tmp_path: Path, token: str
) -> None:
    check(issuer, tmp_path, token)
    assert stat.S_IMODE((tmp_path / "issuers").stat().st_mode) == 0o700


def test_keys_that_are_no_signing_keys_are_left_out(
    issuer: Issuer, tmp_path: Path, token: str
) -> None:
    odd: list[Any] = [
        7, {}, {"kid": "one"}, {"kid": 5, "kty": "RSA"}, {"kid": ["one"], "kty": "RSA"},
        {"kid": "one", "kty": "oct", "k": "c2VjcmV0"}, {"kid": "one", "kty": ["RSA"]},
        {**public_jwk("two"), "kid": "one", "use": "enc"},
    ]  # fmt: skip
    issuer.published = [*odd, *issuer.published, *odd]
    check(issuer, tmp_path, token)


@pytest.mark.parametrize("part", [{"n": 3}, {"n": "!"}, {"e": ""}, {"n": None}, {"e": "AQ"}])
def test_a_nonsensical_key_is_refused(
    issuer: Issuer, tmp_path: Path, token: str, part: dict[str, Any]
) -> None:
    issuer.published = [{**public_jwk("one"), **part}]
    with pytest.raises(Refused, match=r"does not hold|bits"):
        check(issuer, tmp_path, token)


# -- asking ----------------------------------------------------------------------------------------


def drip(request: BaseHTTPRequestHandler) -> None:
    """A byte at a time, so that no single read is slow."""
    request.send_response(200)
    request.end_headers()
    stop = threading.Event()
    while not stop.wait(0.05):
        request.wfile.write(b" ")


def hang(request: BaseHTTPRequestHandler) -> None:
    request.rfile.read(1)


def text(body: bytes, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda request: reply(request, status, body)


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(100):
        request.wfile.write(b" " * 10_000)


BROKEN: dict[str, tuple[Callable[[BaseHTTPRequestHandler], None], str]] = {
    "404": (text(b"{}", 404), "answered 404"),
    "500": (text(b"{}", 500), "answered 500"),
    "prose": (text(b"down for maintenance"), "not a JSON object"),
    "a list": (text(b"[]"), "not a JSON object"),
    "too deep": (text(b"[" * 200_000), "not a JSON object"),
    "nothing": (text(b""), "not a JSON object"),
    "too much": (text(b'{"keys": [' + b"1," * 200_000 + b"1]}"), "more than"),
    "without end": (endless, "more than"),
    "no HTTP": (lambda request: request.wfile.write(b"good day\r\n\r\n") and None, "no answer"),
    "an early end": (lambda request: request.connection.shutdown(socket.SHUT_RDWR), "no answer"),
}


@pytest.mark.parametrize("path", [CONFIGURATION, JWKS])
@pytest.mark.parametrize(("answer", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_issuer_is_nobodys_fault(
    issuer: Issuer,
    tmp_path: Path,
    token: str,
    path: str,
    answer: Callable[[BaseHTTPRequestHandler], None],
    words: str,
) -> None:
    issuer.answers[path] = answer
    with pytest.raises(Unavailable, match=words):
        check(issuer, tmp_path, token)
    issuer.answers.clear()
    check(issuer, tmp_path, token)


@pytest.mark.parametrize("answer", [drip, hang])
def test_a_slow_issuer_is_given_up(
    issuer: Issuer, tmp_path: Path, token: str, answer: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    issuer.answers[JWKS] = answer
    with pytest.raises(Unavailable, match=r"no answer|too slowly"):
        check(issuer, tmp_path, token, seconds=0.5)


def test_an_issuer_that_is_down_neither_accepts_nor_refuses(tmp_path: Path) -> None:
    with running() as issuer:
        token = issuer.token(audience_of(MESSAGE))
        check(issuer, tmp_path, token)
    check(issuer, tmp_path, token)  # what was fetched today still counts
    issuer.clock.now += FRESH_SECONDS
    with pytest.raises(Unavailable, match="no answer"):
        check(issuer, tmp_path, token)


@pytest.mark.parametrize("path", [CONFIGURATION, JWKS])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(
    issuer: Issuer, tmp_path: Path, token: str, path: str, status: int
) -> None:
    with running() as elsewhere:
        for target in (elsewhere.url, issuer.url):
            where = f"{target}{path}?again"
            issuer.answers[path] = lambda r, where=where: reply(r, status, b"{}", Location=where)
            with pytest.raises(Unavailable, match=f"answered {status}"):
                check(issuer, tmp_path, token)
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"issuer": "https://else.example", "jwks_uri": "{url}/jwks"}, "describes another"),
        ({"jwks_uri": "{url}/jwks"}, "describes another"),
        ({"issuer": "{url}/", "jwks_uri": "{url}/jwks"}, "describes another"),
        ({"issuer": "{url}"}, "describes another"),
        ({"issuer": "{url}", "jwks_uri": "https://else.example/jwks"}, "another host"),
        ({"issuer": "{url}", "jwks_uri": "{url}@else.example/jwks"}, "another host"),
        ({"issuer": "{url}", "jwks_uri": "file:///etc/passwd"}, "another host"),
        ({"issuer": "{url}", "jwks_uri": "https://["}, "another host"),
        ({"issuer": "{url}", "jwks_uri": ["{url}/jwks"]}, "describes another"),
        ({"issuer": "{url}", "jwks_uri": "{url}/.well-known/openid-configuration"}, "no list"),
    ],
)
def test_a_strange_configuration_is_not_followed(
    issuer: Issuer, tmp_path: Path, token: str, configuration: dict[str, str], words: str
) -> None:
    body = json.dumps(configuration).replace("{url}", issuer.url).encode()
    issuer.answers[CONFIGURATION] = text(body)
    with pytest.raises(Unavailable, match=words):
        check(issuer, tmp_path, token)


@pytest.mark.parametrize(
    "url", ["http://issuer.example/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "x", "https://["]
)
def test_only_https_and_loopback_are_asked(url: str) -> None:
    with pytest.raises(Unavailable):
        get_json(url, seconds=1)


def test_loopback_is_asked_without_a_proxy(
    issuer: Issuer, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    check(issuer, tmp_path, token)
