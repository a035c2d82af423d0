import re
from pathlib import Path

from tests.argo.test_render import COMMITTED
from tiphys.argo import names
from tiphys.argo.render import other_minors
from tiphys.toolchain import load_lock
from tiphys.verify.compatibility import minor

TEXT = (COMMITTED / "Dockerfile").read_text()
STAGES = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", TEXT, re.M)
ROOT = COMMITTED.parent
LAST = TEXT[TEXT.rindex("\nFROM ") :]


def test_base_images_are_arguments_pinned_by_digest():
    defaults = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", TEXT, re.M))

    assert len(defaults) == 2
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", image) for image in defaults.values())
    assert all(image.startswith("registry.example/") for image in defaults.values())
    own = {name for _, name in STAGES if name}
    assert {image for image, _ in STAGES} - own == {f"${{{name}}}" for name in defaults}


def test_it_runs_as_the_user_that_the_pods_ask_for_and_builds_nothing():
    assert f"USER {names.USER}:{names.USER}\n" in LAST
    assert LAST.rstrip().endswith('ENTRYPOINT ["tiphys"]')
    assert "RUN" not in LAST
    assert "COPY --from=tools /opt/tiphys /opt/tiphys" in LAST


def test_it_holds_what_a_lease_and_the_matrix_need():
    lock = load_lock(None, "linux-amd64")
    (tools,) = re.findall(r'^ARG TOOLS="([^"]+)"$', TEXT, re.M)
    needed = {tool.name for tool in lock.select(None)}
    servers = {t.version for t in lock.tools if t.name == "kube-apiserver"}
    default = lock.find("kube-apiserver").version

    listed = set(tools.split())
    assert listed == needed | {f"kube-apiserver@{v}" for v in servers - {default}}
    assert {minor(v) for v in servers - {default}} == set(other_minors())


def test_the_templates_and_the_image_agree_on_the_cache():
    from tiphys.argo.pods import CACHE

    assert f"TIPHYS_CACHE={CACHE} " in LAST
    made = re.search(r"mkdir (.+)$", TEXT, re.M)[1].split()
    assert {Path(folder).parent for folder in made} == {Path(CACHE)}


def test_what_links_in_the_package_lead_to_is_copied():
    copied = {line.split()[1] for line in TEXT.splitlines() if re.match(r"COPY [a-z]", line)}
    links = [path for path in (ROOT / "generator").rglob("*") if path.is_symlink()]

    assert links
    assert {link.resolve().relative_to(ROOT).as_posix() for link in links} <= copied


def test_every_package_is_fetched_by_its_hash():
    fetching = [line for line in TEXT.splitlines() if re.search(r"\bpip (wheel|install)", line)]

    assert all("--require-hashes" in line or "--no-index" in line for line in fetching)
    assert len(fetching) == 4
