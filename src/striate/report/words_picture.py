"""A sentence as a picture: each word on the colour of what it did, the number under it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from striate.printable_text import printable
from striate.report.contact_sheet import FAINT, INK, PAPER, Lettering, Picture
from striate.report.word_contents import ScoredWord, SeenPhrase, signed, strength
from striate.wording import shorten

WIDTH = 960
PAD, ROW, BETWEEN = 6, 46, 6
LONGEST = 40
"""Characters of a word as drawn."""
FOR, AGAINST = (78, 154, 216), (240, 150, 70)
"""Blue and orange, which the colour-blind tell apart; the number has the sign."""


def draw_words(words: Sequence[ScoredWord]) -> Picture:
    """(H, 960, 3) uint8, RGB: the words in their order, as many lines as it takes.

    Example:
        >>> draw_words([ScoredWord("good", 0.5), ScoredWord("film", -0.1)]).shape
        (58, 960, 3)
    """
    large, small = Lettering(16), Lettering(12)
    most = strength(words)
    places: list[tuple[float, int, float, str, str, ScoredWord]] = []
    x, y = float(BETWEEN), BETWEEN
    for word in words:
        text = shorten(printable(word.written), LONGEST)
        said = "" if word.score is None else signed(word.score)
        width = max(large.getlength(text), small.getlength(said)) + 2 * PAD
        if x + width > WIDTH and x > BETWEEN:
            x, y = float(BETWEEN), y + ROW + BETWEEN
        places.append((x, y, width, text, said, word))
        x += width + BETWEEN
    image = Image.new("RGB", (WIDTH, y + ROW + BETWEEN), PAPER)
    draw = ImageDraw.Draw(image)
    for left, top, width, text, said, word in places:
        if word.score is not None:
            draw.rectangle((left, top, left + width, top + ROW), fill=_colour(word.score / most))
        large.draw(draw, (left + PAD, top + 3), text, INK if word.score is not None else FAINT)
        small.draw(draw, (left + PAD, top + 26), said, INK)
        if not word.known and word.score is not None:
            draw.line((left + PAD, top + 24, left + width - PAD, top + 24), fill=INK)
    return np.asarray(image)


def draw_phrases(phrases: Sequence[SeenPhrase]) -> Picture:
    """(H, 960, 3) uint8, RGB: a line a phrase, what it got before it."""
    font, row = Lettering(15), 24
    image = Image.new("RGB", (WIDTH, BETWEEN * 2 + row * max(1, len(phrases))), PAPER)
    draw = ImageDraw.Draw(image)
    for place, phrase in enumerate(phrases):
        top = BETWEEN + place * row
        font.draw(draw, (BETWEEN, top), f"{phrase.activation:.3g}", FAINT)
        font.draw(draw, (90, top), shorten(printable(phrase_text(phrase)), 90), INK)
    return np.asarray(image)


def phrase_text(phrase: SeenPhrase) -> str:
    """The words of a phrase; where the window hangs over the sentence's ends, a dot each.

    Example:
        >>> phrase_text(SeenPhrase(("", "a", "film"), 1.0, "", 1))
        '· a film'
    """
    return " ".join(word or "·" for word in phrase.words)


def _colour(share: float) -> tuple[int, int, int]:
    """From white to blue for what speaks for the class, to orange for what speaks against it; `share` in [-1, 1]."""
    end = FOR if share > 0 else AGAINST
    red, green, blue = (round(255 + (channel - 255) * abs(share)) for channel in end)
    return red, green, blue
