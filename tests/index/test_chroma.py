"""What only an index on a disk can suffer."""

import json
import shutil
import subprocess
import sys
import textwrap

import pytest

from tiphys.adapters.index_chroma import ChromaIndex
from tiphys.domain.errors import Conflict, Unavailable
from tiphys.remember.index import follow
from tiphys.testing.conformance.index import CRON, ONE, QUEUE, TWO, WEB
from tiphys.testing.hash_embedder import HashEmbedder
from tiphys.testing.memory_repository import MemoryRepository


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "index"


def opened(folder, size=256):
    return ChromaIndex(folder, HashEmbedder(size))


def found(index, query="web service"):
    return [hit.skill for hit in index.search(query)]


def inner(folder):
    return next(path for path in folder.iterdir() if path.is_dir())


def in_another_process(folder, body):
    code = textwrap.dedent("""
        import sys
        from pathlib import Path
        from tiphys.adapters.index_chroma import ChromaIndex
        from tiphys.domain.errors import TiphysError
        from tiphys.testing.conformance.index import CRON, ONE, QUEUE, TWO, WEB, skill
        from tiphys.testing.hash_embedder import HashEmbedder
        index = ChromaIndex(Path(sys.argv[1]), HashEmbedder())
        """) + textwrap.dedent(body)
    command = [sys.executable, "-c", code, str(folder)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_it_is_there_after_opening_again(folder):
    opened(folder).update(ONE, [WEB, CRON], [])
    again = opened(folder)
    assert again.commit() == ONE
    assert found(again)[0] == "web"


def test_another_process_reads_and_is_read(folder):
    mine = opened(folder)
    mine.update(ONE, [WEB], [])
    assert found(mine) == ["web"]
    theirs = in_another_process(
        folder,
        """
        assert index.commit() == ONE
        assert [hit.skill for hit in index.search("web service")] == ["web"]
        index.update(TWO, [CRON], ["skills/web"])
        """,
    )
    assert theirs.returncode == 0, theirs.stderr
    assert mine.commit() == TWO
    assert found(mine) == ["cron"]


def test_a_reader_follows_a_rebuild_by_another(folder):
    reader, writer = opened(folder), opened(folder)
    writer.update(ONE, [WEB], [])
    assert found(reader) == ["web"]
    writer.clear()
    assert found(reader) == []
    writer.update(TWO, [CRON, QUEUE], [])
    assert set(found(reader)) == {"cron", "queue"}


def test_an_update_on_a_moved_index_is_a_conflict(folder):
    mine, theirs = opened(folder), opened(folder)
    assert mine.commit() is None
    theirs.update(ONE, [WEB], [])
    with pytest.raises(Conflict, match="run `tiphys index`"):
        mine.update(TWO, [CRON], [])
    assert opened(folder).commit() == ONE


def test_a_crash_while_writing_shows_no_commit_and_is_repaired(folder):
    opened(folder).update(ONE, [WEB], [])
    crashed = in_another_process(
        folder,
        """
        import os
        from tiphys.adapters import index_chroma
        save = index_chroma.ChromaIndex._save
        def die(self, state):
            if state.commit is not None:
                os._exit(9)
            save(self, state)
        index_chroma.ChromaIndex._save = die
        index.update(TWO, [CRON], [])
        """,
    )
    assert crashed.returncode == 9
    assert opened(folder).commit() is None
    after = opened(folder)
    after.clear()
    after.update(TWO, [CRON], [])
    assert (after.commit(), found(after)) == (TWO, ["cron"])


def test_another_embedder_is_another_index(folder):
    opened(folder).update(ONE, [WEB], [])
    other = opened(folder, size=64)
    assert other.commit() is None
    assert found(other) == []
    assert opened(folder).commit() == ONE


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"commit": 1, "what": 2}', b"\xff\x00"])
def test_a_foreign_state_file_starts_anew(folder, content, caplog):
    opened(folder).update(ONE, [WEB], [])
    (inner(folder) / "state.json").write_bytes(content)
    index = opened(folder)
    assert index.commit() is None
    assert "starts anew" in caplog.text
    index.clear()
    index.update(TWO, [CRON], [])
    assert found(index) == ["cron"]


def test_a_damaged_store_starts_anew_with_a_message(folder, caplog):
    with_skills = MemoryRepository()
    with_skills.commit("main", None, {"README.md": b"nothing yet"}, "start")
    opened(folder).update(with_skills.resolve("main"), [WEB, CRON], [])
    code = "assert index.commit() is None; index.clear(); index.update(TWO, [QUEUE], [])"
    store = inner(folder) / json.loads((inner(folder) / "state.json").read_text())["store"]
    for file in store.rglob("*"):
        if file.is_file():
            file.write_bytes(b"this is not a database" * 400)
    repaired = in_another_process(folder, code)
    assert repaired.returncode == 0, repaired.stderr
    assert "damaged and starts anew" in repaired.stderr
    assert "Traceback" not in repaired.stderr
    assert found(opened(folder), "queue") == ["queue"]


def test_a_store_that_is_gone_starts_anew(folder):
    opened(folder).update(ONE, [WEB], [])
    for store in inner(folder).glob("store-*"):
        shutil.rmtree(store)
    repaired = in_another_process(folder, "assert index.commit() is None; index.clear()")
    assert repaired.returncode == 0, repaired.stderr


def test_a_full_disk_is_one_line_and_is_repaired(folder):
    opened(folder).update(ONE, [WEB], [])
    full = in_another_process(
        folder,
        """
        import resource
        many = [skill(f"s{n}", f"text number {n} " * 50) for n in range(300)]
        index.commit()
        index.search("open everything first")
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            index.update(TWO, many, [])
        except TiphysError as error:
            print(type(error).__name__, error)
        """,
    )
    assert full.stdout.startswith("Unavailable no space left"), full.stdout + full.stderr
    assert "run `tiphys index`" in full.stdout
    after = in_another_process(
        folder,
        """
        if index.commit() is None:
            index.clear()
        index.update(TWO, [CRON], ["skills/web"])
        print([hit.skill for hit in index.search("schedule")])
        """,
    )
    assert after.stdout.strip() == "['cron']", after.stderr


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="can't be written"):
        opened(tmp_path / "file" / "index").update(ONE, [WEB], [])


def test_two_processes_that_follow_at_once_agree(folder, tmp_path):
    repository = MemoryRepository()
    repository.commit("main", None, {"README.md": b"x"}, "start")
    first, second = opened(folder), opened(folder)
    assert first.commit() is None
    assert follow(repository, second, "main").commit == repository.resolve("main")
    assert follow(repository, first, "main").commit == repository.resolve("main")
    assert opened(folder).commit() == repository.resolve("main")
