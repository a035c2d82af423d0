"""A CI platform on loopback: it publishes keys as an OpenID issuer does, and gives jobs tokens."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tiphys.adapters.identity_keys import IssuerKeys
from tiphys.adapters.identity_oidc import Identities, Platform
from tiphys.adapters.notary import DsseNotary, key_from
from tiphys.domain.policy import TrustedIdentity

NOW = 1_800_000_000.0
BEARER = "the-secret-of-the-job"
WORKFLOW = "acme/shop/.github/workflows/verify.yaml@refs/heads/main"
JOB = {
    "sub": "repo:acme/shop:ref:refs/heads/main",
    "repository": "acme/shop",
    "repository_id": "4711",
    "ref": "refs/heads/main",
    "event_name": "workflow_dispatch",
    "workflow_ref": WORKFLOW,
    "job_workflow_ref": WORKFLOW,
}
TRUSTED = {n: JOB[n] for n in ("repository", "repository_id", "workflow_ref", "event_name")}
CONFIGURATION, JWKS, TOKEN = "/.well-known/openid-configuration", "/jwks", "/token"

Answer = Callable[[BaseHTTPRequestHandler], None]


@functools.cache
def key(name: str, algorithm: str = "RS256") -> Any:
    """A private key, made once; `name` tells apart those of one kind."""
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 1024 if name == "weak" else 2048)


def public_jwk(name: str, algorithm: str = "RS256") -> dict[str, Any]:
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(
        key(name, algorithm).public_key(), as_dict=True
    )
    return {**made, "kid": name, "use": "sig", "alg": algorithm}


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


class Issuer:
    """What it publishes and says can be changed by tests; `asked` are the paths that it served."""

    def __init__(self, port: int, clock: Clock) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.clock = clock
        self.published = [public_jwk("one")]
        self.signs_with = ("one", "RS256")
        self.job: dict[str, Any] = dict(JOB)
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []

    def token(self, audience: str, **changes: Any) -> str:
        """As the platform would give to the job, with other claims where told (None: without)."""
        name, algorithm = self.signs_with
        claims = self.claims(audience, **changes)
        return jwt.encode(claims, key(name, algorithm), algorithm, headers={"kid": name})

    def claims(self, audience: str, **changes: Any) -> dict[str, Any]:
        now = int(self.clock())
        times = {"iat": now, "nbf": now - 600, "exp": now + 300, "jti": "1"}
        claims = {"iss": self.url, "aud": audience, **times, **self.job, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def document(self, path: str, request: BaseHTTPRequestHandler) -> dict[str, Any] | None:
        if path == CONFIGURATION:
            return {"issuer": self.url, "jwks_uri": f"{self.url}{JWKS}"}
        if path == JWKS:
            return {"keys": self.published}
        query = parse_qs(urlsplit(request.path).query)
        if path == TOKEN and request.headers["Authorization"] == f"Bearer {BEARER}":
            assert query["api-version"] == ["2.0"]
            return {"count": 1, "value": self.token(query["audience"][0])}
        return None

    def platform(self, **changes: Any) -> Platform:
        return Platform(f"{self.url}{TOKEN}?api-version=2.0", BEARER, **changes)

    def rule(self, **claims: str) -> TrustedIdentity:
        return TrustedIdentity(self.url, tuple(sorted((claims or TRUSTED).items())))


def handmade(header: dict[str, Any], claims: dict[str, Any], secret: bytes | None = None) -> str:
    """A token that no library would make."""
    parts = [json.dumps(part).encode() for part in (header, claims)]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = hmac.new(secret, text, hashlib.sha256).digest() if secret is not None else b""
    return b".".join([text, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def public_pem(name: str) -> bytes:
    return key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@contextmanager
def running() -> Iterator[Issuer]:
    """An issuer on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            issuer.asked.append(path)
            if path in issuer.answers:
                return issuer.answers[path](self)
            found = issuer.document(path, self)
            return reply(self, 403 if found is None else 200, json.dumps(found or {}).encode())

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that had enough and left is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(server.server_address[1], Clock())
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()


def reply(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    request.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def identities(
    issuer: Issuer,
    folder: Path,
    *rules: TrustedIdentity,
    platform: Platform | None = None,
    seconds: float = 10.0,
) -> Identities:
    keys = IssuerKeys(folder / "issuers", clock=issuer.clock, seconds=seconds)
    return Identities(rules, keys, platform, clock=issuer.clock)


def job(issuer: Issuer, folder: Path, *rules: TrustedIdentity) -> DsseNotary:
    """A notary in a job of the platform."""
    found = identities(issuer, folder, *rules, platform=issuer.platform())
    return DsseNotary(lambda: key_from({}.get, folder / "job.pem"), (), found)


def person(
    issuer: Issuer, folder: Path, *rules: TrustedIdentity, trusted: tuple[str, ...] = ()
) -> DsseNotary:
    """A notary at a person's machine, without any platform."""
    found = identities(issuer, folder, *rules)
    return DsseNotary(lambda: key_from({}.get, folder / "person.pem"), trusted, found)
