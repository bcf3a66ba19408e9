"""The part of a training report that shows the inside of the network, ready for the template."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.report.contents import SeeingInside
from striate.report.thumbnails import Thumbnail, thumbnail
from striate.report.words_page import WordMark, word_marks
from striate.wording import plural, probability

FILTERS = 96
"""So many filters go on the page."""
FILTER_SIDE, HEAT_SIDE = 48, 112  # CSS pixels


@dataclass(frozen=True)
class SpokenCard:
    """A mistake's picture, and what in it spoke for the answer and for what it is."""

    picture: Thumbnail
    for_predicted: Thumbnail
    for_true: Thumbnail
    key: str
    true: str
    predicted: str
    probability: str


@dataclass(frozen=True)
class WordsCard:
    """A mistake's sentence, its words on what they did."""

    words: tuple[WordMark, ...]
    key: str
    true: str
    predicted: str
    probability: str


@dataclass(frozen=True)
class SeeingPart:
    """The first filters, and where the surest mistakes come from."""

    filters: tuple[Thumbnail, ...]
    filters_note: str
    cards: tuple[SpokenCard, ...]
    words: tuple[WordsCard, ...]
    heat_of: str
    notes: tuple[str, ...]


def seeing_part(seeing: SeeingInside) -> SeeingPart:
    """What the page shows of it: the first so many filters, and every mistake that was looked into."""
    shown = seeing.filters[:FILTERS]
    first = seeing.filters[0].shape if shown else ()
    note = ""
    if shown:
        every = plural(len(seeing.filters), "filter")
        many = f"The {every}" if len(shown) == len(seeing.filters) else f"The first {len(shown)} of the {every}"
        colours = "in colour" if first[-1] == 3 else "in grey"
        note = f"{many} of {seeing.filters_of}, {first[0]} x {first[1]} weights each, {colours}: mid-grey is a weight of 0."
    cards = tuple(
        SpokenCard(
            picture=thumbnail(np.asarray(mistake.picture), side=HEAT_SIDE),
            for_predicted=thumbnail(for_predicted, side=HEAT_SIDE),
            for_true=thumbnail(for_true, side=HEAT_SIDE),
            key=mistake.key,
            true=mistake.true,
            predicted=mistake.predicted,
            probability=probability(mistake.probability),
        )
        for mistake, for_predicted, for_true in seeing.spoken
    )
    words = tuple(
        WordsCard(word_marks(scored), one.key, one.true, one.predicted, probability(one.probability))
        for one, scored in seeing.words
    )
    filters = tuple(thumbnail(one, side=FILTER_SIDE) for one in shown)
    return SeeingPart(filters, note, cards, words, seeing.heat_of, tuple(seeing.notes))
