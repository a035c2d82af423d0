"""The base layer: Debian with Python and git, and nothing that only a person would read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.testbed.images.work import COMPILE, remove, run

RELEASE = "bookworm"
PACKAGES = ("ca-certificates", "git", "python3")

_APART = ("unshare", "--mount")  # what debootstrap mounts ends with it, also when it fails

# What the image's user can't use, or what the runtime mounts over.
_UNUSED = (
    "dev/*",
    "etc/apt/apt.conf.d/*",
    "etc/hostname",
    "etc/resolv.conf",
    "proc/*",
    "run/*",
    "sys/*",
    "tmp/*",
    "usr/lib/python3.11/ensurepip",
    "usr/lib/python3.11/idlelib",
    "usr/lib/python3.11/lib2to3",
    "usr/lib/python3.11/pydoc_data",
    "usr/lib/python3.11/test",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/*",
    "var/lib/apt/lists/*",
    "var/log/*",
)


def debian(root: Path, *, packages: Path) -> None:
    """Fill `root`; Debian's packages are kept in the folder `packages` for the next time.

    Takes about a minute. PermissionError unless run by root; FileNotFoundError without debootstrap.
    """
    if os.geteuid() != 0:
        raise PermissionError("a Debian base is made by root only; run this again as root")
    if shutil.which("debootstrap") is None:
        raise FileNotFoundError("debootstrap is missing; run `apt-get install debootstrap`")
    packages.mkdir(parents=True, exist_ok=True)
    run(
        *_APART,
        "debootstrap",
        "--variant=minbase",
        f"--include={','.join(PACKAGES)}",
        f"--cache-dir={packages.resolve()}",
        RELEASE,
        root,
    )
    for pattern in _UNUSED:
        for path in root.glob(pattern):
            remove(path)
    for path in root.glob("usr/share/doc/**/*"):
        if path.name != "copyright" and not path.is_dir():
            path.unlink()
    for folder in ("usr/bin", "usr/lib", "usr/sbin"):
        _drop_privileges(root / folder)
    run("chroot", root, "python3", *COMPILE, "/usr/lib/python3", "/usr/lib/python3.11")


def _drop_privileges(folder: Path) -> None:
    """Take the setuid and setgid bits away: in a pod nobody becomes root."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o6000:
            path.chmod(path.stat().st_mode & 0o1777)
