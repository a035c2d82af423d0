import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.domain.ranking import Calibration, Lexicon, best_per_skill, intent, summary, words

TERMS = st.lists(st.sampled_from("a1 b1 c1 d1 e1".split()), min_size=1, max_size=8)
LIBRARY = st.dictionaries(st.sampled_from("uvwxyz"), TERMS, min_size=1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("NetworkPolicy", ["network", "policy"]),
        ("cron-job_every", ["cron", "job", "every"]),
        ("Réplicas über", ["replica", "uber"]),
        ("policies jobs running", ["policy", "job", "runn"]),
        ("the of und", []),
        ("数据库", ["数据", "据库"]),
        ("port 8080", ["port", "8080"]),
        ("", []),
    ],
)
def test_words(text, found):
    assert words(text) == found


@given(st.text())
def test_words_of_anything_are_plain_and_the_same_again(text):
    found = words(text)
    assert all(word and not word.isspace() for word in found)
    assert words(text) == found


@given(LIBRARY, TERMS)
def test_scores_are_shares_and_those_of_an_outsider_agree(library, asked):
    lexicon = Lexicon()
    for name, terms in library.items():
        lexicon.put(name, terms)
    scores = lexicon.scores(asked)
    assert all(0.0 < score < 1.0 for score in scores.values())
    for name, terms in library.items():
        assert lexicon.score_of(asked, terms) == pytest.approx(scores.get(name, 0.0))


@given(LIBRARY, LIBRARY, TERMS)
def test_a_lexicon_forgets_without_a_trace(kept, gone, asked):
    one, other = Lexicon(), Lexicon()
    for name, terms in {**gone, **kept}.items():
        one.put(name, terms)
    for name in gone.keys() - kept.keys():
        one.remove(name)
    for name, terms in kept.items():
        other.put(name, terms)
        one.put(name, terms)
    assert one.scores(asked) == pytest.approx(other.scores(asked))
    assert len(one) == len(other)


def test_a_rare_word_weighs_more_than_a_common_one():
    lexicon = Lexicon()
    for name in "abcdefgh":
        lexicon.put(name, ["common", "rare" if name == "a" else "filler"])
    assert lexicon.scores(["rare"])["a"] > 0
    both = lexicon.scores(["rare", "common"])
    assert both["a"] > 2 * both["b"]


@given(st.floats(-2, 3), st.floats(-2, 3))
def test_a_score_is_a_probability_and_grows_with_the_margin(near, beyond):
    calibration = Calibration(lexical=1.0, slope=8.0, bias=-0.2)
    score = calibration.score(near, beyond)
    assert 0.0 <= score <= 1.0
    assert calibration.score(near + 0.1, beyond) >= score >= calibration.score(near, beyond + 0.1)


def test_the_best_document_stands_for_its_skill():
    skills = {"a": "web", "b": "web", "c": "cron"}
    assert best_per_skill({"a": 0.2, "b": 0.9, "c": 0.5}, skills) == ["b", "c"]
    assert best_per_skill({"b": 0.5, "a": 0.5}, skills) == ["a"]


def test_the_summary_is_the_first_line():
    assert summary("\nweb: serves\nmore") == "web: serves"
    assert summary("") == ""


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        (
            "Run it in namespace shop: image r.example/a:1, 3 replicas",
            "Run it : image , 3 replicas",
        ),
        ("settings A=1 and B=2", "settings and"),
        ("create a namespace team-blue", "create a namespace team-blue"),
        ("new namespace with quota", "new namespace with quota"),
        ("", ""),
    ],
)
def test_the_intent_leaves_the_filled_in_names_out(text, bare):
    assert intent(text).split() == bare.split()


@given(st.text())
def test_the_intent_of_anything_is_text(text):
    assert isinstance(intent(text), str)
