"""What every ClusterApi and every ClusterProvider does; the fakes too.

Subclass `ClusterApiConformance` with fixtures `api` and `namespace` (which exists and is empty),
`ClusterProviderConformance` with `provider` and `connect` (from a lease to its ClusterApi).
"""
# ruff: noqa: S101, D102 -- a suite is made of assertions; a test's name says what it shows

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tiphys.domain.errors import ApiRefusal, InvalidInput

if TYPE_CHECKING:
    from tiphys.ports import ClusterApi, ClusterProvider, Lease, Object


def config_map(namespace: str, name: str = "one", **fields: Any) -> Object:
    """A ConfigMap; `labels` go to its metadata, other fields to its top."""
    labels = fields.pop("labels", None)
    metadata = {"name": name, "namespace": namespace, **({"labels": labels} if labels else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **fields}


class ClusterApiConformance:
    """Objects of any kind: in, changed, listed, out."""

    def test_the_version_is_named(self, api: ClusterApi) -> None:
        assert api.version().startswith("v")

    def test_apply_creates_then_changes_nothing(self, api: ClusterApi, namespace: str) -> None:
        wanted = config_map(namespace, data={"a": "1"})
        given = copy.deepcopy(wanted)
        first = api.apply(wanted)
        assert wanted == given
        assert first["data"] == {"a": "1"}
        assert first["metadata"]["uid"]
        again = api.apply(wanted)
        assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        assert api.get("v1", "ConfigMap", "one", namespace) == again

    def test_apply_changes_what_it_names(self, api: ClusterApi, namespace: str) -> None:
        first = api.apply(config_map(namespace, data={"a": "1"}))
        changed = api.apply(config_map(namespace, data={"a": "2"}))
        assert changed["data"] == {"a": "2"}
        assert changed["metadata"]["uid"] == first["metadata"]["uid"]
        assert changed["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]

    def test_a_dry_run_stores_nothing(self, api: ClusterApi, namespace: str) -> None:
        tried = api.apply(config_map(namespace, data={"a": "1"}), dry_run=True)
        assert tried["data"] == {"a": "1"}
        assert api.get("v1", "ConfigMap", "one", namespace) is None
        api.apply(config_map(namespace, data={"a": "1"}))
        assert api.apply(config_map(namespace, data={"a": "2"}), dry_run=True)["data"]["a"] == "2"
        assert (api.get("v1", "ConfigMap", "one", namespace) or {})["data"] == {"a": "1"}

    def test_create_refuses_what_is_there(self, api: ClusterApi, namespace: str) -> None:
        api.create(config_map(namespace))
        with pytest.raises(ApiRefusal, match='"one" already exists') as refused:
            api.create(config_map(namespace))
        assert (refused.value.status, refused.value.reason) == (409, "AlreadyExists")

    def test_create_makes_a_name(self, api: ClusterApi, namespace: str) -> None:
        nameless = config_map(namespace)
        nameless["metadata"] = {"generateName": "some-", "namespace": namespace}
        names = {api.create(nameless)["metadata"]["name"] for _ in range(2)}
        assert len(names) == 2
        assert all(name.startswith("some-") for name in names)

    @pytest.mark.parametrize("verb", ["update", "patch"])
    def test_a_change_needs_the_object(self, api: ClusterApi, namespace: str, verb: str) -> None:
        with pytest.raises(ApiRefusal, match='"one" not found') as refused:
            getattr(api, verb)(config_map(namespace))
        assert (refused.value.status, refused.value.reason) == (404, "NotFound")
        assert api.get("v1", "ConfigMap", "one", namespace) is None

    def test_update_replaces(self, api: ClusterApi, namespace: str) -> None:
        first = api.create(config_map(namespace, data={"a": "1", "b": "1"}))
        assert api.update(config_map(namespace, data={"c": "1"}))["data"] == {"c": "1"}
        with pytest.raises(ApiRefusal) as refused:
            api.update(first)
        assert (refused.value.status, refused.value.reason) == (409, "Conflict")

    def test_patch_merges_and_null_removes(self, api: ClusterApi, namespace: str) -> None:
        api.create(config_map(namespace, data={"a": "1", "b": "1"}))
        patched = api.patch(config_map(namespace, data={"a": None, "c": "2"}))
        assert patched["data"] == {"b": "1", "c": "2"}
        assert api.get("v1", "ConfigMap", "one", namespace) == patched

    def test_delete_says_whether_it_was_there(self, api: ClusterApi, namespace: str) -> None:
        api.create(config_map(namespace))
        assert api.delete("v1", "ConfigMap", "one", namespace) is True
        assert api.delete("v1", "ConfigMap", "one", namespace) is False
        assert api.get("v1", "ConfigMap", "one", namespace) is None

    def test_list_selects(self, api: ClusterApi, namespace: str) -> None:
        mark = {"suite": namespace}
        api.create(config_map(namespace, "one", labels={**mark, "tier": "web"}))
        api.create(config_map(namespace, "two", labels=mark))

        def names(**where: Any) -> list[str]:
            found = api.list("v1", "ConfigMap", **where)
            assert all((each["apiVersion"], each["kind"]) == ("v1", "ConfigMap") for each in found)
            return sorted(each["metadata"]["name"] for each in found)

        assert {"one", "two"} <= set(names(namespace=namespace))
        assert names(labels=mark) == ["one", "two"]
        assert names(namespace=namespace, labels={**mark, "tier": "web"}) == ["one"]
        assert names(namespace="default", labels=mark) == []
        assert names(labels={**mark, "tier": "other"}) == []

    def test_kinds_without_namespaces(self, api: ClusterApi, namespace: str) -> None:
        assert api.namespaced("v1", "ConfigMap") is True
        assert api.namespaced("v1", "Namespace") is False
        assert (api.get("v1", "Namespace", namespace) or {})["metadata"]["name"] == namespace
        assert namespace in [each["metadata"]["name"] for each in api.list("v1", "Namespace")]

    def test_every_kind_that_can_be_listed_and_deleted(self, api: ClusterApi) -> None:
        kinds = api.kinds()
        found = {(each.api_version, each.kind): each.namespaced for each in kinds}
        assert len(found) == len(kinds)
        assert found["v1", "ConfigMap"] is True
        assert found["apps/v1", "Deployment"] is True
        assert found["v1", "Namespace"] is False
        without_version = {(each.api_version.rpartition("/")[0], each.kind) for each in kinds}
        assert len(without_version) == len(kinds)
        for api_version, kind in found:
            assert kind not in ("Event", "ComponentStatus", "TokenReview", "Scale", "Eviction")
            api.list(api_version, kind)

    @pytest.mark.parametrize(
        ("api_version", "kind"),
        [("v1", "Nope"), ("example.org/v1", "ConfigMap"), ("../v1", "Pod"), ("", "Pod")],
    )
    def test_an_unknown_kind_is_named(
        self, api: ClusterApi, namespace: str, api_version: str, kind: str
    ) -> None:
        for call in (
            lambda: api.namespaced(api_version, kind),
            lambda: api.list(api_version, kind),
            lambda: api.get(api_version, kind, "one", namespace),
            lambda: api.delete(api_version, kind, "one", namespace),
        ):
            with pytest.raises(ApiRefusal, match=kind) as refused:
                call()
            assert refused.value.reason == "UnknownKind"

    @pytest.mark.parametrize("name", ["", ".", "..", "..."])
    def test_no_name_stands_for_a_collection(
        self, api: ClusterApi, namespace: str, name: str
    ) -> None:
        api.create(config_map(namespace))
        with pytest.raises(InvalidInput, match=r"metadata\.name"):
            api.delete("v1", "ConfigMap", name, namespace)
        with pytest.raises(InvalidInput, match=r"metadata\.name"):
            api.apply(config_map(namespace, name))
        assert api.get("v1", "ConfigMap", "one", namespace)

    def test_a_namespace_is_never_guessed(self, api: ClusterApi) -> None:
        homeless = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}
        for call in (api.apply, api.create, api.update, api.patch):
            with pytest.raises(InvalidInput, match="namespace"):
                call(homeless)
        with pytest.raises(InvalidInput, match="namespace"):
            api.get("v1", "ConfigMap", "one")

    def test_a_namespace_must_exist(self, api: ClusterApi) -> None:
        with pytest.raises(ApiRefusal, match='"missing" not found') as refused:
            api.create(config_map("missing"))
        assert refused.value.reason == "NotFound"

    @pytest.mark.parametrize("obj", [{}, {"kind": "Pod"}, {"apiVersion": "v1", "kind": "Pod"}])
    def test_an_object_says_what_it_is(self, api: ClusterApi, obj: Object) -> None:
        for call in (api.apply, api.create, api.update, api.patch):
            with pytest.raises(InvalidInput):
                call(obj)


class ClusterProviderConformance:
    """Clusters come fresh and go."""

    def test_leases_share_nothing_and_end_with_an_exception(
        self, provider: ClusterProvider, connect: Callable[[Lease], ClusterApi]
    ) -> None:
        def use_two() -> None:
            with provider.lease() as one, provider.lease() as other:
                assert one.id != other.id
                assert one.server.startswith("https://127.0.0.1:")
                assert one.tier == "simulated"
                first, second = connect(one), connect(other)
                assert one.kubernetes_version == first.version()
                first.create(config_map("default"))
                assert second.get("v1", "ConfigMap", "one", "default") is None
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            use_two()
