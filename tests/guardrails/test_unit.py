"""Reading, installing and holding against the rules, on fakes: no server needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.guardrails.objects import named
from tiphys.adapters.folder_reader import FolderReader
from tiphys.domain.errors import ApiRefusal, InvalidInput, LimitExceeded, Unavailable
from tiphys.domain.policy import Policy
from tiphys.library.strict_yaml import dump
from tiphys.ports import Lease, Object
from tiphys.testing.memory_cluster import MemoryCluster
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify.check import Finding, Sandbox
from tiphys.verify.checks.guardrails import check_guardrails
from tiphys.verify.checks.schema import check_schema
from tiphys.verify.guardrails import (
    BINDING,
    POLICY,
    Guardrails,
    denied_by_policy,
    install,
    load,
    loose_ends,
)
from tiphys.verify.subject import Subject, proposed_subject

API = "admissionregistration.k8s.io/v1"
FOLDER = "manifests/guardrails"


def rule(name: str = "no-bad") -> bytes:
    policy = {"apiVersion": API, "kind": POLICY, "metadata": {"name": name},
              "spec": {"validations": [{"expression": "false"}]}}  # fmt: skip
    binding = {"apiVersion": API, "kind": BINDING, "metadata": {"name": name},
               "spec": {"policyName": name, "validationActions": ["Deny"]}}  # fmt: skip
    # The other way round: whoever installs them has to know better.
    return f"{dump(binding)}---\n{dump(policy)}".encode()


class GuardedCluster(MemoryCluster):
    """Denies what is called bad by each policy there is, from the `late`th look at a canary on."""

    def __init__(self, late: int = 0) -> None:
        self.late = late
        self.applied: list[tuple[str, str]] = []
        super().__init__(
            {
                (API, POLICY): ("validatingadmissionpolicies", False),
                (API, BINDING): ("validatingadmissionpolicybindings", False),
                ("node.k8s.io/v1", "RuntimeClass"): ("runtimeclasses", False),
            }
        )

    def apply(self, obj: Object, *, dry_run: bool = False, manager: str = "tiphys") -> Object:
        kind, name = obj["kind"], obj["metadata"]["name"]
        if kind == "RuntimeClass" and self.get(API, BINDING, name):
            self.late -= 1
            if self.late < 0:
                raise denied("runtimeclasses.node.k8s.io", name, name, "seen")
            if self.get(API, POLICY, "no-anything"):
                raise denied("runtimeclasses.node.k8s.io", name, "no-anything", "no")
        elif not dry_run and kind in (POLICY, BINDING):
            self.applied.append((kind, name))
        policies = [found["metadata"]["name"] for found in self.list(API, POLICY)]
        bad = "bad" in obj["metadata"].get("labels", {}) or name.startswith("bad")
        if kind in ("ConfigMap", "Namespace") and bad and "no-bad" in policies:
            raise denied("configmaps", name, "no-bad", "it is bad")
        return super().apply(obj, dry_run=dry_run, manager=manager)


def denied(resource: str, name: str, policy: str, words: str) -> ApiRefusal:
    text = f"{resource} \"{name}\" is forbidden: {POLICY} '{policy}' with binding '{policy}' "
    return ApiRefusal(f"{text}denied request: {words}", status=422, reason="Invalid")


def repository(files: Mapping[str, bytes]) -> MemoryRepository:
    made = MemoryRepository()
    made.commit("main", None, {"README.md": b"x\n", **files}, "Start\n")
    return made


def proposal(made: MemoryRepository, files: Mapping[str, bytes | None]) -> Subject:
    made.commit("change", made.resolve("main"), files, "Change\n")
    return proposed_subject(made, head="change", target="main", agent=False)


def config_map(name: str, namespace: str = "shop") -> dict[str, bytes]:
    found = named("v1", "ConfigMap")
    found["metadata"] = {"name": name, "namespace": namespace}
    return {f"manifests/{namespace}/{name}/map.yaml": dump(found).encode()}


def sandbox(api: MemoryCluster) -> Sandbox:
    runner, lease = ScriptedRunner(), Lease("one", Path("none"), "", "v1.34.4", "simulated")
    return Sandbox(lease, api, runner, lambda _api: runner)


def check(subject: Subject) -> Finding:
    api = GuardedCluster()
    install(subject.guardrails, api)
    return check_guardrails(subject, Policy(), sandbox(api))


def guarded(*names: str) -> Guardrails:
    files = {f"{FOLDER}/{name}.yaml": rule(name) for name in names}
    return load(repository(files), "main")


def test_the_digest_is_that_of_the_folder() -> None:
    made = repository({f"{FOLDER}/a.yaml": rule(), f"{FOLDER}/README.md": b"# Hi\n"})
    rules = load(made, "main")
    assert rules.digest == made.tree_id("main", FOLDER)
    assert rules.policies == {"no-bad"}
    assert load(repository({}), "main") == Guardrails()


def test_folders_on_disk_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(rule())
    (tmp_path / "README.md").write_text("# Hi\n")
    assert load(FolderReader(tmp_path), "loose", "").policies == {"no-bad"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rule() + b"---\n" + rule(), "no-bad is in .* too"),
        (rule().replace(b"policyName", b"paramRef: {name: x}\n  policyName"), "parameters"),
        (rule("tiphys-canary-1"), "name of its own"),
        (rule().replace(b"spec:", b"specs:"), "needs a spec"),
        (b"- a\n", "guardrails are"),
        (b"a: &x 1\nb: *x\n", "alias|anchor"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        load(repository({f"{FOLDER}/a.yaml": text}), "main")


def test_there_is_a_most() -> None:
    with pytest.raises(LimitExceeded, match="at most"):
        guarded(*(f"rule-{number}" for number in range(51)))


def test_policies_go_first_and_the_canary_last_and_away() -> None:
    api = GuardedCluster(late=3)
    naps: list[float] = []
    install(guarded("one", "two"), api, sleep=naps.append)
    kinds = [kind for kind, _ in api.applied]
    assert kinds == [POLICY, POLICY, BINDING, BINDING, POLICY, BINDING]
    assert api.applied[-1][1] == api.applied[-2][1] not in ("one", "two")
    assert len(naps) == 3
    assert {found["metadata"]["name"] for found in api.list(API, POLICY)} == {"one", "two"}


def test_rules_that_never_come_into_force_are_the_clusters_fault() -> None:
    api = GuardedCluster(late=10**6)
    ticks = iter(range(1000))
    with pytest.raises(Unavailable, match="not in force after 5 s"):
        install(guarded("one"), api, seconds=5, clock=lambda: next(ticks), sleep=lambda _s: None)
    assert len(api.list(API, BINDING)) == 1  # no canary left


def test_a_rule_against_everything_is_named() -> None:
    api = GuardedCluster(late=10**6)
    with pytest.raises(InvalidInput, match=r"policy 'no-anything' .*: no \(.* tiphys-canary-\*"):
        install(guarded("one", "no-anything"), api)
    assert len(api.list(API, POLICY)) == 2


def test_without_rules_nothing_is_installed_and_nothing_checked() -> None:
    api = GuardedCluster()
    install(Guardrails(), api)
    assert api.applied == []
    found = check(proposal(repository({}), config_map("bad")))
    assert (found.outcome, found.summary) == ("skipped", "the target has no manifests/guardrails/")


def test_with_nothing_to_show_it_is_skipped() -> None:
    made = repository({f"{FOLDER}/a.yaml": rule()})
    found = check(proposal(made, {"docs/a.md": b"x\n"}))
    assert found.outcome == "skipped"


def test_every_denial_is_told_with_its_object() -> None:
    made = repository({f"{FOLDER}/a.yaml": rule()})
    files = config_map("bad-1") | config_map("good") | config_map("bad-2")
    found = check(proposal(made, files))
    assert found.outcome == "fail"
    assert found.details == tuple(
        f"manifests/shop/{name}/map.yaml: ConfigMap/{name}: "
        "policy 'no-bad' with binding 'no-bad' denied request: it is bad"
        for name in ("bad-1", "bad-2")
    )


def test_a_denial_is_not_the_schemas_business() -> None:
    made = repository({f"{FOLDER}/a.yaml": rule()})
    metadata = {"name": "own", "labels": {"bad": "yes"}}
    space = dump({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}).encode()
    inside = config_map("good", "own") | {"manifests/_cluster/own/space.yaml": space}
    for files in (config_map("bad"), inside):
        subject = proposal(made, files)
        api = GuardedCluster()
        install(subject.guardrails, api)
        assert check_schema(subject, Policy(), sandbox(api)).outcome == "pass"
        made.delete_branch("change", made.resolve("change"))


def test_without_rules_a_denial_can_only_be_somebody_elses() -> None:
    subject = proposal(repository({}), config_map("bad"))
    api = GuardedCluster()
    install(guarded("no-bad"), api)  # not the target's
    assert check_schema(subject, Policy(), sandbox(api)).outcome == "fail"


def test_rules_that_stop_nothing_are_named() -> None:
    policy, binding = sorted(guarded("a").objects, key=lambda pair: len(pair[1]["kind"]))
    assert loose_ends(guarded("a", "b")) == []
    assert loose_ends(Guardrails((policy,))) == [
        f"{FOLDER}/a.yaml: {POLICY}/a: no binding puts it in force"
    ]
    assert "names no policy" in loose_ends(Guardrails((binding,)))[0]


_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


@given(st.lists(_TEXT | st.sampled_from([
    '"', " is forbidden: ", f"{POLICY} 'no-bad' denied request: ", "roles ", '"a"', "'", "\\",
]), max_size=7), st.lists(_TEXT, max_size=3))  # fmt: skip
def test_no_name_or_text_passes_for_a_denial(name: list[str], text: list[str]) -> None:
    """The server quotes names as Go does, and says why in words of its own first."""
    obj = {"metadata": {"name": "".join(name) or "a"}}
    quoted = obj["metadata"]["name"].replace("\\", "\\\\").replace('"', '\\"')
    said = f"is invalid: rules: {''.join(text)} {obj['metadata']['name']}"
    for message in (f'Role "{quoted}" {said}', f'roles "{quoted}" is forbidden: quota {said}'):
        refusal = ApiRefusal(message, status=422, reason="Invalid")
        assert denied_by_policy(refusal, obj, guarded_once) is None
    real = denied("roles", quoted, "no-bad", "it is bad")
    assert denied_by_policy(real, obj, guarded_once)
    assert denied_by_policy(real, obj, Guardrails()) is None


guarded_once = guarded("no-bad")
