"""What the command's arguments mean: runs and bundles, networks of the catalogue, runs that have no bundle yet."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from striate.bundle.folder import bundles_beside
from striate.errors import UnknownNameError, UsageError
from striate.serving import NamedBundle, named_bundles

RECIPE = "recipe.toml"
"""A run has one from its first second, a bundle only later."""


@dataclass(frozen=True)
class Named:
    """What a studio is opened on."""

    bundles: tuple[NamedBundle, ...] = ()
    networks: tuple[str, ...] = ()
    """Of the catalogue."""
    runs: tuple[Path, ...] = ()
    """That have no bundle yet."""


def named(arguments: Iterable[str | os.PathLike[str]]) -> Named:
    """What is meant: `RUN`, `BUNDLE`, `NAME=BUNDLE`, or the name of a network of the catalogue, unless a folder here has it.

    Raises:
        UnknownNameError: It is none of them; the message offers the closest.
        UsageError: What is there is no run or bundle, or two bundles would have one name.
    """
    bundles: list[str] = []
    networks: list[str] = []
    runs: list[Path] = []
    for argument in arguments:
        text = os.fspath(argument)
        place = Path(text if os.path.lexists(text) else text.partition("=")[2] or text)
        if not os.path.lexists(place):
            networks.append(_network(text))
        elif (place / RECIPE).is_file() and not (place / "bundle").is_dir():
            runs.append(place)
        else:
            bundles.append(text)
    return Named(tuple(named_bundles(bundles)) if bundles else (), tuple(networks), tuple(runs))


def _network(name: str) -> str:
    """A name of the catalogue in full."""
    from striate.models import list_models, model_row  # torch comes with it: only where a name is no place
    from striate.models.catalog import SHORT_NAMES

    if name not in list_models() and name not in SHORT_NAMES:
        hint = "(and no run or bundle is there; run `striate models` to see the names)"
        raise UnknownNameError("model", name, [*list_models(), *bundles_beside(Path(name))], hint=hint)
    row = model_row(name)
    if row.name not in list_models("picture", sequential=False):
        raise UsageError(
            f"{row.name} takes no single pictures, which the studio shows; `striate inspect {shlex.quote(row.name)}` tells of it"
        )
    return row.name
