"""Where the objects that a merged skill renders are written in its templates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tiphys.domain.errors import InvalidInput
from tiphys.domain.skill import Skill
from tiphys.library import strict_yaml
from tiphys.propose.induce.leaves import field
from tiphys.propose.induce.model import Node, Path, Piece, children, presence
from tiphys.propose.induce.source import Line, lines_of


class Places:
    """Finds fields of merged pieces, whose case 1 is the old rendering, in the templates."""

    def __init__(
        self, skill: Skill, rendered: Mapping[str, bytes], pieces: Sequence[Piece]
    ) -> None:
        self._skill = skill
        self._rendered = rendered
        self._pieces = pieces
        self._home = self._homes()

    def no(self, why: str) -> InvalidInput:
        """The error that says why it can not be done."""
        return InvalidInput(f"{self._skill.path} can't be widened mechanically: {why}")

    def _homes(self) -> dict[tuple[str, str], tuple[str, int]]:
        """In which template, as which of its documents, each old object is written."""
        found = {}
        for name, data in self._rendered.items():
            documents = strict_yaml.load_documents(data, source=name)
            texts = re.split(r"(?m)^---.*$", self._skill.templates[name])
            known = [n for n, text in enumerate(texts) if re.search(r"(?m)^\s*kind:", text)]
            for at, document in enumerate(documents):
                if len(known) == len(documents):
                    key = (document["kind"], document["metadata"]["name"])
                    found[key] = (name, known[at])
        return found

    def lines(self, file: str, number: int) -> list[tuple[Path, Line]]:
        """Every line of an object that begins something, with its path."""
        document = self._home[self._key(number)][1]
        every = lines_of(self._skill.templates[file], document)
        return [(path, line) for path, held in every.items() for line in held]

    def _key(self, number: int) -> tuple[str, str]:
        piece = self._pieces[number]
        return piece.kind, str(piece.names[1])

    def line(self, number: int, path: Path) -> tuple[str, Line]:
        """The file and line that begin what stands at a merged path. InvalidInput."""
        home = self._home.get(self._key(number))
        if home is None:
            raise self.no(f"its templates write a {self._pieces[number].kind} in several ways")
        file, _ = home
        old = self.old(number, path) or ("kind",)
        held = [line for found, line in self.lines(file, number) if found == old]
        if len(held) != 1:
            raise self.no(f"the template writes {dotted(path)} in {len(held)} places")
        return file, held[0]

    def old(self, number: int, path: Path) -> Path:
        """A path with the places in lists as the old objects have them."""
        node: Node = self._pieces[number].tree
        found: list[str | int] = []
        for part in path:
            held = list(children(node))
            if isinstance(part, int):
                before = (child for at, child in held if isinstance(at, int) and at < part)
                found.append(sum(presence(child)[1] for child in before))
            else:
                found.append(part)
            node = dict(held)[part]
        return tuple(found)


def location(path: Path) -> str:
    """A path as JMESPath."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{field(part)}" for part in path)
    return "".join(parts).removeprefix(".")


def dotted(path: Path) -> str:
    """A path for people."""
    return ".".join(map(str, path)) or "the object"
