"""Who may have a test that runs programs, and how such a test is known."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.adapters.box.chainsaw import screen_allowing
from tiphys.adapters.git_repository import GitRepository
from tiphys.domain.errors import InvalidInput
from tiphys.domain.policy import Policy
from tiphys.library.strict_yaml import dump
from tiphys.scaffold import skill_files
from tiphys.verify.scripts import CHECK, ruling, scripts_in
from tiphys.verify.subject import proposed_subject

ASSERT = {"assert": {"resource": {"apiVersion": "v1", "kind": "Pod"}}}
PLAIN = {"apply": {"resource": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
         "spec": {"containers": [{"command": ["sh"], "script": "x"}]}}}}  # fmt: skip
SCRIPT = {"script": {"content": "true"}}
TEST = "skills/note/tests/chainsaw-test.yaml"
ALLOWED = Policy(allowed_scripts=("skills/note",))
OTHER = Policy(allowed_scripts=("skills/notes", "note", "skills/*"))


def a_test(*operations, spec=None, **step):
    steps = [{"try": [ASSERT]}, {"try": [*operations, ASSERT], **step}]
    return {
        "apiVersion": "chainsaw.kyverno.io/v1alpha1",
        "kind": "Test",
        "metadata": {"name": "t"},
        "spec": {"steps": steps, **(spec or {})},
    }


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (a_test(PLAIN), ()),
        (a_test(SCRIPT, SCRIPT), ("script in step 2",)),
        (a_test({"command": {"entrypoint": "ls"}}), ("command in step 2",)),
        (a_test({"Script": {"content": "true"}}), ("script in step 2",)),
        (a_test({"script": None}), ("script in step 2",)),
        (a_test(catch=[SCRIPT]), ("script in step 2",)),
        (a_test(cleanup=[SCRIPT], **{"finally": [{"command": {}}]}),
         ("script in step 2", "command in step 2")),
        (a_test(spec={"catch": [SCRIPT]}), ("script in spec.catch",)),
        ([SCRIPT], ("script in the document",)),
        ({"spec": {"steps": SCRIPT}}, ("script in spec.steps",)),
    ],
)  # fmt: skip
def test_scripts_are_found_where_they_stand(document, found):
    assert scripts_in(dump(document)) == found


@pytest.mark.parametrize(
    "text",
    ["a: &x {script: {content: rm}}\nb: *x", "script: 1\nscript: 2", "? {command: {}}", "SCRIPT: [",
     b"\xff script: x", "- !!map {script: {}}"],
)  # fmt: skip
def test_odd_yaml_counts_by_its_words(text):
    assert scripts_in(text)


@given(st.text() | st.binary())
def test_any_text_can_be_asked(text):
    assert all(isinstance(each, str) for each in scripts_in(text))


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=5), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)))  # fmt: skip
def test_any_document_is_searched_and_a_script_in_its_steps_found(other):
    document = a_test(SCRIPT, spec={"other": other})
    assert "script in step 2" in scripts_in(dump(document))


def test_ruling():
    text = dump(a_test(SCRIPT))
    assert ruling("skills/note", dump(a_test()), Policy(), agent=True) == ()
    assert ruling("skills/note", text, ALLOWED, agent=False) == ()
    for policy in (Policy(), OTHER):
        assert ruling("skills/note", text, policy, agent=False) == (
            (
                "skills/note: uses script in step 2; a person may allow it by name in tiphys.toml:"
                " policy.allowed_scripts"
            ),
        )
    for policy in (Policy(), ALLOWED):
        assert ruling("skills/note", text, policy, agent=True) == (
            "skills/note: uses script in step 2; only a person may write a test that runs programs",
        )


@pytest.fixture
def judge(tmp_path):
    """The check's outcome on a proposal that changes files of the skill `note`."""
    repository = GitRepository.init(tmp_path / "repo", bare=True)
    skill = {f"skills/note/{p}": d for p, d in skill_files("note", "A note for people.").items()}

    def judge(changed, *, agent, policy, merged=None):
        before = {**skill, TEST: merged or skill[TEST]}
        base = repository.commit("main", None, before, "Start\n")
        repository.commit("tiphys/1-note", base, changed, "Propose\n")
        subject = proposed_subject(repository, head="tiphys/1-note", target="main", agent=agent)
        return CHECK.run(subject, policy)

    return judge


SCRIPTED = dump(a_test(SCRIPT)).encode()


def test_a_proposal_cannot_bring_a_script_that_nobody_allowed(judge):
    finding = judge({TEST: SCRIPTED}, agent=False, policy=Policy())
    assert finding.outcome == "fail"
    assert "policy.allowed_scripts" in finding.summary


def test_a_proposal_cannot_allow_itself(judge):
    allowing = b'[policy]\nallowed_scripts = ["skills/note"]\n'
    finding = judge({TEST: SCRIPTED, "tiphys.toml": allowing}, agent=False, policy=Policy())
    assert finding.outcome == "fail"


def test_a_person_brings_an_allowed_script(judge):
    finding = judge({TEST: SCRIPTED}, agent=False, policy=ALLOWED)
    assert (finding.outcome, finding.summary) == ("pass", "allowed by name: skills/note")


@pytest.mark.parametrize("path", [TEST, "skills/note/tests/extra.sh"])
def test_an_agent_never_touches_a_test_that_runs_programs(judge, path):
    changed = {path: SCRIPTED + b"# more\n" if path == TEST else b"rm -rf /\n"}
    finding = judge(changed, agent=True, policy=ALLOWED, merged=SCRIPTED)
    assert finding.outcome == "fail"
    assert "only a person" in finding.summary


def test_an_agent_may_change_the_rest_of_an_allowed_skill(judge):
    changed = {"skills/note/examples/more/values.yaml": b"name: a\n"}
    assert judge(changed, agent=True, policy=ALLOWED, merged=SCRIPTED).outcome == "pass"


def test_a_test_without_programs_needs_no_word(judge):
    finding = judge({TEST: dump(a_test()).encode()}, agent=True, policy=Policy())
    assert (finding.outcome, finding.summary) == ("pass", "no test runs programs")


@pytest.fixture
def screen(tmp_path):
    def screen(document, *, allowed=True):
        (tmp_path / "chainsaw-test.yaml").write_text(dump(document))
        return screen_allowing(lambda folder: allowed and folder == tmp_path)(tmp_path)

    return screen


def test_the_screen_passes_allowed_programs_and_nothing_else(screen):
    everywhere = a_test(SCRIPT, catch=[SCRIPT], cleanup=[SCRIPT], spec={"catch": [SCRIPT]})
    screen(everywhere)
    screen(a_test(PLAIN), allowed=False)
    with pytest.raises(InvalidInput, match="uses script in step 2; a person may allow it"):
        screen(a_test(SCRIPT), allowed=False)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (a_test(SCRIPT, {"proxy": {}}), "`proxy` is not supported in a test that is judged"),
        (a_test(SCRIPT, spec={"namespace": "kube-system"}), "`namespace` is not supported in a"),
        (a_test({**SCRIPT, "command": {}}), "script"),
        (a_test(SCRIPT, use={"template": "x"}), "use"),
        (a_test({"Script": {"content": "true"}}), "Script"),
        (a_test({"script": {"content": "true", "cluster": "prod"}}), r"script\.cluster"),
    ],
)
def test_the_screen_refuses_the_rest_of_an_allowed_test(screen, document, said):
    with pytest.raises(InvalidInput, match=said):
        screen(document)


def test_the_setting_is_read_from_the_file():
    from tiphys.config import configure

    text = b'[policy]\nallowed_scripts = ["skills/backup"]\n'
    assert configure(text, {}).settings.policy == replace(
        Policy(), allowed_scripts=("skills/backup",)
    )
