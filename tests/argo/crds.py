"""Argo's own full CRDs, as its release ships them, on the control plane of the tests."""

import yaml

from tests.cluster_fixtures import eventually
from tiphys.domain.errors import TiphysError
from tiphys.toolchain.module_files import locked_files, module_files

API = "argoproj.io/v1alpha1"

# Branches that nothing of ours uses and that cost an API server seconds each: copies of the schema
# of templates, which WorkflowTemplate keeps in full, and what the controller writes.
_CUT = {
    "workflowtemplates": ["spec.templateDefaults"],
    "workflows": ["spec.templateDefaults", "spec.templates", "status"],
    "cronworkflows": [
        "spec.workflowSpec.templateDefaults",
        "spec.workflowSpec.templates",
        "status",
    ],
}


def install(api):
    """Apply the CRDs and wait until they are served."""
    files = module_files(locked_files("argo-workflows-crds"))
    crds = [
        lean(yaml.load(files[f"argoproj.io_{name}.yaml"].read_bytes(), yaml.CSafeLoader), cut)
        for name, cut in _CUT.items()
    ]
    for crd in crds:
        api.create(crd)
    for crd in crds:
        eventually(lambda kind=crd["spec"]["names"]["kind"]: _served(api, kind), seconds=120)


def lean(crd, cut):
    """The CRD without its texts, and with nothing allowed inside the branches of `cut`.

    That can only refuse more: a field that is not described is unknown to a strict server.
    """
    crd = _without_descriptions(crd)
    for path in cut:
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for name in path.split("."):
            schema = schema["properties"][name]
        kind = schema["type"]
        schema.clear()
        schema |= {"type": kind} | ({"items": {"type": "object"}} if kind == "array" else {})
    return crd


def _without_descriptions(value):
    if isinstance(value, dict):
        return {
            key: _without_descriptions(each)
            for key, each in value.items()
            if not (key == "description" and isinstance(each, str))
        }
    return [_without_descriptions(each) for each in value] if isinstance(value, list) else value


def _served(api, kind):
    try:
        api.list(API, kind, "default")
    except TiphysError:
        return False
    return True
