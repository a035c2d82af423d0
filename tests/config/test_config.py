"""Defaults, the file on the target branch, the environment: the last one wins."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.config import configure, named
from tiphys.domain.errors import InvalidInput
from tiphys.domain.policy import SYSTEM_NAMESPACES, Settings


def test_without_anything_the_defaults_hold() -> None:
    configured = configure(None, {})
    assert configured.settings == Settings()
    assert set(configured.origins.values()) == {"default"}
    assert set(configured.origins) == set(named(Settings()))


def test_the_file_goes_over_the_defaults_and_the_environment_over_the_file() -> None:
    file = (
        b'bot = "robot"\npace_seconds = 1\n[policy]\nmax_files = 7\noff_limits_kinds = ["Secret"]\n'
    )
    configured = configure(file, {"TIPHYS_PACE_SECONDS": "0.5", "PATH": "/bin"})
    settings = configured.settings
    assert (settings.bot, settings.pace_seconds) == ("robot", 0.5)
    assert (settings.policy.max_files, settings.policy.off_limits_kinds) == (7, ("Secret",))
    assert settings.policy.off_limits_namespaces == SYSTEM_NAMESPACES
    assert configured.origins["bot"] == "tiphys.toml"
    assert configured.origins["policy.max_files"] == "tiphys.toml"
    assert configured.origins["pace_seconds"] == "TIPHYS_PACE_SECONDS"
    assert configured.origins["target"] == "default"


def test_the_target_is_for_the_environment_only() -> None:
    with pytest.raises(InvalidInput, match="target can't be set"):
        configure(b'target = "mine"\n', {})
    assert configure(None, {"TIPHYS_TARGET": "trunk"}).settings.target == "trunk"


def test_the_policy_is_for_the_file_only() -> None:
    configured = configure(None, {"TIPHYS_POLICY": "x", "TIPHYS_MAX_FILES": "1"})
    assert configured.settings == Settings()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"= 1", "not valid TOML"),
        (b"\xff", "not valid TOML"),
        (b"a = " + b"[" * 3000, "not valid TOML"),
        (b"pace_seconds = " + b"9" * 5000, "not valid TOML"),
        (b"pase_seconds = 1", "unknown setting pase_seconds"),
        (b"[policy]\nmax_fils = 1", "unknown setting policy.max_fils"),
        (b"[policy.max_files]\na = 1", "policy.max_files must be a"),
        (b"[other]\na = 1", "unknown setting other"),
        (b"policy = 3", "policy must be a table"),
        (b"pace_seconds = true", "pace_seconds must be a"),
        (b'pace_seconds = "1"', "pace_seconds must be a"),
        (b"pace_seconds = -1", "pace_seconds must"),
        (b"pace_seconds = nan", "pace_seconds must"),
        (b"pace_seconds = inf", "pace_seconds must"),
        (b"bot = 3", "bot must be"),
        (b'bot = ""', "bot must be"),
        (b'bot = " tiphys "', "bot must be"),
        (b'bot = "ti\\u001bphys"', "bot must be"),
        (b'bot = "' + b"x" * 101 + b'"', "bot must be"),
        (b"[policy]\nmax_files = true", "policy.max_files must be"),
        (b"[policy]\nmax_files = 1.5", "policy.max_files must be"),
        (b"[policy]\nmax_files = -1", "policy.max_files must"),
        (b'[policy]\noff_limits_kinds = "Secret"', "must be a list of texts"),
        (b"[policy]\noff_limits_kinds = [1]", "must be a list of texts"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_it(file: bytes, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        configure(file, {})
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("tiphys.toml: ")
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("text", ["soon", "", "nan", "inf", "-1", "1e999"])
def test_a_bad_variable_is_named(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^TIPHYS_PACE_SECONDS: pace_seconds must"):
        configure(None, {"TIPHYS_PACE_SECONDS": text})


def test_an_empty_text_in_the_environment_is_refused() -> None:
    with pytest.raises(InvalidInput, match="TIPHYS_BOT"):
        configure(None, {"TIPHYS_BOT": ""})


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_is_settings_or_a_refusal(file: bytes) -> None:
    try:
        settings = configure(file, {}).settings
    except InvalidInput:
        return
    assert all(math.isfinite(v) for v in named(settings).values() if isinstance(v, float))


KEY = "ed25519:" + "a" * 64


def test_people_are_listed_with_their_keys() -> None:
    text = f'[people]\nann = ["{KEY}"]\n"Bo Ek" = []\n'
    configured = configure(text.encode(), {"TIPHYS_PEOPLE": "x"})
    assert configured.settings.people == {"ann": (KEY,), "Bo Ek": ()}
    shown = named(configured.settings)
    assert (shown["people.ann"], shown["people.Bo Ek"]) == ((KEY,), ())
    assert configured.origins["people.ann"] == "tiphys.toml"
    assert set(shown) == set(configured.origins)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (f'people = ["{KEY}"]', "people must be a table"),
        (f'[people]\nann = "{KEY}"', "people.ann must be a list of public keys"),
        ("[people]\nann = [1]", "people.ann must be a list of public keys"),
        (f'[people]\nann = ["{KEY.upper()}"]', "people.ann must be a list of public keys"),
        (f'[people]\nann = ["{KEY}\\n"]', "people.ann must be a list of public keys"),
        (f'[people.ann]\nkey = "{KEY}"', "people.ann must be a list of public keys"),
        (f'[people]\n" ann" = ["{KEY}"]', "one tidy line"),
        (f'[people]\n"" = ["{KEY}"]', "one tidy line"),
        (f'[people]\nann = ["{KEY}"]\nbob = ["{KEY}"]', "ann and bob have a key in common"),
    ],
)
def test_a_bad_list_of_people_is_refused(lines: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        configure(lines.encode(), {})
