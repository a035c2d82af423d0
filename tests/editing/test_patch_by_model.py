"""Changes that a model picks: from lists, one at a time, and checked."""

from __future__ import annotations

import pytest

from tests.editing.test_reading import OBJECTS
from tiphys.domain.errors import InvalidInput, Unavailable
from tiphys.library.patching import FieldPatch
from tiphys.propose.patch_by_model import ask_patches
from tiphys.testing.scripted_model import ScriptedModel, completion

POD = {
    "kind": "Deployment",
    "metadata": {"name": "api", "namespace": "shop"},
    "spec": {"replicas": 3, "paused": False, "env": [{"name": "A", "value": "1"}]},
}
SECRET = {"kind": "Secret", "metadata": {"name": "keys"}, "data": {"token": "aHVzaA=="}}
NONE = '{"number": 0}'


class PickingModel(ScriptedModel):
    """Answers "#part" with the number of the line that holds it, as a model that can read."""

    def complete(self, messages, **settings):
        said = super().complete(messages, **settings)
        if not said.text.startswith("#"):
            return said
        asked = next(m.text for m in reversed(messages) if "Now yours" in m.text)
        lines = asked.split("Now yours")[1].splitlines()
        number = next(line.split(".")[0] for line in lines if said.text[1:] in line)
        return completion(f'{{"number": {number}}}', messages, 9)


def numbered(part):
    return f"#{part}"


def test_a_value_is_set_where_the_model_points():
    model = PickingModel(numbered("spec.replicas"), '{"action": "set", "value": "5"}', NONE)
    patches = ask_patches(model, "let the api have 5 replicas", [POD], {})
    assert patches == (FieldPatch("Deployment", "api", ("spec", "replicas"), 5, "set", "shop"),)
    assert "spec.replicas is now 5" in model.calls[-1][-1].text


def test_the_object_is_asked_for_where_there_are_several():
    model = PickingModel(NONE)
    with pytest.raises(InvalidInput, match="none of the objects"):
        ask_patches(model, "the backup is too early", OBJECTS, {})
    assert "CronJob shop/backup" in model.calls[0][-1].text


def test_an_item_is_added_and_a_new_field_is_made():
    new = {"Deployment": [("spec", "minReadySeconds")]}
    model = PickingModel(
        numbered("spec.env[]"),
        '{"action": "append", "value": {"name": "B", "value": "2"}}',
        numbered("minReadySeconds"),
        '{"action": "set", "value": 5}',
        NONE,
    )
    first, second = ask_patches(model, "let the api have 5 replicas", [POD], new)
    assert (first.op, first.value) == ("append", {"name": "B", "value": "2"})
    assert second.path == ("spec", "minReadySeconds")


def test_a_misfit_gets_one_more_try():
    good = numbered("spec.replicas")
    model = PickingModel("Sure! It is 2", good, '{"action": "set", "value": 4}', NONE)
    assert ask_patches(model, "let the api have 5 replicas", [POD], {})[0].value == 4
    assert "no JSON object" in model.calls[1][-1].text


@pytest.mark.parametrize(
    "answers",
    [
        ("prose",),
        ('{"number": 99}',),
        ('{"number": true}',),
        ("[" * 5000,),
        (numbered("spec.paused"), '{"action": "set", "value": "maybe"}'),
        (numbered("spec.replicas"), '{"action": "set", "value": {"a": 1}}'),
        (numbered("spec.replicas"), '{"action": "set", "value": 3}'),
        (numbered("spec.replicas"), '{"action": "explode", "value": 3}'),
        (numbered("spec.env[]"), '{"action": "append", "value": {"name": "A"}}'),
        (NONE,),
    ],
)
def test_what_does_not_fit_is_refused(answers):
    with pytest.raises(InvalidInput):
        ask_patches(PickingModel(*answers), "let the api have 5 replicas", [POD], {})


def test_a_model_that_is_down_is_no_fault_of_the_request():
    with pytest.raises(Unavailable):
        ask_patches(ScriptedModel(Unavailable("down")), "x", [POD], {})


def test_what_a_secret_holds_is_never_shown():
    model = PickingModel(NONE)
    with pytest.raises(InvalidInput):
        ask_patches(model, "change the token", [SECRET], {})
    assert "data.token = (hidden)" in model.calls[0][-1].text
    assert "aHVzaA" not in "".join(m.text for call in model.calls for m in call)


def test_it_ends_where_a_model_never_does():
    model = PickingModel(
        numbered("spec.replicas"), '{"action": "set", "value": 5}', '{"number": 1}'
    )
    with pytest.raises(InvalidInput):
        ask_patches(model, "let the api have 5 replicas", [POD], {})
    assert len(model.calls) < 20
