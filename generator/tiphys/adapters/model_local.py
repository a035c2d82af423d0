"""Serving an installed model on loopback, with the interface that `OpenAiModel` asks for."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiphys.domain.errors import Refused, Unavailable
from tiphys.toolchain.models import Serving

_HOST = "127.0.0.1"
# What earlier prompts leave in memory, so that one that begins alike need not be read again.
_PROMPT_CACHE_MIB = 512
# Four words that came before are taken to go on as they did then, for eight: manifests repeat
# names and fields of the prompt. The model checks them at once, so its answer stays the same.
_SEEN, _GUESSED = 4, 8


def serve(
    path: Path,
    name: str,
    *,
    port: int,
    threads: int | None,
    context: int,
    ready: Callable[[Serving], None],
    ended: threading.Event,
) -> None:
    """Serve the model at `path` as `name` until `ended`; `ready` is told once it answers.

    Port 0 takes any free one; no `threads` means one for each core. Requests wait for each other,
    as an answer depends a little on what is worked out beside it. Unavailable without xllamacpp or
    for a broken file; Refused for a port that is taken.
    """
    params = _params(path, name, port=port, threads=threads or _cores(), context=context)
    _check_port(port)
    made: list[Any] = []
    # Loading takes seconds in which the main thread has to hear a signal.
    loading = threading.Thread(target=_load, args=(params, made), daemon=True)
    loading.start()
    while loading.is_alive():
        if ended.wait(0.05):
            return
    server = made.pop()
    if isinstance(server, Exception):
        raise Unavailable(f"{path} can't be served: {server}; run `tiphys model install --verify`")
    ready(Serving(f"{server.listening_address}/v1", name, params.cpuparams.n_threads, context))
    ended.wait()


def _params(path: Path, name: str, *, port: int, threads: int, context: int) -> Any:
    try:
        from xllamacpp import CommonParams
    except ImportError as problem:
        raise Unavailable(
            f"serving a model needs xllamacpp ({problem}); run `pip install 'tiphys[model]'`"
        ) from None
    params = CommonParams()
    params.model.path = str(path)
    params.model_alias = {name}
    params.hostnames = [_HOST]
    params.port = port
    params.n_ctx = context
    params.n_parallel = 1
    params.cpuparams.n_threads = threads
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    _guess_ahead(params)
    params.verbosity = -1
    params.ui = params.endpoint_slots = False
    params.cors_origins = f"http://{_HOST}"  # no page in a browser is let in
    return params


def _guess_ahead(params: Any) -> None:
    from xllamacpp import common_speculative_type

    guesses = params.speculative
    guesses.types = [common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
    guesses.ngram_simple.size_n, guesses.ngram_simple.size_m = _SEEN, _GUESSED


def _load(params: Any, made: list[Any]) -> None:
    from xllamacpp import Server

    try:
        made.append(Server(params))
    except Exception as problem:  # noqa: BLE001  # the package raises whatever C++ throws
        made.append(problem)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except (OSError, OverflowError) as problem:
            raise Refused(
                f"port {port} can't be used ({problem}); choose one with --port"
            ) from None


def _cores() -> int:
    import psutil

    return psutil.cpu_count(logical=False) or os.cpu_count() or 1
