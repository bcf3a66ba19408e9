"""A contact sheet: rows of pictures with what is said of each under it, as one picture."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from striate.errors import UsageError
from striate.fonts import runs
from striate.printable_text import printable

Picture = npt.NDArray[np.uint8]

SIDE = 200
"""Longest side of a picture as drawn, in pixels; small ones come as near to it as a whole factor allows."""
PIXELATED_UP_TO = 64
MARGIN, GAP, LINE = 24, 14, 17
INK, FAINT, NOTE, PAPER, FRAME = "#1b1b1f", "#62626b", "#9a4a00", "#ffffff", "#d9d9de"


@dataclass(frozen=True)
class Tile:
    """A picture and the lines under it."""

    picture: Picture
    """(H, W, C) uint8, C being 1 or 3 (RGB)."""
    lines: Sequence[str]
    """Any text: what cannot be shown is replaced, long lines are broken between words, long words at their `_`, `-`, `/` and `.`;
    what is longer still is cut in its middle."""


def draw_contact_sheet(
    title: str,
    rows: Sequence[Sequence[Tile]],
    *,
    columns: Sequence[str] = (),
    notes: Sequence[str] = (),
    side: int = SIDE,
) -> Picture:
    """Draws rows of pictures on white; each row is as high as its longest text.

    Args:
        title: The first line.
        rows: At least one row of at least one tile.
        columns: What stands above each column.
        notes: Warnings, a line or more each, under the title.
        side: Longest side of a picture as drawn, in pixels.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        UsageError: If there is nothing to draw.

    Example:
        >>> sheet = draw_contact_sheet("one", [[Tile(np.zeros((8, 8, 1), np.uint8), ["black"])]])
        >>> sheet.shape[2], sheet.dtype
        (3, dtype('uint8'))
    """
    across = max((len(row) for row in rows), default=0)
    if not across:
        raise UsageError("a contact sheet needs at least one picture")
    plain, bold, large = Lettering(12), Lettering(12, bold=True), Lettering(17, bold=True)
    width = 2 * MARGIN + across * side + (across - 1) * GAP
    headings = [(line, large, INK, 26) for line in _wrapped(title, large, width - 2 * MARGIN)]
    for note in notes:
        headings += [(line, plain, NOTE, LINE) for line in _wrapped(f"note: {note}", plain, width - 2 * MARGIN)]
    wrapped = [[[part for line in tile.lines for part in _wrapped(line, plain, side)] for tile in row] for row in rows]
    drawn = [[_scaled(tile.picture, side) for tile in row] for row in rows]
    tallest = [max(picture.height for picture in row) for row in drawn]
    heights = [
        high + 8 + LINE * max(len(lines) for lines in row) + GAP for high, row in zip(tallest, wrapped, strict=True)
    ]
    top = MARGIN + sum(height for *_, height in headings) + 8
    above = LINE + 6 if columns else 0
    sheet = Image.new("RGB", (width, top + above + sum(heights) + MARGIN - GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    y = MARGIN
    for line, font, colour, height in headings:
        font.draw(draw, (MARGIN, y), line, colour)
        y += height
    for place, text in enumerate(columns):
        bold.draw(draw, (MARGIN + place * (side + GAP), top), _shortened(text, bold, side), FAINT)
    y = top + above
    for pictures, texts, high, height in zip(drawn, wrapped, tallest, heights, strict=True):
        for place, (picture, lines) in enumerate(zip(pictures, texts, strict=True)):
            x = MARGIN + place * (side + GAP)
            sheet.paste(picture, (x, y))
            draw.rectangle((x - 1, y - 1, x + picture.width, y + picture.height), outline=FRAME)
            for number, line in enumerate(lines):
                plain.draw(draw, (x, y + high + 6 + number * LINE), line, INK)
        y += height
    return np.asarray(sheet)


def _scaled(picture: Picture, side: int) -> Image.Image:
    """The picture at its size on the sheet; small ones keep each pixel as a square."""
    image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).convert("RGB")
    longest = max(image.size)
    factor = max(1, side // longest) if longest <= PIXELATED_UP_TO else side / longest
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    if size == image.size:
        return image
    kind = Image.Resampling.NEAREST if longest <= PIXELATED_UP_TO else Image.Resampling.LANCZOS
    return image.resize(size, kind)


@dataclass(frozen=True)
class Lettering:
    """How text is drawn: each sign in a font that has it."""

    size: int
    """Pixels."""
    bold: bool = False

    def getlength(self, text: str) -> float:
        """Pixels that a line takes."""
        return float(sum(_font(run.file, self.size).getlength(run.text) for run in runs(text, bold=self.bold)))

    def draw(self, draw: ImageDraw.ImageDraw, corner: tuple[float, float], text: str, colour: str) -> None:
        """Draws a line; its upper left corner is where one in the first font would have it."""
        x, y = corner
        parts = runs(text, bold=self.bold)
        baseline = y + _font(_latin(self.bold), self.size).getmetrics()[0]
        for run in parts:
            font = _font(run.file, self.size)
            draw.text((x, baseline), run.text, font=font, fill=colour, anchor="ls")
            x += font.getlength(run.text)


@functools.cache
def _font(file: str, size: int) -> Any:
    return ImageFont.truetype(file, size)


def _latin(bold: bool) -> str:
    return runs("x", bold=bold)[0].file


def _clean(text: str) -> str:
    return " ".join(printable(text, lines=True).split())


def _wrapped(text: str, font: Lettering, width: float) -> list[str]:
    """The text in lines of at most `width` pixels, broken between words; a longer word after its `_`, `-`, `/` or `.`."""
    lines: list[str] = []
    for word in _clean(text).split(" "):
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
            continue
        lines.append("")
        for part in re.findall(r"[^_/.-]*[_/.-]|[^_/.-]+$", word) or [word]:
            if lines[-1] and font.getlength(lines[-1] + part) > width:
                lines.append("")
            lines[-1] += _shortened(part, font, width)
    return lines


def _shortened(text: str, font: Lettering, width: float) -> str:
    """The text, its middle cut out where it is wider than `width` pixels."""
    text = _clean(text)
    if font.getlength(text) <= width:
        return text
    text = text[:1000]
    keep = len(text) - 1
    while keep > 1 and font.getlength(f"{text[: keep - keep // 2]}…{text[len(text) - keep // 2 :]}") > width:
        keep -= 1
    return f"{text[: keep - keep // 2]}…{text[len(text) - keep // 2 :]}"
