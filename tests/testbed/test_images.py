"""Images made of folders: what a container runtime would find in them, and how a box behaves."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.testbed.images import archive, box

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")


def write(path, *layers, names=("registry.example/a:1",), entrypoint=("/a",), **options):
    archive.write(path, layers, names=names, entrypoint=entrypoint, **options)
    return path


def opened(path):
    """The archive's manifest, config, and layers as open tar files."""
    with tarfile.open(path) as tar:
        read = {member.name: tar.extractfile(member).read() for member in tar}
    (manifest,) = json.loads(read["manifest.json"])
    layers = [tarfile.TarFile(fileobj=io.BytesIO(read[name])) for name in manifest["Layers"]]
    return manifest, json.loads(read[manifest["Config"]]), layers


def plant(folder, files, *, order=1):
    """Files with their modes; a str is where a symbolic link leads."""
    folder.mkdir()
    for name, (mode, content) in sorted(files.items())[::order]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.symlink_to(content)
        else:
            path.write_bytes(content)
            path.chmod(mode)
            os.utime(path, (order + 5, order + 5))
    return folder


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=60)
TREES = st.dictionaries(
    st.builds("d{}/{}é.".format, st.integers(0, 3), NAMES),
    st.tuples(
        st.sampled_from([0o644, 0o600, 0o755, 0o4755, 0o1777]),
        st.binary(max_size=600) | st.sampled_from(["/etc/passwd", "../x", "gone"]),
    ),
    max_size=8,
)


@given(files=TREES)
def test_the_same_files_give_the_same_bytes_and_come_back(tmp_path_factory, files):
    at = tmp_path_factory.mktemp("layers")
    one = write(at / "one.tar", plant(at / "one", files), env={"B": "2", "A": "1"})
    two = write(at / "two.tar", plant(at / "two", files, order=-1), env={"A": "1", "B": "2"})

    assert one.read_bytes() == two.read_bytes()
    _, _, (layer,) = opened(one)
    found = {
        info.name: (info.linkname if info.issym() else layer.extractfile(info).read(), info.mode)
        for info in layer
        if not info.isdir()
    }
    assert found == {
        name: (content, 0o777 if isinstance(content, str) else mode)
        for name, (mode, content) in files.items()
    }
    assert {(info.uid, info.gid, info.mtime) for info in layer} <= {(0, 0, archive.MTIME)}


def test_the_config_says_how_to_run_it_and_what_its_layers_are(tmp_path):
    low = plant(tmp_path / "low", {"a": (0o644, b"low")})
    high = tmp_path / "high.tar"
    archive.pack(plant(tmp_path / "high", {"a": (0o644, b"high")}), high)
    names = ["registry.example/a:1", "nginx@sha256:" + "0" * 64]

    path = write(
        tmp_path / "image.tar",
        low,
        high,
        names=names,
        command=["-x"],
        env={"A": "b=c"},
        user="1:2",
        workdir="/tmp",
    )

    manifest, config, layers = opened(path)
    assert manifest["RepoTags"] == ["registry.example/a:1", "nginx:latest"]
    assert [layer.extractfile("a").read() for layer in layers] == [b"low", b"high"]
    assert (
        config["rootfs"]["diff_ids"][1] == "sha256:" + hashlib.sha256(high.read_bytes()).hexdigest()
    )
    assert config["config"] == {
        "Cmd": ["-x"],
        "Entrypoint": ["/a"],
        "Env": ["A=b=c"],
        "User": "1:2",
        "WorkingDir": "/tmp",
    }
    assert {path.name for path in tmp_path.iterdir()} == {"low", "high", "high.tar", "image.tar"}


def test_hard_links_stay_one_file_and_owners_are_kept_on_request(tmp_path):
    folder = plant(tmp_path / "folder", {"a": (0o644, b"x" * 5000)})
    (folder / "b").hardlink_to(folder / "a")
    archive.pack(folder, tmp_path / "layer.tar", owners=True)

    with tarfile.open(tmp_path / "layer.tar") as layer:
        first, second = layer
    assert (second.islnk(), second.linkname, second.size) == (True, "a", 0)
    assert (first.uid, first.gid) == (os.getuid(), os.getgid())


@pytest.mark.parametrize("name", ["/etc/passwd", "../out", "a/../../out"])
@pytest.mark.parametrize("link", [False, True])
def test_a_layer_that_leads_out_of_its_root_is_refused(tmp_path, name, link):
    layer = tmp_path / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        info = tarfile.TarInfo("inside" if link else name)
        if link:
            info.type, info.linkname = tarfile.LNKTYPE, name
        tar.addfile(info)

    with pytest.raises(ValueError, match="outside of its root"):
        write(tmp_path / "image.tar", layer)
    assert [path.name for path in tmp_path.iterdir()] == ["layer.tar"]


def test_what_is_no_file_is_refused(tmp_path):
    folder = plant(tmp_path / "folder", {})
    os.mkfifo(folder / "pipe")
    with pytest.raises(ValueError, match="no file, folder or link"):
        write(tmp_path / "image.tar", folder)


@pytest.mark.parametrize(
    ("name", "tagged"),
    [
        ("redis", "redis:latest"),
        ("registry.example:5000/a/b:1.0", "registry.example:5000/a/b:1.0"),
        ("registry.example/a:1@sha256:" + "a" * 64, "registry.example/a:1"),
    ],
)
def test_a_reference_has_a_tag_and_no_digest(name, tagged):
    assert archive.reference(name) == tagged


@pytest.mark.parametrize(
    "name", ["", "A:1", "a:", "../a:1", "/a", "a/", "a b", "a:1\n", "a@sha256:1"]
)
def test_what_is_no_image_name_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="is no image name"):
        write(tmp_path / "image.tar", plant(tmp_path / "folder", {}), names=[name])


def test_a_box_is_small_and_nobody_needs_to_be_root(tmp_path):
    box.box(tmp_path / "box.tar", ["registry.example/box:1", "nginx:1.27"])
    box.pause(tmp_path / "pause.tar")

    manifest, config, (layer,) = opened(tmp_path / "box.tar")
    assert (tmp_path / "box.tar").stat().st_size < 3_000_000
    assert manifest["RepoTags"] == ["registry.example/box:1", "nginx:1.27"]
    assert config["config"]["User"] == "65532:65532"
    assert layer.getmember("tmp").mode == 0o1777
    assert layer.getmember("bin/sh").linkname == "busybox"
    assert b":65532:" in layer.extractfile("etc/passwd").read()
    manifest, config, _ = opened(tmp_path / "pause.tar")
    assert (manifest["RepoTags"], config["config"]["Entrypoint"]) == ([box.PAUSE], ["/pause"])


# A pod as a test can have it: namespaces of its own, a root that can't be written to, no
# capabilities, process 1. `beside` runs beside it, then it gets SIGTERM: until it is gone, since
# before it has set its traps the kernel drops the signal.
POD = r"""
set -eu
root=$1 beside=$2; shift 2
exec 3<&0
busybox ifconfig lo up
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
unshare --user --map-user=65532 --map-group=65532 --pid --fork --kill-child --root="$root" \
  -- "$@" <&3 3<&- & pod=$!
get() {
  until busybox wget -qO- "http://127.0.0.1:$1/$2" 2>/dev/null; do busybox usleep 9999; done
}
run() {
  until first=$(cat /proc/$pod/task/$pod/children) && [ "$first" ]; do busybox usleep 9999; done
  eval "$beside"
  until ! kill -TERM $first 2>/dev/null; do busybox usleep 9999; done
}
if [ "$beside" ]; then run; fi
code=0; wait $pod || code=$?
echo "ended $code"
"""


@pytest.fixture
def pod(tmp_path):
    """Runs a command in a box, and `beside` with it; what they said and "ended CODE"."""
    (tmp_path / "root").mkdir()
    root = box.rootfs(tmp_path / "root")
    namespaces = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--"]

    def run(*command, beside="", stdin="", ports=""):
        done = subprocess.run(
            [*namespaces, "sh", "-c", POD, "pod", str(root), beside, *command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=20,
            env={"PATH": f"{os.environ['PATH']}:/bin", "BOX_PORTS": ports},
            check=False,
        )
        return done.stdout + done.stderr

    return run


@LINUX
def test_a_box_serves_and_ends_when_told(pod):
    said = pod("/entrypoint", beside="get 8080 healthz; get 3000 healthz; get 6379 index.html")
    assert said.startswith("ok\nok\n<!doctype html>")
    assert said.endswith("ended 0\n")


@LINUX
def test_a_box_serves_the_ports_that_it_is_told(pod):
    said = pod("/entrypoint", beside="get 1081 healthz; get 1082 healthz", ports="1081, 1082")
    assert said == "ok\nok\nended 0\n"


@LINUX
def test_a_box_that_cannot_serve_ends(pod):
    said = pod("/entrypoint", ports="8080 8080")
    assert "is its port taken?" in said
    assert "ended 1\n" in said


@LINUX
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("id -u; touch /x 2>&1", "65532\ntouch: /x: Read-only file system\nended 1\n"),
        ("cat; exit 7", "given\nended 7\n"),
    ],
)
def test_a_box_runs_what_it_is_given(pod, script, said):
    assert pod("/entrypoint", "sh", "-c", script, stdin="given\n") == said


@LINUX
@pytest.mark.parametrize(
    ("command", "code"), [(["/entrypoint", "sleep", "1000"], 143), (["/pause"], 0)]
)
def test_a_job_and_a_sandbox_end_when_told(pod, command, code):
    assert pod(*command, beside=":") == f"ended {code}\n"
