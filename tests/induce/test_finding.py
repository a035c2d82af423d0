"""An induced skill is found by requests of its sort, before the starter skills."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.induce.world import induced, skill_of
from tiphys.adapters.embed_use import SentenceEncoder
from tiphys.adapters.index_chroma import ChromaIndex
from tiphys.domain.policy import Settings
from tiphys.library import load_skill
from tiphys.remember.index import skill_document

SKILLS = Path(__file__).parents[2] / "skills"
# What no starter skill makes, asked for by somebody who has not read the induced skill.
ASKED = {
    "bounds": [
        "limit how much cpu and memory the pods of namespace qa may use, with default limits",
        "a resource quota and a limit range for namespace dev: 4 cpu, 8Gi",
    ],
    "elastic": [
        "deploy the worker with an autoscaler from 2 to 8 pods and a disruption budget",
        "run registry.example/api:2 as a deployment that scales with load, with an hpa and a pdb",
    ],
    "pair": [
        "a deployment with a service and a network policy that only lets the frontend in",
        "deploy backend and frontend, and let only the frontend connect to the backend",
    ],
    "configured": [
        "a deployment with its configuration file in a config map",
        "run nginx with a config file that is mounted from a configmap",
    ],
}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folders = sorted(path for path in SKILLS.iterdir() if path.is_dir())
    skills = [load_skill(folder) for folder in folders]
    skills += [skill_of(induced(name)) for name in ASKED]
    made = ChromaIndex(tmp_path_factory.mktemp("index"), SentenceEncoder())
    made.update("1" * 40, [skill_document(skill) for skill in skills], [])
    return made


@pytest.mark.parametrize("name", sorted(ASKED))
def test_requests_of_its_sort_find_it_first(index, name):
    for request in ASKED[name]:
        hits = index.search(request, limit=5)
        assert hits[0].skill == induced(name).name, (request, [(h.skill, h.score) for h in hits])
        assert hits[0].score >= Settings().match_threshold, request


def test_a_request_that_a_starter_skill_serves_too_finds_both(index):
    """The starter `namespace` caps one too, with the namespace itself."""
    hits = index.search("cap namespace batch at 30 pods and 6 cores", limit=2)
    assert {hit.skill for hit in hits} == {"namespace", induced("bounds").name}
    assert all(hit.score >= 0.9 for hit in hits)
