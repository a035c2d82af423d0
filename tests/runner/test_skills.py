"""Every starter skill's test, on both runners."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.runner.test_conformance import AT_ONCE
from tiphys.library import complete, load_skill, render
from tiphys.testing.conformance.runner import differences, stage

pytestmark = [pytest.mark.cluster, pytest.mark.chainsaw]

ROOT = Path(__file__).parents[2] / "skills"
EXAMPLES = [
    (folder.name, case.name)
    for folder in sorted(ROOT.iterdir())
    for case in sorted((folder / "examples").iterdir())
]


def report_of(runner, lease, folder, skill, example, namespace):
    """A run with names of its own, as cluster-scoped objects would meet."""
    own = {"namespace": namespace}
    if skill.scope == "cluster":
        own = {"name": f"{skill.examples[example]['name']}-{secrets.token_hex(3)}"}
    values = complete(skill.schema, {**skill.examples[example], **own}, source=skill.path)
    manifests = {name: data.decode() for name, data in render(skill, values).items()}
    test = stage(folder, skill.test, manifests, values)
    return runner.run(test, lease, values=values, namespace=namespace)


def test_both_runners_agree(embedded, chainsaw, control_plane, fresh_namespaces, tmp_path):
    def check(each):
        name, example = each
        skill = load_skill(ROOT / name)
        one, other = (
            report_of(
                runner, control_plane, tmp_path / f"{name}-{example}-{at}", skill, example,
                fresh_namespaces(),
            )
            for at, runner in enumerate([embedded, chainsaw])
        )  # fmt: skip
        found = [f"{name}: {one.message}"] if one.outcome != "pass" else []
        return found + differences(one, other)

    assert EXAMPLES
    with ThreadPoolExecutor(AT_ONCE) as pool:
        problems = [problem for found in pool.map(check, EXAMPLES) for problem in found]
    assert not problems, "\n".join(problems)
