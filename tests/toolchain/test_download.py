import io
import json
import tarfile
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.toolchain.conftest import binary
from tiphys.domain.errors import Unavailable
from tiphys.toolchain import install, locate
from tiphys.toolchain.cache import Cache
from tiphys.toolchain.download import published_checksum

PATH = "/1.2.3/linux/amd64/alpha"
CONTENT = binary()
DIGEST = "ab" * 32


@pytest.fixture
def lock(make_lock, page, no_go):
    page.publish(PATH, CONTENT)
    return make_lock(page.url)


@pytest.fixture
def part(lock, root):
    path = Cache(root, lock.platform).path(lock.find("alpha"))
    path.parent.mkdir(parents=True)
    return path.with_name("alpha.part")


def get(lock, root, name="alpha", **options):
    done = install([name], lock=lock, root=root, **options)[0]
    return done.path.read_bytes()


def test_a_release_file_is_downloaded_and_its_progress_told(lock, root):
    events = []
    assert get(lock, root, progress=events.append) == CONTENT
    fractions = [event.fraction for event in events if event.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert (events[0].kind, events[-1].kind) == ("start", "done")
    assert not list(locate("alpha", lock=lock, root=root).parent.glob("*.part"))


def test_a_download_continues_what_an_earlier_one_left(lock, root, page, part):
    part.write_bytes(CONTENT[:150_000])
    assert get(lock, root) == CONTENT
    assert page.asked(PATH) == ["bytes=150000-"]


def test_a_complete_leftover_needs_no_byte_more(lock, root, page, part):
    part.write_bytes(CONTENT)
    assert get(lock, root) == CONTENT
    assert page.asked(PATH) == [f"bytes={len(CONTENT)}-"]


def test_a_foreign_leftover_is_thrown_away(lock, root, page, part):
    part.write_bytes(b"?" * 150_000)
    assert get(lock, root) == CONTENT
    assert page.asked(PATH) == ["bytes=150000-", ""]


def test_a_leftover_that_is_too_long_is_thrown_away(lock, root, page, part):
    part.write_bytes(CONTENT + b"more")
    assert get(lock, root) == CONTENT


def test_a_page_without_ranges_is_read_from_the_start(lock, root, page, part):
    page.ranges = False
    part.write_bytes(CONTENT[:150_000])
    assert get(lock, root) == CONTENT


def test_a_connection_that_breaks_is_taken_up_again(lock, root, page):
    page.cut_after = [100_000, 50_000]
    assert get(lock, root) == CONTENT
    assert page.asked(PATH) == ["", "bytes=100000-", "bytes=150000-"]


def test_a_page_in_trouble_is_asked_again(lock, root, page):
    page.statuses = [503]
    assert get(lock, root) == CONTENT


def test_a_page_that_never_ends_its_trouble_is_given_up(lock, root, page, monkeypatch):
    monkeypatch.setattr("tiphys.toolchain.download.ATTEMPTS", 2)
    page.statuses = [503] * 9
    with pytest.raises(Unavailable, match=r"broke off.*503"):
        get(lock, root)
    assert len(page.asked(PATH)) == 2


@pytest.mark.parametrize("published", [b"00" * 32, b"", b"nonsense", b"\xff" * 80])
def test_a_file_that_does_not_match_is_never_installed(lock, root, page, published):
    page.files[f"{PATH}.sha256"] = published
    with pytest.raises(Unavailable, match=r"does not match its checksum|names no sha256"):
        get(lock, root)
    assert not [path for path in root.rglob("alpha") if path.is_file()]
    assert not list(root.rglob("alpha.part"))


def test_without_a_published_checksum_nothing_is_downloaded(lock, root, page):
    del page.files[f"{PATH}.sha256"]
    with pytest.raises(Unavailable, match="404"):
        get(lock, root)
    assert page.asked(PATH) == []


def test_a_pinned_checksum_wins_over_the_published(make_lock, page, root, no_go):
    page.publish(PATH, CONTENT)
    with pytest.raises(Unavailable, match="does not match its checksum"):
        get(make_lock(page.url, pin="00" * 32), root)
    assert page.asked(f"{PATH}.sha256") == []


def archive(page, member="gamma-2.0.0/gamma", kind=tarfile.REGTYPE):
    content, packed = binary("2.0.0"), io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo(member)
        info.type, info.linkname = kind, "/etc/passwd"
        info.size = len(content) if kind == tarfile.REGTYPE else 0
        tar.addfile(info, io.BytesIO(content))
    page.publish("/gamma_linux_amd64.tar.gz", packed.getvalue())
    digest = page.files["/gamma_linux_amd64.tar.gz.sha256"].decode().strip()
    lines = [f"{DIGEST}  gamma_linux_arm64.tar.gz", f"{digest}  gamma_linux_amd64.tar.gz"]
    page.files["/SHA256SUMS"] = "\n".join(lines).encode()
    return content


def test_the_member_of_an_archive_is_installed(lock, root, page):
    content = archive(page)
    assert get(lock, root, "gamma") == content
    assert sorted(path.name for path in locate("gamma", lock=lock, root=root).parent.iterdir()) == [
        "gamma",
        "receipt.json",
    ]


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        ("other", tarfile.REGTYPE),
        ("gamma-2.0.0/gamma", tarfile.SYMTYPE),
        ("gamma-2.0.0/gamma", tarfile.DIRTYPE),
    ],
)
def test_an_archive_without_the_file_is_refused(lock, root, page, member, kind):
    archive(page, member, kind)
    with pytest.raises(Unavailable, match="release archive"):
        get(lock, root, "gamma")


def test_an_archive_that_is_none_is_refused(lock, root, page):
    archive(page)
    page.publish("/gamma_linux_amd64.tar.gz", b"not gzip")
    digest = page.files["/gamma_linux_amd64.tar.gz.sha256"].decode().strip()
    page.files["/SHA256SUMS"] = f"{digest} *gamma_linux_amd64.tar.gz".encode()
    with pytest.raises(Unavailable, match="release archive is broken"):
        get(lock, root, "gamma")


def test_a_silent_host_is_asked_once(make_lock, root, no_go, page, monkeypatch):
    monkeypatch.setattr("tiphys.toolchain.download.CONNECT_SECONDS", 0.2)
    asked = []

    def probe(_self, _url, host):
        asked.append(host)
        threading.Event().wait(2)  # longer than anybody waits for it

    monkeypatch.setattr("tiphys.toolchain.download.Downloader._probe", probe)
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:\d+ does not answer"):
        install(["alpha", "gamma"], lock=make_lock(page.url), root=root)
    assert len(asked) == 1
    assert page.requests == []


def test_a_host_that_refuses_is_not_waited_for(make_lock, root, no_go):
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 does not answer"):
        install(["alpha"], lock=make_lock("http://127.0.0.1:1"), root=root)


FILE = "tool-linux-amd64"


@pytest.mark.parametrize(
    "text",
    [
        DIGEST,
        f"{DIGEST}\n",
        DIGEST.upper(),
        f"{DIGEST}  {FILE}\n",
        f"{DIGEST} *{FILE}",
        f"{'00' * 32}  {FILE}.sig\n\n{DIGEST}  ./out/{FILE}\n",
        json.dumps(
            {
                "assets": [
                    {"name": "other", "digest": None},
                    {"name": FILE, "digest": f"sha256:{DIGEST}"},
                ]
            }
        ),
    ],
)
def test_checksum_documents_that_are_understood(text):
    assert published_checksum(text, FILE) == DIGEST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        DIGEST[:-1],
        f"{DIGEST}{DIGEST}",
        f"{DIGEST}  {FILE}.tar.gz",
        f"{DIGEST}\n{DIGEST}",
        f"deadbeef  {FILE}",
        '{"assets": []}',
        f'{{"assets": [{{"name": "{FILE}", "digest": null}}]}}',
        f'{{"assets": [{{"name": "{FILE}", "digest": "md5:{DIGEST}"}}]}}',
        "<html>not found</html>",
    ],
)
def test_documents_that_name_no_checksum(text):
    assert published_checksum(text, FILE) is None


@given(st.text(), st.text(min_size=1))
def test_any_text_gives_a_sha256_or_nothing(text, file):
    found = published_checksum(text, file)
    assert found is None or (len(found) == 64 and int(found, 16) >= 0)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9._-]{0,20}", fullmatch=True),
        st.binary(min_size=32, max_size=32).map(bytes.hex),
        min_size=1,
    )
)
def test_each_file_finds_its_own_line(sums):
    text = "\n".join(f"{value}  {name}" for name, value in sums.items())
    assert {name: published_checksum(text, name) for name in sums} == sums
