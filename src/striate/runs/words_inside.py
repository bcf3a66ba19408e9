"""What a run's report shows of the inside of a network for sentences: which words spoke for its surest mistakes."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from striate.models.text_network import TextNetwork
from striate.report import Mistake, SeeingInside
from striate.report.contents import SpokenWords
from striate.report.word_contents import scored_words
from striate.runs.inside import LOOKED_AT, SECONDS
from striate.text import SentenceEncoding
from striate.text.shown_sentence import shown_sentence
from striate.visualization import word_integrated_gradients
from striate.wording import plural


def see_words(
    network: TextNetwork, encoding: SentenceEncoding, classes: Sequence[str], mistakes: Sequence[Mistake]
) -> SeeingInside | None:
    """What each word of the surest mistakes added to the wrong answer over the true one, by integrated gradients.

    Args:
        network: The trained network, on the processor; left as it was.
        encoding: How sentences become its input.
        classes: Those that the logits are of, in their order.
        mistakes: With their sentences, the surest first.

    Returns:
        None where there is nothing to show or to say.
    """
    until = time.monotonic() + SECONDS
    looked_at = [one for one in mistakes[:LOOKED_AT] if isinstance(one.picture, str)]
    if not {name for one in looked_at for name in (one.predicted, one.true)} <= set(classes):
        why = "not every answer has a logit of its own; `striate visualize` asks for one"
        return SeeingInside(notes=[f"The words of mistakes are left out: {why}."])
    spoken: list[SpokenWords] = []
    notes: list[str] = []
    for mistake in looked_at:
        if spoken and time.monotonic() > until:
            notes.append(
                f"For the sake of time, only {plural(len(spoken), 'mistake')} are looked into; `striate visualize` looks into any "
                "sentence."
            )
            break
        text = str(mistake.picture)
        shown = shown_sentence(encoding, text)
        ids = torch.from_numpy(encoding.ready(encoding.encode(text)[None]))
        answer, truth = (
            word_integrated_gradients(network, ids, target=classes.index(name), positions=shown.seen)
            for name in (mistake.predicted, mistake.true)
        )
        spoken.append(SpokenWords(mistake, scored_words(shown, (answer - truth).tolist())))
    return SeeingInside(words=spoken, notes=notes) if spoken else None
