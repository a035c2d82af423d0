"""The system calls that Python has no name for, and what a boxed program may not call.

Numbers are those of Linux's generic table and of x86-64; mount and uid flags those of its headers.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

# name: (x86-64, arm64); a program that needs one of these has no business in a box.
CALLS: dict[str, tuple[int, int]] = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "io_uring_setup": (425, 425),  # its rings could open sockets behind the filter's back
    "keyctl": (250, 219),
    "memfd_create": (319, 279),  # memory that belongs to no mapping escapes the count
    "mount": (165, 40),
    "move_mount": (429, 429),
    "msgget": (68, 186),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "setns": (308, 268),
    "shmget": (29, 194),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
_SOCKET = (41, 198)
_PIVOT_ROOT = (155, 41)
_MOUNT_SETATTR = 442
_KEYCTL_JOIN = 1
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
# Not vsock and its like, which know nothing of network namespaces: unix, IPv4, IPv6, netlink.
_FAMILIES = (1, 2, 10, 16)

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_AT_RECURSIVE = 0x8000
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4

_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_SECCOMP = 4, 24, 22
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR = 38, 47, 4
_LAST_CAPABILITY = 63

_libc = ctypes.CDLL(None, use_errno=True)


def _call(what: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def column() -> int:
    """Which of the numbers are this machine's. OSError."""
    found = _ARCHITECTURES.get(platform.machine())
    if found is None:
        raise OSError(0, f"no list of system calls for {platform.machine()}")
    return found[0]


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """mount(2). OSError names the target."""
    arguments = (source.encode(), target.encode(), kind.encode(), flags, options.encode())
    _call(f"mount {target}", _libc.mount(*arguments))


def bind_read_only(source: str, target: str) -> None:
    """Show a file or folder, with what is mounted below, at `target`: read-only, no set-uid."""
    mount(source, target, "", MS_BIND | MS_REC)
    make_read_only(target, recursive=True)


def make_read_only(target: str, *, recursive: bool) -> None:
    """Make a mount read-only. OSError."""
    attributes = struct.pack("=4Q", _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    result = _libc.syscall(_MOUNT_SETATTR, -100, target.encode(), flags, attributes, 32)
    _call(f"mount_setattr {target}", result)


def become_root(folder: str) -> None:
    """Make a mount the root of this mount namespace and let go of the old one."""
    os.chdir(folder)
    _call("pivot_root", _libc.syscall(_PIVOT_ROOT[column()], b".", b"."))
    _call("umount", _libc.umount2(b".", _MNT_DETACH))
    os.chdir("/")


def leave_keyring() -> None:
    """Take a fresh session keyring: what the caller's holds is out of reach."""
    call = CALLS["keyctl"][column()]
    _libc.syscall(call, _KEYCTL_JOIN, None)  # a kernel without keyrings has none to leave


def keep_secret() -> None:
    """Nobody in the box may look into this process."""
    _call("dumpable", _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))


def drop_capabilities() -> None:
    """For this process and all that it becomes; the last ones go with the next exec or setuid."""
    _call("no_new_privs", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _call("ambient", _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR, 0, 0, 0))
    for capability in range(_LAST_CAPABILITY + 1):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break  # the kernel knows no more


def filter_calls() -> None:
    """Refuse, from now on, what no test needs; needs no_new_privs."""
    mine = column()
    audit = _ARCHITECTURES[platform.machine()][1]
    program = [_op(0x20, 4), _op(0x15, audit, 1, 0), _op(0x06, 0x80000000), _op(0x20, 0)]
    if mine == 0:  # the x32 table has the same calls under other numbers
        program += [_op(0x35, 0x40000000, 0, 1), _op(0x06, _refuse(38))]
    for numbers in CALLS.values():
        program += [_op(0x15, numbers[mine], 0, 1), _op(0x06, _refuse(1))]
    families = [_op(0x15, each, len(_FAMILIES) - i, 0) for i, each in enumerate(_FAMILIES)]
    program += [_op(0x15, _SOCKET[mine], 0, len(families) + 2), _op(0x20, 16), *families]
    program += [_op(0x06, _refuse(97)), _op(0x06, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(program))
    header = struct.pack("@HP", len(program), ctypes.addressof(code))
    _call("seccomp", _libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0))


def _op(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)


def _refuse(errno: int) -> int:
    return 0x00050000 | errno
