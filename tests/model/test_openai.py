"""Models: the conformance suite over the fakes and over a scripted server on loopback."""

# ruff: noqa: E501 -- one case a line
from __future__ import annotations

import gzip
import socket
import threading
from contextlib import suppress
from typing import Any

import pytest

from tests.model.conftest import Server, completion
from tiphys.adapters.model_openai import OpenAiModel
from tiphys.domain.errors import Unavailable
from tiphys.ports import Message, Model
from tiphys.testing.conformance.model import ModelConformance
from tiphys.testing.scripted_model import ObedientModel, ScriptedModel

KEY = "a-key-that-nobody-may-see"
TALK = (Message("user", "hi"),)


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


def ask(server: Server, **options: Any) -> Any:
    return OpenAiModel(server.url, "tiny", **options).complete(TALK, max_tokens=9, seed=0)


def test_an_answer_that_ends_at_its_limit_says_so(server: Server) -> None:
    server.answers = [(200, completion("so far", "length")), (200, completion("all"))]
    model = OpenAiModel(server.url, "tiny")
    assert model.complete(TALK, max_tokens=9, seed=0).cut
    assert not model.complete(TALK, max_tokens=9, seed=0).cut


def test_half_a_character_does_not_get_through(server: Server) -> None:
    server.answers = [
        (200, b'{"choices": [{"message": {"content": "a\\ud800b"}}], "model": "x\\ny"}')
    ]
    answer = ask(server)
    assert (answer.text, answer.model, answer.output_tokens) == ("a?b", "x y", 0)


def test_a_request_that_is_refused_is_not_asked_again(server: Server) -> None:
    server.answers = [(400, {}), (200, completion("fine"))]
    model = OpenAiModel(server.url, "tiny")
    with pytest.raises(Unavailable, match="context"):
        model.complete(TALK, max_tokens=9, seed=0, temperature=0.5)
    assert [body["temperature"] for _, body, _ in server.seen] == [0.5]


def test_settings_that_a_server_no_longer_takes_are_said_its_way(server: Server) -> None:
    server.answers = [
        (400, {"error": {"param": "max_tokens"}}),
        (400, {"error": {"param": "temperature"}}),
        (200, completion("fine")),
    ]
    model = OpenAiModel(server.url, "tiny")
    for _ in range(2):
        assert model.complete(TALK, max_tokens=9, seed=3).text == "fine"
    for _, body, _ in server.seen[2:]:
        assert body["max_completion_tokens"] == 9
        assert not {"max_tokens", "temperature"} & set(body)
        assert body["seed"] == 3
    assert len(server.seen) == 4


def test_a_long_wait_is_refused_rather_than_shortened(server: Server) -> None:
    server.answers = [(429, {})]
    server.headers = {"retry-after": "3600"}
    with pytest.raises(Unavailable, match="3600 s"):
        ask(server)
    assert len(server.seen) == 1


def test_an_answer_is_cut_off_while_it_is_read(server: Server) -> None:
    server.answers = [(200, b"[" + b" " * (1 << 20))]
    with pytest.raises(Unavailable, match="more than"):
        ask(server)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"])
def test_an_answer_that_breaks_off_is_asked_for_again(said: bytes) -> None:
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak() -> None:
            for _ in range(3):
                connection, _ = listening.accept()
                heard.append(connection.recv(1 << 16))
                connection.sendall(said)
                connection.close()

        speaking = threading.Thread(target=speak, daemon=True)
        speaking.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(Unavailable, match="is it running"):
            OpenAiModel(url, "tiny").complete(TALK, max_tokens=9, seed=0)
        speaking.join(10)
    assert len(heard) == 3


HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "drip"), [(HEAD, b""), (HEAD, b"x"), (b"", b""), (b"HTTP/1.1 200 OK\r\na: ", b"x")]
)
def test_seconds_are_those_of_the_whole(head: bytes, drip: bytes) -> None:
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):  # who gave up may have hung up
                connection.sendall(head)
                while not done.wait(0.02):
                    connection.sendall(drip)

        speaking = threading.Thread(target=speak, daemon=True)
        speaking.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(Unavailable, match=r"within 0\.3 s"):
            OpenAiModel(url, "tiny", seconds=0.3).complete(TALK, max_tokens=9, seed=0)
        done.set()
        speaking.join(10)


@pytest.mark.parametrize(
    "url", ["", "no url", "http://[::1", "ftp://127.0.0.1/v1", "http://127.0.0.1:99999/v1"]
)
def test_a_wrong_address_is_said_to_be_one(url: str) -> None:
    with pytest.raises(Unavailable):
        OpenAiModel(url, "tiny", seconds=5).complete(TALK, max_tokens=9, seed=0)


def test_without_a_key_none_is_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ADMIN_KEY", KEY)
    ask(server)
    assert server.seen[0][2] == ""


def test_what_hides_in_an_answer_is_bounded_too(server: Server) -> None:
    server.answers = [(200, gzip.compress(b" " * (4 << 20)))]
    server.headers = {"content-encoding": "gzip"}
    with pytest.raises(Unavailable, match="more than"):
        ask(server)


@pytest.mark.parametrize("status", [200, 400, 404])
def test_an_answer_too_deep_to_read_is_an_outage(server: Server, status: int) -> None:
    server.answers = [(status, b"[" * 100_000)]
    with pytest.raises(Unavailable):
        ask(server)


def test_a_broken_compression_is_an_outage(server: Server) -> None:
    server.headers = {"content-encoding": "gzip"}
    with pytest.raises(Unavailable):
        ask(server)


@pytest.mark.parametrize("key", ["kéy", "two\nlines"])
def test_a_key_that_can_be_none_is_said_to_be_one(server: Server, key: str) -> None:
    with pytest.raises(Unavailable) as problem:
        ask(server, api_key=key)
    assert key not in str(problem.value)
    assert not server.seen


def test_fields_beside_the_text_may_be_anything(server: Server) -> None:
    choice = {"message": {"content": "fine"}, "finish_reason": ["length"]}
    usage = {"prompt_tokens": "7", "completion_tokens": True}
    server.answers = [
        (200, {"choices": [choice], "model": 7, "usage": usage}),
        (200, {"choices": [choice], "usage": 3}),
    ]
    for _ in range(2):
        answer = ask(server)
        assert (answer.text, answer.model, answer.cut) == ("fine", "tiny", False)
        assert (answer.input_tokens, answer.output_tokens) == (0, 0)


def test_no_message_holds_a_password(server: Server) -> None:
    address = server.url.replace("http://", f"http://me:{KEY}@")
    server.answers = [(404, {})]
    with pytest.raises(Unavailable) as problem:
        OpenAiModel(address, "tiny").complete(TALK, max_tokens=9, seed=0)
    assert KEY not in str(problem.value)


def test_the_package_is_imported_only_when_asked() -> None:
    import subprocess
    import sys

    code = (
        "import sys, tiphys.adapters.model_openai;"
        " sys.exit(bool({'httpx', 'httpx2', 'openai'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
