import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.domain.errors import InvalidInput, NotFound
from tiphys.toolchain import load_lock
from tiphys.toolchain.lock import labels

REAL = load_lock(None, "linux-amd64")


def test_the_default_tools_are_a_control_plane():
    assert {tool.name for tool in REAL.select(None)} == {
        *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
    }


@pytest.mark.parametrize("tool", REAL.tools, ids=lambda tool: tool.label)
def test_a_recipe_pins_the_version_that_the_lock_names(tool):
    module = (tool.recipe.folder / "go.mod").read_text()
    assert re.search(
        rf"^(require )?\s*{re.escape(tool.recipe.module)} v{tool.version}$", module, re.M
    )
    name = re.escape(tool.recipe.module)
    fork = re.search(rf"^replace {name} => (\S+) v{tool.version}$", module, re.M)
    sums = (tool.recipe.folder / "go.sum").read_text()
    assert f"{fork[1] if fork else tool.recipe.module} v{tool.version} h1:" in sums


@pytest.mark.parametrize("tool", REAL.tools, ids=lambda tool: tool.label)
def test_the_package_belongs_to_the_recipe(tool):
    assert tool.package == "." or tool.package.startswith(tool.recipe.module)
    for name in tool.recipe.vendor:
        assert (tool.recipe.folder / name).is_file()


KUBERNETES = sorted({tool.version for tool in REAL.tools if tool.name == "kube-apiserver"})


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_replaced_kubernetes_modules_are_of_one_release(version):
    recipe = REAL.find("kube-apiserver", version).recipe
    minor_patch = recipe.version.removeprefix("1.")
    module = (recipe.folder / "go.mod").read_text()
    versions = re.findall(r"k8s\.io/(\S+) => k8s\.io/\1 (\S+)", module)
    assert len(versions) > 20
    assert {version for _, version in versions} == {f"v0.{minor_patch}"}


@pytest.mark.parametrize("version", KUBERNETES)
def test_an_api_server_names_its_own_minor(version):
    flags = " ".join(REAL.find("kube-apiserver", version).recipe.ldflags)
    assert f"gitVersion=v{version} " in flags
    assert f"gitMinor={version.split('.')[1]} " in flags


def test_there_are_api_servers_of_the_minors_before_and_after():
    assert REAL.find("kube-apiserver").version.startswith("1.34.")
    minors = {version.rpartition(".")[0] for version in KUBERNETES}
    assert {"1.33", "1.34", "1.35"} <= minors
    assert len(minors) == len(KUBERNETES)


@pytest.mark.parametrize("tool", REAL.tools, ids=lambda tool: tool.label)
def test_what_a_tool_is_asked_for_by_chooses_it(tool):
    assert REAL.select([REAL.request(tool)]) == (tool,)


def test_versions_of_one_name_are_chosen_one_by_one_or_together():
    def chosen(*names):
        return [tool.label for tool in REAL.select(names)]

    assert chosen("kube-apiserver") == ["kube-apiserver 1.34.4"]
    assert chosen("kube-apiserver@1.33.4") == ["kube-apiserver 1.33.4"]
    assert chosen("kube-apiserver@1.35.4", "kube-apiserver", "kube-apiserver@1.34.4") == [
        "kube-apiserver 1.34.4",
        "kube-apiserver 1.35.4",
    ]


PUBLISHED = [
    tool
    for tool in REAL.tools
    if tool.name not in ("argo-cd", "argoexec", "kube-router", "workflow-controller")
]


@pytest.mark.parametrize("tool", PUBLISHED, ids=lambda tool: tool.label)
def test_every_release_file_is_checked_and_comes_over_https(tool):
    assert tool.release is not None
    assert tool.release.sha256 or tool.release.checksum
    for url in (tool.release.url, tool.release.checksum or "https://"):
        assert url.startswith("https://")
        assert "{" not in url
    assert tool.version in tool.release.url
    assert (tool.release.member is not None) == tool.release.url.endswith(".tar.gz")


def test_a_platform_without_release_files_has_none():
    lock = load_lock(None, "darwin-arm64")
    assert lock.find("kube-apiserver").release is None
    assert lock.find("kwok").release.url.endswith("/kwok-darwin-arm64")


def test_names_choose_tools_once_and_in_the_locks_order():
    chosen = REAL.select(["chainsaw", "etcd@3.6.6", "etcd"])
    assert [tool.label for tool in chosen] == ["etcd 3.6.6", "chainsaw 0.2.14"]


@pytest.mark.parametrize("name", ["kubeadm", "etcd@9.9.9", "etcd@", ""])
def test_an_unknown_name_lists_the_known(name):
    with pytest.raises(NotFound, match=r"the lock.*kube-apiserver 1\.34\.4"):
        REAL.select([name])


def test_the_first_of_several_versions_is_the_default(make_lock, write_lock):
    path = write_lock()
    text = path.read_text()
    newer = text[text.index('[[tools]]\nname = "beta"') : text.index('[[tools]]\nname = "gamma"')]
    newer = newer.replace("1.2.3", "1.3.0").replace('"one"', '"next"')
    recipe = '[recipes.next]\nversion = "1.3.0"\nmodule = "m"\nminutes = 1\nldflags = []\n'
    path.write_text(text + newer + recipe)
    load_lock.cache_clear()
    lock = load_lock(path, "linux-amd64")
    assert lock.find("beta").version == "1.2.3"
    assert lock.find("beta", "1.3.0").recipe.name == "next"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("schema = 1", "schema = 2"),
        ("schema = 1", "schema = "),
        ('recipe = "two"', 'recipe = "three"'),
        ('version = "2.0.0"\noptional', 'version = "2.0.1"\noptional'),
        ("[[tools]]", "[[others]]"),
        ('url = "http://127.0.0.1:1/gamma_{os}', 'url = "{nothing}'),
    ],
)
def test_a_broken_lock_is_one_line(write_lock, old, new):
    path = write_lock()
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InvalidInput, match=re.escape(str(path))):
        load_lock(path, "linux-amd64")


def test_a_missing_lock_is_one_line(tmp_path):
    with pytest.raises(InvalidInput):
        load_lock(tmp_path / "none.toml", "linux-amd64")


@given(st.lists(st.sampled_from(REAL.tools), min_size=1, unique_by=lambda tool: tool.label))
def test_labels_name_every_tool_and_version(tools):
    text = labels(tools)
    assert all(tool.name in text and tool.version in text for tool in tools)


def test_the_package_ships_every_recipe():
    shipped = {Path(tool.recipe.folder).name for tool in REAL.tools}
    assert shipped == {path.name for path in REAL.tools[0].recipe.folder.parent.iterdir()}
