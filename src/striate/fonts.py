"""Fonts for names in any script: for each text those that have its signs, and what to install where none has.

Letters are DejaVu Sans, which comes with matplotlib; signs that it lacks are of the first font of the system that has them.
"""

from __future__ import annotations

import contextlib
import functools
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.errors import StriateWarning
from striate.printable_text import printable

FIRST_CHOICES = (
    "NotoSansCJK",
    "NotoSansKR",
    "NotoSans-",
    "NotoSans",
    "malgun",
    "AppleSDGothicNeo",
    "PingFang",
    "Hiragino",
    "msyh",
    "YuGoth",
    "NanumGothic",
)
"""How the names of fonts begin that go well with DejaVu Sans and have many signs; the earlier, the better."""

PACKAGES = {
    "fonts-noto-cjk": ("HANGUL", "CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"),
    "fonts-noto-core": ("",),
}
"""Packages of Linux distributions, and how Unicode's names of the signs begin that are in them."""


class MissingFontWarning(StriateWarning):
    """A text is drawn as empty boxes, because no font has its signs."""


@dataclass(frozen=True)
class Run:
    """A part of a text, and the file of the font that has all its signs."""

    text: str
    file: str


def runs(text: str, *, bold: bool = False) -> list[Run]:
    """The text in parts, each with its font, in Unicode's composed form; warns, once for each script, where no font has a sign.

    Args:
        text: One line.
        bold: Whether a bold font is wanted; a plain one serves where no other has the signs.

    Example:
        >>> [Path(run.file).name for run in runs("cat")]
        ['DejaVuSans.ttf']
    """
    parts: list[Run] = []
    for sign in unicodedata.normalize("NFC", text):
        # Marks and joiners go with what they follow.
        follows = parts and (unicodedata.combining(sign) or unicodedata.category(sign) in ("Mn", "Me", "Cf"))
        file = parts[-1].file if follows else _file_for(sign, bold)
        if parts and parts[-1].file == file:
            parts[-1] = Run(parts[-1].text + sign, file)
        else:
            parts.append(Run(sign, file))
    return parts or [Run("", _own(bold))]


def families(texts: Iterable[str]) -> list[str]:
    """The names of the fonts that together have the signs of all texts, for matplotlib, which knows them from then on.

    Example:
        >>> families(["cat", "dog"])
        ['DejaVu Sans']
    """
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    files = dict.fromkeys(run.file for text in texts for bold in (False, True) for run in runs(text, bold=bold))
    names = ["DejaVu Sans"]
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for file in files:
        if file in (_own(True), _own(False)):
            continue
        if file not in known:
            font_manager.fontManager.addfont(file)
        names.append(FT2Font(file).family_name)
    return list(dict.fromkeys(names))


@contextlib.contextmanager
def plotted(texts: Iterable[str], settings: dict[str, Any] | None = None) -> Iterator[None]:
    """Within it matplotlib draws these texts, each sign in a font that has it.

    Args:
        texts: All that is drawn that may not be plain English.
        settings: Other settings of matplotlib's.
    """
    import matplotlib

    with (
        matplotlib.rc_context({"font.family": families(map(as_plain_text, texts)), **(settings or {})}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)  # it has been said
        yield


def as_plain_text(text: str) -> str:
    r"""The text as matplotlib takes it, without reading mathematics into it.

    Example:
        >>> as_plain_text("a$b$")
        'a\\$b\\$'
    """
    return printable(text, lines=True).replace("$", r"\$")


def installed_fonts() -> Sequence[str]:
    """The font files of the system, those first that go best with ours."""
    from matplotlib import font_manager

    def rank(file: str) -> tuple[Any, ...]:
        name = Path(file).name
        early = next((place for place, start in enumerate(FIRST_CHOICES) if name.startswith(start)), len(FIRST_CHOICES))
        odd = any(
            word in name
            for word in ("Serif", "Mono", "Italic", "Oblique", "Condensed", "Narrow", "Light", "Thin", "Black")
        )
        return early, odd, "Regular" not in name and "-" in name, name, file

    return sorted(font_manager.findSystemFonts(), key=rank)


def _own(bold: bool) -> str:
    import matplotlib

    return f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans{'-Bold' if bold else ''}.ttf"


@functools.cache
def _file_for(sign: str, bold: bool) -> str:
    own = _own(bold)
    if _has(own, sign) or sign.isspace():
        return own
    having = (file for file in _files() if _has(file, sign))
    chosen = next(having, None)
    if chosen is None:
        _warn(sign)
        return own
    if bold:
        start = Path(chosen).name.partition("-")[0]
        for file in _files():
            if Path(file).name.startswith((f"{start}-Bold", f"{start}bd", f"{start}Bold")) and _has(file, sign):
                return file
    return chosen


@functools.cache
def _files() -> tuple[str, ...]:
    return tuple(installed_fonts())


@functools.cache
def _font(file: str) -> Any:
    from matplotlib.ft2font import FT2Font

    try:
        return FT2Font(file)
    except (RuntimeError, OSError):  # not every font can be drawn: some are bitmaps, some are damaged
        return None


def _has(file: str, sign: str) -> bool:
    font = _font(file)
    return font is not None and font.get_char_index(ord(sign)) != 0


_warned: set[str] = set()


def _warn(sign: str) -> None:
    script = unicodedata.name(sign, "").partition(" ")[0].partition("-")[0]
    if script in _warned:
        return
    _warned.add(script)
    package = next(name for name, starts in PACKAGES.items() if script.startswith(starts))
    what = f"{script.capitalize()}, such as {sign!r}" if script else repr(sign)
    warnings.warn(
        f"no font here has the signs of {what}; they are drawn as empty boxes; install a font that has them, such as the "
        f"package {package}",
        MissingFontWarning,
        stacklevel=2,
    )
