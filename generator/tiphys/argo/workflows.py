"""The workflows: which pods, in which order, and which of them sees what.

Pods share one volume. `in` holds what was fetched and is read-only to whoever looks at it;
`evidence/<part>` is the only place where a part can write, and no other part sees it.
"""

from __future__ import annotations

from collections.abc import Sequence

from hera.workflows import DAG, Container, CronWorkflow, SecretEnv, Task, WorkflowTemplate
from hera.workflows import models as m

from tiphys.argo import names
from tiphys.argo.parts import OBJECTIONS, Part, parts
from tiphys.argo.pods import (
    CACHE,
    POD_SECURITY,
    POD_VOLUMES,
    SMALL,
    WITH_CLUSTER,
    WORK,
    executor,
    mount,
    pod,
    pod_spec_patch,
    scratch,
    secret,
)
from tiphys.verify.plan import Plan

_HOUR = 3600
_READ = [
    secret("TIPHYS_REMOTE", "tiphys-forge-read", "url"),
    secret("TIPHYS_FORGE_TOKEN", "tiphys-forge-read", "token", optional=True),
]
_MODEL = [
    secret("OPENAI_BASE_URL", "tiphys-model", "base-url", optional=True),
    secret("OPENAI_API_KEY", "tiphys-model", "api-key", optional=True),
]
_WHICH = ["--head", "{{workflow.parameters.head}}", "--base", "{{workflow.parameters.base}}"]
_PULL = ["--", "{{workflow.parameters.pull}}"]
_ENDS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted")


def verify_proposal(plan: Plan, minors: Sequence[str]) -> WorkflowTemplate:
    """A verdict on one pull request's head, posted whatever happens to the checks.

    `report` waits for everything and decides on what was left, so the workflow succeeds when a
    verdict is posted, whichever. If it does not (a deadline, a volume that never came, a forge that
    did not answer) the exit handler says so, with nothing to wait for.
    """
    fetch = _fetch([*_WHICH, *_PULL])
    shares = {part.name: _share(part) for part in parts(plan)}
    critic = _critic()
    report = _report("report", [mount("/work/evidence", "evidence")])
    without = _report("report-without-evidence", [])
    with _workflow(names.VERIFY, minutes=90, parameters=("pull", "head", "base")) as workflow:
        workflow.entrypoint, workflow.on_exit = "checks", "conclude"
        workflow.parallelism = 4
        # Two workflows on one head would do the same work twice, and post side by side.
        workflow.synchronization = m.Synchronization(
            mutexes=[m.Mutex(name="verify-{{workflow.parameters.head}}")]
        )
        workflow.workflow_metadata = m.WorkflowMetadata(
            labels_from={names.HEAD_LABEL: m.LabelValueFrom(expression="workflow.parameters.head")}
        )
        workflow.templates = [fetch, *shares.values(), critic, report, without]
        with DAG(name="checks"):
            _task(fetch)
            for part in parts(plan):
                task = _task(shares[part.name], " && ".join(part.after or (str(fetch.name),)))
                if part.per_minor:
                    task.with_items = list(minors)
                    task.arguments = [m.Parameter(name="minor", value="{{item}}")]
            _task(critic, " && ".join(shares))
            waited_for = (str(fetch.name), *shares, str(critic.name))
            _task(report, " && ".join(map(_settled, waited_for)))
        with DAG(name="conclude"):
            _task(without).when = "{{workflow.status}} != Succeeded"
    return workflow


def handle_request() -> WorkflowTemplate:
    """One issue becomes a pull request, or a question on it.

    Whoever talks to the model has no credential of the forge, and whoever sends has no model's.
    """
    fetch = _fetch([])
    propose = pod(
        "propose",
        ["-C", "/work/in", "work", "--once", "--", "{{workflow.parameters.issue}}"],
        zone="propose",
        egress="outside",
        minutes=45,
        size=WITH_CLUSTER,
        # An index of its own: what reads strangers' text writes nothing that others will trust.
        mounts=[mount("/work/in", "in", write=True), scratch("index"), scratch("runs")],
        secrets=_MODEL,
        retries=1,
    )
    send = pod(
        "send",
        ["-C", "/work/in", "argo", "send"],
        zone="propose",
        egress="outside",
        minutes=10,
        mounts=[mount("/work/in", "in", write=True)],
        secrets=_forge("propose"),
    )
    with _workflow(names.REQUEST, minutes=90, parameters=("issue",)) as workflow:
        workflow.synchronization = m.Synchronization(
            mutexes=[m.Mutex(name="request-{{workflow.parameters.issue}}")]
        )
        _in_line(workflow, [fetch, propose, send])
    return workflow


def reindex() -> WorkflowTemplate:
    """The search index follows the target branch."""
    index = pod(
        "index",
        ["-C", "/work/in", "index"],
        zone="remember",
        minutes=20,
        mounts=[
            mount("/work/in", "in"),
            m.VolumeMount(name=names.INDEX_CLAIM, mount_path=f"{CACHE}/index"),
        ],
    )
    with _workflow(names.REINDEX, minutes=40) as workflow:
        workflow.synchronization = m.Synchronization(mutexes=[m.Mutex(name=names.REINDEX)])
        _in_line(workflow, [_fetch([]), index])
    return workflow


def reverify() -> WorkflowTemplate:
    """Merged skills are looked at again. What the last pod runs is a stub that says so."""
    again = pod(
        "reverify",
        ["-C", "/work/in", "argo", "later", "reverify"],
        zone="remember",
        minutes=120,
        size=WITH_CLUSTER,
        mounts=[mount("/work/in", "in"), mount("/work/out", "evidence/reverify", write=True)],
    )
    with _workflow(names.REVERIFY, minutes=180) as workflow:
        _in_line(workflow, [_fetch([]), again])
    return workflow


def curriculum() -> WorkflowTemplate:
    """Exercises that Tiphys sets itself. What it runs is a stub that says so."""
    learn = pod("curriculum", ["argo", "later", "curriculum"], zone="propose", minutes=10)
    with _workflow(names.CURRICULUM, minutes=20) as workflow:
        _in_line(workflow, [learn])
    return workflow


def scheduled(name: str, schedule: str) -> CronWorkflow:
    """Runs the WorkflowTemplate of the same name, never two at a time; times are UTC.

    Suspended, as what they run is not written yet.
    """
    return CronWorkflow(
        name=name,
        namespace=names.NAMESPACE,
        schedules=[schedule],
        timezone="Etc/UTC",
        concurrency_policy="Forbid",
        starting_deadline_seconds=_HOUR,
        successful_jobs_history_limit=1,
        failed_jobs_history_limit=3,
        cron_suspend=True,
        workflow_template_ref=m.WorkflowTemplateRef(name=name),
    )


def _workflow(name: str, *, minutes: int, parameters: Sequence[str] = ()) -> WorkflowTemplate:
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
        ttl_strategy=m.TTLStrategy(
            seconds_after_success=2 * _HOUR, seconds_after_failure=72 * _HOUR
        ),
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


def _settled(task: str) -> str:
    """That a task is over, however it ended."""
    return "(" + " || ".join(f"{task}.{end}" for end in _ENDS) + ")"


def _task(template: Container, depends: str | None = None) -> Task:
    return Task(name=str(template.name), template=str(template.name), depends=depends)


def _in_line(workflow: WorkflowTemplate, pods: Sequence[Container]) -> None:
    """One pod after the other."""
    workflow.entrypoint = "all"
    workflow.templates = list(pods)
    before: str | None = None
    with DAG(name="all"):
        for each in pods:
            _task(each, depends=before)
            before = str(each.name)


def _fetch(which: Sequence[str]) -> Container:
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


def _share(part: Part) -> Container:
    minor = ["--minor", "{{inputs.parameters.minor}}"] if part.per_minor else []
    return pod(
        part.name,
        ["verify", "--from", "/work/in", "--part", part.name, *minor, *_WHICH,
         "--evidence-to", "/work/out", *_PULL],
        zone="verify",
        minutes=30 if part.needs_cluster else 10,
        size=WITH_CLUSTER if part.needs_cluster else SMALL,
        mounts=[
            mount("/work/in", "in"),
            mount("/work/out", f"evidence/{part.name}", write=True),
        ],
        inputs=["minor"] if part.per_minor else [],
    )  # fmt: skip


def _critic() -> Container:
    """Where all else passed a model may object, if one is configured; it holds no credential."""
    return pod(
        OBJECTIONS.name,
        ["verify", "--from", "/work/in", "--part", OBJECTIONS.name, *_WHICH,
         "--evidence-to", "/work/out", *_PULL],
        zone="critic",
        egress="outside",
        minutes=15,
        size=WITH_CLUSTER,
        mounts=[
            mount("/work/in", "in"),
            mount("/work/out", f"evidence/{OBJECTIONS.name}", write=True),
        ],
        secrets=_MODEL,
        retries=1,
    )  # fmt: skip


def _report(name: str, mounts: Sequence[m.VolumeMount]) -> Container:
    """Decides, signs and posts. It reads evidence, and nothing of what was proposed."""
    return pod(
        name,
        ["argo", "report", "--evidence", "/work/evidence", *_WHICH, *_PULL],
        zone="report",
        egress="outside",
        minutes=10,
        mounts=mounts,
        secrets=[
            *_forge("report"),
            secret("TIPHYS_SIGNING_KEY", "tiphys-signing", "key", optional=True),
        ],
        retries=4,
    )


def _forge(who: str) -> list[SecretEnv]:
    name = f"tiphys-forge-{who}"
    return [secret("TIPHYS_REMOTE", name, "url"), secret("TIPHYS_FORGE_TOKEN", name, "token")]
