"""The catalogue: names of networks, each a row of its paper's table, and how to create one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from striate.errors import UnknownNameError, UsageError
from striate.initialization import PAPER, Scheme, initialize, named_scheme, seeded
from striate.models import (
    airbench,
    alexnet,
    allcnn,
    convlstm,
    crnn,
    efficientnet,
    googlenet,
    lenet,
    linear,
    mobilenet_v1,
    mobilenet_v2,
    nin,
    rcnn,
    resnet,
    resnet9,
    text_lstm,
    textcnn,
    vgg,
    zfnet,
)
from striate.models.config import Benchmark, NetworkConfig
from striate.models.cut_network import cut_behind
from striate.models.network import Network


class Family(Protocol):
    """A network's class: builds it from one of its rows."""

    def __call__(self, config: Any, *, num_classes: int, in_channels: int) -> Network:
        """The network, newly initialised."""
        ...


@dataclass(frozen=True)
class Row:
    """A network of the catalogue: everything that is known of it before it is built."""

    name: str
    family: Family
    config: NetworkConfig

    @property
    def paper(self) -> str:
        """Where it was published, in one line."""
        return str(self.config.paper)

    @property
    def year(self) -> int:
        """When it was published."""
        return self.config.paper.year

    @property
    def benchmark(self) -> Benchmark:
        """The pictures and classes it was made for."""
        return self.config.benchmark

    @property
    def kind(self) -> str:
        """What it is given: a name of `striate.encodings`."""
        return self.config.kind

    @property
    def sequential(self) -> bool:
        """Whether it answers at every place of a line, (N, T, num_classes), and not once."""
        return self.config.sequential

    @property
    def num_classes(self) -> int:
        """How many classes it was made for."""
        return self.benchmark.num_classes

    @property
    def in_channels(self) -> int:
        """How many channels the pictures have that it was made for."""
        return self.benchmark.in_channels

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width in pixels of the pictures it was made for."""
        return self.benchmark.input_size

    @property
    def mean(self) -> tuple[float, ...]:
        """What to subtract from each channel, of the 0..1 range."""
        return self.benchmark.mean

    @property
    def std(self) -> tuple[float, ...]:
        """What to divide each channel by after that, of the 0..1 range."""
        return self.benchmark.std


# Every family, by the year of its first row. A new one is its file, and a line here.
FAMILIES: tuple[tuple[Family, Mapping[str, NetworkConfig]], ...] = (
    (lenet.LeNet, lenet.VARIANTS),
    (linear.LinearClassifier, linear.VARIANTS),
    (alexnet.AlexNet, alexnet.VARIANTS),
    (zfnet.ZFNet, zfnet.VARIANTS),
    (nin.NiN, nin.VARIANTS),
    (vgg.VGG, vgg.VARIANTS),
    (googlenet.GoogLeNet, googlenet.VARIANTS),
    (allcnn.AllCNN, allcnn.VARIANTS),
    (rcnn.RCNN, rcnn.VARIANTS),
    (resnet.ResNet, resnet.VARIANTS),
    (crnn.CRNN, crnn.VARIANTS),
    (mobilenet_v1.MobileNetV1, mobilenet_v1.VARIANTS),
    (mobilenet_v2.MobileNetV2, mobilenet_v2.VARIANTS),
    (resnet9.ResNet9, resnet9.VARIANTS),
    (efficientnet.EfficientNet, efficientnet.VARIANTS),
    (airbench.Airbench, airbench.VARIANTS),
    (textcnn.TextCNN, textcnn.VARIANTS),
    (text_lstm.TextLSTM, text_lstm.VARIANTS),
    (convlstm.ConvLSTM, convlstm.VARIANTS),
)
"""Networks for sentences and clips come after those for pictures."""

SHORT_NAMES = MappingProxyType({"textcnn": "textcnn_rand"})
"""What rows may be called besides."""


def merged(families: Iterable[tuple[Family, Mapping[str, NetworkConfig]]]) -> Mapping[str, Row]:
    """All families' rows by name, in order.

    Raises:
        UsageError: Two families have a row of the same name.
    """
    rows: dict[str, Row] = {}
    for family, variants in families:
        for name, config in variants.items():
            if name in rows:
                raise UsageError(f"two families have a row {name!r}: {rows[name].paper}, and {config.paper}")
            rows[name] = Row(name, family, config)
    return MappingProxyType(rows)


ROWS = merged(FAMILIES)


ARITHMETIC = {
    "padding",
    "stride_at",
    "norm_epsilon",
    "batch_norm",
    "activation",
    "response_constants",
    "pools_first",
}
"""Fields of rows that change what is computed, and no tensor."""

WITHOUT_EFFECT = {"given", "paper", "benchmark", "initialization", "photograph_side", "kind"}
"""Fields of rows that say nothing of what a network with trained weights computes."""


def list_models(kind: str | None = None, *, sequential: bool | None = None) -> list[str]:
    """The names of all networks, by family, the oldest first; those for sentences and clips come last.

    Args:
        kind: `"picture"`, `"text"` or `"frames"`: the networks for these alone.
        sequential: Those alone that answer at every place of a line, or that answer once.

    Example:
        >>> list_models()[:4], list_models("text")[0], list_models(sequential=True)
        (['lenet5', 'lenet5_dense', 'lenet5_relu', 'alexnet'], 'textcnn_rand', ['crnn', 'crnn_paper'])
    """
    return [name for name, row in ROWS.items() if kind in (None, row.kind) and sequential in (None, row.sequential)]


def model_row(name: str) -> Row:
    """What the catalogue holds under a name.

    Args:
        name: One of `list_models()`.

    Raises:
        UnknownNameError: There is no such network; the message offers the closest names.

    Example:
        >>> row = model_row("lenet5")
        >>> row.num_classes, row.in_channels, row.input_size, row.year
        (10, 1, (32, 32), 1998)
    """
    name = SHORT_NAMES.get(name, name)
    if name not in ROWS:
        hint = "(run `striate models` to see them all)"
        if "/" in name:
            hint = "(and no run or bundle is there; run `striate models` to see the names)"
        raise UnknownNameError("model", name, ROWS, hint=hint)
    return ROWS[name]


def twin_rows(name: str) -> list[str]:
    """The rows that take the same weights and compute something else with them: other padding, other strides.

    A file of weights does not say which of them it was trained for, and on another it silently loses accuracy.

    Raises:
        UnknownNameError: There is no such network.

    Example:
        >>> twin_rows("mobilenet_v2"), twin_rows("resnet50"), twin_rows("vgg16")
        (['mobilenet_v2_tf'], ['resnet50_v1_5'], [])
    """
    own = model_row(name)
    fields = {field.name for field in dataclasses.fields(own.config)} - WITHOUT_EFFECT
    twins: dict[tuple[object, ...], str] = {}
    for other, row in ROWS.items():
        if row.family is own.family and {field.name for field in dataclasses.fields(row.config)} >= fields:
            differing = {field for field in fields if getattr(own.config, field) != getattr(row.config, field)}
            if differing and differing <= ARITHMETIC:
                # Rows that differ in the size of their pictures alone compute the same: the first stands for them.
                twins.setdefault(tuple(getattr(row.config, field) for field in sorted(fields & ARITHMETIC)), other)
    return list(twins.values())


def create_model(
    name: str,
    *,
    num_classes: int | None = None,
    in_channels: int | None = None,
    auxiliary: bool = True,
    head_stages: Sequence[str] = (),
    init: str | Scheme = PAPER,
    seed: int | None = None,
) -> Network:
    """A network of the catalogue, newly initialised, in training mode, on the processor.

    Args:
        name: One of `list_models()`.
        num_classes: How many logits; `None`: the row's own.
        in_channels: How many channels a picture has; `None`: the row's own.
        auxiliary: Whether the network has the row's auxiliary heads, if there are any: only training needs them.
        head_stages: Stages that a new head takes the pooled maps of, and `"features"` for the vector before the row's own
            head: the network is cut behind the last of them, see `CutNetwork`. None: the whole network.
        init: How weights are drawn: `"paper"`, as the row's paper has it, or a scheme such as `"he_normal"` (see
            `striate.initialization.named_scheme`).
        seed: Draws the weights reproducibly and leaves the global generator alone; `None` draws from the global
            generator.

    Raises:
        UnknownNameError: There is no such network, stage or scheme; the message offers the closest names.
        UsageError: A number is not a whole number of at least 1, or the seed not one of at least 0.

    Example:
        >>> network = create_model("resnet20", num_classes=2, in_channels=1, seed=0)
        >>> sum(parameter.numel() for parameter in network.parameters())
        268914
    """
    row = model_row(name)
    config = row.config if auxiliary else dataclasses.replace(row.config, auxiliary_weight=0.0)
    scheme = named_scheme(init)
    with seeded(seed):
        network = row.family(
            config,
            num_classes=row.num_classes if num_classes is None else num_classes,
            in_channels=row.in_channels if in_channels is None else in_channels,
        )
        network = cut_behind(network, head_stages)
    if scheme is not None:
        initialize(network, scheme, seed=seed)
    return network
