"""One pod template: what every pod of ours has in common, whatever its zone.

The templates are hera's, which only this module, `frame` and `workflows` import.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from hera.workflows import Container, RetryStrategy, SecretEnv
from hera.workflows import models as m

from tiphys.argo.names import (
    ACCOUNTS,
    EGRESS_LABEL,
    EXECUTOR,
    IMAGE,
    INDEX_CLAIM,
    USER,
    ZONE_LABEL,
    Egress,
    Zone,
)

WORK, TMP = "work", "tmp"
CACHE = "/opt/tiphys/cache"  # the image's TIPHYS_CACHE: its binaries, and room for what is kept

# Exit 1 is an answer about the subject and is never asked for again. 2 is "could not tell", -1 a
# pod that told nothing (deleted, evicted), 137 and 143 a container that was killed from outside.
RETRY = (
    'lastRetry.exitCode != "1" && (lastRetry.status == "Error" '
    '|| lastRetry.exitCode in ["-1", "2", "137", "143"])'
)


@dataclass(frozen=True, slots=True)
class Size:
    """What a container asks for and may use at most."""

    cpu: tuple[str, str]
    memory: tuple[str, str]
    storage: tuple[str, str]

    def resources(self) -> m.ResourceRequirements:
        """As the container says it."""
        return m.ResourceRequirements(requests=self._at(0), limits=self._at(1))

    def _at(self, place: int) -> dict[str, m.Quantity]:
        named = {"cpu": self.cpu, "memory": self.memory, "ephemeral-storage": self.storage}
        return {name: m.Quantity(root=pair[place]) for name, pair in named.items()}


SMALL = Size(("100m", "1"), ("256Mi", "1Gi"), ("64Mi", "1Gi"))
# Half of the time a control plane waits, so a node takes more of them than it has cores for.
WITH_CLUSTER = Size(("500m", "2"), ("1Gi", "3Gi"), ("256Mi", "4Gi"))
_EXECUTOR = Size(("20m", "500m"), ("64Mi", "256Mi"), ("16Mi", "256Mi"))

# Locked down alike in every container, the executor's included.
_LOCKED = m.SecurityContext(
    allow_privilege_escalation=False,
    capabilities=m.Capabilities(drop=["ALL"]),
    privileged=False,
    read_only_root_filesystem=True,
    run_as_non_root=True,
    run_as_user=USER,
    seccomp_profile=m.SeccompProfile(type="RuntimeDefault"),
)
POD_SECURITY = m.PodSecurityContext(
    fs_group=USER,
    run_as_group=USER,
    run_as_non_root=True,
    run_as_user=USER,
    seccomp_profile=m.SeccompProfile(type="RuntimeDefault"),
)
POD_VOLUMES = [
    m.Volume(name=TMP, empty_dir=m.EmptyDirVolumeSource(size_limit=m.Quantity(root="4Gi"))),
    m.Volume(
        name=INDEX_CLAIM,
        persistent_volume_claim=m.PersistentVolumeClaimVolumeSource(claim_name=INDEX_CLAIM),
    ),
]


def executor() -> m.ExecutorConfig:
    """Argo's own containers get a token by this account; it is mounted in no other container."""
    return m.ExecutorConfig(service_account_name=EXECUTOR)


def pod_spec_patch() -> str:
    """Argo's containers in each pod, held to the same rules as ours.

    The controller's settings may say the same; then this changes nothing.
    """
    locked = {
        "securityContext": _plain(_LOCKED),
        "resources": _plain(_EXECUTOR.resources()),
    }
    patch = {
        "enableServiceLinks": False,
        "initContainers": [{"name": "init", **locked}],
        "containers": [{"name": "wait", **locked}],
    }
    return json.dumps(patch, sort_keys=True)


def mount(path: str, sub_path: str = "", *, write: bool = False) -> m.VolumeMount:
    """A folder of the workflow's own volume, read-only unless told."""
    return m.VolumeMount(
        name=WORK, mount_path=path, sub_path=sub_path or None, read_only=None if write else True
    )


def scratch(folder: str) -> m.VolumeMount:
    """A folder of the image's cache that this pod may write to, and that is gone with it."""
    return m.VolumeMount(name=TMP, mount_path=f"{CACHE}/{folder}", sub_path=f"cache/{folder}")


def secret(variable: str, name: str, key: str, *, optional: bool = False) -> SecretEnv:
    """An environment variable out of a Secret that the installation holds."""
    return SecretEnv(
        name=variable, secret_name=name, secret_key=key, optional=True if optional else None
    )


def pod(
    name: str,
    args: Sequence[str],
    *,
    zone: Zone,
    minutes: int,
    egress: Egress = "none",
    size: Size = SMALL,
    mounts: Sequence[m.VolumeMount] = (),
    secrets: Sequence[SecretEnv] = (),
    inputs: Sequence[str] = (),
    retries: int = 2,
) -> Container:
    """A template for one pod that runs `tiphys` with `args`, each an argument of its own.

    `minutes` bound one attempt once it runs, and all attempts together take at most three times
    that, waiting for a node included.
    """
    return Container(
        name=name,
        image=IMAGE,
        image_pull_policy="IfNotPresent",
        command=["tiphys"],
        args=list(args),
        inputs=[m.Parameter(name=each) for each in inputs],
        env=[
            m.EnvVar(name="HOME", value="/tmp"),  # noqa: S108  # a folder of this pod alone
            *(each for each in secrets),
        ],
        volume_mounts=[m.VolumeMount(name=TMP, mount_path="/tmp"), *mounts],  # noqa: S108  # same
        resources=size.resources(),
        security_context=_LOCKED,
        service_account_name=ACCOUNTS[zone],
        automount_service_account_token=False,
        executor=executor(),
        labels={ZONE_LABEL: zone, EGRESS_LABEL: egress},
        active_deadline_seconds=minutes * 60,
        retry_strategy=RetryStrategy(
            limit=retries,
            retry_policy="Always",
            expression=RETRY,
            backoff=m.Backoff(
                duration="10s", factor=m.IntOrString(root=2), max_duration=f"{3 * minutes}m"
            ),
        ),
    )


def _plain(model: m.SecurityContext | m.ResourceRequirements) -> object:
    return model.model_dump(mode="json", exclude_none=True, by_alias=True)
