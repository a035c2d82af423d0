"""Which paths may be written into a tree, and how odd names in a foreign tree are shown."""

from __future__ import annotations

import unicodedata

from tiphys.domain.errors import InvalidInput

PATH_BYTES = 1024
NAME_BYTES = 255
# `git~1` is what NTFS calls `.git`; a trailing dot or space is dropped there.
_RESERVED = frozenset({"", ".", "..", ".git", "git~1"})
# Control, format (invisible, bidirectional), surrogate characters: none belongs in a file name.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def check_writable(path: str) -> tuple[str, ...]:
    """Split a path into its names. InvalidInput unless every checkout could hold it safely."""
    shown = path.encode("unicode_escape").decode()[:80]
    if any(unicodedata.category(letter) in _HIDDEN or letter == "\\" for letter in path):
        raise InvalidInput(f"path {shown!r} has a control character or backslash: rename the file")
    if not path or len(path.encode()) > PATH_BYTES:
        raise InvalidInput(f"a path has 1 to {PATH_BYTES} bytes, unlike {shown!r}: rename the file")
    names = tuple(path.split("/"))
    for name in names:
        if name.casefold().rstrip(". ") in _RESERVED or len(name.encode()) > NAME_BYTES:
            raise InvalidInput(
                f"path {shown!r} must be relative, without empty, dot or .git parts, each of at "
                f"most {NAME_BYTES} bytes: rename the file"
            )
    return names


def show_name(raw: bytes) -> str:
    """A tree entry's name as text.

    A slash inside a name, or a byte that is not UTF-8, appears as a backslash escape, so a name
    that poses as a path is never taken for one (`check_writable` refuses backslashes).
    """
    return raw.decode("utf-8", "backslashreplace").replace("/", "\\x2f")
