"""What the author is given to write."""

import pytest

from tiphys.propose.author.report import to_task
from tiphys.propose.request import Request


@pytest.mark.parametrize(
    ("text", "namespace"),
    [
        ("Secret badge-key. It all lives in porters-lodge.", "porters-lodge"),
        ("A web app; everything goes into shop", "shop"),
        ("Both should run in `shop`.", "shop"),
        ("It runs in production mode.", ""),
        ("It runs in parallel.", ""),
        ("It lives in the basement.", ""),
        ("It lives in the namespace cellar. They go in attic.", "cellar"),
    ],
)
def test_where_objects_belong_is_read_where_a_name_ends_the_clause(text, namespace):
    request = Request(1, text)

    assert to_task(request).namespace == namespace
