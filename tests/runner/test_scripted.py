import pytest

from tiphys.domain.errors import Unavailable
from tiphys.testing.scripted_runner import ScriptedRunner, scripted_report


def test_answers_in_turn_and_remembers(tmp_path):
    (tmp_path / "chainsaw-test.yaml").write_text("text")
    runner = ScriptedRunner(Unavailable("gone"), scripted_report("fail", "no"))
    with pytest.raises(Unavailable):
        runner.run(tmp_path, None, values={"a": 1}, namespace="x")
    for _ in range(2):
        assert runner.run(tmp_path, None, values={}, namespace="y").outcome == "fail"
    assert [(call.test, call.namespace) for call in runner.calls] == [
        ("text", "x"), ("text", "y"), ("text", "y"),
    ]  # fmt: skip


def test_passes_by_itself(tmp_path):
    report = ScriptedRunner().run(tmp_path, None, values={}, namespace="x")
    assert (report.outcome, report.steps[0].outcome) == ("pass", "pass")
