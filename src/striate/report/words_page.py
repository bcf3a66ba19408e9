"""The page of what is seen of sentences: words on what they did, phrases that filters answer to; one HTML file without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from striate import wording
from striate.report.environment import environment
from striate.report.seeing_contents import Panel, SeeingReport, SentenceSeen
from striate.report.word_contents import FilterPhrases, ScoredWord, signed, strength
from striate.report.words_picture import phrase_text

TEMPLATE = "words.html.j2"
LONGEST_HEADING = 60
MOST_WORDS = 1000
"""Of a text on the page; the rest is cut, which is said."""


@dataclass(frozen=True)
class WordMark:
    """A word as the page shows it."""

    text: str
    number: str
    kind: str
    """`for`, `against`, `none` (it has no number) or `zero`."""
    share: float
    """Of the strongest word, in 0..1: how full its colour is."""
    known: bool


@dataclass(frozen=True)
class WordCard:
    """A panel as the page shows it."""

    panel: Panel
    words: tuple[WordMark, ...]
    more: int
    """Words that are left out."""


@dataclass(frozen=True)
class SentencePart:
    """A sentence with its cards."""

    anchor: str
    heading: str
    sentence: SentenceSeen
    bars: tuple[tuple[str, float, str], ...]
    cards: tuple[WordCard, ...]


@dataclass(frozen=True)
class PhraseRow:
    """A phrase as the page shows it."""

    text: str
    activation: str
    sentence: str
    sentences: int


@dataclass(frozen=True)
class FilterCard:
    """A filter with its phrases."""

    found: FilterPhrases
    weight: str
    rows: tuple[PhraseRow, ...]


def render_words(report: SeeingReport) -> str:
    """What was seen of sentences as one self-contained HTML page; everything in it is escaped.

    Args:
        report: What was seen.

    Example:
        >>> seen = SentenceSeen("a <b>", [("pos", 0.9)], "pos", [Panel("occlusion", "Occlusion", "", [], words=[ScoredWord("<b>", 0.5)])])
        >>> page = render_words(SeeingReport("net", "", None, (), "", (), (), (), sentences=[seen], kind="text"))
        >>> "<b>" in page.split("<main>")[1].replace("<b><bdi>", ""), "&lt;b&gt;" in page
        (False, True)
    """
    sentences = tuple(_sentence(place, one) for place, one in enumerate(report.sentences, start=1))
    filters = tuple(_filter(found) for panel in report.units for found in panel.phrases)
    return (
        environment()
        .get_template(TEMPLATE)
        .render(
            report=report,
            sentences=sentences,
            filters=filters,
            phrases=report.units[0] if report.units else None,
            seconds=wording.duration(report.seconds),
        )
        + "\n"
    )


def word_marks(words: Sequence[ScoredWord]) -> tuple[WordMark, ...]:
    """The words with how full their colours are."""
    most = strength(words)
    return tuple(_mark(word, most) for word in words[:MOST_WORDS])


def _mark(word: ScoredWord, most: float) -> WordMark:
    if word.score is None:
        return WordMark(word.written, "", "none", 0.0, word.known)
    kind = "for" if word.score > 0 else "against" if word.score < 0 else "zero"
    return WordMark(word.written, signed(word.score), kind, abs(word.score) / most, word.known)


def _sentence(place: int, seen: SentenceSeen) -> SentencePart:
    return SentencePart(
        anchor=f"sentence-{place}",
        heading=wording.shorten(" ".join(seen.text.split()), LONGEST_HEADING),
        sentence=seen,
        bars=tuple((name, share, wording.probability(share)) for name, share in seen.predictions),
        cards=tuple(
            WordCard(panel, word_marks(panel.words), max(0, len(panel.words) - MOST_WORDS)) for panel in seen.panels
        ),
    )


def _filter(found: FilterPhrases) -> FilterCard:
    rows = tuple(
        PhraseRow(phrase_text(phrase), f"{phrase.activation:.3g}", phrase.sentence, phrase.sentences)
        for phrase in found.phrases
    )
    return FilterCard(found, signed(found.weight), rows)
