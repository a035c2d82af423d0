"""How long pods may take to stop."""

from __future__ import annotations

import copy

import pytest

from tiphys.propose.author.words.shutdown import end_in_time, go_in_time, stop_in_time

HOOK = {"preStop": {"exec": {"command": ["sleep", "300"]}}}


def pod(**box):
    return {"kind": "Pod", "spec": {"containers": [{"name": "web", **copy.deepcopy(box)}]}}


@pytest.mark.parametrize(
    "request_",
    [
        "When a pod is stopped it needs up to five minutes to write everything out.",
        "Give it a grace period of 300 seconds.",
        "It has 300s to shut down.",
    ],
)
def test_it_has_the_time_that_is_told_and_no_hook_that_guesses_at_it(request_):
    made = pod(lifecycle=HOOK)
    assert list(stop_in_time([made], request_))
    assert made["spec"] == {
        "containers": [{"name": "web"}],
        "terminationGracePeriodSeconds": 300,
    }


@pytest.mark.parametrize(
    "request_",
    [
        "Before a pod is stopped, sleep for 300 seconds.",
        "Give it a grace period of 300 seconds. Being stopped may take 20 seconds.",
        "A dead one gets a restart with 300 seconds of grace.",
        "It runs for 300 seconds.",
    ],
)
def test_what_is_not_clear_is_left(request_):
    made = pod(lifecycle=HOOK)
    assert not list(stop_in_time([made], request_))
    assert made == pod(lifecycle=HOOK)


def test_of_two_workloads_nobody_knows_which_is_meant():
    assert not list(stop_in_time([pod(), pod()], "Give it a grace period of 300 seconds."))


def cron_job(**pod):
    job = {"template": {"spec": {"containers": [], **pod}}}
    return {"kind": "CronJob", "spec": {"jobTemplate": {"spec": job}}}


@pytest.mark.parametrize(
    ("request_", "seconds"),
    [
        ("If a run is still going after 45 minutes, it should be killed.", 2700),
        ("Each run gets two hours at most from its start.", 7200),
        ("A run may take 20 minutes at most.", 1200),
        ("Kill it if it isn't through after half an hour.", 1800),
        ("Done within 6 hours or it is broken off.", 21600),
        (
            "Remove it 600 seconds after it ended; it is removed after 600 seconds when it ends.",
            None,
        ),
        ("Runs every 45 minutes; old runs are deleted after 2 hours.", None),
    ],
)
def test_a_run_ends_in_the_time_that_is_told(request_, seconds):
    made = cron_job()
    list(end_in_time(made, request_))
    assert made["spec"]["jobTemplate"]["spec"].get("activeDeadlineSeconds") == seconds


def test_a_deadline_of_the_pod_is_that_of_the_run_unless_pods_are_meant():
    made = cron_job(activeDeadlineSeconds=60)
    list(end_in_time(made, "It is over after a minute."))
    assert made["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 60
    assert "activeDeadlineSeconds" not in made["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    kept = cron_job(activeDeadlineSeconds=60)
    assert not list(end_in_time(kept, "Each pod may take a minute."))


def test_a_job_without_a_spec_breaks_nothing():
    assert not list(end_in_time({"kind": "Job", "spec": None}, "Done within 6 hours or never."))


@pytest.mark.parametrize(
    ("request_", "ttl"),
    [
        ("The finished Job should stay around for one day so that I can look.", 86400),
        ("Have it cleaned away an hour after it ended.", 3600),
        ("10 minutes after it has finished it should clean itself up.", 600),
        ("At most 20 minutes, and finished runs disappear by themselves after two days.", 172800),
        ("Kill it if it isn't done after an hour, and remove it.", None),
        ("Keep finished runs for an hour, or remove those that are done after a day.", None),
        ("It must be done within an hour.", None),
        ("Finished runs are kept.", None),
    ],
)
@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_a_finished_run_stays_as_long_as_it_is_told(request_, ttl, kind):
    spec = {"backoffLimit": 1}
    held = {"jobTemplate": {"spec": spec}} if kind == "CronJob" else spec
    assert bool([*go_in_time({"kind": kind, "spec": held}, request_)]) == bool(ttl)
    assert spec.get("ttlSecondsAfterFinished") == ttl


def test_a_deadline_that_was_a_guess_at_it_goes():
    kept = "The finished Job should stay around for one day."
    killed, named = f"{kept} Kill it after 24 hours.", f"{kept} The activeDeadline too."
    for request_, left in ((kept, []), (killed, [86400]), (named, [86400])):
        spec = {"activeDeadlineSeconds": 86400}
        assert [*go_in_time({"kind": "Job", "spec": spec}, request_)]
        assert [v for k, v in spec.items() if k == "activeDeadlineSeconds"] == left
