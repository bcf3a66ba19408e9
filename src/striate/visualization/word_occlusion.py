"""Occlusion of words: what the network makes of a sentence when it does not see one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from striate.hooks import held_still, with_gradients
from striate.models.text_network import TextNetwork
from striate.visualization.targets import Classifier, as_probabilities, find_targets
from striate.visualization.word_vectors import (
    Positions,
    answer_to_vectors,
    check_reader,
    checked_positions,
    kept,
    one_sentence,
)

AT_ONCE = 64
"""So many copies of a sentence go through the network together."""


@dataclass(frozen=True, eq=False)
class WordOcclusion:
    """The answer behind each word."""

    probability: Tensor
    """(words,) float in [0, 1]: of the target, that word hidden."""
    labels: Tensor
    """(words,) int64: the most probable class, that word hidden."""
    target: int
    """The class that is asked about."""
    unhidden_probability: float
    """Of the target, with every word."""
    unhidden_label: int

    def drop(self) -> Tensor:
        """(words,) float in [-1, 1]: what the probability loses; above 0 the word speaks for the target, below against it."""
        return self.unhidden_probability - self.probability

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return {
            "target": self.target,
            "probability": self.probability.tolist(),
            "labels": self.labels.tolist(),
            "unhidden": {"probability": self.unhidden_probability, "label": self.unhidden_label},
        }


@with_gradients
def word_occlusion(
    model: nn.Module,
    ids: Tensor,
    *,
    target: int | None = None,
    positions: Positions | None = None,
    temperature: float = 1.0,
    classifier: Classifier = "softmax",
) -> WordOcclusion:
    """Hides each word of a sentence in its turn and asks again; the network runs once a word.

    A word is hidden by a vector of zeros, as what fills a sentence up has it: the other words keep their places. (Without it they
    would move together, and windows would see neighbours that nobody wrote.)

    Args:
        model: A network for sentences; mode, weights, gradients and hooks are left as they were.
        ids: (1, L) int64.
        target: A class; None: the one that the network answers.
        positions: Of each word those of its ids, which are hidden together; None: each id is a word.
        temperature: What logits are divided by for a probability, such as a bundle's.
        classifier: How logits become probabilities.

    Raises:
        UsageError: The network reads no sentences, or there is no such class, id or position.

    Example:
        >>> from striate.models import create_model
        >>> network = create_model("textcnn_rand", in_channels=9, seed=0)
        >>> word_occlusion(network, torch.tensor([[2, 3, 4, 0, 0]])).drop().tolist()  # new, it answers the same to everything
        [0.0, 0.0, 0.0]

    Source: Zeiler and Fergus 2013, section 4.2, with words in the place of patches; Li, Monroe, Jurafsky 2016, Understanding
    Neural Networks through Representation Erasure, section 3.
    """
    network = check_reader(model)
    ids = one_sentence(network, ids)
    words = checked_positions(ids, positions)
    with held_still(network), torch.no_grad():
        wanted = int(find_targets(network, ids, target)[0])
        odds = probabilities_behind(network, ids, [(), *words], temperature, classifier)
    return WordOcclusion(
        probability=odds[1:, wanted],
        labels=odds[1:].argmax(1),
        target=wanted,
        unhidden_probability=float(odds[0, wanted]),
        unhidden_label=int(odds[0].argmax()),
    )


def probabilities_behind(
    network: TextNetwork, ids: Tensor, hidden: Sequence[Sequence[int]], temperature: float, classifier: Classifier
) -> Tensor:
    """(len(hidden), classes) float in [0, 1]: the answers to the sentence with these positions hidden, of a network held still."""
    vectors = network.embedded(ids)
    answers = [
        answer_to_vectors(network, *kept(vectors, ids, hidden[at : at + AT_ONCE]))
        for at in range(0, len(hidden), AT_ONCE)
    ]
    return as_probabilities(torch.cat(answers), temperature, classifier)
