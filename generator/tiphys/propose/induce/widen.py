"""A merged skill is widened by what a like release has more: optional, and off by default."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.skill import Skill
from tiphys.library import parse_skill, render, strict_yaml
from tiphys.propose.induce.asserting import optional_steps
from tiphys.propose.induce.choosing import choose
from tiphys.propose.induce.compose import Induced, plain, same
from tiphys.propose.induce.fitting import fit, objects_of
from tiphys.propose.induce.keeping import Widened, check, free_name, with_names
from tiphys.propose.induce.leaves import field as field_of
from tiphys.propose.induce.leaves import holds, iterated
from tiphys.propose.induce.merging import merge_cases
from tiphys.propose.induce.model import (
    ABSENT,
    Address,
    Choice,
    Const,
    Node,
    Parameter,
    Path,
    Piece,
    Ref,
    Variables,
    children,
    parameters_of,
    presence,
    walk,
)
from tiphys.propose.induce.placing import Places, dotted, location
from tiphys.propose.induce.reading import kebab, read_case
from tiphys.propose.induce.signature import as_property, nullable
from tiphys.propose.induce.source import block_end
from tiphys.propose.induce.trees import Trees
from tiphys.propose.induce.writing import Writer

_BOTH, _NEW, _OLD = (True, True), (True, False), (False, True)


def extend(skill: Skill, induced: Induced) -> dict[str, bytes]:
    """The files of a merged skill that change so that it makes the induced case too.

    New values are optional, and without them every old example renders the same bytes; a new
    example and new steps of the test show what they do, the old ones stay. InvalidInput says why
    it can't be done mechanically.
    """
    fresh = parse_skill(induced.name, induced.files)
    target = render(fresh, induced.values)
    full = {n: d["default"] for n, d in fresh.schema["properties"].items() if "default" in d}
    values = fit(skill, {**full, **induced.values}, objects_of(target))
    widened = _Widening(skill, target, values).run()
    check(skill, widened, target)
    return widened.files


class _Widening:
    def __init__(
        self, skill: Skill, target: Mapping[str, bytes], values: Mapping[str, Any]
    ) -> None:
        self._skill = skill
        self._values = dict(values)
        self._rendered = render(skill, values)
        cases = [read_case("", target), read_case("", self._rendered)]
        self._pieces = merge_cases(cases)
        self._choice = self._renamed(choose(cases, self._pieces, lambda *_: None))
        self._places = Places(skill, self._rendered, self._pieces)
        self._trees = Trees(self._pieces, self._choice)
        self._more: dict[int, dict[str, Any]] = {}
        self._edits: dict[str, list[tuple[int, int, list[str]]]] = {}
        self._new: dict[str, Parameter] = {}
        self._files: dict[str, bytes] = {}

    def run(self) -> Widened:
        for number, piece in enumerate(self._pieces):
            self._piece(number, piece)
        if not self._new:
            raise InvalidInput(f"{self._skill.path}: makes these objects already; reuse it")
        for name, edits in self._edits.items():
            lines = self._skill.templates[name].split("\n")
            for start, end, text in sorted(edits, reverse=True):
                lines[start:end] = text
            self._files[f"templates/{name}.j2"] = "\n".join(lines).encode()
        values = {**self._values, **{n: p.vector[0] for n, p in self._new.items()}}
        case = free_name("widened", self._skill.examples)
        self._files[f"examples/{case}/values.yaml"] = strict_yaml.dump(values).encode()
        self._files["values.schema.json"] = self._schema()
        self._files["tests/chainsaw-test.yaml"] = self._test()
        return Widened(self._files, values)

    def _piece(self, number: int, piece: Piece) -> None:
        here = presence(piece.tree)
        if here == _OLD:
            raise self._places.no(f"it always makes a {piece.kind}, and none is wanted")
        if here == _NEW:
            self._document(number, piece)
            return
        self._walk(number, piece.tree, ())

    def _document(self, number: int, piece: Piece) -> None:
        """A whole object more: a template of its own."""
        text = Writer(self._choice).document(number, piece)
        name = free_name(piece.file, {n.removesuffix(".yaml") for n in self._skill.templates})
        self._files[f"templates/{name}.yaml.j2"] = text.encode()
        self._take(number, piece.tree, ())

    def _walk(self, number: int, node: Node, path: Path) -> None:
        for part, child in children(node):
            here: Path = (*path, part)
            address: Address = (number, here)
            there = presence(child)
            if there == _OLD:
                raise self._places.no(f"it always sets {dotted(here)}, which is not wanted")
            if there == _NEW:
                self._insert(number, here, child, node)
            elif isinstance(child, Variables) or not list(children(child)):
                self._leaf(address, child)
            else:
                self._walk(number, child, here)

    def _leaf(self, address: Address, node: Node) -> None:
        values = getattr(node, "values", None)
        if values is None or same(values[0], values[1]):
            return
        kind = self._pieces[address[0]].kind
        if same(plain(values[0], kind, address[1]), plain(values[1], kind, address[1])):
            return
        expression = self._choice.expressions[address]
        if not isinstance(expression, Ref) or isinstance(node, Variables):
            raise self._places.no(f"{dotted(address[1])} differs in a way that no value can bridge")
        parameter = self._known(expression.name)
        file, line = self._places.line(address[0], address[1])
        key = self._skill.templates[file].split("\n")[line.number]
        head = key[: len(key) - len(line.value)].rstrip()
        filled = re.fullmatch(r"\{\{\s*(.*?)\s*\}\}", line.value)
        if filled:
            parameter.definition, parameter.default = nullable(parameter.definition), None
            inner = f"({filled[1]}) if {parameter.name} is none else {parameter.name}"
        elif line.value and same(strict_yaml.load(line.value, source="the template"), values[1]):
            parameter.default, inner = values[1], parameter.name
        else:
            raise self._places.no(f"the template writes {dotted(address[1])} in another way")
        self._new[parameter.name] = parameter
        given = f"$values.{parameter.name}"
        *above, last = self._places.old(address[0], address[1])
        name = field_of(last) if isinstance(last, str) else f"@[{last}]"
        shown = f"~.({given} != null && [{name}] || `[]`)" if filled else f"({name})"
        tree = {shown: {"(@)": f"({given})"} if filled else f"({given})"}
        self._expect(address[0], tuple(above), tree)
        self._edit(file, line.number, line.number + 1, [f"{head} {{{{ {inner} }}}}"])

    def _insert(self, number: int, path: Path, node: Node, above: Node) -> None:
        """A key or an item more, behind what stands there."""
        file, parent = self._places.line(number, path[:-1])
        lines = self._skill.templates[file].split("\n")
        if isinstance(path[-1], int):
            later = [p for at, p in children(above) if isinstance(at, int) and at > path[-1]]
            if any(presence(p) == _BOTH for p in later):
                raise self._places.no(f"an item of {dotted(path[:-1])} would come before others")
            if self._is_counted(number, self._places.old(number, path[:-1])):
                raise self._places.no(f"its test counts the items of {dotted(path[:-1])}")
            at = block_end(lines, parent)
            inner = next(
                (each.dash for p, each in self._places.lines(file, number)
                 if p[:-1] == self._places.old(number, path[:-1]) and each.dash is not None),
                None,
            )  # fmt: skip
        else:
            at = parent.number + 1
            inner = parent.indent
            scalar = parent.dash is not None and re.match(r"[^:]+:\s+\S", parent.value)
            if parent.dash is None:
                keys = [e for p, e in self._places.lines(file, number)
                        if p[:-1] == self._places.old(number, path[:-1])]  # fmt: skip
                inner = keys[0].indent if keys else parent.indent + 2
            if (parent.dash is not None and not scalar) or (parent.dash is None and parent.value):
                raise self._places.no(f"the template writes {dotted(path[:-1])} in another way")
        if inner is None:
            raise self._places.no(f"the template writes {dotted(path[:-1])} in another way")
        text = Writer(self._choice).part((number, path), node, " " * inner)
        self._edit(file, at, at, text)
        self._take(number, node, path)
        tree: dict[str, Any] = {}
        last, piece = path[-1], self._pieces[number]
        if isinstance(last, str):
            self._trees.member(tree, (number, path), last, node, piece, set())
        else:
            when = holds(self._choice.conditions[number, path])
            name = self._choice.expressions.get((number, (*path, "name")))
            found = f"@[{self._places.old(number, path)[-1]}]"
            if isinstance(name, Const) and isinstance(name.value, str):
                found = f"@[?name == '{name.value}'] | [0]"
            item = self._trees.item((number, path), node, piece, set())
            tree[f"~.({when} && [{found}] || `[]`)"] = iterated(item)
        self._expect(number, self._places.old(number, path[:-1]), tree)

    def _is_counted(self, number: int, path: Path) -> bool:
        """Whether the old test holds a list to its number of items."""
        test = strict_yaml.load(self._skill.test, source="tests/chainsaw-test.yaml")
        for step in test["spec"]["steps"]:
            for operation in step.get("try", ()):
                tree = operation.get("assert", {}).get("resource", {})
                if tree.get("kind") != self._pieces[number].kind:
                    continue
                for part in path:
                    known = isinstance(tree, dict) and part in tree
                    at = isinstance(tree, list) and isinstance(part, int) and part < len(tree)
                    tree = tree[part] if known or at else None
                if isinstance(tree, list):
                    return True
        return False

    def _take(self, number: int, node: Node, path: Path) -> None:
        """Everything that a new part reads becomes a value of the skill."""
        names: list[str] = []
        for below, _ in walk(node, path):
            names += parameters_of(self._choice.expressions.get((number, below), Const(None)))
            if condition := self._choice.conditions.get((number, below)):
                names.append(condition.name)
        for name in names:
            if name in self._skill.schema["properties"]:
                continue
            parameter = self._known(name)
            if parameter.default is ABSENT:
                parameter.default = parameter.vector[0]
            self._new[name] = parameter

    def _renamed(self, choice: Choice) -> Choice:
        """Parameters that the skill has with another value get names of their own."""
        properties = self._skill.schema["properties"]
        full = {n: d.get("default") for n, d in properties.items()} | self._values
        names = {each.name for each in choice.parameters} | set(properties)
        new: dict[str, str] = {}
        for each in choice.parameters:
            fits = each.name in full and all(
                v is ABSENT or same(v, full[each.name]) for v in each.vector
            )
            if each.name in properties and not fits:
                new[each.name] = free_name(f"extra{each.name[:1].upper()}{each.name[1:]}", names)
                names.add(new[each.name])
        for each in choice.parameters:
            each.name = new.get(each.name, each.name)
        return Choice(
            choice.parameters,
            {a: with_names(e, new) for a, e in choice.expressions.items()},
            {a: replace(c, name=new.get(c.name, c.name)) for a, c in choice.conditions.items()},
            choice.scope,
            choice.primary,
        )

    def _known(self, name: str) -> Parameter:
        return next(each for each in self._choice.parameters if each.name == name)

    def _edit(self, file: str, start: int, end: int, text: list[str]) -> None:
        self._edits.setdefault(file, []).append((start, end, text))

    def _schema(self) -> bytes:
        schema = json.loads(json.dumps(self._skill.schema))
        taken = {
            word.lower()
            for definition in schema["properties"].values()
            for word in definition.get("x-tiphys", {}).get("words", ())
        }
        for name, parameter in self._new.items():
            schema["properties"][name] = as_property(parameter, taken)
        return f"{json.dumps(schema, indent=2, ensure_ascii=False)}\n".encode()

    def _test(self) -> bytes:
        """The old steps, and new ones for what is new."""
        test = strict_yaml.load(self._skill.test, source="tests/chainsaw-test.yaml")
        steps = [*test["spec"]["steps"]]
        documents = [n for n, p in enumerate(self._pieces) if presence(p.tree) == _NEW]
        steps += optional_steps(self._pieces, self._choice, documents)
        for number, tree in self._more.items():
            own = self._trees.of(number)
            identity = {
                k: own["metadata"][k] for k in ("name", "namespace") if k in own["metadata"]
            }
            head = {"apiVersion": own["apiVersion"], "kind": own["kind"], "metadata": identity}
            title = f"what is new of the {kebab(self._pieces[number].kind).replace('-', ' ')}"
            steps.append({"name": title, "try": [{"assert": {"resource": {**head, **tree}}}]})
        return strict_yaml.dump({**test, "spec": {**test["spec"], "steps": steps}}).encode()

    def _expect(self, number: int, path: Path, tree: Mapping[str, Any]) -> None:
        """Add what is expected below `path`, which is as the old objects have it."""
        held = self._more.setdefault(number, {})
        place = location(path)
        held.update({f"({place})": {**held.get(f"({place})", {}), **tree}} if place else tree)
