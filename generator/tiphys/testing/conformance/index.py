"""What every Index does. Subclass with a fixture `index` that gives an empty one."""
# ruff: noqa: S101, D102 -- a suite is made of assertions; a test's name says what it shows

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiphys.ports import Index

from tiphys.ports import Document

ONE, TWO = "1" * 40, "2" * 40


def skill(name: str, text: str) -> Document:
    """The document of a skill."""
    return Document(f"skills/{name}", f"tree-{name}", name, f"{name}: {text}")


def release(name: str, of: str, text: str) -> Document:
    """The document of a request that the skill `of` has served."""
    return Document(f"manifests/shop/{name}", f"tree-{name}", of, text)


WEB = skill("web", "run a web service that answers HTTP on a port")
CRON = skill("cron", "run a task on a schedule, every night or every hour")
QUEUE = skill("queue", "consume messages from a queue in the background")


class IndexConformance:
    """Documents go in, are found, replaced and removed; the commit tells what is shown."""

    def test_an_empty_index_shows_no_commit_and_finds_nothing(self, index: Index) -> None:
        assert index.commit() is None
        assert list(index.search("anything")) == []

    def test_what_is_put_is_found_and_the_commit_is_kept(self, index: Index) -> None:
        index.update(ONE, [WEB, CRON, QUEUE], [])
        assert index.commit() == ONE
        first = index.search("a task every night on a schedule")[0]
        assert (first.id, first.skill) == ("skills/cron", "cron")

    def test_scores_lie_between_nought_and_one_and_fall(self, index: Index) -> None:
        index.update(ONE, [WEB, CRON, QUEUE], [])
        scores = [hit.score for hit in index.search("web service on a port")]
        assert scores == sorted(scores, reverse=True)
        assert all(0.0 <= score <= 1.0 for score in scores)

    def test_a_limit_is_kept(self, index: Index) -> None:
        index.update(ONE, [WEB, CRON, QUEUE], [])
        assert len(index.search("run every web queue", limit=1)) == 1
        assert list(index.search("run every web queue", limit=0)) == []

    def test_a_query_without_words_is_harmless(self, index: Index) -> None:
        index.update(ONE, [WEB], [])
        for query in ("", "   ", "\n", "!?", "\x00", "-" * 10_000):
            assert len(index.search(query)) <= 1

    def test_putting_again_replaces(self, index: Index) -> None:
        index.update(ONE, [WEB, CRON], [])
        index.update(TWO, [skill("web", "paint pictures of elephants")], [])
        assert index.commit() == TWO
        assert index.search("pictures of elephants")[0].skill == "web"
        assert [hit.id for hit in index.search("pictures of elephants")].count("skills/web") == 1

    def test_removing_forgets(self, index: Index) -> None:
        index.update(ONE, [WEB, CRON], [])
        index.update(TWO, [], ["skills/web", "skills/never-there"])
        assert "web" not in {hit.skill for hit in index.search("web service HTTP port schedule")}

    def test_a_skill_is_found_once_through_its_best_document(self, index: Index) -> None:
        like = "show the storefront of our flower shop"
        index.update(ONE, [WEB, CRON, release("flowers", "web", like)], [])
        hits = [hit for hit in index.search(like) if hit.skill == "web"]
        assert [hit.id for hit in hits] == ["manifests/shop/flowers"]

    def test_a_release_without_its_skill_leads_nowhere(self, index: Index) -> None:
        index.update(ONE, [CRON, release("flowers", "gone", "show the flower shop")], [])
        assert "gone" not in {hit.skill for hit in index.search("show the flower shop")}

    def test_progress_reaches_the_end(self, index: Index) -> None:
        told: list[tuple[int, int]] = []
        index.update(ONE, [WEB, CRON, QUEUE], [], lambda done, of: told.append((done, of)))
        assert told[-1] == (3, 3)

    def test_clearing_forgets_everything(self, index: Index) -> None:
        index.update(ONE, [WEB, CRON], [])
        index.clear()
        assert index.commit() is None
        assert list(index.search("web service")) == []
        index.update(TWO, [CRON], [])
        assert [hit.skill for hit in index.search("web schedule")] == ["cron"]

    def test_an_update_without_documents_moves_the_commit(self, index: Index) -> None:
        index.update(ONE, [WEB], [])
        index.update(TWO, [], [])
        assert index.commit() == TWO
        assert index.search("web service")[0].skill == "web"
