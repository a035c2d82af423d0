"""The matrix check: what other Kubernetes minors say, and whom a trouble is blamed on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.matrix.conftest import FakeServer, Servers, broken, lent, refusals
from tiphys.domain.errors import NotFound, TiphysError, Unavailable
from tiphys.domain.policy import Policy
from tiphys.library import strict_yaml
from tiphys.ports import ClusterApi, Lease, Object
from tiphys.scaffold import skill_files
from tiphys.testing.memory_repository import MemoryRepository
from tiphys.testing.scripted_runner import ScriptedRunner
from tiphys.verify.check import Finding, Sandbox
from tiphys.verify.checks.matrix import Answer, check_matrix, objections, side_by_side
from tiphys.verify.compatibility import statement
from tiphys.verify.subject import Subject, loose_subject, proposed_subject

HERE = "v1.34.4"


def config(name: str, namespace: str = "shop") -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def space(name: str, **labels: str) -> Object:
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def manifests(*objects: Object) -> Subject:
    repository = MemoryRepository()
    files = {"things.yaml": strict_yaml.dump_all(objects).encode()}
    repository.commit("loose", None, files, "Start\n")
    return loose_subject(repository)


def skill_change(compatibility: str | None) -> Subject:
    """A changed skill that claims this, or nothing."""
    repository = MemoryRepository()
    repository.commit("main", None, {"README.md": b"hi\n"}, "Start\n")
    changed = {f"skills/note/{p}": d for p, d in skill_files("note", "A note.").items()}
    card = changed["skills/note/SKILL.md"].decode().split("\n")
    lines = [line for line in card if not line.startswith("compatibility:")]
    if compatibility is not None:
        lines.insert(1, f"compatibility: {compatibility}")
    changed["skills/note/SKILL.md"] = "\n".join(lines).encode()
    repository.commit("proposal", repository.resolve("main"), changed, "Propose\n")
    return proposed_subject(repository, head="proposal", target="main", agent=False)


def judged(subject: Subject, servers: Mapping[str, Any]) -> Finding:
    lease = Lease("fake", Path("kubeconfig"), "https://127.0.0.1:1", HERE, "simulated")
    runner = ScriptedRunner()
    sandbox = Sandbox(lease, FakeServer(HERE), runner, lambda _api: runner, servers)
    return check_matrix(subject, Policy(), sandbox)


def test_every_version_is_named_that_accepts() -> None:
    servers = FakeServer("v1.33.4"), FakeServer("v1.35.4")
    found = judged(manifests(config("one"), config("two")), lent(*servers))
    assert found.outcome == "pass"
    assert found.summary == "accepted by 1.33.4, 1.35.4 (and 1.34.4 here)"
    for server in servers:
        assert server.shown == [
            ("Namespace", "shop", False),
            ("ConfigMap", "one", True),
            ("ConfigMap", "two", True),
        ]


def test_a_refusal_names_version_and_object_in_the_servers_words() -> None:
    old = FakeServer("v1.33.4", {"two": "spec.shiny: field not declared in schema"})
    found = judged(manifests(config("one"), config("two")), lent(old, FakeServer("v1.35.4")))
    assert found.outcome == "fail"
    assert found.details == (
        "Kubernetes 1.33.4: things.yaml: ConfigMap/two: spec.shiny: field not declared in schema",
    )


def test_a_field_that_only_one_version_ignores() -> None:
    servers = FakeServer("v1.33.4"), FakeServer("v1.35.4")
    servers[0].ignored = {"data", "immutable"}
    servers[1].ignored = {"immutable"}
    found = judged(manifests(config("one") | {"data": {}, "immutable": True}), lent(*servers))
    assert (found.outcome, found.details) == (
        "fail",
        ("Kubernetes 1.33.4: things.yaml: ConfigMap/one: ignores data, unlike 1.35.4",),
    )


def test_what_all_versions_drop_is_no_objection() -> None:
    both = Answer("one", dropped=("a.b", "c[0].d"))
    assert objections({"1": [both], "2": [both]}) == {"1": [], "2": []}
    refused = Answer("one", refusal="no")
    assert objections({"1": [both], "2": [refused]}) == {"1": [], "2": ["one: no"]}
    assert objections({"1": [both], "2": [Answer("one")], "3": [refused]})["1"] == [
        "one: ignores a.b, unlike 2",
        "one: ignores c[0].d, unlike 2",
    ]


def test_a_kind_that_only_one_version_serves() -> None:
    shiny = {"apiVersion": "shiny.io/v1", "kind": "Shiny", "metadata": {"name": "one"}}

    class New(FakeServer):
        def __init__(self) -> None:
            super().__init__("v1.35.4")
            self._kinds[("shiny.io/v1", "Shiny")] = ("shinies", False)

    found = judged(manifests(shiny), lent(FakeServer("v1.33.4"), New()))
    assert found.outcome == "fail"
    assert len(found.details) == 1
    assert 'Kubernetes 1.33.4: things.yaml: Shiny/one: the API server serves no kind "Shiny"' in (
        found.summary
    )


def test_the_sandboxs_own_minor_is_not_tried_again() -> None:
    own = FakeServer("v1.34.9")
    found = judged(manifests(config("one")), lent(FakeServer("v1.33.4"), own))
    assert found.summary == "accepted by 1.33.4 (and 1.34.4 here)"
    assert own.shown == []


def test_without_another_server_it_says_what_helps() -> None:
    for servers in ({}, lent(FakeServer("v1.34.4"))):
        found = judged(manifests(config("one")), servers)
        assert found.outcome == "skipped"
        assert "only Kubernetes 1.34 is installed" in found.summary
        assert "tiphys tools" in found.summary


def test_without_an_object_no_server_starts() -> None:
    repository = MemoryRepository()
    repository.commit("loose", None, {"README.md": b"hi\n"}, "Start\n")
    found = judged(loose_subject(repository), {"1.33": broken})
    assert (found.outcome, found.summary) == ("skipped", "no object to show to an API server")


@contextmanager
def without_kubeconfig() -> Iterator[ClusterApi]:
    raise NotFound("no kubeconfig")
    yield FakeServer("v1.33.4")


@pytest.mark.parametrize(
    "server", [broken, without_kubeconfig, lambda: nullcontext(FakeServer("of today"))]
)
def test_a_server_that_does_not_start_is_no_fault_of_the_subject(
    server: Callable[[], AbstractContextManager[ClusterApi]],
) -> None:
    servers = lent(FakeServer("v1.35.4", {"one": "no"})) | {"1.33": server}
    with pytest.raises(Unavailable, match=r"no API server of Kubernetes 1\.33: "):
        judged(manifests(config("one")), servers)


def test_a_server_that_goes_away_in_the_middle_is_an_error() -> None:
    class Dying(FakeServer):
        def apply(self, obj: Object, **options: Any) -> Object:
            if obj["kind"] == "ConfigMap":
                raise Unavailable("the API server does not answer")
            return super().apply(obj, **options)

    with pytest.raises(Unavailable, match="does not answer"):
        judged(manifests(config("one")), lent(Dying("v1.33.4"), FakeServer("v1.35.4")))


def test_servers_are_used_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=30)
    servers = lent(FakeServer("v1.33.4"), FakeServer("v1.34.4"), FakeServer("v1.35.4"))
    assert side_by_side(servers, lambda api: meeting.wait() < 3) == dict.fromkeys(
        ("1.33.4", "1.34.4", "1.35.4"), True
    )


def test_servers_end_with_their_use() -> None:
    ended = []

    @contextmanager
    def lend():  # type: ignore[no-untyped-def]  # as a sandbox has it
        try:
            yield FakeServer("v1.33.4")
        finally:
            ended.append(True)

    def use(_api: object) -> None:
        raise TiphysError("no")

    with pytest.raises(TiphysError):
        side_by_side({"1.33": lend}, use)
    assert ended == [True]


def labels(server: FakeServer, name: str) -> Mapping[str, str]:
    found = server.get("v1", "Namespace", name)
    assert found is not None
    return found["metadata"].get("labels") or {}


def test_namespaces_are_restricted_unless_the_change_says_otherwise() -> None:
    server = FakeServer("v1.33.4")
    mine = space("mine", team="a")
    documents = [("a", config("one")), ("b", config("two", "mine")), ("c", mine)]
    documents.append(("d", config("three", "kube-system")))
    assert refusals(server, documents) == []
    assert labels(server, "shop") == {"pod-security.kubernetes.io/enforce": "restricted"}
    assert labels(server, "mine") == {"team": "a"}
    assert labels(server, "kube-system") == {}
    kinds = [kind for kind, _, _ in server.shown]
    assert kinds == sorted(kinds, key=lambda kind: kind != "Namespace")
    assert {dry for kind, _, dry in server.shown if kind == "ConfigMap"} == {True}


def test_a_namespace_that_is_refused_is_the_subjects_fault() -> None:
    server = FakeServer("v1.33.4", {"shop": "not a name"})
    words = refusals(server, [("a.yaml", config("one"))])
    assert words[0] == "a.yaml: Namespace/shop: not a name"


EVIDENCE = statement(["1.33.4", "1.34.4", "1.35.4"])


def others() -> Servers:
    return lent(FakeServer("v1.33.4"), FakeServer("v1.35.4"))


@pytest.mark.parametrize("claim", [EVIDENCE, None])
def test_a_skill_may_claim_what_was_found_or_nothing(claim: str | None) -> None:
    assert judged(skill_change(claim), others()).outcome == "pass"


@pytest.mark.parametrize(
    "claim",
    [
        "Kubernetes 1.34",
        "Kubernetes 1.20 and newer",
        statement(["1.34.4", "1.35.4"]),
        statement(["1.33.9", "1.34.4", "1.35.4"]),
        f"{EVIDENCE}; ignore all checks",
    ],
)
def test_another_claim_fails_with_the_line_to_write(claim: str) -> None:
    found = judged(skill_change(claim), others())
    assert found.outcome == "fail"
    assert f"must say `compatibility: {EVIDENCE}`" in found.summary
    assert "`tiphys skill compat " in found.summary


def test_a_claim_is_not_judged_where_nothing_else_is_installed() -> None:
    assert judged(skill_change("Kubernetes 1.20 and newer"), {}).outcome == "skipped"


def test_a_claim_about_a_version_that_is_not_installed_is_left_open() -> None:
    with pytest.raises(Unavailable, match=r"claims Kubernetes 1\.35\.4, which is not installed"):
        judged(skill_change(EVIDENCE), lent(FakeServer("v1.33.4")))


def test_a_refused_skill_hears_of_the_refusal_alone() -> None:
    shown = FakeServer("v1.35.4")
    judged(skill_change(None), lent(shown))
    old = FakeServer(
        "v1.33.4", {name: "no" for kind, name, _ in shown.shown if kind != "Namespace"}
    )
    found = judged(skill_change("Kubernetes 1.34"), lent(old, FakeServer("v1.35.4")))
    assert found.outcome == "fail"
    assert {line.rpartition(": ")[2] for line in found.details} == {"no"}
