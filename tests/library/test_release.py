"""A release is read back as it was written, from its own folder only."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.library.skills import skill
from tests.library.strategies import json_values, refusal, scalars, texts
from tiphys.domain.errors import InvalidInput, LimitExceeded
from tiphys.library import Release, make_release, read_release, release_files, release_path
from tiphys.library.release import write_release

VALUES = st.dictionaries(
    texts(), json_values(scalars().filter(lambda value: value is not None)), max_size=4
)


@given(VALUES, texts(60), texts())
def test_what_is_written_is_read_back(values: dict[str, Any], request: str, model: str) -> None:
    values |= {"name": "n", "namespace": "ns"}
    release = Release("n", "ns", "s", "d", values, request, model)
    again = read_release(write_release(release), path="manifests/ns/n")
    assert again == release
    assert repr(again.values) == repr(values)  # tells 1 from True and 1.0


def test_values_of_none_are_left_out() -> None:
    values = {"name": "n", "namespace": "ns", "a": None, "b": {"c": None}}
    again = read_release(
        write_release(Release("n", "ns", "s", "d", values, "", "")), path="manifests/ns/n"
    )
    assert again.values == {"name": "n", "namespace": "ns", "b": {}}


def test_the_files_of_a_release() -> None:
    release = make_release(skill(), {"name": "a", "namespace": "b"}, request="please")
    assert sorted(release_files(release, skill())) == [
        "manifests/b/a/configmap.yaml",
        "manifests/b/a/release.toml",
    ]


NAMES = [
    "..",
    ".",
    "",
    "/",
    "a/b",
    "a/../b",
    "A",
    "\uff41",
    "\u0430",
    "a\n",
    "a ",
    "_cluster",
    "-a",
    "a" * 64,
]


@pytest.mark.parametrize("name", NAMES)
def test_paths_that_try_to_leave_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        release_path(name, "web")
    if name != "a" * 64:
        with pytest.raises(InvalidInput):
            release_path("prod", name if name else "")
    assert refusal(
        lambda: read_release(
            write_release(Release(name, name, "s", "d", {"name": name, "namespace": name}, "")),
            path=f"manifests/{name}/{name}",
        )
    )


@pytest.mark.parametrize(
    "path", ["", "x", "ns/n", "/manifests/ns/n", "manifests//n", "manifests/n"]
)
def test_a_release_lies_in_its_folder(path: str) -> None:
    data = write_release(Release("n", "ns", "s", "d", {"name": "n", "namespace": "ns"}, ""))
    assert refusal(lambda: read_release(data, path=path))
    assert refusal(lambda: read_release(data, path="manifests/other/n"))
    assert refusal(lambda: read_release(data, path="manifests/ns/other"))


@given(st.binary(max_size=80) | texts(40).map(str.encode))
def test_any_bytes_are_refused_in_one_line(data: bytes) -> None:
    assert refusal(lambda: read_release(data, path="manifests/ns/n"))


@pytest.mark.parametrize(
    "data", [b"a=" + b"[" * 60_000, b"a=" + b"{a=" * 20_000, b"a" + b".a" * 40_000 + b"=1",
     b"a" + b'."a"' * 30_000 + b"=1",
             b"a=" + b"9" * 100_000, b"x" * 200_000],
)  # fmt: skip
def test_hostile_toml_is_refused(data: bytes) -> None:
    started = time.process_time()
    assert refusal(lambda: read_release(data, path="manifests/ns/n"))
    assert time.process_time() - started < 2


@pytest.mark.parametrize("text", ["x" * 140_000, "a." * 100])
def test_what_could_not_be_read_is_not_written(text: str) -> None:
    values = {"name": "n", "namespace": "ns", "a": text}
    with pytest.raises(LimitExceeded):
        write_release(Release("n", "ns", "s", "d", values, ""))
