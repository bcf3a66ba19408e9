"""Sentences as what a network reads: which positions make up a word, and what the network answers when vectors are changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.models.text_network import PADDING, TextNetwork

Positions: TypeAlias = Sequence[Sequence[int]]
"""Of each word as it is written, the positions of its ids: none of a word that the network does not see."""


def check_reader(model: nn.Module) -> TextNetwork:
    """The network, if it reads sentences.

    Raises:
        UsageError: It does not.
    """
    if not isinstance(model, TextNetwork):
        raise UsageError(
            f"words are asked about of networks for sentences, such as textcnn_rand; got {type(model).__name__}"
        )
    return model


def one_sentence(model: TextNetwork, ids: Tensor) -> Tensor:
    """(1, L) int64 on the network's device.

    Raises:
        UsageError: It is no single sentence of ids that the network has.
    """
    if not isinstance(ids, Tensor) or ids.dtype != torch.int64 or ids.ndim != 2 or len(ids) != 1:
        got = f"{ids.dtype} of shape {tuple(ids.shape)}" if isinstance(ids, Tensor) else type(ids).__name__
        raise UsageError(f"a sentence is an int64 tensor of ids, (1, words); got {got}")
    if int(ids.min()) < 0 or int(ids.max()) >= model.in_channels:
        raise UsageError(f"ids lie in 0..{model.in_channels - 1}, got {int(ids.min())} to {int(ids.max())}")
    return ids.to(next(model.parameters()).device)


def checked_positions(ids: Tensor, positions: Positions | None) -> Positions:
    """Those that were given, or of each id that is not padding its own.

    Raises:
        UsageError: There is no such position.
    """
    if positions is None:
        return [[place] for place in range(ids.shape[1]) if int(ids[0, place]) != PADDING]
    odd = next((place for word in positions for place in word if not 0 <= place < ids.shape[1]), None)
    if odd is not None:
        raise UsageError(f"the sentence has the positions 0 to {ids.shape[1] - 1}; got {odd}")
    return positions


def answer_to_vectors(model: TextNetwork, vectors: Tensor, ids: Tensor) -> Tensor:
    """(N, classes): the logits for words' vectors (N, L, width); `ids` (N, L) say where a sentence ends."""
    return model.forward_head(model.forward_embedded(vectors, ids))


def kept(vectors: Tensor, ids: Tensor, hidden: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """The sentence once for each entry of `hidden`, the vectors at its positions zero, as what fills a sentence up has them.

    Returns:
        (len(hidden), L, width) and the ids beside them, which stay as they are: what is hidden keeps its place.
    """
    copies = vectors.repeat(len(hidden), 1, 1)
    for row, places in enumerate(hidden):
        copies[row, list(places)] = 0
    return copies, ids.expand(len(hidden), -1)
