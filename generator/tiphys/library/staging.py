"""A test as both runners expect it: the test, its values and the manifests in one folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tiphys.domain.skill import Skill
from tiphys.library.schema import complete
from tiphys.library.strict_yaml import dump


def stage(
    folder: Path, skill: Skill, values: Mapping[str, Any], manifests: Mapping[str, bytes]
) -> dict[str, Any]:
    """Write chainsaw-test.yaml, values.yaml and manifests/ into the empty `folder`.

    Returns the complete values, which the test sees as `$values`.
    """
    full = complete(skill.schema, values, source=f"values of {skill.name}")
    (folder / "manifests").mkdir()
    (folder / "chainsaw-test.yaml").write_text(skill.test)
    (folder / "values.yaml").write_text(dump(full))
    for name, data in manifests.items():
        (folder / "manifests" / name).write_bytes(data)
    return full
