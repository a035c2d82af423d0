"""What `tiphys init` and `tiphys skill new` put into a repository."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tiphys.domain.errors import InvalidInput, Refused
from tiphys.domain.policy import SYSTEM_KINDS, SYSTEM_NAMESPACES
from tiphys.library import parse_skill

_README = """\
# Skills and manifests

This repository is the memory of Tiphys: `skills/` holds
what it can do, `manifests/<namespace>/<release>/` what people approved.

    tiphys request "Run the storefront in namespace shop: ..."
    tiphys work --once
    tiphys verify PULL
    tiphys pr merge PULL
"""

_SETTINGS = f"""\
# Settings of this repository; `tiphys config` shows all of them with their defaults.
pace_seconds = 5

[policy]
off_limits_namespaces = {json.dumps(SYSTEM_NAMESPACES)}
off_limits_kinds = {json.dumps(SYSTEM_KINDS)}
"""

_CARD = """\
---
name: {name}
description: {description}
license: Apache-2.0
metadata:
  tiphys.scope: namespaced
---
# {title}

## When to use
Describe the wish that this skill serves.

## When not to use
Name the neighbours that serve other wishes.

## Pitfalls
What a person should look at before merging.
"""

_SCHEMA = """\
{{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "{title}",
  "type": "object",
  "additionalProperties": false,
  "required": ["name", "namespace", "note"],
  "properties": {{
    "name": {{
      "type": "string",
      "format": "dns-label",
      "description": "Name of the object."
    }},
    "namespace": {{
      "type": "string",
      "format": "dns-label",
      "description": "Namespace of the object."
    }},
    "note": {{
      "type": "string",
      "maxLength": 200,
      "description": "A line of text.",
      "x-tiphys": {{ "words": ["note", "text"], "question": "Which note?" }}
    }}
  }}
}}
"""

_TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ name }}
  namespace: {{ namespace }}
  labels:
    app.kubernetes.io/name: {{ name }}
    app.kubernetes.io/managed-by: tiphys
data:
  note: {{ note }}
"""

_TEST = """\
apiVersion: chainsaw.kyverno.io/v1alpha1
kind: Test
metadata:
  name: {name}
spec:
  steps:
    - name: apply
      try:
        - apply:
            file: manifests/*.yaml
    - name: the object holds the note
      try:
        - assert:
            resource:
              apiVersion: v1
              kind: ConfigMap
              metadata:
                name: ($values.name)
                labels:
                  app.kubernetes.io/name: ($values.name)
                  app.kubernetes.io/managed-by: tiphys
              data:
                note: ($values.note)
"""


_PEOPLE = """
# Whose keys are whose: what is said in these names counts with their signature only. Others show
# you their line by `tiphys key`.
[people]
"""


def people_line(name: str, keys: Sequence[str]) -> str:
    """A line under `[people]`."""
    bare = re.fullmatch(r"[A-Za-z0-9_-]+", name)
    return f"{name if bare else json.dumps(name)} = {json.dumps(list(keys))}"


def repository_files(
    starter: Path, guardrails: Path, people: Mapping[str, Sequence[str]] | None = None
) -> dict[str, bytes]:
    """Every file of a new skill repository: the starter skills, the rules, and what frames them.

    `people` are listed with their public keys.
    """
    files = _below(starter, "skills") | _below(guardrails, "manifests/guardrails")
    if not files:
        raise Refused(f"the starter skills are missing from {starter}; install tiphys again")
    lines = [people_line(name, keys) + "\n" for name, keys in (people or {}).items()]
    settings = _SETTINGS + "".join([_PEOPLE, *lines] if lines else [])
    framed = {"README.md": _README, "tiphys.toml": settings, "manifests/README.md": _MANIFESTS}
    return files | {path: text.encode() for path, text in framed.items()}


def _below(folder: Path, place: str) -> dict[str, bytes]:
    return {
        f"{place}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


_MANIFESTS = """\
# Approved manifests

One folder a release: `<namespace>/<release>/`, with `release.toml` saying how it was made.
`guardrails/` holds the rules that every object has to keep.
"""


def skill_files(name: str, description: str) -> Mapping[str, bytes]:
    """A complete, working skill to start from; paths are inside its folder. InvalidInput."""
    if any(ch in description for ch in "\r\n"):
        raise InvalidInput("the description must be one line")
    title = name.replace("-", " ").capitalize()
    quoted = '"' + description.replace("\\", "\\\\").replace('"', '\\"') + '"'
    texts = {
        "SKILL.md": _CARD.format(name=name, description=quoted, title=title),
        "values.schema.json": _SCHEMA.format(title=title),
        "templates/object.yaml.j2": _TEMPLATE,
        "examples/short/values.yaml": f"name: {name}\nnamespace: demo\nnote: hello\n",
        "examples/other/values.yaml": f"name: {name}-2\nnamespace: demo\nnote: 'yes: no'\n",
        "tests/chainsaw-test.yaml": _TEST.format(name=name),
    }
    files = {path: text.encode() for path, text in texts.items()}
    parse_skill(name, files)
    return files


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder that must be new or empty; Refused otherwise."""
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is not a folder; choose another place")
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} exists and is not empty; choose another place")
    try:
        for path, data in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    except OSError as problem:
        shutil.rmtree(folder, ignore_errors=True)
        raise Refused(f"can't write {folder}: {problem.strerror}") from None
