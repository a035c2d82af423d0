"""Models: the conformance suite over the fakes and over a scripted server on loopback."""

# ruff: noqa: E501 -- one case a line
from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tiphys.adapters.model_openai import OpenAiModel
from tiphys.domain.errors import Unavailable
from tiphys.ports import Message, Model
from tiphys.testing.conformance.model import ModelConformance
from tiphys.testing.scripted_model import ObedientModel, ScriptedModel

KEY = "a-key-that-nobody-may-see"
TALK = (Message("user", "hi"),)


@pytest.fixture(autouse=True)
def no_real_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment offers leads nowhere."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)


class Server:
    """Answers each request with the next of `answers` (status, body), the last again and again."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = [(200, completion("fine"))]
        self.seen: list[tuple[str, dict[str, Any], str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                key = self.headers.get("authorization", "")
                outer.seen.append((self.path, json.loads(body), key))
                status, answer = outer.answers[min(len(outer.seen), len(outer.answers)) - 1]
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.send_header("retry-after-ms", "1")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)


def completion(text: Any) -> dict[str, Any]:
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": text},
    }
    usage = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "tiny", "choices": [choice],
            "usage": usage}  # fmt: skip


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


class TestScripted(ModelConformance):
    @pytest.fixture
    def model(self) -> Model:
        return ScriptedModel()

    @pytest.fixture
    def dead_model(self) -> Model:
        return ScriptedModel(Unavailable("gone"))


class TestObedient(ModelConformance):
    @pytest.fixture
    def model(self) -> Model:
        return ObedientModel()

    @pytest.fixture
    def dead_model(self) -> Model:
        return ScriptedModel(Unavailable("gone"))


class TestOpenAi(ModelConformance):
    @pytest.fixture
    def model(self, server: Server) -> Model:
        return OpenAiModel(server.url, "tiny")

    @pytest.fixture
    def dead_model(self) -> Model:
        return OpenAiModel("http://127.0.0.1:1/v1", "tiny", seconds=5)


def test_what_is_asked_and_answered(server: Server) -> None:
    answer = OpenAiModel(server.url, "tiny", api_key=KEY).complete(TALK, max_tokens=9, seed=4)
    assert (answer.text, answer.model, answer.input_tokens, answer.output_tokens) == (
        "fine",
        "tiny",
        3,
        1,
    )
    (path, body, key), = server.seen  # fmt: skip
    assert path == "/v1/chat/completions"
    assert body == {"model": "tiny", "max_tokens": 9, "seed": 4, "temperature": 0,
                    "messages": [{"role": "user", "content": "hi"}]}  # fmt: skip
    assert key == f"Bearer {KEY}"


def test_a_busy_server_is_asked_again(server: Server) -> None:
    server.answers = [(503, {}), (429, {}), (200, completion("late"))]
    assert OpenAiModel(server.url, "tiny").complete(TALK, max_tokens=9, seed=0).text == "late"


def test_but_not_for_ever(server: Server) -> None:
    server.answers = [(503, {})]
    with pytest.raises(Unavailable):
        OpenAiModel(server.url, "tiny").complete(TALK, max_tokens=9, seed=0)
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    "answer",
    [(401, {"error": {"message": f"bad key {KEY}"}}), (404, {}), (200, b"not json"), (200, {}), (200, []),
     (200, {"choices": []}), (200, {"choices": [{}]}), (200, completion(None)), (200, completion([1]))],
)  # fmt: skip
def test_every_other_answer_is_an_outage_without_the_key(server: Server, answer: Any) -> None:
    server.answers = [answer]
    with pytest.raises(Unavailable) as problem:
        OpenAiModel(server.url, "tiny", api_key=KEY).complete(TALK, max_tokens=9, seed=0)
    assert KEY not in str(problem.value)


def test_the_package_is_imported_only_when_asked() -> None:
    import subprocess
    import sys

    code = "import sys, tiphys.adapters.model_openai; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
