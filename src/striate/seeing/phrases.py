"""Which phrases of many sentences each filter answers to most."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from striate.errors import DataError, ItemError, UsageError
from striate.report.seeing_contents import WIDE, Panel, Shown
from striate.report.word_contents import FilterPhrases, SeenPhrase
from striate.report.words_picture import draw_phrases
from striate.seeing.class_named import class_named
from striate.seeing.methods import Method
from striate.seeing.reading_network import ReadingNetwork
from striate.seeing.sentences import SentenceQuestion
from striate.text.sentences import PADDING, UNKNOWN, sentence_of
from striate.visualization import Phrase, TopPhrases, top_phrases
from striate.wording import plural, shorten

BATCH = 64
OF_CLASS, MOST_FILTERS = 3, 24
"""So many filters of each class are shown, and so many in all."""
LONGEST = 120


def phrase_panel(method: Method, question: SentenceQuestion) -> Panel:
    """The nine phrases with the largest answers, of a filter that is named, or of those that speak most for each class.

    Raises:
        UsageError: The network has no filters over words, or no such filter or class.
        DataError: There is no sentence.
    """
    reader, read, problems = question.reader, [], list[str]()
    target = class_named(reader.classes, question.target)

    def batches() -> Iterator[Tensor]:
        batch = []
        for item in question.sentences:
            try:
                text = sentence_of(item)
                batch.append(reader.encoding.encode(text))
            except ItemError as error:
                problems.append(str(error))
                continue
            read.append(shorten(text, LONGEST))
            if len(batch) == BATCH:
                yield torch.from_numpy(reader.encoding.ready(np.stack(batch)))
                batch = []
        if batch:
            yield torch.from_numpy(reader.encoding.ready(np.stack(batch)))
        if not read:
            raise DataError(f"there is no sentence in {question.name}{f', such as {problems[0]}' if problems else ''}")

    found = top_phrases(
        reader.network,
        batches(),
        progress=lambda count: question.watcher.task("sentences", count, len(question.sentences)),
    )
    chosen = _chosen(found, question.unit, target)
    filters = [_of_filter(found, reader, place, read) for place in chosen]
    warnings = [f"{plural(len(problems), 'sentence')} could not be read, such as {problems[0]}"] if problems else []
    return Panel(
        method=method.name,
        title="Strongest phrases of each filter",
        shows=(
            f"Of {plural(found.sentences, 'sentence')} of {question.name}, for each of {plural(len(filters), 'filter')} the "
            "phrases with its largest answers, the largest first, each phrase once. What they have in common is what the filter looks for."
        ),
        rows=[[Shown(draw_phrases(one.phrases), (one.title,), WIDE)] for one in filters],
        warnings=warnings,
        facts={"sentences": found.sentences},
        phrases=filters,
    )


def _chosen(found: TopPhrases, unit: int | None, target: int | None) -> list[int]:
    """The filters to show.

    Raises:
        UsageError: There is none of this number.
    """
    count = len(found.windows)
    if unit is not None:
        if not 0 <= unit < count:
            raise UsageError(f"the network has {count:,} filters, 0 to {count - 1}; got {unit}")
        return [unit]
    classes = range(len(found.weights)) if target is None else [target]
    each = OF_CLASS if target is None else 3 * OF_CLASS
    chosen = [place for number in classes for place in found.speaking_for(number, each)]
    return list(dict.fromkeys(chosen))[:MOST_FILTERS] or list(range(min(OF_CLASS, count)))


def _of_filter(found: TopPhrases, reader: ReadingNetwork, place: int, read: list[str]) -> FilterPhrases:
    weights = found.weights[:, place]
    best = int(weights.argmax())
    others = (float(weights.sum()) - float(weights[best])) / max(1, len(weights) - 1)
    return FilterPhrases(
        filter=place,
        window=found.windows[place],
        speaks_for=reader.classes[best],
        weight=float(weights[best]) - others,
        phrases=[_phrase(phrase, reader, read) for phrase in found.phrases[place]],
    )


def _phrase(phrase: Phrase, reader: ReadingNetwork, read: list[str]) -> SeenPhrase:
    words = (
        "" if one == PADDING else "(unknown)" if one == UNKNOWN else reader.encoding.words[one - 2]
        for one in phrase.ids
    )
    return SeenPhrase(tuple(words), phrase.activation, read[phrase.sentence], phrase.sentences)
