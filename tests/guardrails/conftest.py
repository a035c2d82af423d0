"""A cluster with the starter rules in force, which no other tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.guardrails.objects import NAMESPACE
from tiphys.adapters.cluster_local import LocalClusters
from tiphys.adapters.kube_api import KubeApi
from tiphys.bootstrap import starter_rules
from tiphys.ports import Lease
from tiphys.verify.guardrails import install


@pytest.fixture(scope="package")
def guarded_lease(
    binaries: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lease]:
    clusters = LocalClusters(binaries, root=tmp_path_factory.mktemp("guarded") / "clusters")
    with clusters.lease() as lease:
        yield lease


@pytest.fixture(scope="package")
def guarded(guarded_lease: Lease) -> Iterator[KubeApi]:
    with closing(KubeApi(guarded_lease.kubeconfig)) as api:
        install(starter_rules(), api)
        for name in (NAMESPACE, "exempted"):
            labels = {"tiphys.guardrails/exempt": "true"} if name == "exempted" else {}
            metadata = {"name": name, "labels": labels}
            api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
            account = {"name": "default", "namespace": name}
            api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
        yield api
