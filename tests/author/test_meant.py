"""Fields that a request means and does not name, in whatever words and language."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiphys.adapters.embed_use import SentenceEncoder
from tiphys.propose.author.cards import cards_for, prune
from tiphys.propose.author.meant import lacking, meant
from tiphys.propose.author.missing import missing
from tiphys.propose.author.report import to_task
from tiphys.propose.request import Request
from tiphys.testing.hash_embedder import HashEmbedder


@pytest.fixture(scope="module")
def encoder():
    return SentenceEncoder()


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        ("A CronJob tidy. Ist der letzte Lauf noch nicht fertig, wird der neue übersprungen.",
         "concurrencyPolicy"),
        ("A CronJob tidy. Il faut le mettre en pause jusqu'à nouvel ordre.", "suspend"),
        ("A StorageClass slow. The volume has to survive the deletion of its claim.",
         "reclaimPolicy"),
        ("A Service shop. The same customer must always end up at the same pod.",
         "sessionAffinity"),
        ("A Service bus. Ein Aufruf darf nie an einen Pod auf einem anderen Knoten gehen.",
         "internalTrafficPolicy"),
        ("A Deployment web. Die Variable enthält die IP-Adresse des Pods selbst.", "fieldRef"),
        ("A Deployment web. Les conteneurs doivent voir les processus les uns des autres.",
         "shareProcessNamespace"),
        ("A Job sum. Le travail est terminé dès que le premier index a réussi.",
         "successPolicy"),
        ("A PersistentVolume disk. El volumen está reservado para esa única solicitud.",
         "claimRef"),
        ("A CustomResourceDefinition for lamps. Solo se permite uno de estos valores.", "enum"),
    ],
)  # fmt: skip
def test_a_field_is_found_by_what_is_said_of_it(encoder, request_, key):
    assert key in {name for each in meant(request_, encoder) for name in each.keys}


@pytest.mark.parametrize(
    "request_",
    [
        "A Deployment web in namespace shop, image registry.example/web:1, 3 replicas, port 8080.",
        "Create a CronJob called tidy that runs registry.example/tidy:2 every night at two.",
        "A Service web for the pods labelled app=web, port 80 to 8080.",
    ],
)
def test_what_only_states_names_and_numbers_means_nothing_more(encoder, request_):
    assert meant(request_, encoder) == ()


def test_a_condition_alone_means_nothing(encoder):
    request = "A CronJob tidy. Should last week's run still be stuck by then, tell somebody."
    assert all(each.said[-13:] != "stuck by then" for each in meant(request, encoder))


def test_only_fields_of_the_kinds_in_question_count(encoder):
    said = "Do not start a second run while the first is still going."
    assert meant(f"A CronJob tidy. {said}", encoder)
    assert not meant(f"A ConfigMap tidy. {said}", encoder)
    assert meant(said, encoder, context="kind: CronJob\n")


def test_a_kind_that_nobody_named_is_found_and_asked_for(encoder):
    task = to_task(
        Request(1, "When a node is drained, one pod of the desk may go but one must always stay."),
        embedder=encoder,
    )
    assert missing(task, [], []) == ("PodDisruptionBudget",)
    assert task.examples[0].about == "An example of a PodDisruptionBudget"


def test_what_is_meant_is_shown_kept_and_missed(encoder):
    request = "A CronJob tidy. Läuft der vorige Lauf noch, wird der neue ausgelassen."
    fields = meant(request, encoder)
    [plain], [card] = cards_for(request), cards_for(request, fields)
    assert "concurrencyPolicy" not in plain.text
    assert "concurrencyPolicy" in card.text

    def job():
        return {"kind": "CronJob", "spec": {"concurrencyPolicy": "Forbid"}}

    assert prune(request, job(), shown=[job()]) == ("spec.concurrencyPolicy",)
    assert prune(request, job(), fields, [job()]) == ()
    assert lacking(fields, [job()]) == ()
    assert [each.keys for each in lacking(fields, [{"kind": "CronJob", "spec": {}}])] == [
        ("concurrencyPolicy",)
    ]
    assert lacking(fields, [{"kind": "Job", "spec": {}}]) == ()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=400))
def test_any_text_can_be_read(text):
    assert len(meant(text, HashEmbedder(), context="kind: CronJob\n")) <= 40
