"""Words and what they did, for a terminal: numbers and bars, which need no colour."""

from __future__ import annotations

from collections.abc import Sequence

from striate.printable_text import printable
from striate.report.seeing_contents import Panel, SeeingReport, SentenceSeen, answered
from striate.report.word_contents import FilterPhrases, ScoredWord, signed, strength
from striate.report.words_picture import phrase_text
from striate.text_layout import table, wrapped
from striate.wording import probability, shorten

MOST_WORDS = 40
"""So many words of a sentence are listed: of more, those that weigh most."""
LONGEST = 24
BAR, NARROW_BAR, WIDE = 12, 6, 80
"""Signs of the longest bar, on screens narrower than so many columns of the shorter."""


def report_lines(report: SeeingReport, *, width: int | None = None) -> list[str]:
    """All that was seen of sentences, and what of it failed its test."""
    lines: list[str] = []
    for sentence in report.sentences:
        lines += [*([""] if lines else []), *sentence_lines(sentence, width=width)]
        said = dict.fromkeys([*sentence.notes, *(warning for panel in sentence.panels for warning in panel.warnings)])
        for warning in said:
            lines += wrapped(f"note: {printable(warning)}", width)
    for panel in report.units:
        lines += [*wrapped(printable(f"{panel.title}: {panel.shows}"), width), "", *phrase_lines(panel, width=width)]
        for warning in panel.warnings:
            lines += wrapped(f"note: {printable(warning)}", width)
    return lines


def sentence_lines(sentence: SentenceSeen, *, width: int | None = None) -> list[str]:
    """What was answered, and a line a word with a number and a bar of each method."""
    lines = wrapped(printable(sentence.text), width)
    if sentence.predictions:
        told = answered(sentence.predictions, sentence.named)
        said = ", ".join(f"{printable(name)}  {probability(share, space='')}" for name, share in told)
        asked = (
            f"; asked about: {printable(sentence.target)}" if sentence.target not in [name for name, _ in told] else ""
        )
        lines += wrapped(f"answered: {said or 'no label'}{asked}", width)
    scored = [panel for panel in sentence.panels if panel.words]
    if not scored:
        return lines
    first = scored[0].words
    chosen = _chosen(scored, len(first))
    bar = NARROW_BAR if width is not None and width < WIDE else BAR
    heads = ["word", *(panel.title.lower() for panel in scored)]
    rows = [
        [_named(first[place]), *(_cell(panel.words[place], strength(panel.words), bar) for panel in scored)]
        for place in chosen
    ]
    lines += ["", *table(heads, rows, left=heads, width=width), ""]
    lines += wrapped(
        f"+ speaks for {printable(sentence.target)}, - against it; the longest bar of a column is its largest", width
    )
    if any(not word.known for word in first):
        lines += wrapped("* not in the vocabulary", width)
    if len(chosen) < len(first):
        lines += wrapped(f"the {len(chosen)} of {len(first)} words that weigh most", width)
    return lines


def phrase_lines(panel: Panel, *, width: int | None = None) -> list[str]:
    """A filter's phrases under its name, one filter after the other."""
    lines: list[str] = []
    for found in panel.phrases:
        lines += wrapped(printable(found.title), width)
        lines += _phrases(found, width)
    return lines


def _phrases(found: FilterPhrases, width: int | None) -> list[str]:
    if not found.phrases:
        return ["  answers 0 to every phrase"]
    lines = []
    for phrase in found.phrases:
        more = f" (in {phrase.sentences})" if phrase.sentences > 1 else ""
        lines += wrapped(f"  {phrase.activation:<5.3g}  {printable(phrase_text(phrase))}{more}", width)
    return lines


def _chosen(panels: Sequence[Panel], count: int) -> Sequence[int]:
    """All places of words, or those of the words that weigh most by any method, in their order."""
    if count <= MOST_WORDS:
        return range(count)

    def weight(place: int) -> float:
        return max(abs(panel.words[place].score or 0.0) / strength(panel.words) for panel in panels)

    return sorted(sorted(range(count), key=weight, reverse=True)[:MOST_WORDS])


def _named(word: ScoredWord) -> str:
    return shorten(printable(word.written), LONGEST) + ("" if word.known else "*")


def _cell(word: ScoredWord, most: float, bar: int) -> str:
    if word.score is None:
        return "not seen"
    count = round(abs(word.score) / most * bar)
    return f"{signed(word.score):>7} {('+' if word.score > 0 else '-') * count}".rstrip()
