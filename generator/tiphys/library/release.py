"""A release on disk: `manifests/<namespace>/<name>/`, rendered manifests beside `release.toml`."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.domain.skill import Skill
from tiphys.library.formats import is_dns_label, is_dns_subdomain
from tiphys.library.skill_files import render

RELEASE_FILE = "release.toml"
CLUSTER_FOLDER = "_cluster"  # no namespace can have this name
_LIMIT = 128 * 1024
REQUEST_LIMIT = 16 * 1024  # characters; what is longer is cut
# A key of thousands of dotted parts takes TOML readers minutes; no release has reason for one.
_DOTTED = re.compile(
    r"""(?:(?:[A-Za-z0-9_-]{1,32}|"[^"\n]{0,32}"|'[^'\n]{0,32}')[ \t]{0,8}\.[ \t]{0,8}){64}"""
)


@dataclass(frozen=True, slots=True)
class Release:
    """What was asked for and how it was made; rendering it again gives the same bytes.

    `namespace` is None for a cluster-scoped skill, `values` are those that were given (defaults
    left out), `request` is the issue's text, `model` the model's id or "" where none was called.
    """

    name: str
    namespace: str | None
    skill: str
    skill_digest: str
    values: Mapping[str, Any]
    request: str
    model: str = ""

    @property
    def path(self) -> str:
        """The release's folder inside a repository."""
        return release_path(self.namespace, self.name)


def release_path(namespace: str | None, name: str) -> str:
    """Folder of a release; InvalidInput when a name would leave it."""
    if namespace is not None and not is_dns_label(namespace):
        raise InvalidInput(
            f"{namespace!r} is not a namespace's name: use lower-case letters, digits, -"
        )
    if not is_dns_subdomain(name):
        raise InvalidInput(f"{name!r} is not a name: use lower-case letters, digits and -")
    return f"manifests/{namespace or CLUSTER_FOLDER}/{name}"


def make_release(
    skill: Skill,
    values: Mapping[str, Any],
    *,
    request: str,
    model: str = "",
    name: str | None = None,
) -> Release:
    """The release that a skill and its values define.

    Its folder is called `name`: the value `name`, or that with the skill's name behind it where
    another skill's release has the first.
    """
    return Release(
        name=name or str(values["name"]),
        namespace=str(values["namespace"]) if skill.scope == "namespaced" else None,
        skill=skill.name,
        skill_digest=skill.digest,
        values=dict(values),
        request=request[:REQUEST_LIMIT],
        model=model,
    )


def release_files(release: Release, skill: Skill) -> dict[str, bytes]:
    """Every file of a release, by path from the repository's root."""
    return laid_out(release, render(skill, release.values))


def laid_out(release: Release, manifests: Mapping[str, bytes]) -> dict[str, bytes]:
    """A release's files by path, for `manifests` (file name -> bytes) that were rendered before."""
    files = {f"{release.path}/{name}": data for name, data in manifests.items()}
    return {**files, f"{release.path}/{RELEASE_FILE}": write_release(release)}


def write_release(release: Release) -> bytes:
    """`release.toml`: strings and values as TOML, nested values as inline tables; LimitExceeded."""
    lines = [
        f"skill = {_toml(release.skill)}",
        f"skill_digest = {_toml(release.skill_digest)}",
        f"request = {_toml(release.request)}",
        f"model = {_toml(release.model)}",
        "",
        "[values]",
        *(f"{_toml(k)} = {_toml(v)}" for k, v in release.values.items() if v is not None),
    ]
    return _limited(("\n".join(lines) + "\n").encode(), f"{release.path}/{RELEASE_FILE}")


def read_release(data: bytes, *, path: str) -> Release:
    """The release whose `release.toml` lies in the folder `path`; InvalidInput."""
    source = f"{path}/{RELEASE_FILE}"
    try:
        table = tomllib.loads(_limited(data, source).decode())
    except (ValueError, RecursionError) as problem:  # bad TOML, bad UTF-8, numbers too long
        raise InvalidInput(f"{source}: not valid TOML: {problem}") from None
    known = {"skill": str, "skill_digest": str, "request": str, "model": str, "values": dict}
    if unknown := set(table) - set(known):
        raise InvalidInput(f"{source}: unknown key {sorted(unknown)[0]}")
    for key, kind in known.items():
        if not isinstance(table.get(key), kind):
            raise InvalidInput(f"{source}: {key} is missing or not a {kind.__name__}")
    folder, _, name = path.removeprefix("manifests/").partition("/")
    release = Release(name=name, namespace=None if folder == CLUSTER_FOLDER else folder, **table)
    if release.path != path:
        raise InvalidInput(f"{source}: does not lie in manifests/<namespace>/<name>")
    own = release.values.get("name")
    if name not in (own, f"{own}-{release.skill}"):
        raise InvalidInput(f"{source}: its values name {own!r}, its folder {name!r}")
    if release.namespace is not None and release.values.get("namespace") != release.namespace:
        raise InvalidInput(f"{source}: its namespace is not that of its folder")
    return release


def _limited(data: bytes, source: str) -> bytes:
    if len(data) > _LIMIT:
        raise LimitExceeded(f"{source}: larger than {_LIMIT} bytes")
    if _DOTTED.search(data.decode(errors="replace")):
        raise LimitExceeded(f"{source}: more than 64 words joined by dots")
    return data


def _toml(value: Any) -> str:
    if isinstance(value, str):
        # TOML's basic strings are JSON's, but DEL must be escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items() if v is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    raise InvalidInput(f"a value of type {type(value).__name__} can't be kept in {RELEASE_FILE}")
