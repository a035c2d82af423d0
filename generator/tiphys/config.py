"""Settings from `tiphys.toml` on the target branch, environment variables over it.

The file is read from the branch that proposals are merged into, never from a proposal or a work
tree, so that a pull request can't change the rules that judge it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from tiphys.domain.errors import InvalidInput
from tiphys.domain.identity_rules import read_identities
from tiphys.domain.policy import Policy, Settings

CONFIG_FILE = "tiphys.toml"
_MOST = 10**9  # of anything that is counted or measured here
_SHARES = frozenset({"policy.mutation_score"})
_TABLES = ("policy", "people")
_ENVIRONMENT = {
    f"TIPHYS_{f.name.upper()}": f.name for f in fields(Settings) if f.name not in _TABLES
}
_PUBLIC_KEY = re.compile(r"ed25519:[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Configured:
    """Settings in force and, for each by its dotted name, where it comes from."""

    settings: Settings
    origins: Mapping[str, str]


def configure(file: bytes | None, environment: Mapping[str, str]) -> Configured:
    """Defaults, then the file (None: there is none), then the environment. InvalidInput."""
    settings = Settings()
    origins = dict.fromkeys(named(settings), "default")
    for name, value in _from_file(file).items():
        settings = _put(settings, name, value, CONFIG_FILE)
        origins[name] = CONFIG_FILE
    for variable, name in _ENVIRONMENT.items():
        if variable in environment:
            settings = _put(settings, name, _parse(environment[variable], name, variable), variable)
            origins[name] = variable
    return Configured(settings, origins)


def named(settings: Settings) -> dict[str, Any]:
    """Every setting by its dotted name, as text where it is neither text, number nor list."""
    flat = {f.name: getattr(settings, f.name) for f in fields(Settings) if f.name not in _TABLES}
    flat["trusted_identities"] = tuple(str(each) for each in settings.trusted_identities)
    flat |= {f"people.{name}": keys for name, keys in settings.people.items()}
    return flat | {f"policy.{f.name}": getattr(settings.policy, f.name) for f in fields(Policy)}


def _from_file(file: bytes | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        table = tomllib.loads(file.decode())
    except (ValueError, RecursionError) as problem:  # bad TOML, bad UTF-8, numbers too long
        raise InvalidInput(f"{CONFIG_FILE}: not valid TOML: {problem}") from None
    if "target" in table:
        raise InvalidInput(f"{CONFIG_FILE}: target can't be set on the target branch itself")
    for name in set(_TABLES) & set(table):
        inner = table.pop(name)
        if not isinstance(inner, dict):
            raise InvalidInput(f"{CONFIG_FILE}: {name} must be a table")
        table |= {f"{name}.{key}": value for key, value in inner.items()}
    return table


def _put(settings: Settings, name: str, value: Any, source: str) -> Settings:
    if name.startswith("people."):
        person = name.removeprefix("people.")
        return replace(settings, people=_with_person(settings.people, person, value, source))
    current = named(settings)
    if name not in current:
        raise InvalidInput(f"{source}: unknown setting {name}; `tiphys config` lists them")
    if name == "trusted_identities":
        return replace(settings, trusted_identities=read_identities(value, source))
    checked = _check(value, current[name], name, source)
    if name.startswith("policy."):
        field = name.removeprefix("policy.")
        return replace(settings, policy=replace(settings.policy, **{field: checked}))
    return replace(settings, **{name: checked})


def _with_person(
    people: Mapping[str, tuple[str, ...]], name: str, keys: Any, source: str
) -> dict[str, tuple[str, ...]]:
    """`people` and one more. A key has one owner: else one person could pass for two."""
    if not _is_tidy(name):
        raise InvalidInput(f"{source}: a name under [people] must be one tidy line")
    good = isinstance(keys, list) and all(isinstance(k, str) and _PUBLIC_KEY.match(k) for k in keys)
    if not good:
        raise InvalidInput(
            f"{source}: people.{name} must be a list of public keys; `tiphys key` shows yours"
        )
    for other, theirs in people.items():
        if set(theirs) & set(keys):
            raise InvalidInput(f"{source}: {other} and {name} have a key in common under [people]")
    return {**people, name: tuple(keys)}


def _is_tidy(name: str) -> bool:
    return 0 < len(name) <= 100 and name.isprintable() and " ".join(name.split()) == name


def _check(value: Any, current: Any, name: str, source: str) -> Any:
    if isinstance(current, tuple):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise InvalidInput(f"{source}: {name} must be a list of texts")
    if (
        isinstance(current, float)
        and isinstance(value, int | float)
        and not isinstance(value, bool)
    ):
        most = 1 if name in _SHARES else _MOST
        if 0 <= value <= most:
            return float(value)
        raise InvalidInput(f"{source}: {name} must be a number from 0 to {most}")
    if isinstance(current, int) and isinstance(value, int) and not 0 <= value <= _MOST:
        raise InvalidInput(f"{source}: {name} must be a number from 0 to {_MOST}")
    if isinstance(current, str) and isinstance(value, str):
        # The forge would tidy an actor's name, and the bot would no longer know its own words.
        if _is_tidy(value):
            return value
        raise InvalidInput(f"{source}: {name} must be one tidy line of 1 to 100 characters")
    if isinstance(value, type(current)) and not isinstance(value, bool):
        return value
    raise InvalidInput(f"{source}: {name} must be a {type(current).__name__}")


def _parse(text: str, name: str, variable: str) -> Any:
    kind = type(named(Settings())[name])
    if kind not in (float, int):
        return text
    try:
        return kind(text)
    except ValueError:
        raise InvalidInput(f"{variable}: {name} must be a number, not {text!r}") from None
