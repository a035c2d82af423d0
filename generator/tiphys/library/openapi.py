"""The fields of a kind, as the API server's own OpenAPI v3 documents describe them.

    schemas = Schemas(api.openapi)
    schemas.of("apps/v1", "Deployment").at(("spec", "replicas")).type == "integer"

The same for a custom resource, whose definition the server publishes in the same form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from tiphys.domain.errors import ApiRefusal, NotFound

Type = Literal[
    "object", "map", "list", "string", "integer", "number", "boolean", "quantity", "port", "any"
]
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_REF = "#/components/schemas/"
_SCALARS: Mapping[str, Type] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_DEPTH = 24  # of the fields of one object; JSONSchemaProps contains itself


class Field:
    """One field: what it may hold. Cheap to make; what is below is resolved when it is asked for.

    `type` "port" stands for int-or-string, "map" for an object with free keys, "any" for what the
    server does not describe.
    """

    def __init__(self, schema: Mapping[str, Any], components: Mapping[str, Any]) -> None:
        self._given = schema
        self._components = components

    @cached_property
    def schema(self) -> Mapping[str, Any]:
        """The OpenAPI schema with references followed; the outer description wins."""
        found: dict[str, Any] = dict(self._given)
        parts = [*found.pop("allOf", ()), *([found] if "$ref" in found else [])]
        for part in parts:
            name = str(part.get("$ref", "")).removeprefix(_REF)
            inner = self._components.get(name, {}) if "$ref" in part else part
            if name == _QUANTITY:
                found["format"] = "quantity"
            found = {**inner, **{k: v for k, v in found.items() if k != "$ref"}}
        return found

    @cached_property
    def type(self) -> Type:
        """What it holds."""
        schema = self.schema
        if schema.get("format") == "quantity":
            return "quantity"
        if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
            return "port"
        said = schema.get("type")
        if said == "array":
            return "list"
        if schema.get("properties"):
            return "object"
        if said == "object":
            return "map" if isinstance(schema.get("additionalProperties"), Mapping) else "any"
        return _SCALARS.get(str(said), "any")

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """The fields of an object by name; empty for anything else."""
        found = self.schema.get("properties") or {}
        return {name: Field(each, self._components) for name, each in found.items()}

    @cached_property
    def item(self) -> Field | None:
        """What a list or a map holds."""
        found = self.schema.get("items" if self.type == "list" else "additionalProperties")
        return Field(found, self._components) if isinstance(found, Mapping) else None

    @property
    def required(self) -> Sequence[str]:
        """Names of the fields that an object can't do without."""
        return tuple(self.schema.get("required") or ())

    @property
    def enum(self) -> Sequence[Any]:
        """The values that it may hold; empty where any will do."""
        return tuple(self.schema.get("enum") or ())

    @property
    def description(self) -> str:
        """The server's own words about it."""
        return str(self.schema.get("description") or "")

    @property
    def keys(self) -> Sequence[str]:
        """The fields that tell the items of this list apart; empty where none do."""
        return tuple(self.schema.get("x-kubernetes-list-map-keys") or ())

    def at(self, path: Sequence[str | int]) -> Field | None:
        """The field at a path such as ("spec", "ports", 0, "port"); None where there is none."""
        here: Field | None = self
        for part in path[:_DEPTH]:
            if here is None:
                return None
            within = here.type in ("list", "map")
            here = here.item if within else here.fields.get(str(part))
        return here


class Schemas:
    """The kinds of one API server. `document` gives the OpenAPI document of an API version."""

    def __init__(self, document: Callable[[str], Mapping[str, Any]]) -> None:
        self._document = document
        self._components: dict[str, Mapping[str, Any]] = {}
        self._roots: dict[tuple[str, str], Field | None] = {}

    def of(self, api_version: str, kind: str) -> Field | None:
        """The whole object; None for what the server does not serve or describe."""
        key = (api_version, kind)
        if key not in self._roots:
            self._roots[key] = self._root(api_version, kind)
        return self._roots[key]

    def at(self, api_version: str, kind: str, path: Sequence[str | int]) -> Field | None:
        """One field of a kind."""
        root = self.of(api_version, kind)
        return root.at(path) if root else None

    def _root(self, api_version: str, kind: str) -> Field | None:
        group, _, version = api_version.rpartition("/")
        wanted = {"group": group, "version": version, "kind": kind}
        components = self._of_version(api_version)
        for each in components.values():
            if wanted in (each.get("x-kubernetes-group-version-kind") or ()):
                return Field(each, components)
        return None

    def _of_version(self, api_version: str) -> Mapping[str, Any]:
        if api_version not in self._components:
            try:
                found = self._document(api_version)
            except (ApiRefusal, NotFound):
                found = {}
            self._components[api_version] = (found.get("components") or {}).get("schemas") or {}
        return self._components[api_version]
