"""Fields that a model copies, and that nobody has without saying so."""

from __future__ import annotations

import pytest

from tiphys.propose.author.words.unspoken import without_unspoken


@pytest.mark.parametrize(
    ("key", "value", "request_", "stays"),
    [
        ("loadBalancerSourceRanges", ["192.0.2.0/24"], "A load balancer for web.", False),
        ("loadBalancerSourceRanges", ["192.0.2.0/24"], "Only 192.0.2.0/24 may come.", True),
        ("loadBalancerSourceRanges", ["192.0.2.0/24"], "Only these source ranges.", True),
        ("initialDelaySeconds", 5, "Probe /healthz.", False),
        ("initialDelaySeconds", 5, "Probe /healthz after 5s.", True),
        ("ttlSecondsAfterFinished", 3600, "Gone an hour after it ended.", True),
        ("failedJobsHistoryLimit", 0, "Every night.", False),
        ("failedJobsHistoryLimit", 0, "No failed ones are left.", True),
        ("timeZone", "Etc/UTC", "Every night.", False),
        ("timeZone", "Etc/UTC", "Every night, UTC.", True),
        ("timeZone", "Asia/Tokyo", "Every night.", True),
        ("imagePullPolicy", "Always", "registry.example/always/pull:1", False),
        ("replicas", 3, "Some.", True),
    ],
)
def test_a_field_stays_if_the_request_has_its_value_or_its_word(key, value, request_, stays):
    obj = {"kind": "Service", "spec": {"in": [{key: value}]}}
    assert [*without_unspoken(obj, request_, ())] == ([] if stays else [key])
    assert (key in obj["spec"]["in"][0]) is stays


def test_what_a_clause_means_stays():
    obj = {"kind": "Pod", "spec": {"hostname": "a"}}
    assert not [*without_unspoken(obj, "It knows its own name.", {"hostname"})]
