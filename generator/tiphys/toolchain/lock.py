"""The lock: which binaries, in which version, and where each can come from."""

from __future__ import annotations

import functools
import platform
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tiphys.domain.errors import InvalidInput, NotFound, Unavailable

Source = Literal["download", "go"]
SOURCES: tuple[Source, ...] = ("download", "go")

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How Go builds the tools of one module: a folder with its go.mod and go.sum.

    `ldflags` go to the linker. `vendor` maps files of the folder to places below vendor/ that the
    module lacks; a recipe with any is built from vendored sources.
    """

    name: str
    version: str
    folder: Path
    module: str
    minutes: int
    ldflags: Sequence[str]
    vendor: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Release:
    """Where the tool's project publishes it; every template is filled in already.

    `checksum` is the URL of a document that names the file's sha256, `sha256` a pinned one.
    """

    url: str
    checksum: str | None
    member: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Tool:
    """One binary in one version. `release` is None where none is published for this platform."""

    name: str
    version: str
    optional: bool
    homepage: str
    release: Release | None
    recipe: Recipe
    package: str
    version_args: Sequence[str]

    @property
    def label(self) -> str:
        """As in messages: "etcd 3.6.6"."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Lock:
    """Every tool for one platform ("linux-amd64"), in the order of the file."""

    platform: str
    tools: Sequence[Tool]

    def find(self, name: str, version: str | None = None) -> Tool:
        """The tool of that name, in its default version unless told. NotFound."""
        for tool in self.tools:
            if tool.name == name and version in (None, tool.version):
                return tool
        known = ", ".join(tool.label for tool in self.tools)
        raise NotFound(f"no tool {name} {version or ''}in the lock; it knows {known}")

    def request(self, tool: Tool) -> str:
        """The words that choose this tool: NAME, or NAME@VERSION where another is the default."""
        return tool.name if self.find(tool.name) is tool else f"{tool.name}@{tool.version}"

    def select(self, names: Sequence[str] | None) -> tuple[Tool, ...]:
        """The named tools (NAME or NAME@VERSION), each once; without names all but the optional.

        NotFound.
        """
        if not names:
            return tuple(tool for tool in self.tools if not tool.optional)
        wanted = [self.find(*name.split("@", 1)) for name in names]
        return tuple(tool for tool in self.tools if tool in wanted)


def labels(tools: Sequence[Tool]) -> str:
    """As in "etcd 3.6.6", "kwok, kwokctl 0.8.0", "etcd 3.6.6, kwok 0.8.0"."""
    if len({tool.version for tool in tools}) == 1:
        return f"{', '.join(tool.name for tool in tools)} {tools[0].version}"
    return ", ".join(tool.label for tool in tools)


def this_platform() -> str:
    """The platform in Go's words, such as "linux-amd64". Unavailable if no tool exists for it."""
    system, machine = platform.system().lower(), platform.machine().lower()
    if system not in ("linux", "darwin") or machine not in _ARCHITECTURES:
        raise Unavailable(f"no control plane runs on {system} {machine}; use Linux or macOS")
    return f"{system}-{_ARCHITECTURES[machine]}"


@functools.cache
def load_lock(path: Path | None = None, on: str | None = None) -> Lock:
    """The lock at `path` (the packaged one) for the platform `on` (this one). InvalidInput."""
    path = path or Path(__file__).with_name("lock.toml")
    on = on or this_platform()
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        if data["schema"] != 1:
            raise InvalidInput(f"{path}: schema {data['schema']} is not 1; update tiphys")
        recipes = {
            name: _recipe(name, table, path.parent / "recipes" / name)
            for name, table in data["recipes"].items()
        }
        tools = tuple(_tool(table, recipes, on) for table in data["tools"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{path} is not a tool lock: {error!r}") from error
    return Lock(on, tools)


def _recipe(name: str, table: Mapping[str, Any], folder: Path) -> Recipe:
    return Recipe(
        name=name,
        version=table["version"],
        folder=folder,
        module=table["module"],
        minutes=table["minutes"],
        ldflags=tuple(flag.format(version=table["version"]) for flag in table["ldflags"]),
        vendor=table.get("vendor", {}),
    )


def _tool(table: Mapping[str, Any], recipes: Mapping[str, Recipe], on: str) -> Tool:
    recipe = recipes[table["recipe"]]
    if recipe.version != table["version"]:
        raise ValueError(f"{table['name']} {table['version']} has a recipe for {recipe.version}")
    return Tool(
        name=table["name"],
        version=table["version"],
        optional=table.get("optional", False),
        homepage=table["homepage"],
        release=_release(table, on),
        recipe=recipe,
        package=table["package"],
        version_args=tuple(table["version-args"]),
    )


def _release(table: Mapping[str, Any], on: str) -> Release | None:
    release = table.get("release")
    if release is None or on not in release["platforms"]:
        return None
    system, arch = on.split("-")
    words = {"name": table["name"], "version": table["version"], "os": system, "arch": arch}
    url = release["url"].format(**words)
    checksum, member = release.get("checksum"), release.get("member")
    return Release(
        url=url,
        checksum=checksum and checksum.format(url=url, **words),
        member=member and member.format(**words),
        sha256=release["sha256"].get(on),
    )
