"""Rendering the recorded values again gives the very bytes that are proposed."""

from __future__ import annotations

from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.domain.policy import Policy
from tiphys.domain.wording import counted
from tiphys.library import laid_out
from tiphys.verify.check import Finding, StaticCheck, failed_or_passed
from tiphys.verify.subject import Subject


def check_render(subject: Subject, _policy: Policy) -> Finding:
    """`fail` names a release whose bytes differ or a skill whose example does not render."""
    if not subject.made_from_skills and not subject.skills:
        return Finding("skipped", "nothing here was made from a skill")
    problems: list[str] = []
    for folder in subject.made_from_skills:
        problems += _release_problems(subject, folder)
    examples = 0
    for name in subject.skills:
        for case in subject.examples(name):
            examples += 1
            try:
                _ = case.manifests
            except InvalidInput as problem:
                problems.append(f"{case.name}: {problem}")
    releases = len(subject.made_from_skills)
    seen = [f"{counted(releases, 'release')} to the same bytes"] if releases else []
    seen += [counted(examples, "example")] if examples else []
    return failed_or_passed(problems, f"rendered {', '.join(seen)}")


def _release_problems(subject: Subject, folder: str) -> list[str]:
    reader, rev = subject.reader, subject.rev
    release = subject.release(folder)
    try:
        case = subject.case(folder)
    except NotFound as problem:
        return [f"{folder}: {problem}"]
    if release.skill_digest != case.skill.digest:
        made_by = f"{release.skill}@{release.skill_digest[:12]}"
        now = case.skill.digest[:12]
        return [f"{folder}: was made by {made_by}, which is now {now}; propose it again"]
    try:
        expected = laid_out(release, case.manifests)
    except InvalidInput as problem:
        return [f"{folder}: {problem}"]
    found = {entry.path: reader.read(rev, entry.path) for entry in reader.entries(rev, folder)}
    different = sorted(p for p in {*expected, *found} if expected.get(p) != found.get(p))
    return [f"{path}: is not what {release.skill} renders for these values" for path in different]


CHECK = StaticCheck("render", "static", 1, check_render)
