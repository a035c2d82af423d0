"""What the tests look through: templates, the pods that a controller makes of them, every text."""

import copy
import json

from tiphys.argo import names


def templates_of(objects):
    """Every WorkflowTemplate among the objects."""
    return (each for each in objects if each["kind"] == "WorkflowTemplate")


def pods_of(workflow_template):
    """The pod of each template, put together as the controller does."""
    spec = workflow_template["spec"]
    patch = json.loads(spec["podSpecPatch"])
    volumes = [*spec["volumes"], *(claim(each) for each in spec["volumeClaimTemplates"])]
    for template in (t for t in spec["templates"] if "container" in t):
        main = {**copy.deepcopy(template["container"]), "name": "main"}
        wait, init = (
            {"image": "argoexec", **copy.deepcopy(patch[place][0])}
            for place in ("containers", "initContainers")
        )
        used = {each["name"] for each in main["volumeMounts"]}
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{workflow_template['metadata']['name']}-{template['name']}",
                "namespace": names.NAMESPACE,
                "labels": {names.WORKFLOW_LABEL: "one", **template["metadata"]["labels"]},
            },
            "spec": {
                "restartPolicy": "Never",
                "serviceAccountName": template["serviceAccountName"],
                "automountServiceAccountToken": template["automountServiceAccountToken"],
                "securityContext": spec["securityContext"],
                "enableServiceLinks": patch["enableServiceLinks"],
                "initContainers": [init],
                "containers": [wait, main],
                "volumes": [v for v in copy.deepcopy(volumes) if v["name"] in used],
            },
        }


def claim(template):
    """The volume that the controller makes of a claim template."""
    name = template["metadata"]["name"]
    return {"name": name, "persistentVolumeClaim": {"claimName": f"one-{name}"}}


def containers_of(pod):
    """Init containers first."""
    return [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]


def texts(value, path=()):
    """(path, text) of every text below, keys included."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield (*path, key), key
            yield from texts(each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from texts(each, (*path, number))
    elif isinstance(value, str):
        yield path, value
