"""Skills and releases as files: load, validate, render, digest. Below the zones.

    load_skill(folder), load_skill_at(repository, rev, name), parse_skill(name, files) -> Skill
    render(skill, values) -> {file name: canonical YAML bytes}
    lint_skill(skill) -> warnings that a person should fix before asking for a review
    complete(schema, values, source=...) -> values with defaults, checked
    make_release / read_release / release_files: what lies in manifests/<namespace>/<name>/

No network, no cluster, no git beyond the reader port; Jinja, PyYAML and jsonschema are its tools.
"""

from tiphys.library.lint import lint_skill
from tiphys.library.release import (
    CLUSTER_FOLDER,
    RELEASE_FILE,
    REQUEST_LIMIT,
    Release,
    laid_out,
    make_release,
    read_release,
    release_files,
    release_path,
)
from tiphys.library.schema import complete, missing
from tiphys.library.skill_files import (
    load_skill,
    load_skill_at,
    parse_skill,
    render,
    skill_names,
)

__all__ = [
    "CLUSTER_FOLDER",
    "RELEASE_FILE",
    "REQUEST_LIMIT",
    "Release",
    "complete",
    "laid_out",
    "lint_skill",
    "load_skill",
    "load_skill_at",
    "make_release",
    "missing",
    "parse_skill",
    "read_release",
    "release_files",
    "release_path",
    "render",
    "skill_names",
]
