"""From the name of something that runs to the release, the file and the line that hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.domain.markdown import visible
from tiphys.library import CLUSTER_FOLDER, strict_yaml
from tiphys.ports import RepositoryReader
from tiphys.releases.history import folders_at, said_name, short_name
from tiphys.releases.makers import may_have_made
from tiphys.verify.reading import YAML
from tiphys.verify.subject import release_folder

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Place:
    """A release's folder, and where in it an object stands (line 0: the whole release).

    `maker` names that object where not it was asked for, but what by its name it has made.
    """

    folder: str
    path: str = ""
    line: int = 0
    maker: str = ""


@dataclass(frozen=True, slots=True)
class _Object:
    """The document of that number, from 0 and without empty ones, of a file."""

    folder: str
    path: str
    number: int
    group: str
    kind: str
    namespace: str
    name: str

    @property
    def shown(self) -> str:
        within = f"{self.namespace}/" if self.namespace else ""
        return visible(f"{self.kind}/{within}{self.name}")

    def __str__(self) -> str:
        return f"{self.shown} in {short_name(self.folder)}"


def find(reader: RepositoryReader, rev: str, name: str) -> Place:
    """Where NAMESPACE/RELEASE, KIND/NAMESPACE/NAME or, without a namespace, KIND/NAME lives.

    Kinds are read in any case, and may have their group behind a dot: `deployment.apps`. What is in
    no manifest leads to what made it, as far as names tell. NotFound; InvalidInput for a name of
    another form, or one that fits several.
    """
    name = said_name(name)
    parts = name.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise InvalidInput(f"{name!a} is neither NAMESPACE/RELEASE nor KIND/NAMESPACE/NAME")
    folders = folders_at(reader, rev)
    if len(parts) == 2 and f"manifests/{name}" in folders:
        return Place(f"manifests/{name}")
    kind, _, group = parts[0].lower().partition(".")
    namespace = parts[1] if len(parts) == 3 else ""
    # Where it belongs, and only if it is not there, wherever somebody may have pushed it.
    for below in ([namespace, CLUSTER_FOLDER] if namespace else [CLUSTER_FOLDER]), [""]:
        near = [
            each
            for folder in below
            for each in _objects(reader, rev, f"manifests/{folder}")
            if each.namespace == namespace
        ]
        if (found := _pick(name, near, kind, group)) is not None:
            exact = (found.kind.lower(), found.name) == (kind, parts[-1])
            line = _line(reader, rev, found)
            return Place(found.folder, found.path, line, "" if exact else found.shown)
    raise NotFound(_nowhere(name, parts, folders))


def _pick(name: str, near: list[_Object], kind: str, group: str) -> _Object | None:
    """The object of that name, or what made it. InvalidInput where there are several."""
    own = name.rpartition("/")[2]
    found = [
        each
        for each in near
        if (each.kind.lower(), each.name) == (kind, own) and (not group or each.group == group)
    ]
    several = found or [e for e in near if may_have_made((e.kind, e.name), kind, own)]
    if len(several) > 1:
        shown = "; ".join(map(str, several[:_SHOWN]))
        raise InvalidInput(f"{name!a} may be of {len(several)}, name which: {shown}")
    return several[0] if several else None


def _nowhere(name: str, parts: list[str], folders: tuple[str, ...]) -> str:
    if len(parts) == 3:
        return (
            f"no merged release holds {name!a}, nor what would have made it by that name; "
            "`tiphys release list` shows what there is"
        )
    near = [short_name(folder) for folder in folders if folder.endswith(f"/{parts[1]}")]
    hint = f"did you mean {near[0]}?" if near else "`tiphys release list` shows what there is"
    return f"there is no merged release {name!a}; {hint}"


def _objects(reader: RepositoryReader, rev: str, below: str) -> Iterator[_Object]:
    """Every object of the merged releases in a folder; what can't be read is left out."""
    for entry in reader.entries(rev, below):
        folder = release_folder(entry.path)
        if folder is None or not entry.path.endswith(YAML):
            continue
        try:
            data = reader.read(rev, entry.path)
            documents = strict_yaml.load_documents(data, source=entry.path)
        except InvalidInput:
            continue
        for number, document in enumerate(documents):
            if isinstance(document, dict) and isinstance(document.get("metadata"), dict):
                yield _object(document, folder, entry.path, number)


def _object(document: dict[str, object], folder: str, path: str, number: int) -> _Object:
    metadata = document["metadata"]
    own = metadata.get("namespace") if isinstance(metadata, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    within = folder.split("/")[1]
    return _Object(
        folder,
        path,
        number,
        str(document.get("apiVersion")).rpartition("/")[0],
        str(document.get("kind")),
        str(own or ("" if within == CLUSTER_FOLDER else within)),
        str(name),
    )


def _line(reader: RepositoryReader, rev: str, found: _Object) -> int:
    """The line, from 1, where an object starts."""
    text = reader.read(rev, found.path).decode()
    nodes = yaml.compose_all(text, Loader=yaml.CSafeLoader)
    full = [node for node in nodes if node is not None and not _empty(node)]
    return int(full[found.number].start_mark.line) + 1


def _empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
