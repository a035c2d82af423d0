from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tiphys.adapters.git_repository import GitRepository
from tiphys.domain.policy import Policy
from tiphys.domain.tree import (
    MODE_EXECUTABLE,
    MODE_FILE,
    MODE_SUBMODULE,
    MODE_SYMLINK,
    Change,
    Entry,
)
from tiphys.library import load_skill_at, make_release, release_files
from tiphys.scaffold import skill_files
from tiphys.verify.check import Finding
from tiphys.verify.checks.collision import check_collision
from tiphys.verify.checks.form import check_form
from tiphys.verify.checks.render import check_render
from tiphys.verify.checks.scope import check_scope
from tiphys.verify.checks.syntax import check_syntax
from tiphys.verify.subject import Subject, proposed_subject

POLICY = Policy()
SKILL = "note"
VALUES = {"name": "hello", "namespace": "shop", "note": "hi"}
FOLDER = "manifests/shop/hello"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    repository = GitRepository.init(tmp_path / "repo", bare=True)
    files = {f"skills/{SKILL}/{p}": d for p, d in skill_files(SKILL, "A note for people.").items()}
    repository.commit("main", None, {**files, "README.md": b"hi\n"}, "Start\n")
    return repository


def release(repository: GitRepository, **values: str) -> dict[str, bytes]:
    skill = load_skill_at(repository, "main", SKILL)
    return release_files(make_release(skill, VALUES | values, request="Say hi"), skill)


def subject(
    repository: GitRepository, files: Mapping[str, bytes | None], *, agent: bool = True
) -> Subject:
    repository.commit("tiphys/1-note", repository.resolve("main"), files, "Propose\n")
    return proposed_subject(repository, head="tiphys/1-note", target="main", agent=agent)


def test_an_honest_release_passes_every_static_check(repository: GitRepository) -> None:
    judged = subject(repository, release(repository))
    for check in (check_scope, check_syntax, check_render):
        assert check(judged, POLICY).outcome == "pass", check


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (".github/workflows/ci.yaml", "only skills/ and manifests/"),
        ("argo/template.yaml", "only skills/ and manifests/"),
        ("tiphys.toml", "only skills/ and manifests/"),
        ("README.md", "only skills/ and manifests/"),
        ("manifests/guardrails/vap.yaml", "guardrails"),
        ("manifests/shop/other/object.yaml", "2 releases"),
        ("manifests/loose.yaml", "manifests/<namespace>/<release>"),
        ("manifests/kube-system/x/object.yaml", "off limits"),
        ("skills/stray.md", "skills/<name>/"),
    ],
)
def test_an_agent_stays_inside_its_release(
    repository: GitRepository, path: str, words: str
) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
    files = {path: body} if "kube-system" in path else {**release(repository), path: body}
    finding = check_scope(subject(repository, files), POLICY)
    assert finding.outcome == "fail"
    assert words in " ".join(finding.details)


def test_a_person_may_change_documents_and_several_releases(repository: GitRepository) -> None:
    files = release(repository) | release(repository, name="other") | {"docs/a.md": b"x"}
    assert check_scope(subject(repository, files, agent=False), POLICY).outcome == "pass"


def test_a_person_may_not_change_what_runs_the_checks(repository: GitRepository) -> None:
    finding = check_scope(subject(repository, {".github/x": b""}, agent=False), POLICY)
    assert finding.outcome == "fail"


@pytest.mark.parametrize(
    ("path", "mode", "size", "words"),
    [
        (f"{FOLDER}/link.yaml", MODE_SYMLINK, 9, "symbolic link"),
        (f"{FOLDER}/module", MODE_SUBMODULE, 0, "submodule"),
        (f"{FOLDER}/run.yaml", MODE_EXECUTABLE, 9, "executable"),
        (f"{FOLDER}/big.yaml", MODE_FILE, 2 << 20, "bytes, at most"),
        (f"{FOLDER}/../../x.yaml", MODE_FILE, 9, "odd name"),
        (f"{FOLDER}/a\nb.yaml", MODE_FILE, 9, "odd name"),
        (f"{FOLDER}/аpp.yaml", MODE_FILE, 9, "odd name"),  # noqa: RUF001  # a Cyrillic look-alike
        (f"{FOLDER}/.git", MODE_FILE, 9, "odd name"),
        (f"{FOLDER}/con\x00.yaml", MODE_FILE, 9, "odd name"),
    ],
)
def test_odd_entries_are_refused_before_anything_reads_them(
    repository: GitRepository, path: str, mode: int, size: int, words: str
) -> None:
    entry = Entry(path, "0" * 40, mode, size)
    judged = Subject(repository, "h", "r", "d", (Change(path, None, entry),), agent=True)
    finding = check_scope(judged, POLICY)
    assert finding.outcome == "fail"
    assert words in " ".join(finding.details)
    assert finding.summary.isprintable()


def test_a_conflict_with_the_target_is_named(repository: GitRepository) -> None:
    base = repository.resolve("main")
    repository.commit("tiphys/1-note", base, release(repository), "Propose\n")
    repository.commit("main", base, release(repository, note="other"), "Meanwhile\n")
    judged = proposed_subject(repository, head="tiphys/1-note", target="main", agent=True)
    finding = check_scope(judged, POLICY)
    assert finding.outcome == "fail"
    assert "does not merge" in finding.summary


def test_an_object_in_a_foreign_namespace_is_refused(repository: GitRepository) -> None:
    data = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: bank}\n"
    finding = check_scope(subject(repository, {f"{FOLDER}/o.yaml": data}), POLICY)
    assert "in namespace bank" in finding.summary


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a: 1\na: 2\n", "duplicate key"),
        (b"a: &x 1\nb: *x\n", "anchors and aliases"),
        (b"[" * 100_000, "nested deeper"),
        (b"a: on\n", "quote it"),
        (b"\xff\xfe", "UTF-8"),
        (b"- 1\n", "not a Kubernetes object"),
        (b"apiVersion: v1\nkind: List\nitems: []\n", "instead of a List"),
        (b"apiVersion: v1\nkind: ConfigMap\n", "metadata.name"),
    ],
)
def test_manifests_parse_the_strict_way(repository: GitRepository, data: bytes, words: str) -> None:
    finding = check_syntax(subject(repository, {f"{FOLDER}/x.yaml": data}), POLICY)
    assert finding.outcome == "fail"
    assert words in finding.summary


@pytest.mark.parametrize(
    ("file", "data", "words"),
    [
        ("SKILL.md", b"no front matter", "front matter"),
        ("SKILL.md", b"---\nname: other\ndescription: d\n---\n", "its folder is"),
        ("values.schema.json", b"{", "not valid JSON"),
        ("values.schema.json", b'{"type": "object"}', "additionalProperties"),
        ("templates/object.yaml.j2", b"{% for x in range(10**9) %}{% endfor %}", "not allowed"),
        ("tests/chainsaw-test.yaml", None, "is missing"),
    ],
)
def test_a_malformed_skill_is_named_with_its_file(
    repository: GitRepository, file: str, data: bytes | None, words: str
) -> None:
    judged = subject(repository, {f"skills/{SKILL}/{file}": data}, agent=False)
    finding = check_syntax(judged, POLICY)
    assert finding.outcome == "fail"
    assert words in finding.summary
    assert f"skills/{SKILL}" in finding.summary


def test_bytes_that_the_skill_does_not_render_fail(repository: GitRepository) -> None:
    files = release(repository)
    files[f"{FOLDER}/object.yaml"] += b"# one more line\n"
    assert "is not what note renders" in check_render(subject(repository, files), POLICY).summary


def test_a_smuggled_file_beside_a_release_fails(repository: GitRepository) -> None:
    files = release(repository) | {f"{FOLDER}/extra.yaml": b"apiVersion: v1\nkind: Secret\n"}
    assert "extra.yaml" in check_render(subject(repository, files), POLICY).summary


def test_a_release_of_an_unknown_or_outdated_skill_fails(repository: GitRepository) -> None:
    files = release(repository)
    toml = f"{FOLDER}/release.toml"
    unknown = files | {toml: files[toml].replace(b'skill = "note"', b'skill = "nope"')}
    assert "there is no skill nope" in check_render(subject(repository, unknown), POLICY).summary
    repository.delete_branch("tiphys/1-note", repository.resolve("tiphys/1-note"))
    digest = repository.tree_id("main", "skills/note").encode()
    outdated = files | {toml: files[toml].replace(digest, b"0" * 40)}
    assert "propose it again" in check_render(subject(repository, outdated), POLICY).summary


def test_a_skill_whose_example_renders_too_much_fails(repository: GitRepository) -> None:
    template = b"a: {{ note }}\n" + b"{# #}" + b"x" * 100
    files = {f"skills/{SKILL}/templates/object.yaml.j2": template}
    judged = subject(repository, files, agent=False)
    assert check_render(judged, POLICY).outcome == "fail"


# -- form and collision ----------------------------------------------------------------------------


def written(repository: GitRepository, text: str, path: str = f"{FOLDER}/object.yaml") -> Finding:
    return check_form(subject(repository, {path: text.encode()}), POLICY)


MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: hello, namespace: shop{}}}\n{}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MAP.format(", finalizers: [a/b]", ""), "metadata.finalizers"),
        (MAP.format(", ownerReferences: []", ""), "metadata.ownerReferences"),
        (MAP.format(", uid: x", ""), "metadata.uid"),
        (MAP.format("", "status: {}\n"), "status is written by controllers"),
        ("# +argocd:skip-file-rendering\n" + MAP.format("", ""), "hides the file from delivery"),
        (
            MAP.format(", annotations: {argocd.argoproj.io/hook: PreSync}", ""),
            "argocd.argoproj.io/hook steers",
        ),
        (MAP.format("", "").replace("hello", "h\u0435llo"), "looks like something else"),
        (MAP.format("", "").replace("ConfigMap", "MutatingWebhookConfiguration"), "let in"),
        (
            MAP.format("", "spec: {group: apps.k8s.io, names: {kind: Deployment}}\n").replace(
                "ConfigMap", "CustomResourceDefinition"
            ),
            "pass for Kubernetes' own",
        ),
    ],
)
def test_what_only_a_cluster_writes_is_refused(
    repository: GitRepository, text: str, words: str
) -> None:
    found = written(repository, text)
    assert found.outcome == "fail"
    assert words in found.summary


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [
        ("Deployment", "{replicas: 501}", "spec.replicas"),
        ("Job", "{parallelism: 9000}", "spec.parallelism"),
        ("HorizontalPodAutoscaler", "{minReplicas: 5000}", "spec.minReplicas"),
        (
            "CronJob",
            "{jobTemplate: {spec: {parallelism: 600}}}",
            "spec.jobTemplate.spec.parallelism",
        ),
    ],
)
def test_more_pods_than_a_cluster_here_takes_are_refused(
    repository: GitRepository, kind: str, spec: str, path: str
) -> None:
    asked = MAP.format("", f"spec: {spec}\n").replace("ConfigMap", kind)
    found = written(repository, asked)
    assert found.outcome == "fail"
    assert f"{path}: asks for" in found.summary


def test_as_many_pods_as_are_tried_out_pass(repository: GitRepository) -> None:
    asked = MAP.format("", "spec: {replicas: 500}\n").replace("ConfigMap", "Deployment")
    assert written(repository, asked).outcome == "pass"


def test_pods_of_several_objects_are_counted_together(repository: GitRepository) -> None:
    one = MAP.format("", "spec: {replicas: 300}\n").replace("ConfigMap", "Deployment")
    found = written(repository, f"{one}---\n{one.replace('hello', 'there')}")
    assert "300 pods of 600 in all" in found.summary


@pytest.mark.parametrize(
    "path",
    [
        "manifests/shop/hello/kustomization.yaml",
        "manifests/shop/hello/Chart.yaml",
        "manifests/shop/hello/object.json",
        "manifests/shop/hello/OBJECT.YAML",
        "manifests/shop/hello/sub/object.yaml",
        "skills/note/run.sh",
        "skills/note/templates/extra.txt",
        "manifests/guardrails/deep/rule.yaml",
    ],
)
def test_files_that_other_tools_would_read_are_refused(
    repository: GitRepository, path: str
) -> None:
    found = written(repository, MAP.format("", ""), path)
    assert found.outcome == "fail"
    assert path in found.summary


def test_a_release_as_it_is_made_has_the_right_form(repository: GitRepository) -> None:
    assert check_form(subject(repository, release(repository)), POLICY).outcome == "pass"


WORKLOAD = """\
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {app}}}}}
  template: {{metadata: {{labels: {{app: {pods}, tier: web}}}}}}
"""


def beside(repository: GitRepository, merged: str, proposed: str) -> Finding:
    """A proposed manifest beside one that is merged already."""
    for branch in repository.branches("tiphys/"):
        repository.delete_branch(branch, repository.resolve(branch))
    base = repository.resolve("main")
    repository.commit("main", base, {"manifests/shop/old/a.yaml": merged.encode()}, "Old\n")
    return check_collision(
        subject(repository, {"manifests/shop/new/a.yaml": proposed.encode()}), POLICY
    )


def test_one_object_in_two_releases_is_a_collision(repository: GitRepository) -> None:
    text = MAP.format("", "")
    found = beside(repository, text, text)
    assert found.outcome == "fail"
    assert "ConfigMap/hello is also in manifests/shop/" in found.summary
    assert beside(repository, text, text.replace("hello", "other")).outcome == "pass"


@pytest.mark.parametrize(
    ("app", "pods", "outcome"),
    [
        ("web", "web", "fail"),
        ("api", "web", "fail"),
        ("api", "api", "pass"),
        ("web", "api", "fail"),
    ],
)
def test_a_selector_that_reaches_into_another_release_is_a_collision(
    repository: GitRepository, app: str, pods: str, outcome: str
) -> None:
    old = WORKLOAD.format(kind="Deployment", name="old", app="web", pods="web")
    new = WORKLOAD.format(kind="StatefulSet", name="new", app=app, pods=pods)
    assert beside(repository, old, new).outcome == outcome


def test_what_was_merged_broken_does_not_stop_others(repository: GitRepository) -> None:
    assert beside(repository, "a: 1\na: 2\n", MAP.format("", "")).outcome == "pass"
    assert beside(repository, "kind: 7\n", MAP.format("", "")).outcome == "pass"


def test_a_move_from_one_release_to_another_is_no_collision(repository: GitRepository) -> None:
    text = MAP.format("", "").encode()
    base = repository.resolve("main")
    repository.commit("main", base, {"manifests/shop/old/a.yaml": text}, "Old\n")
    moved = {"manifests/shop/old/a.yaml": None, "manifests/shop/new/a.yaml": text}
    assert check_collision(subject(repository, moved), POLICY).outcome == "pass"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("apply: {resource: {apiVersion: a/v1, kind: MutatingAdmissionPolicy}}", "must not touch"),
        ("create: {resource: {apiVersion: v1, kind: Node, metadata: {name: x}}}", "touch a Node"),
        ("delete: {ref: {apiVersion: a/v1, kind: ValidatingAdmissionPolicy}}", "must not touch"),
        ("patch: {resource: {apiVersion: v1, kind: ($values.kind)}}", "write the kind out"),
    ],
)
@pytest.mark.parametrize("place", ["try", "finally"])
def test_a_test_does_not_reach_for_what_judges_it(
    repository: GitRepository, step: str, words: str, place: str
) -> None:
    path = f"skills/{SKILL}/tests/chainsaw-test.yaml"
    text = repository.read("main", path).decode() + f"    - {place}:\n        - {step}\n"
    found = check_form(subject(repository, {path: text.encode()}), POLICY)
    assert found.outcome == "fail"
    assert words in found.summary
