"""The type check of admission policies, for as long as somebody wants its word."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tiphys.adapters.cluster_local import commands, state
from tiphys.adapters.cluster_local.processes import Processes
from tiphys.adapters.cluster_local.start import in_new_home, launch, require

_NAME = "kube-controller-manager"


@contextlib.contextmanager
def type_checks(binary: Path, kubeconfig: Path, *, root: Path | None = None) -> Iterator[None]:
    """Run the controller that checks policies on the cluster of `kubeconfig`; it starts meanwhile.

    It takes seconds of both cores for a handful of policies, so our clusters do without. `root`,
    ownership and clean-up are those of `LocalClusters`. Unavailable.
    """
    binaries = {_NAME: binary}
    require(binaries, (_NAME,))

    def begin(home: state.Home) -> Processes:
        arguments = commands.type_checker(kubeconfig)
        return launch(home.folder, binaries, 60.0, lambda new: new.program(_NAME, arguments))

    home, processes = in_new_home(root or state.default_root(), begin)
    try:
        yield
    finally:
        processes.kill()
        home.remove()
