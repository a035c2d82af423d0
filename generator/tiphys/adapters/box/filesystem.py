"""What a boxed program sees of the file system: little, and read-only but for a /tmp of its own."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tiphys.adapters.box import kernel

ROOT = Path("/root")  # below the root: a process in a chroot can't make user namespaces
TEMPORARY = "/tmp"  # noqa: S108  # the box's own
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SETTINGS = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "ssl/certs")
_DEVICES = ("full", "null", "random", "urandom", "zero")
_LINKS = {"fd": "fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_OWN = kernel.MS_NOSUID | kernel.MS_NODEV


def build(
    stage: Path,
    *,
    uid: int,
    disk: int,
    folders: Mapping[str, str],
    programs: Mapping[str, str],
    files: Mapping[str, str],
) -> None:
    """Make a new root of this mount namespace at `stage`; the program's root is its `ROOT`.

    `folders` are copied, `programs` shown, `files` written, each by its path in the box. The user
    `uid` may write `disk` bytes to its TEMPORARY. OSError.
    """
    root = stage / ROOT.name
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("box", str(stage), "tmpfs", _OWN, "size=32m,mode=755")
    _system(root)
    _devices(root / "dev")
    for path, text in {**_accounts(uid), **files}.items():
        _write(_below(root, path), text)
    for path, source in folders.items():
        _copy(Path(source), _below(root, path))
    for path, source in programs.items():
        _show(Path(source), _below(root, path))
    owner = f"uid={uid},gid={uid}"
    _mount(root, TEMPORARY, "tmpfs", _OWN, f"size={disk},nr_inodes=4096,mode=700,{owner}")
    _mount(root, "/proc", "proc", _OWN | kernel.MS_NOEXEC, "hidepid=2,subset=pid")
    kernel.become_root(str(stage))
    kernel.make_read_only("/", recursive=False)
    with suppress(OSError):  # its own uts namespace: nothing depends on the name
        socket.sethostname("box")


def _below(root: Path, path: str) -> Path:
    return root / path.removeprefix("/")


def _system(root: Path) -> None:
    root.mkdir()
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            (root / name).symlink_to(path.readlink())
        elif path.is_dir():
            _show(path, root / name)
    for name in _SETTINGS:
        path = Path("/etc", name)
        if path.exists():
            _show(path, root / "etc" / name)


def _devices(folder: Path) -> None:
    for name in _DEVICES:
        _write(folder / name, "")
        kernel.mount(f"/dev/{name}", str(folder / name), "", kernel.MS_BIND)
    for name, target in _LINKS.items():
        (folder / name).symlink_to(f"/proc/self/{target}")


def _accounts(uid: int) -> dict[str, str]:
    return {
        "/etc/passwd": f"box:x:{uid}:{uid}::{TEMPORARY}:/bin/sh\n",
        "/etc/group": f"box:x:{uid}:\n",
        "/etc/hosts": "127.0.0.1 localhost\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }


def _mount(root: Path, path: str, kind: str, flags: int, options: str) -> None:
    target = _below(root, path)
    target.mkdir()
    kernel.mount("box", str(target), kind, flags, options)


def _show(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(parents=True)
    else:
        _write(target, "")
    kernel.bind_read_only(str(source), str(target))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    """Plain files only: a link would be followed to where the caller can read and the box can't."""
    target.mkdir(parents=True)
    for each in source.iterdir():
        if each.is_symlink():
            continue
        if each.is_dir():
            _copy(each, target / each.name)
        elif each.is_file():
            shutil.copyfile(each, target / each.name)
