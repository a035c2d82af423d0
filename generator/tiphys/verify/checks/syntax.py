"""Every file parses the strict way: manifests, skills, release.toml."""

from __future__ import annotations

from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.policy import Policy
from tiphys.domain.wording import counted
from tiphys.verify.check import Finding, StaticCheck, failed_or_passed
from tiphys.verify.subject import Subject


def check_syntax(subject: Subject, _policy: Policy) -> Finding:
    """`fail` names the first line that does not parse or an object without its identity."""
    problems: list[str] = []
    try:
        objects = subject.objects
    except InvalidInput as problem:
        return failed_or_passed([str(problem)], "")
    for path, found in objects:
        problems += _identity(path, found)
    for name in subject.skills:
        try:
            subject.skill(name)
        except InvalidInput as problem:
            problems.append(str(problem))
    for folder in subject.made_from_skills:
        try:
            subject.release(folder)
        except InvalidInput as problem:
            problems.append(str(problem))
    seen = [counted(len(objects), "object")] if objects else []
    seen += [counted(len(subject.skills), "skill")] if subject.skills else []
    return failed_or_passed(problems, f"parsed {', '.join(seen) or 'nothing'}")


def _identity(path: str, found: Any) -> list[str]:
    if not isinstance(found, dict):
        return [f"{path}: a document is not a Kubernetes object"]
    if found.get("kind") == "List":
        return [f"{path}: write the objects out instead of a List"]
    metadata = found.get("metadata")
    has_name = isinstance(metadata, dict) and isinstance(metadata.get("name"), str)
    fields = [f for f in ("apiVersion", "kind") if not isinstance(found.get(f), str)]
    lacking = fields + ([] if has_name else ["metadata.name"])
    return [f"{path}: an object lacks {', '.join(lacking)}"] if lacking else []


CHECK = StaticCheck("syntax", "static", 1, check_syntax)
