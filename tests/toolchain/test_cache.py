import os
import time

import pytest

from tests.toolchain.conftest import binary
from tiphys.domain.errors import NotFound, Unavailable
from tiphys.toolchain import install, load_lock, locate, status, versions
from tiphys.toolchain.cache import Cache

CONTENT = binary()


@pytest.fixture
def lock(make_lock, page, no_go):
    page.publish("/1.2.3/linux/amd64/alpha", CONTENT)
    return make_lock(page.url)


@pytest.fixture
def installed(lock, root):
    return install(["alpha"], lock=lock, root=root)[0].path


def downloads(page):
    return len(page.asked("/1.2.3/linux/amd64/alpha"))


def test_a_missing_tool_says_what_to_run(lock, root):
    with pytest.raises(Unavailable) as caught:
        locate("alpha", lock=lock, root=root)
    assert str(caught.value) == "alpha 1.2.3 is not installed; run `tiphys tools install`"
    with pytest.raises(Unavailable, match="run `tiphys tools install gamma`"):
        locate("gamma", lock=lock, root=root)
    with pytest.raises(NotFound):
        locate("delta", lock=lock, root=root)


def test_a_missing_further_version_is_asked_for_by_version(root):
    with pytest.raises(Unavailable, match=r"run `tiphys tools install kube-apiserver@1\.33\.4`"):
        locate("kube-apiserver", "1.33.4", lock=load_lock(None, "linux-amd64"), root=root)


def test_versions_are_those_that_are_installed(root):
    lock = load_lock(None, "linux-amd64")
    assert versions("kube-apiserver", lock=lock, root=root) == {}
    for version in ("1.35.4", "1.33.4"):
        tool = lock.find("kube-apiserver", version)
        path = Cache(root, lock.platform).path(tool)
        path.parent.mkdir(parents=True)
        path.write_bytes(binary(version, 1000))
        path.chmod(0o755)
        assert Cache(root, lock.platform).verify(tool)
    found = versions("kube-apiserver", lock=lock, root=root)
    assert list(found) == ["1.33.4", "1.35.4"]
    assert found["1.35.4"] == locate("kube-apiserver", "1.35.4", lock=lock, root=root)
    found["1.35.4"].write_bytes(b"something else")
    assert list(versions("kube-apiserver", lock=lock, root=root)) == ["1.33.4"]
    assert versions("unheard-of", lock=lock, root=root) == {}


def test_an_installed_tool_is_found_by_name_and_version(lock, root, installed):
    assert locate("alpha", lock=lock, root=root) == installed
    assert locate("alpha", "1.2.3", lock=lock, root=root) == installed
    assert os.access(installed, os.X_OK)
    assert installed == root / "tools" / "alpha" / "1.2.3-linux-amd64" / "alpha"


def test_the_environment_names_the_cache(lock, root, installed, monkeypatch):
    monkeypatch.setenv("TIPHYS_CACHE", str(root))
    assert locate("alpha", lock=lock) == installed


def test_a_second_installation_asks_nobody_and_says_nothing(lock, root, installed, page):
    before, events = len(page.requests), []
    again = install(["alpha"], lock=lock, root=root, progress=events.append)
    assert (len(page.requests), events, again[0].fresh) == (before, [], False)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:1000],
        lambda content: b"",
        lambda content: content + b"x",
        lambda content: content[:-1] + b"!",
    ],
    ids=["cut", "empty", "longer", "one byte"],
)
def test_a_corrupt_file_is_noticed_and_replaced(lock, root, installed, page, damage):
    installed.write_bytes(damage(CONTENT))
    with pytest.raises(Unavailable, match="was changed after its installation"):
        locate("alpha", lock=lock, root=root)
    assert install(["alpha"], lock=lock, root=root)[0].fresh
    assert locate("alpha", lock=lock, root=root).read_bytes() == CONTENT
    assert downloads(page) == 2


def test_a_flip_that_keeps_size_and_time_is_found_by_verify(lock, root, installed):
    times = installed.stat()
    installed.write_bytes(CONTENT[:-1] + b"!")
    os.utime(installed, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not install(["alpha"], lock=lock, root=root)[0].fresh
    assert install(["alpha"], lock=lock, root=root, verify=True)[0].fresh
    assert installed.read_bytes() == CONTENT


def test_a_touched_file_with_the_same_bytes_is_kept(lock, root, installed, page):
    os.utime(installed)
    assert not install(["alpha"], lock=lock, root=root)[0].fresh
    assert locate("alpha", lock=lock, root=root) == installed
    assert downloads(page) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sha256": 1}'])
def test_a_broken_receipt_is_no_receipt(lock, root, installed, text):
    installed.with_name("receipt.json").write_text(text)
    assert status(lock=lock, root=root)[0].state == "changed"
    assert install(["alpha"], lock=lock, root=root)
    assert locate("alpha", lock=lock, root=root) == installed


def test_a_binary_put_there_by_hand_is_taken_in(make_lock, root, no_go):
    lock = make_lock()
    path = Cache(root, lock.platform).path(lock.find("alpha"))
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    path.chmod(0o755)
    done = install(["alpha"], lock=lock, root=root, offline=True)[0]
    assert (done.path, done.origin) == (path, "placed")


def test_another_version_put_there_is_not(make_lock, root, no_go):
    lock = make_lock()
    path = Cache(root, lock.platform).path(lock.find("alpha"))
    path.parent.mkdir(parents=True)
    path.write_bytes(binary("11.2.3"))
    path.chmod(0o755)
    with pytest.raises(Unavailable, match=r"cannot get alpha 1\.2\.3"):
        install(["alpha"], lock=lock, root=root, offline=True)


def test_a_download_that_is_another_version_is_refused(lock, root, page):
    page.publish("/1.2.3/linux/amd64/alpha", binary("1.2.30"))
    with pytest.raises(Unavailable, match=r"calls itself 'tool version v1\.2\.30'"):
        install(["alpha"], lock=lock, root=root)
    assert status(lock=lock, root=root)[0].state == "missing"


def test_status_tells_every_tool(lock, root, installed):
    found = {tool.name: tool for tool in status(lock=lock, root=root)}
    assert [found[name].state for name in ("alpha", "beta", "gamma")] == [
        "installed",
        "missing",
        "missing",
    ]
    assert found["alpha"].receipt.origin == "download"
    assert found["alpha"].receipt.size == len(CONTENT)
    assert found["gamma"].optional


def test_finding_does_not_read_the_file(lock, root, installed):
    with installed.open("r+b") as stream:
        stream.truncate(1 << 32)  # sparse: reading it would take seconds
    state = installed.stat()
    receipt = installed.with_name("receipt.json")
    text = receipt.read_text().replace(f'"size": {len(CONTENT)}', f'"size": {state.st_size}')
    receipt.write_text(
        "\n".join(
            f'  "mtime_ns": {state.st_mtime_ns},' if "mtime_ns" in line else line
            for line in text.splitlines()
        )
    )
    started = time.process_time()
    assert locate("alpha", lock=lock, root=root) == installed
    assert time.process_time() - started < 0.2


def test_a_cache_that_cannot_be_written_is_one_line(lock, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="can be written"):
        install(["alpha"], lock=lock, root=tmp_path / "file")
