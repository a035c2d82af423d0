"""The Chainsaw test: every object as it was promised, and what controllers make of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tiphys.library import strict_yaml
from tiphys.propose.induce.controllers import Controllers
from tiphys.propose.induce.leaves import Tree, holds
from tiphys.propose.induce.model import Choice, Condition, Piece
from tiphys.propose.induce.reading import kebab
from tiphys.propose.induce.trees import Trees


def write_test(name: str, pieces: Sequence[Piece], choice: Choice) -> bytes:
    """tests/chainsaw-test.yaml of the skill `name`."""
    # Values are data: a text in parentheses is not to be worked out.
    apply = {"apply": {"file": "manifests/*.yaml", "template": False}}
    steps = [
        {"name": "the manifests are accepted", "try": [apply]},
        *_Test(pieces, choice).steps(range(len(pieces))),
    ]
    test = {
        "apiVersion": "chainsaw.kyverno.io/v1alpha1",
        "kind": "Test",
        "metadata": {"name": name},
        "spec": {"steps": steps},
    }
    return strict_yaml.dump(test).encode()


def optional_steps(
    pieces: Sequence[Piece], choice: Choice, numbers: Sequence[int]
) -> list[dict[str, Any]]:
    """A step for each of some optional objects; what controllers do is not looked at."""
    return list(_Test(pieces, choice).steps(numbers, beyond=False))


class _Test:
    def __init__(self, pieces: Sequence[Piece], choice: Choice) -> None:
        self._pieces = pieces
        self._choice = choice
        self._trees = Trees(pieces, choice)
        self._controllers = Controllers(pieces, choice, self._trees)

    def steps(self, numbers: Sequence[int], *, beyond: bool = True) -> Iterator[dict[str, Any]]:
        for number in numbers:
            piece = self._pieces[number]
            title = f"the {kebab(piece.kind).replace('-', ' ')} is as promised ({piece.file})"
            yield {"name": title, "try": list(self._asserts(number, beyond=beyond))}

    def _asserts(self, number: int, *, beyond: bool) -> Iterator[dict[str, Any]]:
        tree = self._trees.of(number, self._controllers.owned(number))
        if beyond and (status := self._controllers.status(number)):
            tree["status"] = status
        condition = self._choice.conditions.get((number, ()))
        if condition is None:
            yield {"assert": {"resource": tree}}
        else:
            yield {"assert": {"resource": self._optional(condition, tree)}}
            yield {"error": {"resource": _gone(condition, tree)}}
        for more in self._controllers.made(number) if beyond else ():
            shown = more if condition is None else self._optional(condition, more)
            yield {"assert": {"resource": shown}}

    def _optional(self, condition: Condition, tree: Tree) -> Tree:
        """The object if it is asked for; the main object, which is there anyway, if not."""
        when = holds(condition)
        main = self._trees.of(self._choice.primary)
        here, there = tree["metadata"], main["metadata"]
        switched: Tree = {
            key: _either(when, tree[key], main[key]) for key in ("apiVersion", "kind")
        }
        switched["metadata"] = {
            key: _either(when, here[key], there[key])
            for key in ("name", "namespace")
            if key in here and key in there
        }
        labels = {"metadata": {"labels": here["labels"]}} if "labels" in here else {}
        rest = {k: v for k, v in tree.items() if k not in ("apiVersion", "kind", "metadata")}
        switched[f"~.({when} && [@] || `[]`)"] = {**labels, **rest}
        return switched


def _gone(condition: Condition, tree: Tree) -> Tree:
    """What must not be there unless it is asked for."""
    names = {k: v for k, v in tree["metadata"].items() if k in ("name", "namespace")}
    identity = {"apiVersion": tree["apiVersion"], "kind": tree["kind"], "metadata": names}
    return {f"({holds(condition)} || `false`)": False, **identity}


def _either(when: str, one: Any, other: Any) -> Any:
    return one if one == other else f"({when} && {_inner(one)} || {_inner(other)})"


def _inner(value: Any) -> str:
    """A leaf's expression without its parentheses, or its text in quotes."""
    shown = str(value)
    return shown[1:-1] if shown.startswith("(") else f"'{shown}'"
