"""A quota counts what the request counts."""

from __future__ import annotations

import pytest

from tiphys.propose.author.words.quotas import count_by_words


def quota(**hard):
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "cap"},
        "spec": {"hard": hard},
    }


def counted(request, **hard):
    made = quota(**hard)
    list(count_by_words([made], request))
    return made["spec"]["hard"]


@pytest.mark.parametrize(
    ("request_", "hard"),
    [
        ("No more than 2 Services of type NodePort.", {"services.nodeports": "2"}),
        ("At most two load balancers.", {"services.loadbalancers": "2"}),
        ("No load balancer Services at all.", {"services.loadbalancers": "0"}),
        ("It allows 40 pods and at most 5 claims.", {"pods": "40", "persistentvolumeclaims": "5"}),
        ("Cap it: 30 config maps, 20 secrets, 15 services.",
         {"configmaps": "30", "secrets": "20", "services": "15"}),
    ],
)  # fmt: skip
def test_counts_are_set(request_, hard):
    assert counted(request_) == hard
    assert counted(request_, **hard) == hard


def test_a_figure_that_counts_objects_is_nothing_else():
    request = "It allows 40 pods and at most 2 Services of type NodePort, and 10 cores requested."
    asked = {"pods": "40", "requests.cpu": "10"}
    made = counted(request, **asked, **{"services": "2", "limits.cpu": "40"})
    assert made == asked | {"services.nodeports": "2"}


def test_a_figure_that_is_an_amount_too_stays():
    request = "At most 40 pods and 40 cores in limits."
    assert counted(request, **{"pods": "40", "limits.cpu": "40"})["limits.cpu"] == "40"


def test_another_way_to_count_the_same_stays():
    assert counted("At most 5 secrets.", **{"count/secrets": "5"}) == {"count/secrets": "5"}


def test_a_quota_of_some_pods_or_one_of_several_is_left():
    some = quota(pods="3")
    some["spec"]["scopes"] = ["BestEffort"]
    assert [*count_by_words([some], "At most 10 pods.")] == []
    assert [*count_by_words([quota(), quota()], "At most 10 pods.")] == []


def test_what_is_counted_in_two_ways_is_open():
    assert counted("At most 10 pods, at most 20 pods.") == {}
