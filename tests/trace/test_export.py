"""What training tools get: what people merged, and the answers that it was preferred to."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trace.world import REQUEST, Lab, config
from tiphys.domain.rehearsal import Problem
from tiphys.domain.trace import Intent, Result
from tiphys.learn.export import Lesson, Lessons, lesson, lines, read_objects, same
from tiphys.learn.masking import mask_objects, mask_text, secret_values
from tiphys.library import strict_yaml


def objects(message):
    return strict_yaml.load_documents(message["content"], source="export")


RIGHT = strict_yaml.load(config(), source="answer")


def test_what_was_merged_unchanged_is_chat_and_no_preference(tmp_path):
    lab = Lab(tmp_path, config())
    lab.merge(lab.ask())
    (line,) = lab.export("chat")
    assert [each["role"] for each in line["messages"]] == ["system", "user", "assistant"]
    assert REQUEST in line["messages"][1]["content"]
    assert objects(line["messages"][-1]) == [RIGHT]
    assert lab.export("preference") == []


def test_an_answer_that_only_looks_different_is_not_rejected(tmp_path):
    fenced = f"Here you are:\n\n```yaml\n# mine\n{config()}```\nAnything else?\n"
    lab = Lab(tmp_path, fenced)
    lab.merge(lab.ask())
    assert len(lab.export("chat")) == 1
    assert lab.export("preference") == []


def test_an_answer_that_a_better_one_followed_is_rejected(tmp_path):
    bad = config().replace("Fast", "Odd")

    def judge(found):
        odd = any(each.get("mode") != "Fast" for each in found)
        return [Problem("refused", "mode is odd")] if odd else []

    lab = Lab(tmp_path, bad, config(), judge=judge)
    work = lab.ask()
    assert work.model_calls == 2
    lab.merge(work)
    (line,) = lab.export("preference")
    assert line["rejected"] == [{"role": "assistant", "content": bad}]
    assert objects(line["chosen"][0]) == [RIGHT]
    assert line["prompt"] == lab.export("chat")[0]["messages"][:-1]


def test_what_a_reviewer_changed_is_chosen(tmp_path):
    lab = Lab(tmp_path, config())
    work = lab.ask()
    (path,) = [p for p in lab.manifests(work) if p.endswith(".yaml")]
    text = lab.repository.read(work.pull.source, path).decode()
    lab.push(work.pull.source, {path: text.replace("size: 3", "size: 5  # by ann").encode()})
    lab.merge(work)
    (line,) = lab.export("preference")
    assert objects(line["chosen"][0]) == [{**RIGHT, "size": 5}]
    assert line["rejected"] == [{"role": "assistant", "content": config()}]
    assert objects(lab.export("chat")[0]["messages"][-1]) == [{**RIGHT, "size": 5}]


def test_what_was_not_merged_teaches_nothing(tmp_path):
    lab = Lab(tmp_path, config())
    lab.bot.set_state(lab.ask().pull.number, "closed")
    lab.ask()
    found = lab.lessons()
    assert found.found == ()
    assert found.skipped == dict.fromkeys((1, 3), "nothing of it was merged")
    assert found.told(0) == (
        "0 lines from 0 merged issues; 0 values of Secrets masked; "
        "left out, as nothing of it was merged: #1, #3"
    )


def test_a_merge_is_believed_where_the_target_shows_it(tmp_path):
    lab = Lab(tmp_path, config())
    work = lab.ask()
    lab.bot.mark_merged(work.pull.number, lab.repository.resolve(work.pull.source))
    assert lab.lessons().found == ()


def test_a_merge_for_another_issue_is_not_taken(tmp_path):
    lab = Lab(tmp_path, config(), config(name="hall"))
    merged = lab.merge(lab.ask())
    other = lab.ask(REQUEST.replace("lobby", "hall"))
    lab.bot.mark_merged(other.pull.number, merged)
    assert [each.issue for each in lab.lessons().found] == [1]


def test_a_road_without_a_model_has_nothing_to_imitate(tmp_path):
    lab = Lab(tmp_path, config())
    work = lab.ask()
    lab.merge(work)
    ((_, entries),) = lab.traces.of_issue(1)
    plain = [replace(e, messages=()) if isinstance(e, Intent) else e for e in entries]
    other = Lab(tmp_path / "other", config())
    other.traces.keep(1, plain)
    lab.traces = other.traces
    assert lab.lessons().skipped == {1: "no model was asked"}


def test_attempts_at_another_issue_of_that_number_are_not_its(tmp_path):
    lab = Lab(tmp_path, config())
    lab.merge(lab.ask())
    asked = Intent(1, "", "", "", "", (("user", "Open the gates to everybody"),))
    lab.traces.keep(1, [asked, Result(1, "", "good", config(name="gate"))])
    (found,) = lab.lessons().found
    assert REQUEST in found.prompt[-1][1]
    assert found.rejected == ()


def test_an_answer_that_was_cut_is_no_answer(tmp_path):
    lab = Lab(tmp_path, "x" * 200_000, config())
    lab.merge(lab.ask())
    assert lab.export("preference") == []
    assert len(lab.export("chat")) == 1


def test_the_order_is_that_of_issues_and_answers(tmp_path):
    names = ("lobby", "hall", "attic")
    lab = Lab(tmp_path, *(config(name=name) for name in reversed(names)))
    texts = [REQUEST.replace("lobby", name) for name in names]
    issues = [lab.ann.open_issue(text, text).number for text in texts]
    for issue in reversed(issues):
        lab.merge(lab.work(issue))
    first = lab.export("chat")
    found = [objects(each["messages"][-1])[0]["metadata"]["name"] for each in first]
    assert found == list(names)
    assert lab.export("chat") == first


# -- secrets ---------------------------------------------------------------------------------------

PASSWORD = "correct-horse-7"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()
SECRET = (
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: lobby\n  namespace: shop\n"
    f"stringData:\n  password: {PASSWORD}\n"
)


def taught(*answers, prompt="Make it."):
    """What it teaches that SECRET was merged, when these were the answers before."""
    return lesson(1, (("user", prompt),), [strict_yaml.load(SECRET, source="merged")], answers)


@pytest.mark.parametrize(
    "answer",
    [
        SECRET.replace("lobby", "hall"),
        SECRET.replace(f"stringData:\n  password: {PASSWORD}", f"data:\n  password: {ENCODED}"),
        f"```yaml\n{SECRET}```\n---\nand {PASSWORD}, or {ENCODED}",
        json.dumps({"kind": "Secret", "data": {"password": ENCODED}}),
        json.dumps({"kind": "List", "items": [{"kind": "Secret", "data": {"a": ENCODED}}]}),
        f"kind: ConfigMap\ndata:\n  all: 'kind: Secret, data: {{a: {ENCODED}}}'\n",
        SECRET.replace("password: ", "password: &x "),
        "kind: ConfigMap\ndata:\n  " + json.dumps(PASSWORD)[1:-1] + ": 1\n",
    ],
    ids=range(8),
)
def test_nothing_of_a_secrets_data_leaves(answer):
    prompt = f"Use {PASSWORD}.\n{SECRET}\n---\nkind: ConfigMap\ndata:\n  b: 1\n"
    found = taught(answer, prompt=prompt)
    for form in ("chat", "preference"):
        text = json.dumps(lines([found], form))
        assert PASSWORD not in text
        assert ENCODED not in text
    (chat,) = lines([found], "chat")
    assert objects(chat["messages"][-1])[0]["stringData"] == {"password": "<masked>"}
    assert found.masked >= 1


def test_a_merged_secret_is_masked_on_its_way_out(tmp_path):
    lab = Lab(tmp_path, config())
    work = lab.ask()
    (path,) = [p for p in lab.manifests(work) if p.endswith(".yaml")]
    lab.push(work.pull.source, {path: SECRET.encode()})
    lab.merge(work)
    assert PASSWORD not in json.dumps([lab.export("chat"), lab.export("preference")])
    assert "; 1 values of Secrets masked" in lab.lessons().told(1)


def test_what_differs_in_masked_data_alone_is_no_pair():
    found = taught(SECRET.replace(PASSWORD, "battery-staple"))
    assert (found.rejected, found.masked) == ((), 2)


def test_an_unreadable_answer_with_a_secret_is_withheld():
    found = taught(f"kind: Secret\n  data: [{PASSWORD}")
    assert (found.rejected, found.withheld) == ((), 1)
    assert "1 unreadable answers with Secrets withheld" in Lessons((found,), {}).told(1)


@pytest.mark.parametrize(
    "text",
    [
        f"kind: Secret\ndata:\n  a: {ENCODED}\n",
        f"kind: Secret\nstringData:\n  a: |\n    ann: a\n    {PASSWORD}\n\n   b\nrest: kept\n",
        f"- kind: Secret\n  data:\n    a: {ENCODED}\n  rest: kept\n",
        f"- data:\n    a: {ENCODED}\n  kind: Secret\n",
        f"kind: Secret\ndata: {{a: {ENCODED}}}\nrest: gone\n",
        f"{{kind: Secret, data: {{a: 'x}}y', b: {ENCODED}}}}}",
        f'{{"kind": "Secret",\n"stringData": {{"a":\n"{PASSWORD}"}}}}',
        json.dumps(json.dumps({"kind": "Secret", "stringData": {"a": PASSWORD}})),
        f"kind: secret\ndata: {ENCODED}\n",
    ],
    ids=range(9),
)
def test_a_secret_in_a_text_is_masked_where_it_stands(text):
    masked = mask_text(f"before\n{text}", ())
    assert PASSWORD not in masked
    assert ENCODED not in masked
    assert masked.startswith("before\n")
    assert "<masked>" in masked
    assert ("rest: kept" in masked) == ("rest: kept" in text)
    assert "ann" not in masked


def test_a_text_without_a_secret_stays_as_it_is():
    text = "kind: ConfigMap\ndata:\n  secret: kept\n"
    assert mask_text(text, ()) == text


NAMES = st.text("abcxyz-._", min_size=1, max_size=8)
VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.booleans())
def test_no_value_of_a_secret_is_left_in_its_yaml(data, plain):
    held = {k: v if plain else base64.b64encode(v.encode()).decode() for k, v in data.items()}
    secret = {"kind": "Secret", "stringData" if plain else "data": held}
    (masked,) = mask_objects([secret])
    assert all(value == "<masked>" for value in masked["stringData" if plain else "data"].values())
    assert secret_values([secret]) == set(data.values()) - {"<masked>"}
    marked = {key: f"zq{value}qz" for key, value in data.items()}
    text = strict_yaml.dump({"kind": "Secret", "stringData": marked})
    assert "zq" not in mask_text(text, ())


# -- pieces ----------------------------------------------------------------------------------------


def test_objects_are_compared_whatever_their_order():
    one = read_objects("kind: A\nx: 1\n---\nkind: B\n")
    assert same(one, read_objects("kind: B\n---\nx: 1\nkind: A\n"))
    assert not same(one, read_objects("kind: A\nx: '1'\n---\nkind: B\n"))
    assert not same(one, one[:1])
    assert not same(one[:1], one)
    assert not same([one[0], one[0]], one)


@pytest.mark.parametrize("text", ["", "sorry", "kind: A\nkind: B\n", "a: 1\n", "[1]", "kind: *x\n"])
def test_what_is_no_answer_has_no_objects(text):
    assert read_objects(text) is None


def test_the_lines_are_those_that_training_tools_read():
    one = Lesson(1, (("user", "Make it."),), "kind: A\n", ("kind: B\n", "no"))
    asked = {"role": "user", "content": "Make it."}
    chosen = {"role": "assistant", "content": "kind: A\n"}
    assert lines([one], "chat") == [{"messages": [asked, chosen]}]
    assert lines([one], "preference") == [
        {
            "prompt": [asked],
            "chosen": [chosen],
            "rejected": [{"role": "assistant", "content": text}],
        }
        for text in ("kind: B\n", "no")
    ]
