import hashlib
import json

import pytest

from tiphys.domain.errors import InvalidInput, NotFound, Unavailable
from tiphys.toolchain.module_files import ModuleFiles, locked_files, module_files

GOOD = b"kind: CustomResourceDefinition\n"
DIGEST = hashlib.sha256(GOOD).hexdigest()


@pytest.fixture
def go(tmp_path, monkeypatch):
    """A `go` that answers what the test says; returns how to say it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def answers(document, code=0):
        text = document if isinstance(document, str) else json.dumps(document)
        (folder / "answer").write_text(text)
        program = folder / "go"
        program.write_text(f"#!/bin/sh\ncat {folder}/answer\nexit {code}\n")
        program.chmod(0o755)

    return answers


@pytest.fixture
def module(tmp_path):
    (tmp_path / "module" / "crds").mkdir(parents=True)
    (tmp_path / "module" / "crds" / "a.yaml").write_bytes(GOOD)
    return tmp_path / "module"


def wanted(sha256=DIGEST, name="a.yaml"):
    return ModuleFiles("some", "example.test/m", "1.0.0", "crds", {name: sha256})


def test_the_lock_pins_argos_crds():
    found = locked_files("argo-workflows-crds")

    assert found.version == "4.0.2"
    assert len(found.sha256) == 8
    assert all(len(digest) == 64 for digest in found.sha256.values())


def test_the_files_are_found_where_go_put_the_module(go, module):
    go({"Dir": str(module)})

    assert module_files(wanted()) == {"a.yaml": module / "crds" / "a.yaml"}


def test_another_file_than_the_locked_one_is_not_handed_out(go, module):
    go({"Dir": str(module)})

    with pytest.raises(Unavailable, match="not the file in the lock"):
        module_files(wanted(sha256="0" * 64))
    with pytest.raises(Unavailable, match=r"has no crds/b\.yaml"):
        module_files(wanted(name="b.yaml"))


@pytest.mark.parametrize(
    ("document", "code"),
    [({"Error": "no such version"}, 1), ("", 1), ("not JSON", 0), ({}, 0)],
)
def test_a_module_that_does_not_come_is_infrastructure(go, document, code):
    go(document, code)

    with pytest.raises(Unavailable, match="can't be downloaded"):
        module_files(wanted())


def test_without_go_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Unavailable, match="Go is not installed"):
        module_files(wanted())


def test_a_name_or_lock_that_is_not_there(tmp_path):
    with pytest.raises(NotFound):
        locked_files("other")
    (tmp_path / "lock.toml").write_text("schema = 1\n")
    with pytest.raises(InvalidInput):
        locked_files("argo-workflows-crds", tmp_path / "lock.toml")
