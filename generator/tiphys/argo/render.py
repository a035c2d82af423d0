"""The folder argo/ as files: name to text, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tiphys.argo import access, names
from tiphys.toolchain import load_lock
from tiphys.verify.compatibility import minor
from tiphys.verify.plan import FULL, Plan

_HEAD = "# Made by `tiphys argo render`; change generator/tiphys/argo instead.\n"
_STUB = """\
# What it runs is a stub of one line that says so; the schedule is suspended until there is more.
"""
_ABOUT = {
    "accounts.yaml": """\
# No zone has any right, and no container of ours a token. Argo's executor needs one: only its own
# containers, `init` and `wait`, mount it, out of the Secret that Argo looks for by this name.
""",
    "admission.yaml": """\
# A workflow here names one of our templates, with commits and numbers as parameters. Argo replaces
# text inside pod specs and has no patterns of its own, so anything else is refused at the door.
""",
    "network.yaml": f"""\
# {access.API_SERVER} leads nowhere: an overlay must name your API server's address (`kubectl get
# endpointslices kubernetes`), else no pod can tell Argo that it is done. A policy is for a pod, so
# a check's container could reach that address too. It has no token and would be nobody there; no
# other address answers it, not even DNS. All of this holds where your CNI enforces policies.
""",
    f"{names.REVERIFY}.yaml": _STUB,
    f"{names.CURRICULUM}.yaml": _STUB,
    f"{names.VERIFY}.yaml": """\
# The workflow succeeds when a verdict is posted, whichever it is. What a part exits with: 0 all
# passed, 1 something failed (an answer, never retried), 2 could not tell.
""",
}
_KUSTOMIZE = "kustomize.config.k8s.io/v1beta1"
_IMAGES = "images.yaml"


def other_minors() -> tuple[str, ...]:
    """The minors of Kubernetes, besides the default one, that the runner image has a server of."""
    lock = load_lock(None, "linux-amd64")
    default = minor(lock.find("kube-apiserver").version)
    found = {minor(tool.version) for tool in lock.tools if tool.name == "kube-apiserver"}
    return tuple(sorted(found - {default}, key=lambda text: [int(n) for n in text.split(".")]))


def render(plan: Plan = FULL, minors: Iterable[str] | None = None) -> dict[str, str]:
    """Every generated file of argo/ by its name."""
    from tiphys.argo import workflows  # hera takes a second to import

    minors = other_minors() if minors is None else tuple(minors)
    made: dict[str, list[Any]] = {
        names.VERIFY: [workflows.verify_proposal(plan, minors)],
        names.REQUEST: [workflows.handle_request()],
        names.REINDEX: [workflows.reindex()],
        names.REVERIFY: [workflows.reverify(), workflows.scheduled(names.REVERIFY, "17 3 * * *")],
        names.CURRICULUM: [
            workflows.curriculum(),
            workflows.scheduled(names.CURRICULUM, "47 4 * * 6"),
        ],
    }
    files = {
        "namespace.yaml": _text([access.namespace()]),
        "accounts.yaml": _text(access.accounts()),
        "network.yaml": _text(access.network()),
        "admission.yaml": _text(access.admission()),
        "storage.yaml": _text(access.storage()),
    }
    for name, several in made.items():
        # By hera's own text: it puts what things are called before what is in them.
        files[f"{name}.yaml"] = _text([yaml.safe_load(each.to_yaml()) for each in several])
    files = {
        name: text.replace(_HEAD, _HEAD + _ABOUT.get(name, ""), 1) for name, text in files.items()
    }
    return files | {
        _IMAGES: _text([_image_fields()]),
        "kustomization.yaml": _text([_kustomization(sorted(files))]),
    }


def drift(folder: Path, files: Mapping[str, str]) -> list[str]:
    """One line for each file in the folder that is not as rendered; the Dockerfile is not ours."""
    there = {path.name for path in folder.glob("*.yaml")} if folder.is_dir() else set()
    lines = []
    for name in sorted(there | set(files)):
        if name not in files:
            lines.append(f"{name} is not rendered")
        elif name not in there:
            lines.append(f"{name} is missing")
        elif (folder / name).read_bytes() != files[name].encode():
            lines.append(f"{name} differs")
    return lines


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Put the files into the folder, which is made, and remove other YAML from it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.yaml"):
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")


def _kustomization(resources: list[str]) -> dict[str, Any]:
    return {
        "apiVersion": _KUSTOMIZE,
        "kind": "Kustomization",
        "resources": resources,
        "configurations": [_IMAGES],
    }


def _image_fields() -> dict[str, Any]:
    """Where an overlay's `images` finds ours: kustomize knows the fields of its own kinds only."""
    return {"images": [{"path": "spec/templates/container/image", "kind": "WorkflowTemplate"}]}


def _text(documents: Iterable[Mapping[str, Any]]) -> str:
    shown = [
        yaml.dump(
            dict(each),
            Dumper=_Dumper,
            sort_keys=False,
            width=100,
            allow_unicode=False,
            default_flow_style=False,
        )
        for each in documents
    ]
    return _HEAD + "---\n".join(shown)


class _Dumper(yaml.SafeDumper):
    """No anchors: the same list in two places is written twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True
