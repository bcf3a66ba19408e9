"""A network that is told layer by layer, for comparisons that change one layer and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from striate.errors import UnknownNameError, UsageError
from striate.initialization import SCHEMES, draw_layer, draw_layers
from striate.models import Network
from striate.models.config import Benchmark, NetworkConfig, Paper
from striate.nn import DepthwiseSeparableConv2d, GlobalAveragePool2d, LocalResponseNormalization, MinPool2d

NO_PAPER = Paper("Striate", 2026, "A stack of layers for a comparison", "striate reproduce")
MOST_LAYERS = 1000

_REPEATED = re.compile(r"(\d+) times: (.+)")


@dataclass(frozen=True, kw_only=True)
class LayerStackConfig(NetworkConfig):
    """A network by its layers.

    Each entry is a layer, or several with semicolons between them, and `N times: ` before them has them N times over:

        conv MAPS KERNEL [stride=1] [padding=KERNEL//2]    a convolution with biases
        separable MAPS [stride=1]                          3x3 of each map by itself, then 1x1, each with batch norm and ReLU
        max SIZE [stride=SIZE], average ..., min ...       pooling
        relu, tanh, sigmoid, norm, lrn                     activations; batch norm; local response normalisation by AlexNet's constants
        dense UNITS, dropout SHARE                         on vectors
        flatten, global                                    from maps to a vector: all values, or each map's mean

    The head, a dense layer for the classes, comes last and is not among them.
    """

    layers: tuple[str, ...]
    paper: Paper = NO_PAPER
    benchmark: Benchmark


class LayerStack(Network):
    """The layers in order, and a dense head. There is one stage, `layers`; weights are drawn by He's rule, biases are 0.

    Args:
        config: The layers, and the size of pictures.
        num_classes: How many logits.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, H, W) float of the benchmark's size -> (N, num_classes).

    Raises:
        UsageError: A layer is told wrong, or does not fit the one before it.

    Example:
        >>> size = Benchmark("digits", 10, 1, (8, 8), mean=(0.5,), std=(0.5,))
        >>> config = LayerStackConfig(layers=("2 times: conv 4 3; relu", "max 2", "flatten"), benchmark=size)
        >>> network = LayerStack(config, num_classes=10, in_channels=1)
        >>> [type(layer).__name__ for layer in network.layers], network.feature_width
        (['Conv2d', 'ReLU', 'Conv2d', 'ReLU', 'MaxPool2d', 'Flatten'], 64)
    """

    head_name = "head_layer"

    def __init__(self, config: LayerStackConfig, *, num_classes: int, in_channels: int) -> None:
        layers, shape = _built(config.layers, (in_channels, *config.benchmark.input_size))
        if len(shape) != 1:
            raise UsageError(f"the layers end with maps of shape {shape}; end them with 'flatten' or 'global'")
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=shape[0],
            stages=("layers",),
            fixed_size=True,
        )
        self.layers = nn.Sequential(*layers)
        draw_layers(self.modules(), SCHEMES["he_normal"])
        self.head_layer = self.build_head(num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes."""
        head = nn.Linear(self.feature_width, num_classes)
        draw_layer(head, SCHEMES["he_normal"])
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """All layers but the head: a vector already."""
        self.check_images(images)
        answer: Tensor = self.layers(images)
        return answer

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """The head."""
        if vector_only:
            return maps
        logits: Tensor = self.head_layer(maps)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float -> (N, feature_width): what the head sees."""
        return self.forward_features(images)


def _built(entries: Sequence[str], shape: tuple[int, ...]) -> tuple[list[nn.Module], tuple[int, ...]]:
    """The layers, and the shape that a picture leaves them with."""
    layers: list[nn.Module] = []
    for text in told_layers(entries):
        kind, *words = text.split()
        if kind not in KINDS:
            raise UnknownNameError(f"layer in {text!r}", kind, KINDS)
        try:
            layer = KINDS[kind](shape, *_arguments(words))
            with torch.no_grad():
                shape = tuple(layer.eval()(torch.zeros(1, *shape)).shape[1:])
        except (TypeError, ValueError, RuntimeError, IndexError) as error:
            reason = str(error).partition("\n")[0]
            raise UsageError(f"the layer {text!r} does not fit maps of shape {shape}: {reason}") from error
        if 0 in shape:
            raise UsageError(f"the layer {text!r} leaves nothing: {shape}")
        layers.append(layer.train())
    return layers, shape


def told_layers(entries: Sequence[str]) -> Iterator[str]:
    """Each layer's text, those that are repeated as often as they are.

    Example:
        >>> list(told_layers(["2 times: conv 8 3; relu", "flatten"]))
        ['conv 8 3', 'relu', 'conv 8 3', 'relu', 'flatten']
    """
    count = 0
    for entry in entries:
        match = _REPEATED.fullmatch(entry.strip())
        times, text = (int(match[1]), match[2]) if match else (1, entry)
        parts = [part.strip() for part in text.split(";")]
        if not all(parts):
            raise UsageError(f"a layer is missing in {entry!r}")
        count += times * len(parts)
        if count > MOST_LAYERS:
            raise UsageError(f"a network has {MOST_LAYERS} layers at most here, got more with {entry!r}")
        yield from parts * times


def _arguments(words: Sequence[str]) -> tuple[list[float], dict[str, int]]:
    """The numbers that stand alone, and those with a name."""
    numbers = [float(word) for word in words if "=" not in word]
    named = (word.partition("=") for word in words if "=" in word)
    return numbers, {name: int(value) for name, _, value in named}


Numbers = list[float]
Named = dict[str, int]
Build = Callable[[tuple[int, ...], Numbers, Named], nn.Module]


def _convolution(shape: tuple[int, ...], numbers: Numbers, named: Named) -> nn.Module:
    maps, kernel = (int(value) for value in numbers)
    options: dict[str, Any] = {"padding": kernel // 2, **named}
    return nn.Conv2d(shape[0], maps, kernel, **options)


def _separable(shape: tuple[int, ...], numbers: Numbers, named: Named) -> nn.Module:
    (maps,) = numbers
    options: dict[str, Any] = dict(named)
    return DepthwiseSeparableConv2d(shape[0], int(maps), **options)


def _pooling(layer: Callable[..., nn.Module]) -> Build:
    def build(shape: tuple[int, ...], numbers: Numbers, named: Named) -> nn.Module:
        (size,) = numbers
        return layer(int(size), **named)

    return build


def _plain(layer: Callable[[], nn.Module]) -> Build:
    def build(shape: tuple[int, ...], numbers: Numbers, named: Named) -> nn.Module:
        if numbers or named:
            raise ValueError("it takes no numbers")
        return layer()

    return build


def _dense(shape: tuple[int, ...], numbers: Numbers, named: Named) -> nn.Module:
    if len(shape) != 1:
        raise ValueError("a dense layer takes a vector: put 'flatten' or 'global' before it")
    (units,) = numbers
    return nn.Linear(shape[0], int(units))


KINDS: dict[str, Build] = {
    "conv": _convolution,
    "separable": _separable,
    "max": _pooling(nn.MaxPool2d),
    "average": _pooling(nn.AvgPool2d),
    "min": _pooling(MinPool2d),
    "relu": _plain(nn.ReLU),
    "tanh": _plain(nn.Tanh),
    "sigmoid": _plain(nn.Sigmoid),
    "norm": lambda shape, numbers, named: nn.BatchNorm2d(shape[0]),
    "lrn": lambda shape, numbers, named: LocalResponseNormalization(5, alpha=1e-4, beta=0.75, k=2.0),
    "dense": _dense,
    "dropout": lambda shape, numbers, named: nn.Dropout(numbers[0]),
    "flatten": _plain(nn.Flatten),
    "global": _plain(GlobalAveragePool2d),
}
"""From a layer's name to what builds it, of the shape of what comes in, its numbers, and its named numbers."""
