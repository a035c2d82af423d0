"""Network policies of the starter skills, where the network heeds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster_fixtures import eventually
from tests.testbed.bed import Bed
from tests.testbed.callers import caller
from tests.testbed.releases import files_of, running

pytestmark = pytest.mark.testbed

CART = {"app.kubernetes.io/name": "cart"}
FRONT = {"app.kubernetes.io/name": "frontend"}


def test_a_closed_namespace_opens_to_the_app_that_is_named(
    home: Path, node: Bed, tmp_path: Path
) -> None:
    closed = files_of(home, "network-policy-deny")
    opened = files_of(home, "network-policy-allow", app="cart", port=8080, fromApp="frontend")
    with (
        caller(node, "cart", "shop", CART) as cart,
        caller(node, "frontend", "shop", FRONT) as frontend,
        caller(node, "stranger", "shop") as stranger,
    ):
        there = (cart.address, 8080)
        assert frontend.reaches(*there)
        assert stranger.reaches(*there)
        with running(node, {**closed}, tmp_path / "closed"):
            eventually(lambda: not frontend.reaches(*there))
            assert not stranger.reaches(*there)
            with running(node, opened, tmp_path / "opened"):
                # The skill says so: where the caller's namespace denies egress, that stays shut.
                assert not frontend.reaches(*there)
        with running(node, opened, tmp_path / "opened"):
            eventually(lambda: not stranger.reaches(*there))
            assert frontend.reaches(*there)
            assert not frontend.reaches(cart.address, 3000)
        eventually(lambda: stranger.reaches(*there))
