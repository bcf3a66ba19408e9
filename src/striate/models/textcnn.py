"""The convolutional network for sentences: Kim 2014, Figure 1, section 2, and the rows of its Table 2.

    words         each word's vector of 300 numbers
    convolutions  over 3, 4 and 5 words at a time, 100 filters each, ReLU
    pooling       the greatest answer of each filter over the sentence, so 300 numbers
    output        dropout of one half, dense layer

| row | words' vectors | MR, paper |
|---|---|---|
| `textcnn_rand` | drawn, learn | 76.1 |
| `textcnn_static` | given, fixed | 81.0 |
| `textcnn_nonstatic` | given, learn on | 81.5 |
| `textcnn_multichannel` | both | 81.1 |

Where vectors are given (`--vectors`), words that the file has not are drawn as all are without one: uniformly within 0.25 of 0. As
in the author's program a sentence has four zero vectors before it and behind it, filters are drawn within 0.01 of 0, and the dense
layer begins at 0.

Differs from the paper: dropout divides by what it keeps in training, where the paper multiplies the weights with it afterwards. The
function is the same with weights of half the length; so each class's weights are held to a length of 3/2, which is the paper's 3.
Both channels of `textcnn_multichannel` pass the same filters and are added, so that they are added before the filters. A
convolution may see further zeros behind a sentence than the author's, which answer what those answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from striate.models.config import Benchmark, NetworkConfig, Paper
from striate.models.text_network import TextNetwork, fixed_word_table, word_table

PAPER = Paper("Kim", 2014, "Convolutional Neural Networks for Sentence Classification", "EMNLP; arXiv:1408.5882")

# The movie reviews: 18,765 words, and the two ids that are none; the longest sentence has 56 words.
MOVIE_REVIEWS = Benchmark("movie reviews", 2, 18_767, (1, 56), mean=(0.0,), std=(1.0,))


@dataclass(frozen=True, kw_only=True)
class TextCNNConfig(NetworkConfig):
    """A row of the family."""

    given: bool = True  # whether its vectors are given, by a file
    learns: bool = True  # whether there is a table of vectors that learns
    fixed: bool = False  # and one that does not
    width: int = 300  # numbers of a word's vector
    windows: tuple[int, ...] = (3, 4, 5)
    filters: int = 100  # of each window
    dropout: float = 0.5
    longest: float = (
        3.0  # of each class's weights, as the paper counts them: before they are multiplied with what dropout keeps
    )
    paper: Paper = PAPER
    benchmark: Benchmark = MOVIE_REVIEWS
    kind: str = "text"


VARIANTS = {
    "textcnn_rand": TextCNNConfig(given=False),
    "textcnn_static": TextCNNConfig(learns=False, fixed=True),
    "textcnn_nonstatic": TextCNNConfig(),
    "textcnn_multichannel": TextCNNConfig(fixed=True),
}


class TextCNN(TextNetwork):
    """Kim's network.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many ids there are.

    Shape:
        (N, L) int64 -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> network = TextCNN(VARIANTS["textcnn_static"], num_classes=2, in_channels=50)
        >>> network(torch.ones(3, 7, dtype=torch.int64)).shape, sum(p.numel() for p in network.parameters())
        (torch.Size([3, 2]), 360902)
    """

    config: TextCNNConfig
    head_name = "output"

    def __init__(self, config: TextCNNConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=config.filters * len(config.windows),
            stages=("words", "windows"),
        )
        self.words = WordVectors(config, self.in_channels)
        self.windows = Windows(config)
        self.dropout = nn.Dropout(config.dropout)
        self.output = self.build_head(self.num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes, all zero."""
        head = nn.Linear(self.feature_width, num_classes)
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
        return head

    def embedded(self, ids: Tensor) -> Tensor:
        """(N, L, 300): the words' vectors."""
        self.check_words(ids)
        vectors: Tensor = self.words(ids)
        return vectors

    def forward_embedded(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """(N, 300): the greatest answer of each filter."""
        answer: Tensor = self.windows(vectors)
        return answer

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """The dense layer, after dropout."""
        if vector_only:
            return maps
        logits: Tensor = self.output(self.dropout(maps))
        return logits

    @torch.no_grad()
    def constrain(self) -> None:
        """Shortens each class's weights to the length that they may have.

        Source: Kim 2014, section 2.1: `||w||_2 = s` after a step wherever it is more.
        """
        weight = self.output.weight
        if isinstance(weight, Tensor):
            weight.renorm_(2, 0, self.config.longest * (1 - self.config.dropout))


class WordVectors(nn.Module):
    """The vectors of words, from one table or from the sum of two.

    Args:
        config: The row.
        in_channels: Rows of each table.

    Shape:
        (N, L) int64 -> (N, L, width).
    """

    def __init__(self, config: TextCNNConfig, in_channels: int) -> None:
        super().__init__()
        self.learnt = word_table(in_channels, config.width) if config.learns else None
        self.fixed = fixed_word_table(in_channels, config.width) if config.fixed else None
        if self.learnt is not None and self.fixed is not None:
            with torch.no_grad():
                self.fixed.weight.copy_(self.learnt.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """Each word's vector."""
        vectors: list[Tensor] = [table(ids) for table in (self.learnt, self.fixed) if table is not None]
        return vectors[0] if len(vectors) == 1 else vectors[0] + vectors[1]


class Windows(nn.Module):
    """Filters over windows of words, ReLU, and each one's greatest answer.

    Args:
        config: The row.

    Shape:
        (N, L, width) -> (N, filters * windows).
    """

    def __init__(self, config: TextCNNConfig) -> None:
        super().__init__()
        beside = max(config.windows) - 1
        self.pad = nn.ZeroPad1d((beside, beside))
        self.convolutions = nn.ModuleList(nn.Conv1d(config.width, config.filters, size) for size in config.windows)
        self.rectify = nn.ModuleList(nn.ReLU() for _ in config.windows)
        self.pool = nn.ModuleList(nn.AdaptiveMaxPool1d(1) for _ in config.windows)
        for convolution in self.convolutions:
            if isinstance(convolution, nn.Conv1d) and convolution.bias is not None:
                nn.init.uniform_(convolution.weight, -0.01, 0.01)
                nn.init.zeros_(convolution.bias)

    def forward(self, vectors: Tensor) -> Tensor:
        """The greatest answer of each filter, window by window."""
        padded = self.pad(vectors.transpose(1, 2))
        answers = [
            pool(rectify(convolution(padded))).flatten(1)
            for convolution, rectify, pool in zip(self.convolutions, self.rectify, self.pool, strict=True)
        ]
        return torch.cat(answers, 1)
