"""A skill on disk: its files read into a `Skill`, wherever they come from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tiphys.domain.errors import InvalidInput, LimitExceeded, NotFound
from tiphys.domain.skill import Scope, Skill
from tiphys.domain.tree import MODE_EXECUTABLE, MODE_FILE
from tiphys.library import strict_yaml
from tiphys.library.schema import check_schema, complete
from tiphys.library.waivers import read_waivers
from tiphys.ports import RepositoryReader

TEST_PATH = "tests/chainsaw-test.yaml"
SCHEMA_PATH = "values.schema.json"
WAIVERS_PATH = "tests/waivers.yaml"
CARD_PATH = "SKILL.md"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_TEMPLATE = re.compile(r"templates/([a-z0-9][a-z0-9_.-]*)\.yaml\.j2\Z")
_EXAMPLE = re.compile(r"examples/([a-z0-9][a-z0-9-]*)/values\.yaml\Z")
_FRONT_MATTER = re.compile(r"---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n(.*))?\Z", re.DOTALL)
_KEYS = frozenset({"name", "description", "license", "compatibility", "metadata", "allowed-tools"})
_MAX_NAME = 64
_MAX_DESCRIPTION = 1024
_MAX_COMPATIBILITY = 500
_MAX_FILE = 256 * 1024
_MAX_FILES = 64


def load_skill(folder: Path) -> Skill:
    """The skill in a folder of the file system; InvalidInput, LimitExceeded, NotFound."""
    if not folder.is_dir():
        raise NotFound(f"no skill at {folder}; `tiphys skill list` shows those that exist")
    found = sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    _limit_count(len(found), folder.name)
    files = {}
    for path in found:
        relative = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise InvalidInput(f"skills/{folder.name}/{relative}: is a symbolic link")
        if path.stat().st_size > _MAX_FILE:
            raise LimitExceeded(f"skills/{folder.name}/{relative}: larger than {_MAX_FILE} bytes")
        files[relative] = path.read_bytes()
    return parse_skill(folder.resolve().name, files)


def load_skill_at(repository: RepositoryReader, rev: str, name: str) -> Skill:
    """The skill `name` in a revision, with its tree id as digest; InvalidInput, NotFound."""
    root = f"skills/{name}"
    entries = repository.entries(rev, root)
    if not entries:
        raise NotFound(f"there is no skill {name}; `tiphys skill list` shows those that exist")
    _limit_count(len(entries), name)
    for entry in entries:
        if entry.mode not in (MODE_FILE, MODE_EXECUTABLE):
            raise InvalidInput(f"{entry.path}: is not a plain file")
    files = {
        entry.path.removeprefix(f"{root}/"): repository.read(rev, entry.path, _MAX_FILE)
        for entry in entries
    }
    return parse_skill(name, files, digest=repository.tree_id(rev, root))


def skill_names(repository: RepositoryReader, rev: str) -> tuple[str, ...]:
    """Names of the skill folders in a revision, sorted; well-formed or not."""
    entries = repository.entries(rev, "skills")
    return tuple(sorted({e.path.split("/")[1] for e in entries if e.path.count("/") > 1}))


def parse_skill(name: str, files: Mapping[str, bytes], *, digest: str = "") -> Skill:
    """A skill from its files (path inside the folder -> bytes); InvalidInput says what is wrong."""
    where = f"skills/{name}"
    if not _NAME.match(name) or len(name) > _MAX_NAME:
        raise InvalidInput(f"{where}: a skill's name is lower-case words joined by single hyphens")
    card, body = _card(_text(files, CARD_PATH, where), f"{where}/{CARD_PATH}")
    if card["name"] != name:
        raise InvalidInput(f"{where}/{CARD_PATH}: name is {card['name']!r}, its folder is {name!r}")
    schema = _schema(_text(files, SCHEMA_PATH, where), f"{where}/{SCHEMA_PATH}")
    templates = _named(files, _TEMPLATE)
    examples = _named(files, _EXAMPLE)
    if not templates:
        raise InvalidInput(f"{where}: has no templates/*.yaml.j2")
    if not examples:
        raise InvalidInput(f"{where}: has no examples/<case>/values.yaml")
    scope = _scope(card.get("metadata"), schema, where)
    sources = {f"{key}.yaml": _text(files, path, where) for key, path in sorted(templates.items())}
    from tiphys.library.template import check_template  # Jinja takes a while to import

    for key, source in sources.items():
        check_template(source, name=f"{where}/templates/{key}.j2")
    return Skill(
        name=name,
        description=card["description"],
        body=body,
        scope=scope,
        schema=schema,
        templates=sources,
        examples={
            case: _values(_text(files, path, where), f"{where}/{path}")
            for case, path in sorted(examples.items())
        },
        test=_text(files, TEST_PATH, where),
        digest=digest,
        license=str(card.get("license") or ""),
        compatibility=str(card.get("compatibility") or ""),
        waivers=read_waivers(_text(files, WAIVERS_PATH, where), source=f"{where}/{WAIVERS_PATH}")
        if WAIVERS_PATH in files
        else (),
    )


def render(skill: Skill, values: Mapping[str, Any]) -> dict[str, bytes]:
    """The skill's manifests for `values`: file name -> canonical YAML bytes, the same every time.

    Defaults are filled in; a template that gives no object gives no file. InvalidInput.
    """
    full = complete(skill.schema, values, source=f"values of {skill.name}")
    rendered: dict[str, bytes] = {}
    from tiphys.library.template import render_template

    for file_name, source in skill.templates.items():
        objects = render_template(source, full, name=f"{skill.path}/templates/{file_name}.j2")
        if objects:
            rendered[file_name] = strict_yaml.dump_all(objects).encode()
    if not rendered:
        raise InvalidInput(f"{skill.path}: renders no object for these values")
    return rendered


def _limit_count(count: int, name: str) -> None:
    if count > _MAX_FILES:
        raise LimitExceeded(f"skills/{name}: {count} files, at most {_MAX_FILES}")


def _text(files: Mapping[str, bytes], path: str, where: str) -> str:
    if path not in files:
        raise InvalidInput(f"{where}: {path} is missing")
    try:
        return files[path].decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"{where}/{path}: is not UTF-8 text") from None


def _card(text: str, source: str) -> tuple[dict[str, Any], str]:
    found = _FRONT_MATTER.match(text)
    if not found:
        raise InvalidInput(f"{source}: must start with YAML front matter between --- lines")
    card = strict_yaml.load(found[1], source=source)
    if not isinstance(card, dict):
        raise InvalidInput(f"{source}: the front matter is not a map")
    if unknown := set(card) - _KEYS:
        raise InvalidInput(f"{source}: front matter key {sorted(unknown)[0]} is unknown")
    for key, most in (("name", _MAX_NAME), ("description", _MAX_DESCRIPTION)):
        value = card.get(key)
        if not isinstance(value, str) or not value.strip() or len(value) > most:
            raise InvalidInput(f"{source}: {key} must be text of 1 to {most} characters")
    if len(str(card.get("compatibility") or "")) > _MAX_COMPATIBILITY:
        raise InvalidInput(f"{source}: compatibility is longer than {_MAX_COMPATIBILITY}")
    return card, (found[2] or "").strip()


def _scope(metadata: Any, schema: Mapping[str, Any], where: str) -> Scope:
    metadata = {} if metadata is None else metadata
    if not isinstance(metadata, dict):
        raise InvalidInput(f"{where}/{CARD_PATH}: metadata must be a map of texts")
    scope = metadata.get("tiphys.scope", "namespaced")
    if scope not in ("namespaced", "cluster"):
        raise InvalidInput(f"{where}/{CARD_PATH}: tiphys.scope is namespaced or cluster")
    required = set(schema.get("required", ()))
    needed = {"name", "namespace"} if scope == "namespaced" else {"name"}
    if lacking := needed - required:
        raise InvalidInput(f"{where}/{SCHEMA_PATH}: {sorted(lacking)[0]} must be required")
    return scope  # type: ignore[no-any-return]  # narrowed by the check above


def _schema(text: str, source: str) -> Mapping[str, Any]:
    try:
        schema = json.loads(text, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as problem:
        raise InvalidInput(f"{source}: not valid JSON: {problem}") from None
    return check_schema(schema, source=source)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _named(files: Mapping[str, bytes], pattern: re.Pattern[str]) -> dict[str, str]:
    return {match[1]: path for path in files if (match := pattern.match(path))}


def _values(text: str, source: str) -> dict[str, Any]:
    values = strict_yaml.load(text, source=source)
    if not isinstance(values, dict):
        raise InvalidInput(f"{source}: must be a map of values")
    return values
