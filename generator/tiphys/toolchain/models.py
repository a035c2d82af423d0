"""The models that Tiphys can serve: what the lock says of them, and what the cache has.

A model is <root>/models/NAME/FILE with a receipt.json beside it, as a tool is.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiphys.domain.errors import InvalidInput, NotFound, Unavailable
from tiphys.toolchain.cache import Receipt, State, cache_root, read_receipt, state_of


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a model's file: a member of a wheel."""

    package: str
    version: str
    member: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model. `size` is in bytes; `pieces`, joined in order, are the file at `url`."""

    name: str
    about: str
    revision: str
    file: str
    size: int
    sha256: str
    url: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One line of `tiphys model list`; `changed` means the file is not what was installed."""

    name: str
    about: str
    size: int
    state: State
    path: Path
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class Serving:
    """A model that is served: at the base URL `url`, with so many tokens of context."""

    url: str
    model: str
    threads: int
    context: int


@functools.cache
def load_models(path: Path | None = None) -> tuple[ModelFile, ...]:
    """The lock at `path` (the packaged one); its first model is the default. InvalidInput."""
    path = path or Path(__file__).with_name("models.toml")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        if data["schema"] != 1:
            raise InvalidInput(f"{path}: schema {data['schema']} is not 1; update tiphys")
        models = tuple(_model(table) for table in data["models"])
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise InvalidInput(f"{path} is not a lock of models: {error!r}") from error
    if not models:
        raise InvalidInput(f"{path} names no model")
    return models


def find_model(
    name: str | None = None, *, models: tuple[ModelFile, ...] | None = None
) -> ModelFile:
    """The model of that name, the default one without. NotFound."""
    models = models or load_models()
    for model in models:
        if name in (None, model.name):
            return model
    raise NotFound(f"no model {name} in the lock; it knows {', '.join(m.name for m in models)}")


def model_path(model: ModelFile, root: Path | None = None) -> Path:
    """Where the model's file is, or would be."""
    return (root or cache_root()) / "models" / model.name / model.file


def locate_model(model: ModelFile, root: Path | None = None) -> Path:
    """Path of an installed model. Unavailable says to install it."""
    path = model_path(model, root)
    state = state_of(path)
    if state == "installed":
        return path
    problem = "is not installed" if state == "missing" else "was changed after its installation"
    raise Unavailable(f"the model {model.name} {problem}; run `tiphys model install`")


def model_status(root: Path | None = None) -> list[ModelStatus]:
    """Every model of the lock as it is in the cache."""
    return [
        ModelStatus(
            name=model.name,
            about=model.about,
            size=model.size,
            state=state_of(path := model_path(model, root)),
            path=path,
            receipt=read_receipt(path),
        )
        for model in load_models()
    ]


def _model(table: Mapping[str, Any]) -> ModelFile:
    pieces = table["pieces"]
    return ModelFile(
        name=table["name"],
        about=table["about"],
        revision=table["revision"],
        file=table["file"],
        size=table["size"],
        sha256=table["sha256"],
        url=table["hub"].format(**table),
        pieces=tuple(
            Piece(
                pieces["package"].format(number=number),
                pieces["version"],
                pieces["member"].format(number=number),
            )
            for number in range(1, pieces["count"] + 1)
        ),
    )
