"""Walking, comparing and editing git trees through the object store; no work tree, no index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.domain.git_paths import check_writable, show_name
from tiphys.domain.tree import MODE_EXECUTABLE, MODE_FILE, MODE_SUBMODULE, Change, Entry

if TYPE_CHECKING:
    import pygit2

    Edits = dict[str, "bytes | Edits | None"]

MAX_DEPTH = 64  # deeper than this, or more than these, is an attack on the reader
MAX_OBJECTS = 250_000


def _children(tree: pygit2.Tree) -> Iterator[tuple[str, pygit2.Object]]:
    for child in tree:
        yield show_name(child.raw_name or b""), child


def _entry(repo: pygit2.Repository, path: str, child: pygit2.Object) -> Entry:
    mode = int(child.filemode)
    size = 0 if mode == MODE_SUBMODULE else repo.odb.read_header(child.id)[1]
    return Entry(path, str(child.id), mode, size)


class _Budget:
    """How much a reader does before it calls a tree a bomb: a few nested trees that repeat one
    another can stand for billions of files."""

    def __init__(self) -> None:
        self._left = MAX_OBJECTS

    def enter(self, tree_path: str, size: int) -> None:
        self._left -= size + 1
        if self._left < 0:
            raise LimitExceeded(f"more than {MAX_OBJECTS} files to look at: make it smaller")
        if tree_path.count("/") > MAX_DEPTH:
            raise LimitExceeded(f"folders are nested deeper than {MAX_DEPTH}: flatten them")


def walk(
    repo: pygit2.Repository, tree: pygit2.Tree, prefix: str = "", budget: _Budget | None = None
) -> Iterator[Entry]:
    """Every file below `tree`; `prefix` ("" or ending in a slash) is put before their paths.

    LimitExceeded beyond `MAX_OBJECTS` and `MAX_DEPTH`.
    """
    budget = budget or _Budget()
    budget.enter(prefix, len(tree))
    for name, child in _children(tree):
        if child.type_str == "tree":
            below: pygit2.Tree = repo[child.id]  # type: ignore[assignment]  # type_str says tree
            yield from walk(repo, below, f"{prefix}{name}/", budget)
        else:
            yield _entry(repo, prefix + name, child)


def subtree(tree: pygit2.Tree, path: str) -> pygit2.Tree | None:
    """The folder at `path`, or None."""
    import pygit2

    for name in filter(None, path.split("/")):
        try:
            child = tree[name]
        except (KeyError, ValueError):
            return None
        if not isinstance(child, pygit2.Tree):
            return None
        tree = child
    return tree


def diff(
    repo: pygit2.Repository,
    old: pygit2.Tree | None,
    new: pygit2.Tree | None,
    prefix: str = "",
    budget: _Budget | None = None,
) -> Iterator[Change]:
    """Files that differ; equal subtrees are skipped by id, so the cost follows the change.

    Limits as in `walk`.
    """
    budget = budget or _Budget()
    before, after = _keyed(old), _keyed(new)
    budget.enter(prefix, len(before) + len(after))
    for key in before.keys() | after.keys():
        left, right = before.get(key), after.get(key)
        if left and right and left.id == right.id and left.filemode == right.filemode:
            continue
        path = prefix + key[0]
        if key[1]:
            yield from diff(
                repo,
                repo[left.id] if left else None,  # type: ignore[arg-type]  # key[1] says tree
                repo[right.id] if right else None,  # type: ignore[arg-type]  # key[1] says tree
                path + "/",
                budget,
            )
        else:
            yield Change(
                path,
                _entry(repo, path, left) if left else None,
                _entry(repo, path, right) if right else None,
            )


def _keyed(tree: pygit2.Tree | None) -> dict[tuple[str, bool, int], pygit2.Object]:
    """Children by name, whether a tree, and how often that pair came before (a hostile tree may
    hold a name twice, and neither may hide the other)."""
    found: dict[tuple[str, bool, int], pygit2.Object] = {}
    for name, child in _children(tree) if tree is not None else ():
        is_tree = child.type_str == "tree"
        turn = 0
        while (name, is_tree, turn) in found:
            turn += 1
        found[name, is_tree, turn] = child
    return found


def edit(
    repo: pygit2.Repository, tree: pygit2.Tree | None, files: Mapping[str, bytes | None]
) -> str:
    """Id of a new tree: `tree` with `files` written (None deletes; a missing file is no error).

    Modes of regular files stay; a symlink or submodule that is written becomes a regular file. A
    file written where a folder is replaces it, and the reverse. InvalidInput for a bad path.
    """
    return str(_apply(repo, tree, _nest(files), ""))


def _nest(files: Mapping[str, bytes | None]) -> Edits:
    root: Edits = {}
    # Deletions first: {"a": None, "a/b": b""} turns the file a into a folder.
    for path, data in sorted(files.items(), key=lambda item: (item[1] is not None, item[0])):
        *folders, name = check_writable(path)
        if len(folders) > MAX_DEPTH:
            raise LimitExceeded(f"folders are nested deeper than {MAX_DEPTH}: flatten them")
        here = root
        for folder in folders:
            below = here.get(folder)
            if isinstance(below, bytes):
                raise InvalidInput(f"{path} lies below another written file: rename one of them")
            if below is None:
                below = here[folder] = {}
            here = below
        below = here.get(name)
        if isinstance(below, dict) and data is None:
            continue  # everything below was named one by one
        if isinstance(below, dict) and _writes(below):
            raise InvalidInput(f"{path} is written as a file and as a folder: rename one of them")
        here[name] = data
    return root


def _writes(edits: Edits) -> bool:
    return any(_writes(e) if isinstance(e, dict) else e is not None for e in edits.values())


def _apply(
    repo: pygit2.Repository, tree: pygit2.Tree | None, edits: Edits, prefix: str
) -> pygit2.Oid:
    import pygit2

    builder = repo.TreeBuilder(tree) if tree is not None else repo.TreeBuilder()
    for name, data in edits.items():
        old = tree[name] if tree is not None and name in tree else None
        if data is None:
            if old is None:
                continue
            if isinstance(old, pygit2.Tree):
                raise InvalidInput(f"{prefix}{name} is a folder: delete its files one by one")
            builder.remove(name)
        elif isinstance(data, bytes):
            executable = old is not None and int(old.filemode) == MODE_EXECUTABLE
            builder.insert(
                name, repo.create_blob(data), MODE_EXECUTABLE if executable else MODE_FILE
            )
        else:
            below = repo[old.id] if isinstance(old, pygit2.Tree) else None
            if below is None and not _writes(data):
                continue  # only deletions below something that is not a folder
            made = _apply(repo, below, data, f"{prefix}{name}/")  # type: ignore[arg-type]  # a tree, checked above
            if len(repo[made]):  # type: ignore[arg-type]  # trees have a length
                builder.insert(name, made, pygit2.enums.FileMode.TREE)
            elif old is not None:
                builder.remove(name)
    return builder.write()
