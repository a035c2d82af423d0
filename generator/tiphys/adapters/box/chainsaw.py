"""Chainsaw in a box, for tests whose scripts a person has allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tiphys.adapters.box.box import Box, Boxed
from tiphys.adapters.box.filesystem import TEMPORARY
from tiphys.adapters.runner_embedded.reading import LIMITS, read_test
from tiphys.adapters.runner_embedded.runner import TEST_FILE, read_folder
from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.library.script_steps import RUNS, scripts_in
from tiphys.library.strict_yaml import dump, load
from tiphys.ports import Lease

_LOOPBACK = ("127.0.0.1", "localhost")
_HTTPS = 443
# What a program is replaced by to have all the rest looked at: one that asserts, one that does not.
_IN_TRY = {"assert": {"resource": {"apiVersion": "v1", "kind": "Namespace"}}}
_ELSEWHERE = {"sleep": {"duration": "1ms"}}
# Not `cluster`: a program meets the one cluster that is ours.
_FIELDS = frozenset(
    "args bindings check content entrypoint env outputs skipCommandOutput skipLogOutput"
    " timeout".split()
)
_EMBEDDED = "by the embedded runner; use --runner chainsaw"


def run_in_box(
    box: Box,
    programs: Mapping[str, Path],
    arguments: Callable[[str, str, str], list[str]],
    folder: Path,
    lease: Lease,
    values: str,
    seconds: float,
) -> Boxed:
    """Run Chainsaw on a copy of `folder`, with `programs` (chainsaw, kubectl) by name.

    `arguments` are made from the paths of the test, the values and the report's folder. The one
    way out leads to the lease's API server. Unavailable.
    """
    return box.run(
        ["/box/chainsaw", *arguments("/box/test", "/box/values.yaml", TEMPORARY)],
        seconds=seconds,
        reach=_address(lease.server),
        folders={"/box/test": folder},
        programs={f"/box/{name}": path for name, path in programs.items()},
        files={"/box/values.yaml": values, "/box/kubeconfig": lease.kubeconfig.read_text("utf-8")},
        environment={"KUBECONFIG": "/box/kubeconfig"},
        collect=["report.json"],
    )


def screen_allowing(allowed: Callable[[Path], bool]) -> Callable[[Path], object]:
    """A screen for `ChainsawRunner`: programs only in folders that are `allowed`.

    Everything else must be what the embedded runner knows, in every folder. InvalidInput.
    """

    def screen(folder: Path) -> object:
        path = folder / TEST_FILE
        found = scripts_in(path.read_bytes()) if path.is_file() else ()
        if found and not allowed(folder):
            raise InvalidInput(
                f"{TEST_FILE}: uses {', '.join(found)}; a person may allow it by name in"
                " tiphys.toml: policy.allowed_scripts"
            )
        if not found:
            return read_folder(folder)
        test = _without_programs(load(path.read_bytes(), source=TEST_FILE, limits=LIMITS))
        try:
            return read_test(dump(test).encode(), source=TEST_FILE)
        except InvalidInput as error:
            raise InvalidInput(str(error).replace(_EMBEDDED, "in a test that is judged")) from None

    return screen


def _without_programs(test: Any) -> Any:
    spec = test.get("spec") if isinstance(test, dict) else None
    if not isinstance(spec, dict):
        return test
    steps = spec.get("steps")
    if isinstance(steps, list):
        steps = [_replaced(each, ("try", "catch", "finally", "cleanup")) for each in steps]
        spec = {**spec, "steps": steps}
    return {**test, "spec": _replaced(spec, ("catch",))}


def _replaced(node: Any, lists: tuple[str, ...]) -> Any:
    if not isinstance(node, dict):
        return node
    found = {key: node[key] for key in lists if isinstance(node.get(key), list)}
    for key, operations in found.items():
        other = _IN_TRY if key == "try" else _ELSEWHERE
        found[key] = [_benign(each, other) for each in operations]
    return {**node, **found}


def _benign(operation: Any, other: Mapping[str, Any]) -> Any:
    kinds = [kind for kind in RUNS if kind in operation] if isinstance(operation, dict) else []
    if len(kinds) != 1:
        return operation
    for key in operation[kinds[0]] or ():
        if key not in _FIELDS:
            raise InvalidInput(f"{TEST_FILE}: {kinds[0]}.{key}: not supported in a judged test")
    return {**{k: v for k, v in operation.items() if k not in RUNS}, **other}


def _address(server: str) -> tuple[str, int]:
    url = urlsplit(server)
    if url.hostname not in _LOOPBACK:
        raise Unavailable(f"a script may only meet a cluster on loopback, not {url.hostname}")
    return "127.0.0.1", url.port or _HTTPS
