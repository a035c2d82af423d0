"""Worked examples: right in themselves, and the one that comes nearest is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tiphys.adapters.embed_use import SentenceEncoder
from tiphys.adapters.kube_api import KubeApi
from tiphys.library.openapi import Schemas
from tiphys.library.prompts import load_folder
from tiphys.propose.author.answer import read_answer
from tiphys.propose.author.mend import Mender
from tiphys.propose.author.places import place, without_scratch
from tiphys.propose.author.report import to_task
from tiphys.propose.author.tidy import tidy
from tiphys.propose.author.types import ALL, Task
from tiphys.propose.author.worked import Worked, worked_for
from tiphys.propose.request import Request
from tiphys.testing.hash_embedder import HashEmbedder
from tiphys.verify.guardrails import Guardrails
from tiphys.verify.workbench import ClusterWorkbench

SHOWN = [each for held in load_folder("examples") for each in held]
CHANGES = yaml.safe_load((Path(__file__).parent / "edits.yaml").read_text())
HELD = [*SHOWN, *CHANGES]


@pytest.fixture(scope="module")
def encoder():
    return SentenceEncoder()


@pytest.fixture(scope="module")
def bench(control_plane):
    api = KubeApi(control_plane.kubeconfig)
    yield ClusterWorkbench(api, api, Guardrails(), patience=60.0)
    api.close()


@pytest.mark.cluster
@pytest.mark.parametrize("example", HELD, ids=lambda each: each["request"][:40])
def test_an_answer_that_is_shown_is_taken_and_contradicts_nothing(bench, example):
    answer = [each for each in yaml.safe_load_all(example["answer"]) if each]
    namespaced = {(each.api_version, each.kind) for each in bench.kinds() if each.namespaced}
    place(answer, namespaced, Task(example["request"], context=example.get("context", "")))
    found = bench.rehearse(example["request"], answer)
    wrong = found.of("refused", "denied", "contradicted")
    assert not [f"{each.object} {each.path} {each.words}" for each in wrong]


@pytest.mark.cluster
@pytest.mark.parametrize("example", HELD, ids=lambda each: each["request"][:40])
def test_what_is_mended_in_a_right_answer_leaves_it_right(bench, encoder, example):
    task = to_task(Request(0, example["request"]), context=example.get("context", ""),
                   worked=False, embedder=encoder)  # fmt: skip
    mender = Mender(Schemas(bench.openapi), bench.kinds())
    written = [mender.mend(each)[0] for each in read_answer(f"```yaml\n{example['answer']}```")]
    found, notes = tidy(task, written, bench.kinds(), ALL)
    wanted = [each for each in yaml.safe_load_all(example["answer"]) if each]
    assert [*map(plain, map(without_scratch, found))] == [*map(plain, wanted)], notes


def plain(value):
    """Without an order where it says nothing, and with modes and amounts as they are."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        items = [plain(each) for each in value]
        return sorted(items, key=str) if any(isinstance(e, dict) for e in items) else items
    return str(value).rstrip("\n")


def test_an_example_is_short_enough_to_be_shown():
    assert len(SHOWN) > 100
    assert max(len(each["request"]) + len(each["answer"]) for each in SHOWN) < 2400


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ("A NetworkPolicy that lets nothing into the pods of shop.", "NetworkPolicy"),
        ("Until two of them are up no node of the ferry may be drained: a PodDisruptionBudget.",
         "PodDisruptionBudget"),
        ("A StorageClass slow, the default one, by csi.disks.example; volumes can grow later.",
         "StorageClass"),
    ],
)  # fmt: skip
def test_the_nearest_is_of_the_kind_that_is_asked_for(encoder, request_, kind):
    found = worked_for(request_, encoder)
    assert found is not None
    assert kind in found.kinds


def test_what_a_repository_has_merged_counts_and_names_do_not():
    own = Worked("Give the tide-gauge 7 spare buckets, gold", "kind: Bucket\n")
    found = worked_for("Give the eel-trap 3 spare buckets, gold", HashEmbedder(), merged=[own])
    assert found == own
    assert 'Right for the request "Give the tide-gauge' in own.shown.about


def test_what_comes_near_to_nothing_is_shown_nothing(encoder):
    assert worked_for("zzz", encoder) is None


def test_what_is_too_long_to_be_shown_is_not():
    own = Worked("Give the gauge buckets", "kind: Bucket\n" * 400)
    assert own != worked_for("Give the gauge buckets", HashEmbedder(), merged=[own])
