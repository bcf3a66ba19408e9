"""What every network of the catalogue answers that reads sentences."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, fx, nn

from striate.errors import UsageError
from striate.models.config import NetworkConfig
from striate.models.network import Network
from striate.nn.arguments import whole_number
from striate.nn.fixed_embedding import FixedEmbedding

PADDING = 0
"""The id of what fills a sentence up; its vector is zero and stays so."""

DRAWN = 0.25
"""Vectors of words are drawn uniformly within this much of 0, as Kim's program has it."""


class TextNetwork(Network):
    """A classifier of sentences, in two steps: a vector, then logits.

        vector = network.features(ids)               (N, feature_width) what the head sees
        logits = network(ids)                        (N, num_classes)

    `in_channels` is the number of words that there are ids for; `forward_features` answers the vector itself, since a sentence's
    places are gone before the head. `embedded` and `forward_embedded` are its two halves, for what looks at words.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many ids there are: 0 fills up, 1 stands for every unknown word.
        feature_width: The length of a sentence's vector.
        stages: As a `Network` has them.
        shortest: The fewest words that a sentence must be filled up to.

    Raises:
        UsageError: A number is not a whole number of at least 1.
    """

    kind: ClassVar[str] = "text"

    def __init__(
        self,
        config: NetworkConfig,
        *,
        num_classes: int,
        in_channels: int,
        feature_width: int,
        stages: tuple[str, ...],
        shortest: int = 1,
    ) -> None:
        super().__init__(
            config, num_classes=num_classes, in_channels=in_channels, feature_width=feature_width, stages=stages
        )
        self.shortest = shortest

    @property
    def word_tables(self) -> tuple[nn.Embedding | FixedEmbedding, ...]:
        """Its tables of words' vectors, (in_channels, width) each."""
        return tuple(module for module in self.modules() if isinstance(module, nn.Embedding | FixedEmbedding))

    @abstractmethod
    def embedded(self, ids: Tensor) -> Tensor:
        """(N, L, width): the sum of the words' vectors in all tables. Begins with `check_words`.

        Args:
            ids: (N, L) int64.
        """

    @abstractmethod
    def forward_embedded(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """(N, feature_width): what the head sees.

        Args:
            vectors: (N, L, width), from `embedded`.
            ids: (N, L), which say where a sentence ends.
        """

    def forward_features(self, images: Tensor) -> Tensor:
        """(N, feature_width): what the head sees; `images` are ids, (N, L) int64."""
        return self.forward_embedded(self.embedded(images), images)

    def features(self, ids: Tensor) -> Tensor:
        """(N, L) int64 -> (N, feature_width)."""
        return self.forward_features(ids)

    @torch.no_grad()
    def set_vectors(self, rows: Tensor, vectors: Tensor) -> None:
        """Puts vectors that were learnt elsewhere into every table.

        Args:
            rows: (k,) int64: the words' ids.
            vectors: (k, width) float.
        """
        for table in self.word_tables:
            table.weight[rows] = vectors.to(table.weight)

    def check_words(self, ids: Tensor) -> None:
        """Refuse a batch that the network cannot take.

        Raises:
            UsageError: It is no int64 tensor (N, L) of at least as many words as the network needs.
        """
        if not torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
            _check_words(ids, type(self).__name__, self.shortest)


@torch.no_grad()
def draw_vectors(table: nn.Embedding | FixedEmbedding) -> None:
    """Uniform within `DRAWN`, but for the padding's vector, which is zero."""
    table.weight.uniform_(-DRAWN, DRAWN)
    table.weight[PADDING] = 0


def word_table(in_channels: int, width: int) -> nn.Embedding:
    """A table that learns, newly drawn; padding's vector stays zero."""
    table = nn.Embedding(whole_number("a table of words", "in_channels", in_channels), width, padding_idx=PADDING)
    draw_vectors(table)
    return table


def fixed_word_table(in_channels: int, width: int) -> FixedEmbedding:
    """A table that does not learn, newly drawn."""
    table = FixedEmbedding(in_channels, width)
    draw_vectors(table)
    return table


@fx.wrap  # as `network._check_images`
def _check_words(ids: Tensor, network: str, shortest: int) -> None:
    expected = f"{network} takes an int64 tensor of shape (N, words)"
    if ids.ndim != 2 or ids.dtype != torch.int64:
        raise UsageError(f"{expected}, got {ids.dtype} of shape {tuple(ids.shape)}")
    if ids.shape[1] < shortest:
        raise UsageError(
            f"{expected} with at least {shortest} words, got {ids.shape[1]}; fill sentences up with id {PADDING}"
        )
