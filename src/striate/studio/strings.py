"""What the studio says, in every language: a table a room, in `strings/`, where each key has all of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

LANGUAGES = {"en": "English", "ko": "한국어"}
"""By the tags of BCP 47; the first is spoken where none that is asked for is there."""

EVERYWHERE = "studio"
"""The table that every page has beside its room's."""


@cache
def table(name: str) -> Mapping[str, Mapping[str, str]]:
    """A table: of each key what it is in each language."""
    text = files("striate.studio").joinpath("strings", f"{name}.toml").read_text(encoding="utf-8")
    return {f"{name}.{key}": said for key, said in tomllib.loads(text).items()}


def strings(room: str, language: str) -> dict[str, str]:
    """What a room's page can say in a language, by `"room.key"`: its own table and the one of every page."""
    return {key: said[language] for name in (EVERYWHERE, room) for key, said in table(name).items()}


def language_of(asked: str | None, accepted: str) -> str:
    """The language a page is shown in.

    Args:
        asked: The tag that the address names, if it does.
        accepted: The header `Accept-Language`, the most wanted first.

    Source: RFC 9110, section 12.5.4.
    """
    if asked in LANGUAGES:
        return str(asked)
    wanted: list[tuple[float, str]] = []
    for part in accepted[:1000].split(","):
        tag, _, quality = part.strip().partition(";")
        found = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)", quality)
        wanted.append((float(found[1]) if found else 1.0, tag.strip().lower().partition("-")[0]))
    for share, tag in sorted(wanted, key=lambda one: -one[0]):
        if tag in LANGUAGES and share > 0:
            return tag
    return next(iter(LANGUAGES))
