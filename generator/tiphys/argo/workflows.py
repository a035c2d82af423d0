"""The workflows: which pods, in which order, and which of them sees what."""

from __future__ import annotations

from collections.abc import Sequence

from hera.workflows import DAG, Container, CronWorkflow, SecretEnv, WorkflowTemplate
from hera.workflows import models as m

from tiphys.argo import names
from tiphys.argo.frame import HOUR, fetching, frame, in_line, settled, task_of
from tiphys.argo.parts import OBJECTIONS, Part, parts
from tiphys.argo.pods import CACHE, SMALL, WITH_CLUSTER, mount, pod, scratch, secret
from tiphys.verify.plan import Plan

_MODEL = [
    secret("OPENAI_BASE_URL", "tiphys-model", "base-url", optional=True),
    secret("OPENAI_API_KEY", "tiphys-model", "api-key", optional=True),
]
_WHICH = ["--head", "{{workflow.parameters.head}}", "--base", "{{workflow.parameters.base}}"]
_PULL = ["--", "{{workflow.parameters.pull}}"]


def verify_proposal(plan: Plan, minors: Sequence[str]) -> WorkflowTemplate:
    """A verdict on one pull request's head, posted whatever happens to the checks.

    `report` waits for everything and decides on what was left, so the workflow succeeds when a
    verdict is posted, whichever. If it does not (a deadline, a volume that never came, a forge that
    did not answer) the exit handler says so, with nothing to wait for.
    """
    fetch = fetching([*_WHICH, *_PULL])
    shares = {part.name: _share(part) for part in parts(plan)}
    critic = _critic()
    report = _report("report", [mount("/work/evidence", "evidence")])
    without = _report("report-without-evidence", [])
    with frame(names.VERIFY, minutes=90, parameters=("pull", "head", "base")) as workflow:
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
            task_of(fetch)
            for part in parts(plan):
                task = task_of(shares[part.name], " && ".join(part.after or (str(fetch.name),)))
                if part.per_minor:
                    task.with_items = list(minors)
                    task.arguments = [m.Parameter(name="minor", value="{{item}}")]
            task_of(critic, " && ".join(shares))
            waited_for = (str(fetch.name), *shares, str(critic.name))
            task_of(report, " && ".join(map(settled, waited_for)))
        with DAG(name="conclude"):
            task_of(without).when = "{{workflow.status}} != Succeeded"
    return workflow


def handle_request() -> WorkflowTemplate:
    """One issue becomes a pull request, or a question on it.

    Whoever talks to the model has no credential of the forge, and whoever sends has no model's.
    What it says in the bot's name is signed with a key that signs no verdict that counts.
    """
    fetch = fetching([])
    propose = pod(
        "propose",
        ["-C", "/work/in", "work", "--once", "--", "{{workflow.parameters.issue}}"],
        zone="propose",
        egress="outside",
        minutes=45,
        size=WITH_CLUSTER,
        # An index of its own: what reads strangers' text writes nothing that others will trust.
        mounts=[mount("/work/in", "in", write=True), scratch("index"), scratch("runs")],
        secrets=[*_MODEL, _key("tiphys-voice")],
        retries=1,
    )
    send = pod(
        "send",
        ["argo", "send", "--from", "/work/in"],
        zone="propose",
        egress="outside",
        minutes=10,
        mounts=[mount("/work/in", "in", write=True)],
        secrets=_forge("propose"),
    )
    with frame(names.REQUEST, minutes=90, parameters=("issue",)) as workflow:
        workflow.synchronization = m.Synchronization(
            mutexes=[m.Mutex(name="request-{{workflow.parameters.issue}}")]
        )
        in_line(workflow, [fetch, propose, send])
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
    with frame(names.REINDEX, minutes=40) as workflow:
        workflow.synchronization = m.Synchronization(mutexes=[m.Mutex(name=names.REINDEX)])
        in_line(workflow, [fetching([]), index])
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
    with frame(names.REVERIFY, minutes=180) as workflow:
        in_line(workflow, [fetching([]), again])
    return workflow


def curriculum() -> WorkflowTemplate:
    """Exercises that Tiphys sets itself. What it runs is a stub that says so."""
    learn = pod("curriculum", ["argo", "later", "curriculum"], zone="propose", minutes=10)
    with frame(names.CURRICULUM, minutes=20) as workflow:
        in_line(workflow, [learn])
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
        starting_deadline_seconds=HOUR,
        successful_jobs_history_limit=1,
        failed_jobs_history_limit=3,
        cron_suspend=True,
        workflow_template_ref=m.WorkflowTemplateRef(name=name),
    )


def _share(part: Part) -> Container:
    minor = ["--minor", "{{inputs.parameters.minor}}"] if part.per_minor else []
    return pod(
        part.name,
        ["argo", "check", "--from", "/work/in", "--to", "/work/out", "--part", part.name, *minor,
         *_WHICH, *_PULL],
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
        ["argo", "check", "--from", "/work/in", "--to", "/work/out", "--part", OBJECTIONS.name,
         *_WHICH, *_PULL],
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
            _key("tiphys-signing"),
        ],
        retries=4,
    )


def _key(name: str) -> SecretEnv:
    return secret("TIPHYS_SIGNING_KEY", name, "key", optional=True)


def _forge(who: str) -> list[SecretEnv]:
    name = f"tiphys-forge-{who}"
    return [secret("TIPHYS_REMOTE", name, "url"), secret("TIPHYS_FORGE_TOKEN", name, "token")]
