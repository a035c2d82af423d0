import os
import shutil
import subprocess

import pytest

from tiphys.domain.errors import Unavailable
from tiphys.toolchain import install, locate


@pytest.fixture
def lock(make_lock):
    return make_lock()


def test_tools_of_one_recipe_are_built_together(lock, root, go):
    done = install(lock=lock, root=root)
    assert [(tool.name, tool.origin, tool.fresh) for tool in done] == [
        ("alpha", "go", True),
        ("beta", "go", True),
    ]
    (build,) = go.calls("build")
    packages = ["example.com/one/cmd/alpha", "example.com/one/cmd/beta"]
    assert build["args"][-2:] == packages
    assert "-s -w -X main.version=1.2.3" in build["args"]
    assert "-mod=readonly" in build["args"]
    assert not list((root / "tools" / ".build").iterdir())


def test_a_tool_that_is_there_is_not_built_again(lock, root, go):
    install(["alpha"], lock=lock, root=root)
    install(lock=lock, root=root)
    assert [call["args"][-1] for call in go.calls("build")] == [
        "example.com/one/cmd/alpha",
        "example.com/one/cmd/beta",
    ]


def test_a_vendored_recipe_gets_its_extra_file(lock, root, go):
    install(["gamma"], lock=lock, root=root)
    assert locate("gamma", lock=lock, root=root).is_file()
    assert go.calls("mod")
    assert "-mod=vendor" in go.calls("build")[0]["args"]
    assert not (lock.find("gamma").recipe.folder / "vendor").exists()


def test_the_users_go_settings_hold_and_ours_stay_in_the_child(lock, root, go, monkeypatch):
    monkeypatch.setenv("GOPROXY", "https://proxy.example")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOWORK", "/elsewhere/go.work")
    before = dict(os.environ)
    install(["alpha"], lock=lock, root=root)
    env = go.calls("build")[0]["env"]
    assert env["GOPROXY"] == "https://proxy.example"
    assert (env["CGO_ENABLED"], env["GOFLAGS"], env["GOWORK"]) == ("0", "-buildvcs=false", "off")
    assert dict(os.environ) == before


def test_offline_go_asks_no_proxy(lock, root, go):
    install(["alpha"], lock=lock, root=root, offline=True)
    assert go.calls("build")[0]["env"]["GOPROXY"] == "off"


@pytest.mark.parametrize(
    ("here", "wanted", "toolchain"),
    [
        ("go1.26.1", "1.26.0", "local"),
        ("go1.24.3", "1.24.0", "local"),
        ("go1.24.3", "1.26.0", "auto"),
        ("devel go1.27-abc", "1.26.0", "local"),
        ("devel +abc", "1.26.0", "local"),
    ],
)
def test_go_fetches_a_newer_self_only_when_a_recipe_needs_it(
    make_lock, root, go, here, wanted, toolchain
):
    go.says(here)
    install(["alpha"], lock=make_lock(go=wanted), root=root)
    assert go.calls("build")[0]["env"]["GOTOOLCHAIN"] == toolchain


def test_an_old_go_is_named(lock, root, go):
    go.says("go1.22.5")
    with pytest.raises(Unavailable, match=r"bin/go is Go 1\.22, which is too old.*Go 1\.24"):
        install(["alpha"], lock=lock, root=root)
    assert not go.calls("build")


def test_a_go_that_does_not_run_is_named(lock, root, go):
    (go.folder / "go").write_text("#!/nowhere\n")
    with pytest.raises(Unavailable, match="bin/go does not run"):
        install(["alpha"], lock=lock, root=root)


def test_a_failed_build_tells_gos_words_and_keeps_its_log(lock, root, go):
    (go.folder / "broken").touch()
    with pytest.raises(Unavailable, match="does not compile no such function") as caught:
        install(["alpha"], lock=lock, root=root)
    (log,) = (root / "tools" / ".build").iterdir()
    assert str(log) in str(caught.value)
    assert "\n" not in str(caught.value)
    (go.folder / "broken").unlink()
    assert install(["alpha"], lock=lock, root=root)[0].fresh
    assert not list((root / "tools" / ".build").iterdir())


def test_one_recipe_that_fails_leaves_the_other_installed(lock, root, go):
    (go.folder / "broken").write_text("gamma")
    with pytest.raises(Unavailable, match=r"cannot get gamma 2\.0\.0: 127"):
        install(["alpha", "gamma"], lock=lock, root=root)
    assert locate("alpha", lock=lock, root=root).is_file()


def test_no_go_and_no_network_says_exactly_what_is_missing(lock, root, no_go):
    with pytest.raises(Unavailable) as caught:
        install(lock=lock, root=root)
    alpha, beta = (root / "tools" / name / "1.2.3-linux-amd64" / name for name in ("alpha", "beta"))
    assert str(caught.value) == (
        "cannot get alpha 1.2.3: 127.0.0.1:1 does not answer; Go is not installed. "
        "cannot get beta 1.2.3: its project has no release file for linux-amd64; "
        "Go is not installed. "
        f"What helps: Go 1.24 or newer, or them put at {alpha}, {beta}"
    )


def test_sources_can_be_narrowed(make_lock, root, go, page):
    lock = make_lock(page.url)
    with pytest.raises(Unavailable, match="404"):
        install(["alpha"], lock=lock, root=root, sources=["download"])
    assert not go.calls("build")
    before = len(page.requests)
    install(["alpha"], lock=lock, root=root, sources=["go"])
    assert len(page.requests) == before


@pytest.mark.skipif(shutil.which("go") is None, reason="needs the real Go on PATH")
def test_a_real_go_builds_a_recipe(make_lock, root):
    lock = make_lock()
    folder = lock.find("alpha").recipe.folder
    for name in ("alpha", "beta"):
        command = folder / "cmd" / name
        command.mkdir(parents=True)
        (command / "main.go").write_text(
            'package main\n\nvar version = "unset"\n\nfunc main() { println(version) }\n'
        )
    (folder / "go.mod").write_text("module example.com/one\n\ngo 1.24\n")
    done = install(lock=lock, root=root, sources=["go"], offline=True)
    said = subprocess.run([done[0].path], capture_output=True, text=True, check=True)
    assert said.stderr.strip() == "1.2.3"
