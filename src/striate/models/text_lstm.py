"""A recurrent network for sentences, to stand beside the convolutional one: the bidirectional LSTM of Graves and Schmidhuber 2005.

    words      each word's vector of 300 numbers, as `textcnn_rand` has them
    recurrent  an LSTM from left to right and one from right to left, 150 units each
    pooling    the greatest answer of each unit over the sentence, so 300 numbers, as many as `textcnn_rand` has
    output     dropout of one half, dense layer

Differs from the paper: it labels frames of speech, each by itself; here a sentence has one answer, so that the greatest of each
unit's answers is taken over its words, as Kim does with filters (what fills a sentence up is left out of that). The LSTM is
torch's, which has no peepholes, drawn as torch draws it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from striate.models.config import Benchmark, NetworkConfig, Paper
from striate.models.text_network import PADDING, TextNetwork, word_table
from striate.models.textcnn import MOVIE_REVIEWS

PAPER = Paper(
    "Graves and Schmidhuber",
    2005,
    "Framewise Phoneme Classification with Bidirectional LSTM and Other Neural Network Architectures",
    "Neural Networks 18",
)


@dataclass(frozen=True, kw_only=True)
class TextLSTMConfig(NetworkConfig):
    """A row of the family."""

    width: int = 300  # numbers of a word's vector
    units: int = 150  # of each direction
    dropout: float = 0.5
    paper: Paper = PAPER
    benchmark: Benchmark = MOVIE_REVIEWS
    kind: str = "text"


VARIANTS = {"text_lstm": TextLSTMConfig()}


class TextLSTM(TextNetwork):
    """A bidirectional LSTM over words.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many ids there are.

    Shape:
        (N, L) int64 -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> TextLSTM(VARIANTS["text_lstm"], num_classes=2, in_channels=50)(torch.ones(3, 7, dtype=torch.int64)).shape
        torch.Size([3, 2])
    """

    config: TextLSTMConfig
    head_name = "output"

    def __init__(self, config: TextLSTMConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=2 * config.units,
            stages=("words", "backwards"),
        )
        self.words = word_table(self.in_channels, config.width)
        self.forwards = nn.LSTM(config.width, config.units, batch_first=True)
        self.backwards = nn.LSTM(config.width, config.units, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.output = self.build_head(self.num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes, drawn as torch draws it."""
        return nn.Linear(self.feature_width, num_classes)

    def embedded(self, ids: Tensor) -> Tensor:
        """(N, L, 300): the words' vectors."""
        self.check_words(ids)
        vectors: Tensor = self.words(ids)
        return vectors

    def forward_embedded(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """(N, 300): the greatest answer of each unit to the words of the sentence; they lie in -1..1."""
        words = torch.arange(ids.shape[1], device=ids.device)
        length = (ids != PADDING).sum(1, keepdim=True)
        # The sentence turned round, and what fills it up still behind it, where it changes no answer to a word.
        turned = torch.where(words < length, length - 1 - words, words).unsqueeze(2).expand(-1, -1, vectors.shape[2])
        answers = torch.cat([self.forwards(vectors)[0], self.backwards(vectors.gather(1, turned))[0]], 2)
        # Of what fills up the least answer there can be.
        return answers.masked_fill((ids == PADDING).unsqueeze(2), -1.0).amax(1)

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """The dense layer, after dropout."""
        if vector_only:
            return maps
        logits: Tensor = self.output(self.dropout(maps))
        return logits
