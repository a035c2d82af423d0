"""Serving: what goes wrong before a model is loaded, and a child that ends with its parent."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.model.conftest import Server
from tiphys import bootstrap
from tiphys.adapters.model_child import CHILD_URL, ChildTransport, serving
from tiphys.adapters.model_local import serve
from tiphys.adapters.model_openai import OpenAiModel
from tiphys.domain.errors import Refused, TiphysError, Unavailable
from tiphys.ports import Message

TALK = (Message("user", "hi"),)
CHILD = """
import json, sys
print(json.dumps({"url": "http://127.0.0.1:9/v1"}), flush=True)
sys.stdin.read()
open(sys.argv[1], "w").close()
"""
PARENT = """
import os, sys
from tiphys.adapters.model_child import serving
with serving((sys.executable, "-c", sys.argv[1], sys.argv[2])):
    os.kill(os.getpid(), 9)
"""


def run(path: Path, port: int = 0) -> None:
    serve(
        path,
        "tiny",
        port=port,
        threads=1,
        context=512,
        ready=lambda _: None,
        ended=threading.Event(),
    )


def test_a_file_that_is_no_model_is_said_to_be_none(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="the extra `model` is not installed")
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"not a model")
    with pytest.raises(Unavailable, match="--verify"):
        run(path)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=f"port {port} .*--port"):
            run(tmp_path / "tiny.gguf", port)


def test_without_the_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(Unavailable, match=r"tiphys\[model\]"):
        run(tmp_path / "tiny.gguf")


def test_a_child_is_ended_with_its_context(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    with serving((sys.executable, "-c", CHILD, str(ended))) as url:
        assert url == "http://127.0.0.1:9/v1"
        assert not ended.exists()
    assert ended.exists()


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    subprocess.run([sys.executable, "-c", PARENT, CHILD, str(ended)], check=False, timeout=60)
    waiting = threading.Event()
    for _ in range(500):
        if ended.exists():
            break
        waiting.wait(0.02)
    assert ended.exists()


def test_a_child_that_does_not_start_is_quoted() -> None:
    said = "import sys; sys.exit('tiphys: no such thing; do this')"
    with pytest.raises(Unavailable, match="does not start: no such thing; do this"):  # noqa: SIM117
        with serving((sys.executable, "-c", said)):
            pass


def test_the_child_is_started_for_the_first_request_only(server: Server) -> None:
    started: list[str] = []

    @contextmanager
    def start() -> Iterator[str]:
        started.append("started")
        yield server.url
        started.append("ended")

    transport = ChildTransport(start)
    model = OpenAiModel(CHILD_URL, "tiny", transport=transport)
    assert not started
    for _ in range(2):
        assert model.complete(TALK, max_tokens=9, seed=0).text == "fine"
    assert started == ["started"]
    transport.close()
    assert started == ["started", "ended"]


def test_local_without_the_model_says_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setenv("TIPHYS_CACHE", str(tmp_path))
    with pytest.raises(TiphysError, match="tiphys model install"):
        bootstrap.open_model("local").complete(TALK, max_tokens=9, seed=0)


def test_local_is_asked_where_the_environment_says(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    bootstrap.open_model("local").complete(TALK, max_tokens=9, seed=0)
    assert server.seen[0][1]["model"].startswith("qwen")


def test_no_test_reaches_a_real_model() -> None:
    assert os.environ["OPENAI_BASE_URL"] == "http://127.0.0.1:1/v1"
    outside = OpenAiModel("https://api.openai.com/v1", "tiny", seconds=5)
    with pytest.raises(AssertionError, match="a test reached for"):
        outside.complete(TALK, max_tokens=9, seed=0)
