"""What a model writes beside what exists is the change of it, unless a new one was asked for."""

from __future__ import annotations

import pytest

from tiphys.propose.author.strangers import as_existing
from tiphys.propose.author.types import Task

THERE = "apiVersion: v1\nkind: Service\nmetadata: {name: playlist}\n"


def service(name):
    return {"kind": "Service", "metadata": {"name": name}}


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("The console of playlist should answer through its Service on 8081.", "playlist"),
        ("A second Service for the console, please.", "playlist-admin"),
        ("The console gets a Service on 8081.", "playlist-admin"),
        ("Service playlist-admin is for the console.", "playlist-admin"),
    ],
)
def test_the_only_one_of_its_kind_is_the_one_that_exists(request_, name):
    made = service("playlist-admin")
    list(as_existing(Task(request_, context=THERE), [made]))
    assert made["metadata"]["name"] == name


def test_of_several_nobody_knows_which():
    two = f"{THERE}---\n{THERE.replace('playlist', 'till')}"
    for context, made in ((two, [service("x")]), (THERE, [service("x"), service("y")])):
        assert not [*as_existing(Task("Change it.", context=context), made)]
