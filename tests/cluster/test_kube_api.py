"""What only a real API server can show: validation, admission, discovery, errors."""

import base64
import contextlib
import json
import socket
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.cluster_fixtures import eventually
from tiphys.adapters import kube_api
from tiphys.adapters.kube_api import KubeApi
from tiphys.domain.errors import ApiRefusal, InvalidInput, NotFound, Unavailable
from tiphys.testing.conformance.cluster import config_map

on_cluster = pytest.mark.cluster


def kubeconfig(folder, server="https://127.0.0.1:1", user=None, cluster=None):
    path = folder / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "c", "cluster": {"server": server, **(cluster or {})}}],
                "users": [{"name": "u", "user": user or {}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    return path


def widget_definition(group):
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {
                                    "type": "object",
                                    "properties": {"size": {"type": "integer"}},
                                }
                            },
                        }
                    },
                }
            ],
        },
    }


@on_cluster
@pytest.mark.parametrize("verb", ["apply", "create", "patch", "update"])
def test_an_unknown_field_is_refused_by_name(api, namespace, verb):
    if verb in ("patch", "update"):
        api.create(config_map(namespace))
    with pytest.raises(ApiRefusal, match="dta"):
        getattr(api, verb)(config_map(namespace, dta={"a": "1"}))


@on_cluster
def test_a_wrong_type_is_refused(api, namespace):
    with pytest.raises(ApiRefusal, match="data"):
        api.apply(config_map(namespace, data="text"))


@on_cluster
def test_a_rule_broken_is_told_in_the_servers_words(api, namespace):
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"ports": [{"port": 70000}]},
    }
    with pytest.raises(ApiRefusal, match=r"spec\.ports\[0\]\.port") as refused:
        api.apply(service, dry_run=True)
    assert (refused.value.status, refused.value.reason) == (422, "Invalid")
    assert "\n" not in str(refused.value)


@on_cluster
def test_pod_security_is_enforced(api, namespace):
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.patch(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace, "labels": label},
        }
    )
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one", "namespace": namespace},
        "spec": {"containers": [{"name": "c", "image": "registry.example/c:1"}]},
    }
    with pytest.raises(ApiRefusal, match="violates PodSecurity") as refused:
        api.apply(pod)
    assert (refused.value.status, refused.value.reason) == (403, "Forbidden")


@on_cluster
def test_a_kind_that_just_arrived_and_left_is_noticed(api, namespace):
    group = f"{namespace}.example"
    definition = widget_definition(group)
    widget = {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "metadata": {"name": "one", "namespace": namespace},
        "spec": {"size": 1},
    }
    with pytest.raises(ApiRefusal) as refused:
        api.apply(widget)
    assert refused.value.reason == "UnknownKind"

    api.apply(definition)

    def served():
        with contextlib.suppress(ApiRefusal):
            return api.namespaced(widget["apiVersion"], "Widget")

    eventually(served)
    assert api.apply(widget)["spec"] == {"size": 1}
    assert api.update({**widget, "spec": {"size": 2}})["spec"] == {"size": 2}

    api.delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"widgets.{group}")

    def unknown():
        try:
            api.get(f"{group}/v1", "Widget", "one", namespace)
        except ApiRefusal as refusal:
            return refusal.reason == "UnknownKind"
        return False

    assert eventually(unknown)


@on_cluster
def test_a_long_list_comes_in_pages(api, namespace, monkeypatch):
    for number in range(5):
        api.create(config_map(namespace, f"page-{number}", labels={"paged": "yes"}))
    monkeypatch.setattr(kube_api, "_PAGE", 2)
    found = api.list("v1", "ConfigMap", namespace, {"paged": "yes"})
    assert [each["metadata"]["name"] for each in found] == [f"page-{n}" for n in range(5)]


@on_cluster
def test_names_with_colons_and_managers(api, namespace):
    name = f"{namespace}:reader"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [],
    }
    live = api.apply(role, manager="somebody")
    assert live["metadata"]["managedFields"][0]["manager"] == "somebody"
    assert api.delete(role["apiVersion"], "ClusterRole", name)


@on_cluster
def test_threads_share_one_api(api, namespace):
    def write(number):
        return api.apply(config_map(namespace, f"thread-{number}", data={"n": str(number)}))

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(write, range(24)))
    assert [each["data"]["n"] for each in made] == [str(n) for n in range(24)]


def test_nothing_that_answers_is_unavailable(tmp_path):
    api = KubeApi(kubeconfig(tmp_path))
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 does not answer"):
        api.version()
    assert api.ready() is False


def test_a_server_that_hangs_is_unavailable_in_time(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        api = KubeApi(kubeconfig(tmp_path, f"http://127.0.0.1:{port}"), timeout=0.1)
        with pytest.raises(Unavailable):
            api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}})


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, {"message": "slow down", "reason": "TooManyRequests"}, Unavailable),
        (500, {"message": "etcd is gone", "reason": "InternalError"}, Unavailable),
        (503, "not json", Unavailable),
        (302, "", Unavailable),
        (200, "not json", Unavailable),
        (401, {"message": "Unauthorized", "reason": "Unauthorized"}, ApiRefusal),
        (403, {"message": "not for\nyou", "reason": "Forbidden"}, ApiRefusal),
    ],
)
def test_each_answer_is_blamed_on_the_right_side(tmp_path, status, body, error):
    text = body if isinstance(body, str) else json.dumps(body)
    reply = (
        f"HTTP/1.1 {status} X\r\nLocation: /version\r\nContent-Length: {len(text)}\r\n"
        f"Connection: close\r\n\r\n{text}"
    )

    def serve(server):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(reply.encode())

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        port = server.getsockname()[1]
        with pytest.raises(error) as raised:
            KubeApi(kubeconfig(tmp_path, f"http://127.0.0.1:{port}"), timeout=5).version()
        thread.join()
    assert raised.type is error
    assert "\n" not in str(raised.value)
    if isinstance(body, dict):
        assert " ".join(body["message"].split()) in str(raised.value)


@given(name=st.text(min_size=1), namespace=st.text(min_size=1))
def test_no_name_leaves_its_place_in_the_path(name, namespace):
    resource = kube_api._Resource("/api/v1", "pods", namespaced=True)
    try:
        path = kube_api._path(resource, namespace, name)
    except InvalidInput:
        return
    parts = path.split("/")
    assert parts[:4] == ["", "api", "v1", "namespaces"]
    assert parts[5] == "pods"
    assert len(parts) == 7
    assert parts[6].strip(".")
    assert not set(path) & set("?#\\ \n%") - {"%"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "a: 1", "current-context: x", "clusters: 1\ncurrent-context: x\ncontexts: []"],
)
def test_a_broken_kubeconfig_is_one_line(tmp_path, text):
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(InvalidInput, match="kubeconfig"):
        KubeApi(path)


@pytest.mark.parametrize(
    ("user", "cluster"),
    [
        ({}, {"certificate-authority-data": "%%%"}),
        ({}, {"certificate-authority-data": base64.b64encode(b"no pem").decode()}),
        ({}, {"certificate-authority": "missing.crt"}),
        ({"tokenFile": "missing"}, {}),
        ({"client-certificate-data": "YQ==", "client-key-data": "YQ=="}, {}),
    ],
)
def test_unusable_credentials_are_one_line(tmp_path, user, cluster):
    with pytest.raises(InvalidInput, match="cannot be used"):
        KubeApi(kubeconfig(tmp_path, user=user, cluster=cluster))


def test_a_missing_kubeconfig_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="no kubeconfig at"):
        KubeApi(tmp_path / "nowhere")


def test_credentials_of_every_sort_reach_the_header(tmp_path):
    (tmp_path / "token").write_text("from-file\n")
    plugin = tmp_path / "plugin"
    status = {"token": "from-plugin"}
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": status,
    }
    plugin.write_text(f"#!/bin/sh\necho '{json.dumps(credential)}'\n")
    plugin.chmod(stat.S_IRWXU)
    execute = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(plugin),
        "interactiveMode": "Never",
    }

    def header(user):
        api = KubeApi(kubeconfig(tmp_path, user=user))
        return api._connection.headers.get("Authorization")

    assert header({}) is None
    assert header({"token": "plain"}) == "Bearer plain"
    assert header({"tokenFile": "token"}) == "Bearer from-file"
    assert header({"username": "a", "password": "b"}) == "Basic YTpi"
    assert header({"exec": execute}) == "Bearer from-plugin"


@pytest.mark.cluster
def test_a_secret_that_is_no_base64_is_refused_and_blames_the_object(api, namespace):
    metadata = {"name": "odd", "namespace": namespace}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "x!"}}
    with pytest.raises(ApiRefusal, match="base64"):
        api.apply(secret, dry_run=True)
