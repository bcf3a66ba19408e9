"""Whether the words that a method names explain the answer: tested before they are shown, and said where they are shown."""

from __future__ import annotations

import dataclasses

import torch

from striate.report.seeing_contents import Panel
from striate.seeing.checks import with_check
from striate.seeing.methods import Method
from striate.seeing.reading_network import Reading
from striate.visualization import check_word_explanation
from striate.visualization.word_checks import FEWEST


def checked_words(method: Method, reading: Reading, panel: Panel) -> Panel:
    """The panel with what testing its numbers found; of fewer words than a test needs, that it was not made."""
    numbers = [word.score for word in panel.words if word.score is not None]
    if len(numbers) < FEWEST:
        why = f"not made: ranks of {len(numbers)} words are alike by chance; it takes {FEWEST}"
        return dataclasses.replace(panel, checks=[("Test", why)])
    check = check_word_explanation(
        reading.reader.network,
        reading.ids,
        method.checked_as,
        target=reading.target,
        positions=reading.shown.seen,
        scores=torch.tensor(numbers, dtype=torch.float64),
        temperature=reading.reader.temperature,
        classifier=reading.reader.classifier,
    )
    return with_check(panel, check)
