"""What a model's new version of existing objects may change."""

import copy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tiphys.propose.rewritten import rewrite_objects

OLD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: foundry
  namespace: works
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: cast
          image: registry.example/cast:2.8
          resources:
            requests: {memory: 200Mi} # measured
            limits: {memory: 256Mi}
"""


def old():
    return yaml.safe_load(OLD)


def limit(obj):
    return obj["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]


def rewritten(request, change):
    new = old()
    change(new)
    [found] = rewrite_objects(request, OLD, [new])
    return found


def forget_the_request(obj):
    resources = obj["spec"]["template"]["spec"]["containers"][0]["resources"]
    resources.pop("requests")
    resources["limits"]["memory"] = "512Mi"


@pytest.mark.parametrize(
    "request_", ["make the memory limit half a gig", "The memory limit is 512Mi from now on."]
)
def test_what_was_forgotten_comes_back_and_what_was_asked_for_stays(request_):
    found = rewritten(request_, forget_the_request)

    expected = old()
    expected["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "512Mi"
    assert found == expected


@pytest.mark.parametrize(
    ("request_", "replicas", "counts"),
    [
        ("scale it to five", 5, True),
        ("double the replicas", 6, True),
        ("one more replica", 4, True),
        ("a new image, registry.example/cast:2.9", 7, False),
    ],
)
def test_a_number_counts_where_the_request_speaks_of_it(request_, replicas, counts):
    found = rewritten(request_, lambda obj: obj["spec"].update(replicas=replicas))

    assert found["spec"]["replicas"] == (replicas if counts else 3)


def test_what_is_to_go_goes():
    found = rewritten("remove the replicas field", lambda obj: obj["spec"].pop("replicas"))

    assert "replicas" not in found["spec"]


def test_a_new_object_is_not_touched():
    new = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "foundry"}, "spec": {"x": 1}}

    found = rewrite_objects("a service for it", OLD, [copy.deepcopy(new), old()])

    assert found == [new, old()]


@given(st.text(), st.text())
def test_any_context_and_any_request_leave_objects(request_, context):
    assert rewrite_objects(request_, context, [old()]) == [old()]
