from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cluster_fixtures import eventually
from tiphys.library.formats import canonical_quantity, is_quantity

FACTORS = {
    "m": Fraction(1, 1000), "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50,
}  # fmt: skip
STORED = {
    "1024Mi": "1Gi", "0.5": "500m", "1000m": "1", "1.5Gi": "1536Mi", "10G": "10G", "1000": "1k",
    "0": "0", "250m": "250m", "0.5Ki": "512", "100Gi": "100Gi", "2048Ki": "2Mi", "1500M": "1500M",
}  # fmt: skip


def amount(text: str) -> Fraction:
    number = text.rstrip("mkKMGTPi")
    return Fraction(number) * FACTORS[text[len(number) :]]


@pytest.mark.parametrize(("written", "stored"), STORED.items())
def test_a_quantity_is_written_as_the_server_writes_it(written: str, stored: str) -> None:
    assert canonical_quantity(written) == stored


@given(st.integers(0, 5000), st.sampled_from([s for s in FACTORS if "P" not in s]))
def test_the_amount_stays_and_twice_is_once(number: int, suffix: str) -> None:
    canonical = canonical_quantity(f"{number}{suffix}")
    assert is_quantity(canonical)
    assert amount(canonical) == amount(f"{number}{suffix}")
    assert canonical_quantity(canonical) == canonical


@pytest.mark.cluster
def test_the_api_server_agrees(api, namespace) -> None:
    def hard(number: int) -> str:
        return f"c{number}.storageclass.storage.k8s.io/requests.storage"

    whole = {written: stored for written, stored in STORED.items() if not stored.endswith("m")}
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": namespace},
        "spec": {"hard": {hard(i): written for i, written in enumerate(whole)} | {"cpu": "0.5"}},
    }
    api.create(quota)
    live = eventually(lambda: api.get("v1", "ResourceQuota", "q", namespace))["spec"]["hard"]
    assert [live[hard(i)] for i in range(len(whole))] == list(whole.values())
    assert live["cpu"] == canonical_quantity("0.5")
