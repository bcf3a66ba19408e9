"""Which bundles a server is told to serve, and under which names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from striate.bundle.folder import find_bundle
from striate.errors import UsageError

NAME = re.compile(r"[^/\\\s\x00-\x1f\x7f=?#%]{1,100}")
"""Of a model, which stands in addresses."""


@dataclass(frozen=True)
class NamedBundle:
    """A bundle's place, and the name it is asked for by."""

    name: str
    path: Path


def named_bundles(arguments: Iterable[str | os.PathLike[str]]) -> list[NamedBundle]:
    """What the command's arguments mean: `BUNDLE`, which has the name of its run, or `NAME=BUNDLE`.

    One name may be given to several bundles, which are versions of one model then; the last one answers who asks for no version.

    Raises:
        UsageError: If there is no bundle at a place, or a name is none, or two bundles have one name that nobody gave.
    """
    named: list[NamedBundle] = []
    given: set[str] = set()
    for argument in arguments:
        text = os.fspath(argument)
        name, sign, place = text.partition("=")
        if not sign or Path(text).exists():
            name, place = "", text
        path = Path(place)
        find_bundle(path)
        if name:
            given.add(name)
        else:
            name = name_of(path)
        if not NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot be a model's name: expected 1 to 100 characters without spaces and / \\ = ? # %; "
                f"name it by: NAME={place}"
            )
        if any(other.name == name for other in named) and name not in given:
            raise UsageError(
                f"two bundles would be called {name!r}; give them names: cats=RUN dogs=OTHER, or one name to make them versions of "
                "one model"
            )
        named.append(NamedBundle(name, path))
    if not named:
        raise UsageError("there is nothing to serve: name a run or a bundle")
    return named


def name_of(path: Path) -> str:
    """The name of a bundle's run, or of the bundle where it is in none."""
    folder = find_bundle(path).resolve()
    return folder.parent.name if folder.name == "bundle" and folder.parent.name else folder.name
