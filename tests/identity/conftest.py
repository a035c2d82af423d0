from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.identity.issuer import Issuer, running


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running() as found:
        yield found
