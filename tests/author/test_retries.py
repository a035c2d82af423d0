"""How often a job may be tried again stands in the request."""

from __future__ import annotations

import pytest

from tiphys.propose.author.words.retries import retry_by_words


def retried(request, **spec):
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": spec}
    said = [*retry_by_words(job, request)]
    return job["spec"].get("backoffLimit"), len(said)


@pytest.mark.parametrize(
    ("request_", "limit"),
    [
        ("At most two retries.", 2),
        ("Run it once a night, every day. One retry.", 1),
        ("It may be retried at most once.", 1),
        ("It may retry up to 4 times before it counts as failed.", 4),
        ("No retries at all.", 0),
        ("There must be no second attempt.", 0),
        ("It is never retried.", 0),
        ("En todo el Job se permite como máximo un reintento.", 1),
        ("Si falla, reintentar como máximo una vez.", 1),
        ("Jamais de redémarrage, deux nouvelles tentatives au plus.", 2),
        ("Keine Wiederholung.", 0),
    ],
)
def test_a_count_of_retries_is_the_limit(request_, limit):
    assert retried(request_, backoffLimit=6) == (limit, 1)
    assert retried(request_, backoffLimit=limit) == (limit, 0)


@pytest.mark.parametrize(
    "request_",
    [
        "Run it once.",
        "No retries in place.",
        "A single attempt may take five minutes.",
        "Each sheet has 2 retries of its own.",
        "Exit code 3 means broken input, then give up. Three retries otherwise.",
        "At most two retries, no retries on Sunday.",
        "A retry is pointless.",
    ],
)
def test_what_is_not_said_of_the_job_alone_is_left(request_):
    assert retried(request_, backoffLimit=5) == (5, 0)


def test_an_indexed_job_has_its_own_limits():
    assert retried("Two retries.", completionMode="Indexed") == (None, 0)


def test_only_what_runs_to_an_end_is_retried():
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {}}
    assert [*retry_by_words(web, "Two retries.")] == []
    nightly = {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {}}}}
    assert [*retry_by_words(nightly, "Two retries.")]
    assert nightly["spec"]["jobTemplate"]["spec"] == {"backoffLimit": 2}
