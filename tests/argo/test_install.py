"""What differs from cluster to cluster, and putting it on one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.argo import crds
from tests.argo.test_render import COMMITTED
from tiphys.adapters.kube_api import KubeApi
from tiphys.argo import names
from tiphys.argo.overlay import OPTIONAL, SECRETS, ApiServer, api_servers, lacking, overlay
from tiphys.argo.render import render
from tiphys.cli.argo import command
from tiphys.domain.errors import InvalidInput, Refused
from tiphys.ports import Lease

IMAGE = "registry.example/mine/tiphys:v9"
SERVER = ApiServer("10.1.2.3", 6443)


@pytest.mark.parametrize(
    ("text", "block"), [("10.1.2.3:6443", "10.1.2.3/32"), ("[fd00::1]:443", "fd00::1/128")]
)
def test_an_address_with_a_port(text: str, block: str) -> None:
    assert ApiServer.parse(text).block == block


@pytest.mark.parametrize("text", ["", "10.1.2.3", "api.example:6443", "10.1.2.3:0", "::1", "a:b"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"10\.0\.0\.1:6443"):
        ApiServer.parse(text)


def test_addresses_are_those_behind_the_service() -> None:
    two = {
        "ports": [{"port": 6443}],
        "endpoints": [{"addresses": ["10.1.2.4"]}, {"addresses": ["10.1.2.3"]}],
    }
    assert api_servers([two, {}, two]) == (SERVER, ApiServer("10.1.2.4", 6443))


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        (IMAGE, {"newName": "registry.example/mine/tiphys", "newTag": "v9"}),
        ("localhost:5000/t:1", {"newName": "localhost:5000/t", "newTag": "1"}),
        (f"a.example/t@sha256:{'0' * 64}", {"digest": f"sha256:{'0' * 64}"}),
    ],
)
def test_an_image_is_pinned(image: str, pinned: dict[str, str]) -> None:
    [found] = yaml.safe_load(overlay("../argo", image, [SERVER]))["images"]
    assert pinned.items() <= found.items()


@given(st.one_of(st.text(), st.sampled_from(["t", "t:latest", "a.example/t", "a.example/t:"])))
def test_anything_else_is_no_image(text: str) -> None:
    with pytest.raises(InvalidInput, match="no image to pin"):
        overlay("../argo", text, [SERVER])


def test_the_secrets_are_those_that_the_templates_read() -> None:
    read: dict[str, set[str]] = {}

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if ref := value.get("secretKeyRef"):
                read.setdefault(ref["name"], set()).add(ref["key"])
            for child in value.values():
                walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)

    for text in render().values():
        for document in yaml.safe_load_all(text):
            walk(document)

    assert read == {name: set(keys) for name, keys in SECRETS.items()}


def test_what_is_left_to_a_person_is_told_until_it_is_there() -> None:
    default = {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
    assert len(lacking([], [])) == len(SECRETS) + 1
    assert all("# optional" in line for line in lacking(set(SECRETS) - OPTIONAL, [default]))
    assert lacking(SECRETS, [default]) == []


@pytest.fixture
def site(own_cluster: tuple[Lease, KubeApi], tmp_path: Path, monkeypatch: Any) -> Path:
    monkeypatch.setenv("KUBECONFIG", str(own_cluster[0].kubeconfig))
    (tmp_path / "argo").symlink_to(COMMITTED)
    return tmp_path


def run(site: Path, *arguments: str) -> list[str]:
    done = CliRunner().invoke(
        command,
        ["install", "--base", str(site / "argo"), "--overlay", str(site / "site"), *arguments],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


@pytest.mark.cluster
def test_it_is_put_on_a_cluster_and_a_second_time_changes_nothing(
    site: Path, own_cluster: tuple[Lease, KubeApi]
) -> None:
    api = own_cluster[1]
    with pytest.raises(Refused, match="not installed"):
        run(site, "--image", IMAGE, "--api-server", "10.1.2.3:6443")
    crds.install(api)
    with pytest.raises(InvalidInput, match="--image"):
        run(site)

    told = run(site, "--image", IMAGE, "--api-server", "10.1.2.3:6443")

    assert "objects applied" in told[0]
    assert sum("kubectl create secret" in line for line in told) == len(SECRETS)
    template = api.get(crds.API, "WorkflowTemplate", names.VERIFY, names.NAMESPACE)
    assert template is not None
    images = {t["container"]["image"] for t in template["spec"]["templates"] if "container" in t}
    assert images == {IMAGE}
    policy = api.get(
        "networking.k8s.io/v1", "NetworkPolicy", "executor-to-api-server", names.NAMESPACE
    )
    assert policy is not None
    assert policy["spec"]["egress"][0]["to"] == [{"ipBlock": {"cidr": "10.1.2.3/32"}}]

    assert run(site) == told

    again = api.get(crds.API, "WorkflowTemplate", names.VERIFY, names.NAMESPACE)
    assert again is not None
    assert again["metadata"]["resourceVersion"] == template["metadata"]["resourceVersion"]
