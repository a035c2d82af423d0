"""Recording what a server says, and answering from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.model.conftest import Server, completion
from tiphys import bootstrap
from tiphys.adapters.model_openai import OpenAiModel
from tiphys.adapters.model_replay import Replay, request_digest
from tiphys.domain.errors import Unavailable
from tiphys.ports import Completion, Message, Model
from tiphys.testing.conformance.model import ModelConformance

KEY = "a-key-that-nobody-may-see"
TALK = (Message("user", "hi"),)


def recording(server: Server, folder: Path) -> OpenAiModel:
    return OpenAiModel(
        server.url, "tiny", api_key=KEY, transport=Replay(folder, httpx.HTTPTransport())
    )


def replaying(folder: Path, url: str = "http://elsewhere.example/v1") -> OpenAiModel:
    return OpenAiModel(url, "tiny", transport=Replay(folder))


def ask(model: Model, **options: Any) -> Completion:
    return model.complete(TALK, **{"max_tokens": 9, "seed": 0, **options})


class TestRecording(ModelConformance):
    @pytest.fixture
    def model(self, server: Server, tmp_path: Path) -> Model:
        return recording(server, tmp_path)

    @pytest.fixture
    def dead_model(self, tmp_path: Path) -> Model:
        return replaying(tmp_path)


def test_what_was_recorded_is_said_again_without_a_server(server: Server, tmp_path: Path) -> None:
    server.answers = [(200, completion("fine", "length")), (200, completion("other"))]
    said = ask(recording(server, tmp_path))
    assert ask(recording(server, tmp_path)) == said
    assert ask(replaying(tmp_path)) == said
    assert len(server.seen) == 1


def test_another_question_is_another_exchange(server: Server, tmp_path: Path) -> None:
    model = recording(server, tmp_path)
    ask(model)
    for other in ({"seed": 1}, {"max_tokens": 8}, {"temperature": 0.5}):
        with pytest.raises(Unavailable, match="TIPHYS_RECORD=1"):
            ask(replaying(tmp_path), **other)
        ask(model, **other)
        ask(replaying(tmp_path), **other)
    assert len(list(tmp_path.iterdir())) == 4


def test_no_host_and_no_key_is_kept(server: Server, tmp_path: Path) -> None:
    ask(recording(server, tmp_path))
    (kept,) = tmp_path.iterdir()
    text = kept.read_text()
    assert KEY not in text
    assert "127.0.0.1" not in text
    assert json.loads(text)["request"]["messages"] == [{"role": "user", "content": "hi"}]


def test_a_refused_setting_is_replayed_too(server: Server, tmp_path: Path) -> None:
    server.answers = [(400, {"error": {"param": "temperature"}}), (200, completion("fine"))]
    ask(recording(server, tmp_path), temperature=0.5)
    assert ask(replaying(tmp_path), temperature=0.5).text == "fine"


@pytest.mark.parametrize("answer", [(500, {}), (401, {}), (200, b"prose"), (200, [])])
def test_an_outage_is_not_kept(server: Server, tmp_path: Path, answer: Any) -> None:
    server.answers = [answer]
    with pytest.raises(Unavailable):
        ask(recording(server, tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", '{"status": 200}', '{"status": 301, "answer": {}}']
)
def test_a_broken_recording_is_named(server: Server, tmp_path: Path, broken: str) -> None:
    ask(recording(server, tmp_path))
    (kept,) = tmp_path.iterdir()
    kept.write_text(broken)
    with pytest.raises(Unavailable, match="remove it"):
        ask(replaying(tmp_path))


def test_order_and_spacing_do_not_matter() -> None:
    assert request_digest({"a": 1, "b": [2]}) == request_digest({"b": [2], "a": 1})
    assert request_digest({"a": 1}) != request_digest({"a": 2})


def test_an_exchange_is_named_by_what_is_said_alone(server: Server, tmp_path: Path) -> None:
    ask(recording(server, tmp_path), temperature=0.5)
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 9,
        "seed": 0,
        "temperature": 0.5,
    }
    assert [each.stem for each in tmp_path.iterdir()] == [request_digest(body)]


def test_the_environment_decides(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("TIPHYS_RECORDINGS", str(tmp_path / "kept"))
    with pytest.raises(Unavailable, match="no recording"):
        ask(bootstrap.open_model("tiny"))
    monkeypatch.setenv("TIPHYS_RECORD", "1")
    ask(bootstrap.open_model("tiny"))
    monkeypatch.delenv("TIPHYS_RECORD")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert ask(bootstrap.open_model("tiny")).text == "fine"
