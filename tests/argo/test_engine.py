"""Following a workflow: what is submitted, told and stopped, whoever dies meanwhile."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tiphys.adapters.engine_argo import ArgoEngine
from tiphys.argo import names
from tiphys.domain.errors import ApiRefusal, InvalidInput, Unavailable

NAME = "verify-7-abc"
COMMITS = {"pull": 7, "head": "a" * 40, "base": "b" * 40}
RUNNING = {"phase": "Running"}


class Server:
    """Holds workflows; at each look that the engine waits for, `script` says what happens next.

    An entry is a status, an exception that the next look raises, the end of the engine, or "gone".
    """

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.held: dict[str, Any] = {}
        self.made: list[Any] = []
        self.away: list[Exception] = []
        self.now = 0.0
        self.logs = True

    def create(self, obj: Any) -> Any:
        name = obj["metadata"]["name"]
        if name in self.held:
            raise ApiRefusal("it is there", status=409, reason="AlreadyExists")
        self.held[name] = copy.deepcopy(obj)
        self.made.append(obj)
        return obj

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Any:
        assert (kind, namespace) == ("Workflow", names.NAMESPACE)
        if self.away:
            raise self.away.pop()
        return copy.deepcopy(self.held.get(name))

    def patch(self, obj: Any) -> Any:
        self.held[obj["metadata"]["name"]]["spec"] |= obj["spec"]
        return obj

    def delete(self, _api: str, _kind: str, name: str, _namespace: str | None = None) -> bool:
        return self.held.pop(name, None) is not None

    def log(self, pod: str, namespace: str, container: str, lines: int) -> str:
        assert (namespace, container) == (names.NAMESPACE, "main")
        self.asked = pod
        if not self.logs:
            raise ApiRefusal("no such pod", status=404, reason="NotFound")
        return "line one\nline two\n"

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        step = self.script.pop(0) if self.script else None
        if isinstance(step, dict):
            self.held[NAME]["status"] = step
        elif isinstance(step, KeyboardInterrupt | SystemExit):
            raise step
        elif isinstance(step, Exception):
            self.away.append(step)
        elif step == "gone":
            self.held.clear()

    def run(self, *, patience: float = 10.0) -> tuple[str, list[str]]:
        told: list[str] = []
        engine = ArgoEngine(
            self,
            told.append,
            sleep=self.sleep,
            clock=lambda: self.now,
            patience=patience,
        )
        self.told = told
        return engine.run(names.VERIFY, NAME, COMMITS), told


def pod(phase: str, key: str = "verify-7-abc-123", **more: str) -> dict[str, Any]:
    node = {"type": "Pod", "id": key, "displayName": "cluster(0)", "templateName": "cluster"}
    return {key: node | {"phase": phase} | more}


def test_it_is_submitted_once_and_followed_to_its_end() -> None:
    server = Server(
        RUNNING | {"nodes": pod("Pending")},
        RUNNING | {"nodes": pod("Running")},
        RUNNING | {"nodes": pod("Running")},
        {"phase": "Succeeded", "nodes": pod("Succeeded")},
    )

    end, told = server.run()

    assert end == ""
    assert told == [f"submitted {NAME}", "cluster(0): Running", "cluster(0): Succeeded"]
    [made] = server.made
    assert made["spec"]["workflowTemplateRef"] == {"name": names.VERIFY}


def test_who_comes_back_follows_what_runs() -> None:
    server = Server(RUNNING, SystemExit())
    with pytest.raises(SystemExit):
        server.run()
    server.script = [RUNNING, {"phase": "Succeeded"}]

    end, told = server.run()

    assert (end, len(server.made)) == ("", 1)
    assert "runs already" in told[0]


def test_what_has_ended_makes_room() -> None:
    server = Server({"phase": "Failed", "message": "no verdict"})
    assert server.run()[0] == "no verdict"
    server.script = [{"phase": "Succeeded"}]

    assert server.run()[0] == ""
    assert len(server.made) == 2


def test_a_failed_node_shows_what_its_container_said() -> None:
    nodes = pod("Failed", message="exit\ncode 2")
    server = Server(RUNNING | {"nodes": nodes}, {"phase": "Succeeded", "nodes": nodes})

    _, told = server.run()

    assert told[1:] == ["cluster(0): Failed (exit code 2)", "  line one", "  line two"]
    assert server.asked == f"{NAME}-cluster-123"


def test_a_log_that_is_not_there_is_no_end() -> None:
    server = Server(RUNNING | {"nodes": pod("Error")}, {"phase": "Succeeded"})
    server.logs = False

    end, told = server.run()

    assert end == ""
    assert "no such pod" in told[-1]


def test_an_interrupt_stops_the_workflow() -> None:
    server = Server(RUNNING, KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        server.run()

    assert server.held[NAME]["spec"]["shutdown"] == "Terminate"


def test_an_api_server_that_is_away_for_a_while_is_waited_for() -> None:
    server = Server(RUNNING, *[Unavailable("away")] * 5, {"phase": "Succeeded"})

    assert server.run()[0] == ""


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ([RUNNING, *[Unavailable("away")] * 30], "away"),
        ([RUNNING, "gone"], "somebody deleted it"),
        ([], "nobody has begun"),
    ],
)
def test_what_can_not_be_followed_is_no_verdict(script: list[Any], words: str) -> None:
    with pytest.raises(Unavailable, match=words):
        Server(*script).run()


@pytest.mark.parametrize("junk", [[], "x", {"n": 3}, {"n": {"type": "Pod"}}])
def test_a_strange_status_is_no_news(junk: Any) -> None:
    server = Server(RUNNING | {"nodes": junk}, {"phase": "Succeeded", "nodes": junk})

    assert server.run() == ("", [f"submitted {NAME}"])


def test_text_is_no_parameter() -> None:
    engine = ArgoEngine(Server(), print)
    with pytest.raises(InvalidInput):
        engine.run(names.VERIFY, NAME, COMMITS | {"head": "main; rm -rf /"})
