"""Nothing that is put into a cluster makes its API server talk to anybody else."""

import socket

import pytest

from tests.cluster_fixtures import eventually
from tiphys.domain.errors import TiphysError

ADMISSION = "admissionregistration.k8s.io/v1"


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        yield server


def webhook(name, port, namespace):
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
    }
    hook = {
        "name": "spy.example.com",
        "clientConfig": {"url": f"https://127.0.0.1:{port}/"},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 2,
    }
    kind = "ValidatingWebhookConfiguration"
    return {"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": name}, "webhooks": [hook]}


@pytest.mark.cluster
def test_a_webhook_reaches_nobody(api, namespace, listener):
    name = f"spy-{namespace}"
    api.apply(webhook(name, listener.getsockname()[1], namespace))
    metadata = {"name": "bait", "namespace": namespace}
    bait = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}

    def called():
        try:
            api.apply(bait)
            api.delete("v1", "ConfigMap", "bait", namespace)
        except TiphysError as error:
            return "failed calling webhook" in str(error)
        return False

    try:
        assert eventually(called)
        with pytest.raises(TimeoutError):
            listener.accept()
    finally:
        api.delete(ADMISSION, "ValidatingWebhookConfiguration", name)
