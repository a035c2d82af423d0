"""A box for programs that are not trusted: Linux namespaces, limits, one way out.

`Box.run` starts a program in fresh user (unless root), mount, pid, network, ipc and uts namespaces.
`inside` prepares them as the box's first process, `kernel` speaks to Linux, `relay` is the one way
out. Nothing here ever goes through a shell.
"""

from tiphys.adapters.box.box import Box, Boxed, Limits

__all__ = ["Box", "Boxed", "Limits"]
