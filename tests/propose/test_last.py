"""What is left over goes to what is missing, where nothing else can be meant."""

from __future__ import annotations

import pytest
from tests.propose.test_values import SKILLS

from tiphys.propose.understand import read_values


@pytest.mark.parametrize(
    ("skill", "text", "values"),
    [
        (
            "persistent-volume-claim",
            "PVC named uploads in namespace media, 50Gi, ReadWriteMany",
            {"size": "50Gi"},
        ),
        (
            "ingress",
            "An ingress named desk in namespace shop, reached as desk.example.com",
            {"host": "desk.example.com"},
        ),
        (
            "daemon-agent",
            "Run the log reader logship on every node, image registry.example/logship:2.2",
            {"name": "logship"},
        ),
    ],
)
def test_the_only_one_left_is_meant(skill: str, text: str, values: dict[str, str]) -> None:
    assert values.items() <= read_values(text, SKILLS[skill].schema).values.items()


@pytest.mark.parametrize(
    ("skill", "text", "name"),
    [
        ("persistent-volume-claim", "PVC named uploads in namespace media, 50Gi or 60Gi", "size"),
        ("ingress", "An ingress named desk for a.example.com, b.example.com", "host"),
        ("daemon-agent", "An agent on every node, image registry.example/logship:2.2", "name"),
        ("daemon-agent", "Put registry.example/agents/logship:2 on /var/logship", "name"),
    ],
)
def test_of_two_or_none_nothing_is_guessed(skill: str, text: str, name: str) -> None:
    assert name not in read_values(text, SKILLS[skill].schema).values


def test_what_was_said_plainly_stays() -> None:
    text = "A log reader called lumber, not logship, image registry.example/logship:2"
    assert read_values(text, SKILLS["daemon-agent"].schema).values["name"] == "lumber"
