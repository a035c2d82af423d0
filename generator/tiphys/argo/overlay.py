"""A kustomize overlay over the rendered folder: what differs from one cluster to another."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tiphys.argo import names
from tiphys.domain.errors import InvalidInput
from tiphys.ports import Object

_IMAGE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9._-]*(?::[0-9]{1,5})?(?:/[a-z0-9][a-z0-9._-]*)+)"
    r"(?::(?P<tag>[A-Za-z0-9_][\w.-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))"
)
_FIRST = ("Namespace", "ServiceAccount", "Secret", "Role", "RoleBinding")
# Which Secrets the pods read, and what each holds. Without an optional one they do less.
SECRETS: Mapping[str, tuple[str, ...]] = {
    "tiphys-forge-read": ("url", "token"),
    "tiphys-forge-report": ("url", "token"),
    "tiphys-forge-propose": ("url", "token"),
    "tiphys-signing": ("key",),
    "tiphys-voice": ("key",),
    "tiphys-model": ("base-url", "api-key"),
}
OPTIONAL = frozenset({"tiphys-model", "tiphys-signing", "tiphys-voice"})


@dataclass(frozen=True, slots=True)
class ApiServer:
    """An address behind the Service `kubernetes`, which pods reach and network policies see."""

    address: str
    port: int

    @classmethod
    def parse(cls, text: str) -> ApiServer:
        """Of "10.0.0.1:6443" or "[fd00::1]:6443". InvalidInput."""
        host, _, port = text.rpartition(":")
        try:
            address = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            raise InvalidInput(f"{text[:60]!a} is no address with a port: 10.0.0.1:6443") from None
        if not (port.isdecimal() and 0 < int(port) < 65536):
            raise InvalidInput(f"{text[:60]!a} has no port: 10.0.0.1:6443")
        return cls(str(address), int(port))

    @property
    def block(self) -> str:
        """The address alone, as a network policy has it."""
        return f"{self.address}/{ipaddress.ip_address(self.address).max_prefixlen}"


def api_servers(slices: Iterable[Object]) -> tuple[ApiServer, ...]:
    """Those that EndpointSlices of the Service `kubernetes` name."""
    found = {
        ApiServer(address, int(port["port"]))
        for each in slices
        for port in each.get("ports") or ()
        for endpoint in each.get("endpoints") or ()
        for address in endpoint.get("addresses") or ()
    }
    return tuple(sorted(found, key=lambda each: (each.address, each.port)))


def overlay(base: str, image: str, servers: Sequence[ApiServer]) -> str:
    """A kustomization.yaml beside which `base` leads to the rendered folder. InvalidInput."""
    match = _IMAGE.fullmatch(image)
    if not match:
        raise InvalidInput(
            f"{image[:80]!a} is no image to pin: registry/name:tag or registry/name@sha256:..."
        )
    if not servers:
        raise InvalidInput("no address of the API server is known; give --api-server HOST:PORT")
    pinned = {"newTag": match["tag"]} if match["tag"] else {"digest": match["digest"]}
    rules = [
        {
            "to": [{"ipBlock": {"cidr": each.block}}],
            "ports": [{"port": each.port, "protocol": "TCP"}],
        }
        for each in servers
    ]
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [base],
        "configurations": [f"{base}/images.yaml"],
        "images": [{"name": names.IMAGE.rpartition(":")[0], "newName": match["name"], **pinned}],
        "patches": [
            {
                "target": {"kind": "NetworkPolicy", "name": "executor-to-api-server"},
                "patch": yaml.safe_dump(
                    [{"op": "replace", "path": "/spec/egress", "value": rules}], sort_keys=False
                ),
            }
        ],
    }
    return _HEAD + yaml.safe_dump(document, sort_keys=False)


_HEAD = "# Made by `tiphys argo install` for one cluster; commit it, and edit it as you like.\n"


def in_order(objects: Iterable[Object]) -> list[Object]:
    """What others need first."""
    ranks = {kind: rank for rank, kind in enumerate(_FIRST)}
    return sorted(objects, key=lambda each: ranks.get(each["kind"], len(_FIRST)))


def lacking(secrets: Iterable[str], classes: Iterable[Mapping[str, Any]]) -> list[str]:
    """What a person still has to do, a line each: names of Secrets and StorageClasses are given."""
    there = set(secrets)
    lines = [
        f"kubectl create secret generic {name} -n {names.NAMESPACE} "
        + " ".join(f"--from-literal={key}=..." for key in keys)
        + ("  # optional" if name in OPTIONAL else "")
        for name, keys in SECRETS.items()
        if name not in there
    ]
    marks = [(each.get("metadata") or {}).get("annotations") or {} for each in classes]
    if not any(mark.get(_DEFAULT_CLASS) == "true" for mark in marks):
        lines.append("mark one StorageClass as default: each workflow takes a volume of it")
    return lines


_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
