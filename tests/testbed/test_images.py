"""Images made of folders: what a container runtime would find in them."""

import hashlib
import io
import json
import os
import re
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.argo.test_image import LAST
from tests.testbed.images import archive, runner

ROOT = Path(__file__).parents[2]


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


def test_the_runner_is_configured_as_its_dockerfile_says():
    said = dict(re.findall(r"\b([A-Z]+(?:_[A-Z]+)*)=(\S+)", LAST))
    first, rest = runner.ENV["PATH"].split(":", 1)

    assert said == {**runner.ENV, "PATH": f"{first}:$PATH"}
    assert rest.split(":")[-1] == "/bin"
    assert f"USER {runner.USER}\n" in LAST


@pytest.mark.testbed
def test_the_runner_has_what_it_runs_with_and_is_made_once(tmp_path):
    path = tmp_path / "runner.tar"
    names = ["registry.example/tiphys:0.1.0"]
    runner.build(path, names=names, source=ROOT)
    base, packages, tools, tiphys = layers = runner.build(path, names=names, source=ROOT)

    assert [layer.name for layer in layers] == ["base", "packages", "tools", "tiphys"]
    assert all(layer.kept for layer in layers)
    assert "usr/bin/git" in _members(base)
    assert _members(packages)["opt/tiphys/python/bin/python"].linkname == "/usr/bin/python3"
    assert not {name for name in _members(packages) if "/site-packages/pip/" in name}
    inside = _members(tiphys)
    assert inside["opt/tiphys/python/bin/tiphys"].mode == 0o755
    assert any(name.endswith("/starter/web-service/SKILL.md") for name in inside)
    with tarfile.open(tools.path) as tar:
        receipts = [member for member in tar if member.name.endswith("/receipt.json")]
        times = {json.load(tar.extractfile(member))["mtime_ns"] for member in receipts}
    assert len(receipts) == 7
    assert times == {archive.MTIME * 10**9}


def _members(layer):
    with tarfile.open(layer.path) as tar:
        return {member.name: member for member in tar}
