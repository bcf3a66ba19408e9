"""Which words spoke: what each of a sentence did for the class that is asked about."""

from __future__ import annotations

from torch import Tensor

from striate.report.seeing_contents import WIDE, Panel, Shown
from striate.report.word_contents import scored_words
from striate.report.words_picture import draw_words
from striate.seeing.methods import Method
from striate.seeing.reading_network import Reading
from striate.visualization import word_integrated_gradients, word_occlusion
from striate.wording import probability


def occlusion_panel(method: Method, reading: Reading) -> Panel:
    """What the answer does when a word is hidden."""
    found = word_occlusion(
        reading.reader.network,
        reading.ids,
        target=reading.target,
        positions=reading.shown.seen,
        temperature=reading.reader.temperature,
        classifier=reading.reader.classifier,
    )
    return _panel(
        method,
        reading,
        found.drop(),
        f"Each word is hidden in its turn, and its number is what the probability of {reading.target_name} loses: of "
        f"{probability(reading.probabilities[reading.target])} with every word. This asks the network again and needs no gradient; "
        "but what one word says alone may be said by another too.",
        {"occlusion": found.to_dict()},
    )


def integrated_gradients_panel(method: Method, reading: Reading) -> Panel:
    """What each word adds on the way from an empty sentence."""
    shares = word_integrated_gradients(
        reading.reader.network, reading.ids, target=reading.target, positions=reading.shown.seen
    )
    return _panel(
        method,
        reading,
        shares,
        f"What each word added to the answer for {reading.target_name}, in logits, on the way from an empty sentence to this one; all "
        "words together add up to the difference between the two answers.",
        {"sum": float(shares.double().sum())},
    )


def _panel(method: Method, reading: Reading, scores: Tensor, shows: str, facts: dict[str, object]) -> Panel:
    words = scored_words(reading.shown, scores.double().tolist())
    return Panel(
        method=method.name,
        title=method.title,
        shows=shows,
        rows=[[Shown(draw_words(words), (f"for {reading.target_name}",), WIDE)]],
        facts={"class": reading.target_name, **facts},
        words=words,
    )
