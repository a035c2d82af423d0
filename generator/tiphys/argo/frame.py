"""What every workflow has in common: its volume, its end, its limits, and how pods follow pods.

Pods share one volume. `in` holds what was fetched and is read-only to whoever looks at it;
`evidence/<part>` is the only place where a part can write, and no other part sees it.
"""

from __future__ import annotations

from collections.abc import Sequence

from hera.workflows import DAG, Container, Task, WorkflowTemplate
from hera.workflows import models as m

from tiphys.argo import names
from tiphys.argo.pods import (
    POD_SECURITY,
    POD_VOLUMES,
    WORK,
    executor,
    mount,
    pod,
    pod_spec_patch,
    secret,
)

HOUR = 3600
_READ = [
    secret("TIPHYS_REMOTE", "tiphys-forge-read", "url"),
    secret("TIPHYS_FORGE_TOKEN", "tiphys-forge-read", "token", optional=True),
]
_ENDS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted")


def frame(name: str, *, minutes: int, parameters: Sequence[str] = ()) -> WorkflowTemplate:
    """A workflow without templates yet, over after `minutes` at the latest."""
    return WorkflowTemplate(
        name=name,
        namespace=names.NAMESPACE,
        arguments=[m.Parameter(name=each) for each in parameters],
        active_deadline_seconds=minutes * 60,
        service_account_name=names.ACCOUNTS["verify"],
        automount_service_account_token=False,
        executor=executor(),
        security_context=POD_SECURITY,
        pod_spec_patch=pod_spec_patch(),
        # A part that failed keeps its pod, and so its log, as long as its workflow.
        pod_gc=m.PodGC(strategy="OnPodSuccess", delete_delay_duration="600s"),
        ttl_strategy=m.TTLStrategy(seconds_after_success=2 * HOUR, seconds_after_failure=72 * HOUR),
        volumes=POD_VOLUMES,
        volume_claim_gc=m.VolumeClaimGC(strategy="OnWorkflowCompletion"),
        volume_claim_templates=[_claim()],
        affinity=_together(),
        archive_logs=False,
    )


def _claim() -> m.PersistentVolumeClaim:
    """The workflow's own volume, of the cluster's default class, gone with the workflow."""
    return m.PersistentVolumeClaim(
        metadata=m.ObjectMeta(name=WORK),
        spec=m.PersistentVolumeClaimSpec(
            access_modes=["ReadWriteOnce"],
            resources=m.VolumeResourceRequirements(requests={"storage": m.Quantity(root="2Gi")}),
        ),
    )


def _together() -> m.Affinity:
    """Pods of one workflow on one node: the volume can be attached to one at a time."""
    return m.Affinity(
        pod_affinity=m.PodAffinity(
            required_during_scheduling_ignored_during_execution=[
                m.PodAffinityTerm(
                    label_selector=m.LabelSelector(
                        match_labels={names.WORKFLOW_LABEL: "{{workflow.name}}"}
                    ),
                    topology_key="kubernetes.io/hostname",
                )
            ]
        )
    )


def settled(task: str) -> str:
    """That a task is over, however it ended."""
    return "(" + " || ".join(f"{task}.{end}" for end in _ENDS) + ")"


def task_of(template: Container, depends: str | None = None) -> Task:
    """A task of the DAG that is being written, called as its template."""
    return Task(name=str(template.name), template=str(template.name), depends=depends)


def in_line(workflow: WorkflowTemplate, pods: Sequence[Container]) -> None:
    """One pod after the other."""
    workflow.entrypoint = "all"
    workflow.templates = list(pods)
    before: str | None = None
    with DAG(name="all"):
        for each in pods:
            task_of(each, depends=before)
            before = str(each.name)


def fetching(which: Sequence[str]) -> Container:
    """The commits that are looked at, and no others, by their ids; where evidence will go, too."""
    return pod(
        "fetch",
        ["argo", "fetch", "--to", "/work", *which],
        zone="fetch",
        egress="outside",
        minutes=10,
        mounts=[mount("/work", write=True)],
        secrets=_READ,
    )
