"""`ClusterApi` over HTTPS: any kind, by the paths that the API server's own discovery names."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from tiphys.adapters.kube_connection import Connection, connect
from tiphys.domain.errors import ApiRefusal, InvalidInput, Unavailable
from tiphys.ports import Kind, Object

if TYPE_CHECKING:
    import urllib3

_MANAGER = "tiphys"
_PAGE = 500  # objects per list request
_LOG_BYTES = 64 * 1024
_JSON = "application/json"
_AGGREGATED = f"{_JSON};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_API_VERSION = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?v[a-z0-9]+")
_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class _Resource:
    """Where a kind is served: `root` is the API version's path, `plural` its last part."""

    root: str
    plural: str
    namespaced: bool


_PODS = _Resource("/api/v1", "pods", namespaced=True)


class KubeApi:
    """The Kubernetes API that a kubeconfig's current context points to.

    Safe to share between threads. `timeout` is in seconds for each request. Discovery is asked
    once for each API version, and again when a kind is missing, as a CRD may just have arrived.
    """

    def __init__(self, kubeconfig: Path, *, timeout: float = 30.0) -> None:
        self._connection: Connection = connect(kubeconfig, timeout=timeout)
        self._lock = threading.Lock()
        self._kinds: dict[str, dict[str, _Resource]] = {}
        self._version: str | None = None

    @property
    def server(self) -> str:
        """The server's address, for example "https://127.0.0.1:6443"."""
        pool = self._connection.pool
        return f"{pool.scheme}://{pool.host}:{pool.port}{self._connection.base}"

    def close(self) -> None:
        """Close the idle connections."""
        self._connection.pool.close()

    def version(self) -> str:
        """The server's version, for example "v1.34.4". Unavailable."""
        if self._version is None:
            self._version = str(self._request("GET", "/version")["gitVersion"])
        return self._version

    def ready(self) -> bool:
        """Whether the server calls itself ready; False also when nothing answers."""
        try:
            return self._send("GET", "/readyz").status == 200
        except Unavailable:
            return False

    def apply(self, obj: Object, *, dry_run: bool = False, manager: str = _MANAGER) -> Object:
        """Server-side apply, strict and forced; returns the live object. ApiRefusal."""
        query = {"fieldManager": manager, "force": "true", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        return self._request(
            "PATCH", self._object_path(obj), query, obj, "application/apply-patch+yaml"
        )

    def create(self, obj: Object) -> Object:
        """Create, strictly validated; ApiRefusal (reason AlreadyExists)."""
        resource = self._resource_of(obj)
        path = _path(resource, obj.get("metadata", {}).get("namespace"))
        return self._request("POST", path, _STRICT, obj)

    def update(self, obj: Object) -> Object:
        """Replace; ApiRefusal (reason NotFound, Conflict).

        An object without `resourceVersion` replaces whatever is there.
        """
        path = self._object_path(obj)
        if not obj["metadata"].get("resourceVersion"):
            # Some kinds demand it, and a PUT on some others would create what is not there.
            live = self._request("GET", path)
            version = live["metadata"]["resourceVersion"]
            obj = obj | {"metadata": obj["metadata"] | {"resourceVersion": version}}
        return self._request("PUT", path, _STRICT, obj)

    def patch(self, obj: Object) -> Object:
        """JSON merge patch of the object that `obj` names; ApiRefusal (reason NotFound)."""
        return self._request(
            "PATCH", self._object_path(obj), _STRICT, obj, "application/merge-patch+json"
        )

    def get(
        self, api_version: str, kind: str, name: str, namespace: str | None = None
    ) -> Object | None:
        """The live object or None. ApiRefusal (reason UnknownKind)."""
        path = _path(self._resource(api_version, kind), namespace, name)
        try:
            return self._request("GET", path)
        except ApiRefusal as refusal:
            if refusal.reason == "NotFound":
                return None
            raise

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Sequence[Object]:
        """Live objects, in one namespace or (None) in all; `labels` must all match."""
        resource = self._resource(api_version, kind)
        path = _path(resource, namespace, every_namespace=True)
        query = {"limit": str(_PAGE)}
        if labels:
            query["labelSelector"] = ",".join(f"{key}={labels[key]}" for key in sorted(labels))
        found: list[Object] = []
        while True:
            page = self._request("GET", path, query)
            found += [
                {**item, "apiVersion": api_version, "kind": kind} for item in page["items"] or ()
            ]
            if not (more := page["metadata"].get("continue")):
                return found
            query["continue"] = more

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> bool:
        """Delete with background propagation; False if it was not there."""
        path = _path(self._resource(api_version, kind), namespace, name)
        try:
            self._request("DELETE", path, {"propagationPolicy": "Background"})
        except ApiRefusal as refusal:
            if refusal.reason == "NotFound":
                return False
            raise
        return True

    def namespaced(self, api_version: str, kind: str) -> bool:
        """Whether the kind lives in namespaces. ApiRefusal (reason UnknownKind)."""
        return self._resource(api_version, kind).namespaced

    def kinds(self) -> Sequence[Kind]:
        """Every kind that can be listed and deleted, once, in its preferred version; no events.

        Two requests for the aggregated discovery document, which also fill what `apply` and the
        rest look up. An API whose own server does not answer is left out.
        """
        found: dict[tuple[str, str], Kind] = {}
        for path in ("/api", "/apis"):
            answer = self._request("GET", path, accept=_AGGREGATED)
            if "items" not in answer:
                raise Unavailable("the API server has no aggregated discovery: Kubernetes 1.30 has")
            for group, api_version, resources in _served(answer):
                root = f"/apis/{api_version}" if group else f"/api/{api_version}"
                known: dict[str, _Resource] = {}
                for each in resources:
                    kind, namespaced = each["responseKind"]["kind"], each["scope"] == "Namespaced"
                    known[kind] = _Resource(root, each["resource"], namespaced)
                    if {"list", "delete"} <= set(each["verbs"]) and each["resource"] != "events":
                        found.setdefault((group, kind), Kind(api_version, kind, namespaced))
                with self._lock:
                    self._kinds[api_version] = known
        return [found[key] for key in sorted(found)]

    def openapi(self, api_version: str) -> Object:
        """The OpenAPI v3 document of one API version. ApiRefusal where it is not served."""
        if not _API_VERSION.fullmatch(api_version):
            raise _unknown_kind(f"{api_version!r} is not an API version")
        root = f"apis/{api_version}" if "/" in api_version else f"api/{api_version}"
        return self._request("GET", f"/openapi/v3/{root}")

    def log(self, pod: str, namespace: str, container: str, lines: int) -> str:
        """The last lines that a container wrote. ApiRefusal, Unavailable."""
        path = _path(_PODS, namespace, pod) + "/log"
        query = {"container": container, "tailLines": str(lines), "limitBytes": str(_LOG_BYTES)}
        response = self._send("GET", path, query)
        if response.status == 200:
            return response.data.decode(errors="replace")
        raise self._error(response.status, None, f"GET {path}")

    def _resource_of(self, obj: Object) -> _Resource:
        api_version, kind = obj.get("apiVersion"), obj.get("kind")
        if not (isinstance(api_version, str) and isinstance(kind, str)):
            raise InvalidInput("an object needs apiVersion and kind")
        if not isinstance(obj.get("metadata"), dict):
            raise InvalidInput(f"{kind} needs metadata with a name")
        return self._resource(api_version, kind)

    def _object_path(self, obj: Object) -> str:
        resource = self._resource_of(obj)
        metadata = obj["metadata"]
        return _path(resource, metadata.get("namespace"), metadata.get("name") or "")

    def _resource(self, api_version: str, kind: str) -> _Resource:
        with self._lock:
            known = self._kinds.get(api_version, {}).get(kind)
        if known:
            return known
        kinds = self._discover(api_version)
        with self._lock:
            self._kinds[api_version] = kinds
        if kind in kinds:
            return kinds[kind]
        raise _unknown_kind(f'the API server serves no kind "{kind}" in "{api_version}"')

    def _discover(self, api_version: str) -> dict[str, _Resource]:
        if not _API_VERSION.fullmatch(api_version):
            return {}
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            answer = self._request("GET", root)
        except ApiRefusal as refusal:
            if refusal.status == 404:
                return {}
            raise
        return {
            each["kind"]: _Resource(root, each["name"], each["namespaced"])
            for each in answer["resources"]
            if "/" not in each["name"]  # a subresource
        }

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = _JSON,
        accept: str = _JSON,
    ) -> Object:
        """The answer's JSON; ApiRefusal for a 4xx, Unavailable for anything else."""
        response = self._send(method, path, query, body, content_type, accept)
        try:
            answer: Any = json.loads(response.data)
        except ValueError:
            answer = None
        if 200 <= response.status < 300 and isinstance(answer, dict):
            return answer
        raise self._error(response.status, answer, f"{method} {path}")

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = _JSON,
        accept: str = _JSON,
    ) -> urllib3.BaseHTTPResponse:
        import urllib3

        to = self._connection
        url = f"{to.base}{path}?{urlencode(query)}" if query else f"{to.base}{path}"
        headers = {**to.headers, "Accept": accept, "User-Agent": _MANAGER}
        data = None
        if body is not None:
            headers["Content-Type"] = content_type
            try:
                data = json.dumps(body, allow_nan=False).encode()
            except (TypeError, ValueError) as error:
                raise InvalidInput(f"{body.get('kind')} is not plain JSON: {error}") from error
        try:
            return to.pool.request(method, url, body=data, headers=headers)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(
                f"the API server at {to.pool.host}:{to.pool.port} does not answer {method} {path}:"
                f" {error}"
            ) from error

    def _error(self, status: int, answer: Any, request: str) -> ApiRefusal | Unavailable:
        said = answer if isinstance(answer, dict) else {}
        message = said.get("message") or f"HTTP {status} to {request}"
        if status == 500 and message.startswith(_MALFORMED):
            return ApiRefusal(message, status=status, reason="Invalid")
        if status < 400 or status in (408, 429) or status >= 500:
            return Unavailable(f"the API server cannot serve {request} now: {message}")
        if status == 404 and not said:  # no handler for the path: a CRD that went away
            with self._lock:
                self._kinds.clear()
            return _unknown_kind(f"the API server does not serve {request}")
        details = said.get("details")
        causes = details.get("causes") if isinstance(details, dict) else None
        named = [(c.get("field", ""), c.get("message", "")) for c in causes or () if c.get("field")]
        return ApiRefusal(
            message, status=status, reason=said.get("reason") or "Unknown", causes=named
        )


# Server-side apply answers an object that does not fit its schema with 500, as if it were broken.
_MALFORMED = ("failed to create typed patch object", "failed to convert new object")
_STRICT = {"fieldManager": _MANAGER, "fieldValidation": "Strict"}


def _served(answer: Object) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """Group, API version and resources of an aggregated discovery answer, preferred ones first."""
    for group in answer["items"]:
        name = group["metadata"].get("name") or ""
        for each in group["versions"]:
            if each.get("freshness") != "Stale":
                api_version = f"{name}/{each['version']}" if name else each["version"]
                yield name, api_version, each.get("resources") or ()


def _unknown_kind(message: str) -> ApiRefusal:
    return ApiRefusal(message, status=404, reason="UnknownKind")


def _path(
    resource: _Resource,
    namespace: str | None,
    name: str | None = None,
    *,
    every_namespace: bool = False,
) -> str:
    """The URL path of one object, or of the collection when `name` is None.

    An empty or dotted name would turn into the path of the collection, and its deletion deletes
    everything in it: such a name is InvalidInput, as is a namespaced kind without a namespace.
    """
    parts = [resource.root]
    if resource.namespaced and (namespace or not every_namespace):
        if not namespace:
            raise InvalidInput(f"{resource.plural} live in namespaces: set metadata.namespace")
        if not isinstance(namespace, str) or not _NAMESPACE.fullmatch(namespace):
            raise InvalidInput(f"{namespace!r} is not a namespace's name")
        parts += ["namespaces", namespace]
    parts.append(resource.plural)
    if name is not None:
        if not isinstance(name, str) or name.strip(".") == "":
            raise InvalidInput(f"{resource.plural} need metadata.name, got {name!r}")
        parts.append(quote(name, safe=":"))
    return "/".join(parts)
