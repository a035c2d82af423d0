"""Wiring of `tiphys argo install`: the rendered folder and an overlay, on the current cluster."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tiphys.bootstrap.pods import kubeconfig
from tiphys.domain.errors import ApiRefusal, InvalidInput, NotFound, Refused, Unavailable

if TYPE_CHECKING:
    from tiphys.adapters.kube_api import KubeApi
    from tiphys.argo.overlay import ApiServer
    from tiphys.context import Progress
    from tiphys.ports import Object

_ARGO = "argoproj.io/v1alpha1"
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Installed:
    """How many objects were applied, and what is left to a person, a line each."""

    objects: int
    lacking: Sequence[str]


def install(
    base: Path, folder: Path, *, image: str, api_server: str, dry_run: bool, progress: Progress
) -> Installed:
    """Write the overlay `folder` over the rendered `base`, and apply what kustomize makes of it.

    An overlay that is there already is applied as it stands, unless `image` is given. InvalidInput,
    NotFound, Refused, Unavailable.
    """
    from tiphys.adapters.kube_api import KubeApi
    from tiphys.argo.overlay import in_order, lacking

    if not (base / "kustomization.yaml").is_file():
        raise NotFound(f"{base} holds no rendered templates; run `tiphys argo render --to {base}`")
    with closing(KubeApi(kubeconfig())) as api:
        _check_argo(api)
        file = folder / "kustomization.yaml"
        if image:
            _write(file, base, image, _servers(api, api_server))
            progress(f"wrote {file}")
        elif not file.is_file():
            raise InvalidInput(f"there is no {file} yet: give --image, and it is written")
        objects = in_order(_built(folder))
        for each in objects:
            progress(f"{each['kind']}/{each['metadata']['name']}")
            # What lives in a namespace is refused, even by a dry run, until the namespace is there.
            api.apply(each, dry_run=dry_run and each["kind"] != "Namespace")
        namespace = next(o["metadata"]["name"] for o in objects if o["kind"] == "Namespace")
        secrets = [each["metadata"]["name"] for each in api.list("v1", "Secret", namespace)]
        classes = api.list("storage.k8s.io/v1", "StorageClass")
        return Installed(len(objects), lacking(secrets, classes))


def _check_argo(api: KubeApi) -> None:
    for kind in ("WorkflowTemplate", "CronWorkflow"):
        try:
            api.namespaced(_ARGO, kind)
        except ApiRefusal:
            raise Refused(
                "Argo Workflows is not installed on this cluster; install its release first"
            ) from None


def _servers(api: KubeApi, given: str) -> Sequence[ApiServer]:
    from tiphys.argo.overlay import ApiServer, api_servers

    if given:
        return [ApiServer.parse(given)]
    labels = {"kubernetes.io/service-name": "kubernetes"}
    return api_servers(api.list("discovery.k8s.io/v1", "EndpointSlice", "default", labels))


def _write(file: Path, base: Path, image: str, servers: Sequence[ApiServer]) -> None:
    from tiphys.argo.overlay import overlay

    relative = os.path.relpath(base.resolve(), file.parent.resolve())
    text = overlay(Path(relative).as_posix(), image, servers)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def _built(folder: Path) -> list[Object]:
    import yaml

    from tiphys.toolchain import locate

    # The base's list of image fields lies outside of the overlay's folder.
    kubectl = str(locate("kubectl"))
    command = [kubectl, "kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"kustomize did not end within {_SECONDS:.0f} s; try again") from None
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise InvalidInput(f"kustomize refuses {folder}: {said[:300]}")
    return [each for each in yaml.safe_load_all(done.stdout) if each]
