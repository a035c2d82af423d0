"""Envelopes that are signed by jobs, from the notary to the merge."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.identity.issuer import (
    BEARER,
    JWKS,
    TOKEN,
    TRUSTED,
    Issuer,
    job,
    person,
    reply,
    running,
)
from tests.pipeline.world import STOREFRONT, World
from tiphys.acceptance import judge_pull, newest_verdict
from tiphys.adapters.identity_keys import FRESH_SECONDS
from tiphys.adapters.identity_oidc import audience_of
from tiphys.adapters.notary import DsseNotary, key_from
from tiphys.bootstrap import open_notary
from tiphys.domain.errors import InvalidInput, NotFound, Refused, Unavailable
from tiphys.domain.policy import TrustedIdentity
from tiphys.testing.conformance.verdicts import NotaryConformance

TYPE = "application/test"
OTHER = {"workflow_ref": "acme/shop/.github/workflows/ci.yaml@refs/heads/main"}


class TestJobNotary(NotaryConformance):
    @pytest.fixture
    def notary(self, issuer: Issuer, tmp_path: Path) -> DsseNotary:
        return job(issuer, tmp_path, issuer.rule())

    @pytest.fixture
    def elsewhere(self, issuer: Issuer) -> Iterator[Issuer]:
        with running() as found:
            yield found

    @pytest.fixture
    def stranger(self, elsewhere: Issuer, tmp_path: Path) -> DsseNotary:
        return job(elsewhere, tmp_path, elsewhere.rule())

    @pytest.fixture
    def friend(self, issuer: Issuer, elsewhere: Issuer, tmp_path: Path) -> DsseNotary:
        return person(issuer, tmp_path, issuer.rule(), elsewhere.rule())


def add_signature(envelope: bytes, other: bytes, *, first: bool) -> bytes:
    """The envelope with the signatures of another one beside its own."""
    found, added = json.loads(envelope), json.loads(other)["signatures"]
    own = found["signatures"]
    return json.dumps({**found, "signatures": added + own if first else own + added}).encode()


@pytest.fixture
def stranger(tmp_path: Path) -> DsseNotary:
    return DsseNotary(lambda: key_from({}.get, tmp_path / "stranger.pem"))


def test_the_signature_is_a_token_for_just_this_payload(issuer: Issuer, tmp_path: Path) -> None:
    envelope = json.loads(job(issuer, tmp_path, issuer.rule()).sign(b"payload", TYPE))
    (signature,) = envelope["signatures"]
    assert signature["keyid"] == f"oidc:{issuer.url}"
    _, claims, _ = base64.b64decode(signature["sig"]).split(b".")
    said = json.loads(base64.urlsafe_b64decode(claims + b"=="))
    assert said["aud"] == audience_of(b"DSSEv1 16 application/test 7 payload")
    assert BEARER not in json.dumps(envelope)
    assert not (tmp_path / "job.pem").exists()


@pytest.mark.parametrize("first", [True, False])
def test_one_good_signature_is_enough(
    issuer: Issuer, tmp_path: Path, stranger: DsseNotary, first: bool
) -> None:
    by_job, by_stranger = (
        notary.sign(b"x", TYPE) for notary in (job(issuer, tmp_path, issuer.rule()), stranger)
    )
    mixed = add_signature(by_job, by_stranger, first=first)
    assert person(issuer, tmp_path, issuer.rule()).open(mixed, TYPE) == b"x"
    issuer.job |= OTHER
    bad_job = job(issuer, tmp_path).sign(b"x", TYPE)
    knows = person(issuer, tmp_path, issuer.rule(), trusted=(stranger.public_key,))
    assert knows.open(add_signature(bad_job, by_stranger, first=first), TYPE) == b"x"
    for nobody in (add_signature(bad_job, by_stranger, first=first), bad_job, by_stranger):
        with pytest.raises(Refused, match="trusted_identities"):
            person(issuer, tmp_path, issuer.rule()).open(nobody, TYPE)


@pytest.mark.parametrize("first", [True, False])
def test_two_jobs_of_two_platforms_may_sign(issuer: Issuer, tmp_path: Path, first: bool) -> None:
    with running() as other:
        good = job(issuer, tmp_path, issuer.rule()).sign(b"x", TYPE)
        bad = job(other, tmp_path).sign(b"x", TYPE)
        mixed = add_signature(good, bad, first=first)
        assert person(issuer, tmp_path, issuer.rule()).open(mixed, TYPE) == b"x"


def test_a_key_that_counts_spares_the_question(
    issuer: Issuer, tmp_path: Path, stranger: DsseNotary
) -> None:
    issuer.answers[JWKS] = lambda request: reply(request, 503, b"")
    by_job = job(issuer, tmp_path).sign(b"x", TYPE)
    knows = person(issuer, tmp_path, issuer.rule(), trusted=(stranger.public_key,))
    mixed = add_signature(by_job, stranger.sign(b"x", TYPE), first=True)
    assert knows.open(mixed, TYPE) == b"x"
    with pytest.raises(Unavailable, match="answered 503"):
        knows.open(by_job, TYPE)


def test_a_token_moved_to_another_payload_or_type_counts_for_nothing(
    issuer: Issuer, tmp_path: Path
) -> None:
    notary = job(issuer, tmp_path, issuer.rule())
    signed = json.loads(notary.sign(b"revise", TYPE))
    forged = {**signed, "payload": base64.b64encode(b"accept").decode()}
    with pytest.raises(Refused, match="vouches for something else"):
        notary.open(json.dumps(forged).encode(), TYPE)
    with pytest.raises(Refused, match="vouches for something else"):
        notary.open(json.dumps({**signed, "payloadType": "other"}).encode(), "other")


@pytest.mark.parametrize("keyid", ["oidc:", "oidc:https://issuer.example", "x", "", 7, None, ["x"]])
def test_the_key_id_decides_nothing(issuer: Issuer, tmp_path: Path, keyid: object) -> None:
    notary = job(issuer, tmp_path, issuer.rule())
    signed = json.loads(notary.sign(b"x", TYPE))
    signed["signatures"][0]["keyid"] = keyid
    with pytest.raises((Refused, InvalidInput)):
        notary.open(json.dumps(signed).encode(), TYPE)


def test_too_many_signatures_are_not_tried(issuer: Issuer, tmp_path: Path) -> None:
    notary = job(issuer, tmp_path, issuer.rule())
    signed = json.loads(notary.sign(b"x", TYPE))
    (one,) = signed["signatures"]
    signed["signatures"] = [{**one, "keyid": f"oidc:{n}"} for n in range(16)] + [one]
    with pytest.raises(InvalidInput, match="at most 16"):
        notary.open(json.dumps(signed).encode(), TYPE)


def test_the_own_key_counts_only_where_nobody_is_named(issuer: Issuer, tmp_path: Path) -> None:
    alone = person(issuer, tmp_path)
    envelope = alone.sign(b"x", TYPE)
    assert alone.open(envelope, TYPE) == b"x"
    with pytest.raises(Refused):
        person(issuer, tmp_path, issuer.rule()).open(envelope, TYPE)
    both = person(issuer, tmp_path, issuer.rule(), trusted=(alone.public_key,))
    assert both.open(envelope, TYPE) == b"x"


def test_who_only_checks_needs_no_key(issuer: Issuer, tmp_path: Path) -> None:
    envelope = job(issuer, tmp_path, issuer.rule()).sign(b"x", TYPE)
    person(issuer, tmp_path, issuer.rule()).open(envelope, TYPE)
    assert not (tmp_path / "person.pem").exists()


# -- from the command line's ports -----------------------------------------------------------------


def test_a_job_signs_as_itself_where_jobs_are_trusted_unless_it_has_a_key(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    issuer.clock.now = time.time()
    monkeypatch.setenv("TIPHYS_CACHE", str(tmp_path))
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{issuer.url}{TOKEN}?api-version=2.0")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", BEARER)

    def signer(*rules: TrustedIdentity) -> str:
        envelope = open_notary((), rules).sign(b"x", TYPE)
        assert open_notary((), rules).open(envelope, TYPE) == b"x"
        return str(json.loads(envelope)["signatures"][0]["keyid"])

    assert signer(issuer.rule()) == f"oidc:{issuer.url}"
    assert [file.parent.name for file in tmp_path.rglob("*.json")] == ["issuers"]
    assert not signer().startswith("oidc:")
    pem = key_from({}.get, tmp_path / "given.pem").decode()
    monkeypatch.setenv("TIPHYS_SIGNING_KEY", pem)
    given = json.loads(open_notary((), [issuer.rule()]).sign(b"x", TYPE))
    assert not given["signatures"][0]["keyid"].startswith("oidc:")


# -- from a job's verdict to a person's merge ------------------------------------------------------


class Platform:
    """A world whose bot is a job and whose person checks by the given rules."""

    def __init__(self, issuer: Issuer, folder: Path, *rules: TrustedIdentity) -> None:
        self.world = World()
        self.world.ports = replace(self.world.ports, notary=job(issuer, folder / "ci", *rules))
        self.world.person = replace(self.world.person, notary=person(issuer, folder, *rules))
        pull = self.world.ask(STOREFRONT).pull
        assert pull is not None
        self.pull = pull

    def judge(self) -> None:
        assert self.world.judge(self.pull.number).decision == "accept"

    def merge(self) -> str:
        return self.world.merge(self.pull.number)


def test_a_trusted_jobs_verdict_is_merged(issuer: Issuer, tmp_path: Path) -> None:
    found = Platform(issuer, tmp_path, issuer.rule())
    found.judge()
    issuer.clock.now += FRESH_SECONDS / 2  # long after the token expired
    assert found.merge() == found.world.repository.resolve("main")


def test_a_jobs_verdict_is_remembered(issuer: Issuer, tmp_path: Path) -> None:
    found = Platform(issuer, tmp_path, issuer.rule())
    found.judge()
    found.judge()
    assert found.world.clusters.leased == 1
    assert issuer.asked.count(TOKEN) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda job: job.update(OTHER),
        lambda job: job.update(repository="eve/shop"),
        lambda job: job.update(event_name="pull_request_target"),
        lambda job: job.pop("repository_id"),
    ],
)
def test_another_jobs_verdict_is_not_merged(
    issuer: Issuer, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    found = Platform(issuer, tmp_path, issuer.rule())
    change(issuer.job)
    found.judge()
    with pytest.raises(Refused, match="no accepting verdict"):
        found.merge()
    with pytest.raises(NotFound, match="none signed by a trusted key"):
        newest_verdict(found.world.repository.resolve(found.pull.source), found.world.person)
    issuer.job = {**issuer.job, **TRUSTED}
    judge_pull(found.pull.number, found.world.ports)
    found.merge()


def test_trust_that_is_taken_back_is_gone(issuer: Issuer, tmp_path: Path) -> None:
    found = Platform(issuer, tmp_path, issuer.rule())
    found.judge()
    rule = issuer.rule(**TRUSTED | {"event_name": "schedule"})
    found.world.person = replace(found.world.person, notary=person(issuer, tmp_path, rule))
    with pytest.raises(Refused, match="no accepting verdict"):
        found.merge()


def test_while_the_issuer_is_down_nothing_is_merged_and_nothing_refused(
    issuer: Issuer, tmp_path: Path
) -> None:
    found = Platform(issuer, tmp_path, issuer.rule())
    found.judge()
    before = found.world.repository.resolve("main")
    issuer.answers[JWKS] = lambda request: reply(request, 503, b"")
    with pytest.raises(Unavailable, match="answered 503"):
        found.merge()
    assert found.world.repository.resolve("main") == before
    issuer.answers.clear()
    found.merge()


def test_without_a_token_there_is_no_verdict(issuer: Issuer, tmp_path: Path) -> None:
    found = Platform(issuer, tmp_path, issuer.rule())
    issuer.answers[TOKEN] = lambda request: reply(request, 500, b"")
    with pytest.raises(Unavailable, match="answered 500"):
        found.judge()
    with pytest.raises(Refused, match="no accepting verdict"):
        found.merge()
