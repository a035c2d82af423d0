"""A cluster with the starter rules in force, which no other tests share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.guardrails.objects import EXEMPT, LAX, NAMESPACE, Object
from tiphys.adapters.cluster_local import LocalClusters, type_checks
from tiphys.adapters.kube_api import KubeApi
from tiphys.bootstrap import starter_rules
from tiphys.domain.errors import ApiRefusal
from tiphys.ports import ClusterApi, Lease
from tiphys.verify.guardrails import Guardrails, denied_by_policy, install

RULES = starter_rules()


def denial(api: ClusterApi, obj: Object, rules: Guardrails = RULES) -> str:
    """The policy's words for an object; "" if it is let in."""
    try:
        api.apply(obj, dry_run=True)
    except ApiRefusal as refusal:
        return denied_by_policy(refusal, obj, rules) or f"no policy, but: {refusal}"
    return ""


class Whoever(KubeApi):
    """The administrator in the name of somebody else, by default with all rights."""

    def __init__(self, kubeconfig: Path, user: str, group: str = "system:masters") -> None:
        super().__init__(kubeconfig)
        identity = {"Impersonate-User": user, "Impersonate-Group": group}
        headers = {**self._connection.headers, **identity}
        self._connection = dataclasses.replace(self._connection, headers=headers)

    def put(self, path: str, body: Mapping[str, Any]) -> Object:
        """Replace what a path leads to, such as a subresource, by a dry run."""
        return self._request("PUT", path, {"dryRun": "All"}, {**body})


@pytest.fixture(scope="package")
def guarded_lease(
    binaries: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lease]:
    clusters = LocalClusters(binaries, root=tmp_path_factory.mktemp("guarded") / "clusters")
    checker = binaries["kube-controller-manager"]
    with clusters.lease() as lease, type_checks(checker, lease.kubeconfig, root=clusters.root):
        yield lease


@pytest.fixture(scope="package")
def guarded(guarded_lease: Lease) -> Iterator[KubeApi]:
    with closing(KubeApi(guarded_lease.kubeconfig)) as api:
        install(RULES, api)
        restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
        spaces = {NAMESPACE: {}, LAX: {}, EXEMPT: restricted | {"tiphys.guardrails/exempt": "true"}}
        for name, labels in spaces.items():
            metadata = {"name": name, "labels": labels}
            api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
            account = {"name": "default", "namespace": name}
            api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
        yield api


@pytest.fixture
def administrator(guarded_lease: Lease) -> Iterator[Whoever]:
    with closing(Whoever(guarded_lease.kubeconfig, "an-administrator")) as api:
        yield api
