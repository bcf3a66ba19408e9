"""The phrases that each filter of a network for sentences answers to most: the top patches of pictures, of words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.hooks import held_still, with_gradients
from striate.models.text_network import PADDING
from striate.models.textcnn import TextCNN
from striate.visualization.word_vectors import check_reader

COUNT = 9
SPARE = 8
"""So many times as many windows are kept, since many sentences have the same phrase."""


class Phrase(NamedTuple):
    """What a filter answered to in one sentence."""

    ids: tuple[int, ...]
    """Of the window's words; 0 where it hangs over the sentence's ends."""
    activation: float
    """After the rectifier, 0 and more."""
    sentence: int
    """Its number, the first of those with this phrase."""
    sentences: int
    """How many of the windows that were kept have this phrase."""


@dataclass(frozen=True, eq=False)
class TopPhrases:
    """Of each filter its strongest phrases."""

    windows: tuple[int, ...]
    """Words of each filter's window, in the order of the features."""
    phrases: tuple[tuple[Phrase, ...], ...]
    """Of each filter, the strongest first, no two with the same words; fewer where there are no more above 0."""
    sentences: int
    """How many were looked at."""
    weights: Tensor
    """(classes, filters) float: what one unit of a filter's answer adds to each class's logit."""

    def speaking_for(self, target: int, count: int) -> list[int]:
        """The filters that can raise a class most over the others, the most first; none that lowers it.

        That is their weight for it, less the mean of the others', times their strongest answer.
        """
        others = (self.weights.sum(0) - self.weights[target]) / max(1, len(self.weights) - 1)
        strongest = torch.tensor([own[0].activation if own else 0.0 for own in self.phrases])
        gain = (self.weights[target] - others).cpu() * strongest
        return [place for place in gain.argsort(descending=True, stable=True)[:count].tolist() if gain[place] > 0]


@with_gradients
def top_phrases(
    model: nn.Module,
    batches: Iterable[Tensor],
    *,
    count: int = COUNT,
    progress: Callable[[int], None] | None = None,
) -> TopPhrases:
    """Finds, for every filter at once, the windows of words with the largest answers; every sentence gives each filter one.

    Args:
        model: A convolutional network for sentences; it is left as it was.
        batches: Sentences, (N, L) int64 each.
        count: Phrases of each filter at most.
        progress: Called with how many sentences have been read.

    Raises:
        UsageError: The network has no filters over words, there are no sentences, or `count` is below 1.

    Example:
        >>> from striate.models import create_model
        >>> network = create_model("textcnn_rand", in_channels=9, seed=0)
        >>> found = top_phrases(network, [torch.tensor([[2, 3, 4, 5, 6], [2, 3, 4, 5, 7]])], count=2)
        >>> len(found.phrases), found.windows[0], len(found.phrases[0]), len(found.phrases[0][0].ids)
        (300, 3, 2, 3)

    Source: Zeiler and Fergus 2013, section 4: the nine strongest of many inputs for one map.
    """
    network = check_reader(model)
    if not isinstance(network, TextCNN):
        raise UsageError(
            f"{type(network).__name__} has no filters over words: each of its units reads the whole sentence"
        )
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise UsageError(f"count must be a whole number of at least 1, got {count!r}")
    sizes = [size for size in network.config.windows for _ in range(network.config.filters)]
    kept = _Kept(sizes, count * SPARE)
    with held_still(network), torch.no_grad():
        for ids in batches:
            kept.add(ids, *_strongest(network, ids))
            if progress is not None:
                progress(kept.read)
        if not kept.read:
            raise UsageError("there are no sentences to find phrases in")
        head = network.output.weight
        weights = head.detach().float() if isinstance(head, Tensor) else torch.zeros(0)
    return TopPhrases(
        tuple(sizes), tuple(kept.phrases(place, count) for place in range(len(sizes))), kept.read, weights
    )


def _strongest(network: TextCNN, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Of each sentence and filter the largest answer and where its window begins, in positions of the padded sentence: (N, filters)."""
    windows = network.windows
    padded = windows.pad(network.embedded(ids).transpose(1, 2))
    found = [
        rectify(convolution(padded)).max(2)
        for convolution, rectify in zip(windows.convolutions, windows.rectify, strict=True)
    ]
    return torch.cat([one.values for one in found], 1), torch.cat([one.indices for one in found], 1)


class _Kept:
    """The strongest windows so far, so many of each filter."""

    def __init__(self, sizes: list[int], most: int) -> None:
        self.sizes, self.most, self.read = sizes, most, 0
        self.values = torch.zeros(0, len(sizes))
        self.sentences = torch.zeros(0, len(sizes), dtype=torch.int64)
        self.ids = torch.zeros(0, len(sizes), max(sizes), dtype=torch.int64)

    def add(self, ids: Tensor, values: Tensor, starts: Tensor) -> None:
        beside, widest = max(self.sizes) - 1, max(self.sizes)
        padded = nn.functional.pad(ids.cpu(), (beside, beside + widest), value=PADDING)
        places = starts.cpu()[:, :, None] + torch.arange(widest)
        words = padded[torch.arange(len(ids))[:, None, None], places]
        numbers = torch.arange(self.read, self.read + len(ids))[:, None].expand(-1, len(self.sizes))
        every = torch.cat([self.values, values.float().cpu()])
        order = every.argsort(dim=0, descending=True, stable=True)[: self.most]
        self.values = every.gather(0, order)
        self.sentences = torch.cat([self.sentences, numbers]).gather(0, order)
        self.ids = torch.cat([self.ids, words]).gather(0, order[:, :, None].expand(-1, -1, widest))
        self.read += len(ids)

    def phrases(self, place: int, count: int) -> tuple[Phrase, ...]:
        """A filter's strongest, each phrase once."""
        found: dict[tuple[int, ...], Phrase] = {}
        for row in range(len(self.values)):
            value = float(self.values[row, place])
            if value <= 0:
                break
            words = tuple(self.ids[row, place, : self.sizes[place]].tolist())
            before = found.get(words)
            own = Phrase(words, value, int(self.sentences[row, place]), 1)
            found[words] = own if before is None else before._replace(sentences=before.sentences + 1)
        return tuple(found.values())[:count]
