"""What every network of the catalogue answers, whatever its paper calls its parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, fx, nn

from striate.errors import UsageError
from striate.initialization import seeded
from striate.models.config import NetworkConfig
from striate.nn.arguments import whole_number


class Network(nn.Module, ABC):
    """A picture classifier in three steps: maps, then a vector, then logits.

        maps = network.forward_features(images)      (N, C, H', W') what the last convolutional stage answers
        vector = network.features(images)            (N, feature_width) what the head sees
        logits = network(images)                     (N, num_classes)

    `network(images)` is `forward_head(forward_features(images))`; in evaluation mode it is `head(features(images))`
    too, so that a head can be trained on stored vectors.

    A family's class says `head_name`, builds its modules, and writes `forward_features`, `forward_head`, `build_head`
    and `features`. One with auxiliary heads, which only training asks, also says `auxiliary_head_names` and writes
    `forward_with_auxiliary`.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has.
        feature_width: The length of a picture's vector; of the row's own size, if the head averages over pixels itself.
        stages: Paths of submodules, in order; a stage ends with the named submodule, whose output is the stage's.
        minimum_size: The smallest height and width, in pixels, that leave something in every layer.
        fixed_size: Whether pictures must have exactly the row's size: dense layers see maps that no pooling brings to
            one size.

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.
    """

    kind: ClassVar[str] = "picture"
    """What is given: a name of `striate.encodings`."""

    head_name: ClassVar[str]
    """Path of the last layer, the one that `replace_head` replaces; its parameters' names begin with it."""

    config: NetworkConfig
    """The row."""

    auxiliary_head_names: tuple[str, ...] = ()
    """Paths of the auxiliary heads' last layers, which are built as the head is and replaced with it."""

    features: Callable[[Tensor], Tensor]
    """(N, in_channels, H, W) float -> (N, feature_width): what the head sees. A method, or a `FeatureLayers`."""

    def __init__(
        self,
        config: NetworkConfig,
        *,
        num_classes: int,
        in_channels: int,
        feature_width: int,
        stages: tuple[str, ...],
        minimum_size: tuple[int, int] = (1, 1),
        fixed_size: bool = False,
    ) -> None:
        super().__init__()
        self.config = config
        self.num_classes = whole_number(type(self).__name__, "num_classes", num_classes)
        self.in_channels = whole_number(type(self).__name__, "in_channels", in_channels)
        self.input_size = config.benchmark.input_size
        self.feature_width = feature_width
        self.stages = stages
        self.fixed_size = fixed_size
        self.minimum_size = self.input_size if fixed_size else minimum_size
        self.auxiliary_weight = config.auxiliary_weight

    @abstractmethod
    def forward_features(self, images: Tensor) -> Tensor:
        """(N, C, H', W'): what the last convolutional stage answers. Begins with `check_images`.

        Args:
            images: (N, in_channels, H, W) float, normalised.
        """

    @abstractmethod
    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """(N, num_classes) logits from the maps; with `vector_only` the (N, feature_width) vector before the head."""

    @abstractmethod
    def build_head(self, num_classes: int) -> nn.Module:
        """A new last layer, drawn as the paper has it: (N, feature_width) -> (N, num_classes) logits."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float, normalised -> (N, num_classes) logits."""
        return self.forward_head(self.forward_features(images))

    def forward_with_auxiliary(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The logits, and those of each auxiliary head, in order; () where there are none.

        In training the loss is the logits' and `auxiliary_weight` times each auxiliary head's.

        Args:
            images: (N, in_channels, H, W) float, normalised.
        """
        return self(images), ()

    @property
    def head(self) -> nn.Module:
        """The last layer: (N, feature_width) -> (N, num_classes) logits."""
        return self.get_submodule(self.head_name)

    @property
    def learning_epochs(self) -> Mapping[str, int]:
        """By the names of parameters, for how many epochs from the start each learns, where that is not to the end."""
        return {}

    def replace_head(self, num_classes: int, *, seed: int | None = None) -> None:
        """Put a new last layer in the old one's place, on its device and in its precision. It is trainable.

        So it is with the last layers of auxiliary heads, where there are any.

        Args:
            num_classes: How many logits from now on.
            seed: Draws the new weights reproducibly; `None` draws from the global generator.

        Raises:
            UsageError: `num_classes` is not a whole number of at least 1, or the seed not one of at least 0.
        """
        num_classes = whole_number(type(self).__name__, "num_classes", num_classes)
        names = (self.head_name, *self.auxiliary_head_names)
        with seeded(seed):
            heads = [self.build_head(num_classes) for _ in names]
        for name, new in zip(names, heads, strict=True):
            old = self.get_submodule(name)
            like = next(tensor for tensor in (*old.parameters(), *old.buffers()))
            self.set_submodule(name, new.to(like.device, like.dtype).train(old.training))
        self.num_classes = num_classes

    def constrain(self) -> None:
        """What the paper does with weights after every step of training, besides the step; nothing, unless a family has it."""

    def reset_parameters(self) -> None:
        """Draw all weights anew by the paper's rules, as the constructor does; put buffers back as it makes them.

        Draws come from the global generator, on the processor; `striate.initialization.initialize(network, "paper",
        seed=...)` does this reproducibly.

        Raises:
            UsageError: The network has other parameters or buffers than a new one: some of its layers were changed.
        """
        build: Any = type(self)
        with torch.device("cpu"):
            new = build(self.config, num_classes=self.num_classes, in_channels=self.in_channels)
        values = _tensors(new)
        own = _tensors(self)
        if {name: tensor.shape for name, tensor in own.items()} != {
            name: tensor.shape for name, tensor in values.items()
        }:
            raise UsageError(
                f"{type(self).__name__} has layers that its paper's rules say nothing of; "
                "name a scheme such as 'he_normal', or create the network anew"
            )
        with torch.no_grad():
            for name, tensor in own.items():
                tensor.copy_(values[name])

    def check_images(self, images: Tensor) -> None:
        """Refuse a batch that the network cannot take.

        Raises:
            UsageError: The batch is not a float tensor (N, in_channels, H, W), or not of a size the network takes.
        """
        # In a trace sizes are tensors, and a comparison would warn that it becomes a constant.
        if not torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
            _check_images(images, type(self).__name__, self.in_channels, self.minimum_size, self.fixed_size)


class FeatureLayers(nn.Sequential):
    """Layers under the name `features`, which answer the network's feature vector when called.

    torchvision's MobileNetV2, VGG, AlexNet and EfficientNet keep their convolutional layers in a sequence called
    `features`, so their parameters' names begin with `features.`; and every network here answers `features(images)`
    with the vector its head sees. An attribute cannot be both a sequence of layers and a method; but a module can be
    called. The layers are this module's children, so names, checkpoints and submodule paths are torchvision's, and
    calling it does what the method does elsewhere. The network itself runs the layers alone, through `maps`.

    Args:
        layers: In order.
        vector: What a call answers: the network's own map from pictures to vectors.
    """

    def __init__(self, layers: Iterable[nn.Module], vector: Callable[[Tensor], Tensor]) -> None:
        super().__init__(*layers)
        self.vector = vector

    def maps(self, images: Tensor) -> Tensor:
        """The last layer's output."""
        for layer in self:
            images = layer(images)
        return images

    def forward(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float -> (N, feature_width)."""
        return self.vector(images)


def _tensors(network: nn.Module) -> dict[str, Tensor]:
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


@fx.wrap  # a graph of the network calls it as it is, instead of tracing into its comparisons
def _check_images(images: Tensor, network: str, in_channels: int, minimum: tuple[int, int], fixed: bool) -> None:
    height, width = minimum if fixed else ("height", "width")
    expected = f"{network} takes a float tensor of shape (N, {in_channels}, {height}, {width})"
    if images.ndim != 4 or not images.is_floating_point():
        raise UsageError(f"{expected}, got {images.dtype} of shape {tuple(images.shape)}")
    if images.shape[1] != in_channels:
        raise UsageError(
            f"{expected}, got {images.shape[1]} channels; "
            f"convert the pictures, or create the network with in_channels={images.shape[1]}"
        )
    if fixed and tuple(images.shape[2:]) != minimum:
        raise UsageError(f"{expected}, got pictures of {_pixels(images)}; resize or pad them")
    if images.shape[2] < minimum[0] or images.shape[3] < minimum[1]:
        raise UsageError(
            f"{expected} with pictures of at least {minimum[0]} x {minimum[1]} pixels, got {_pixels(images)}; enlarge them"
        )


def _pixels(images: Tensor) -> str:
    return f"{images.shape[2]} x {images.shape[3]} pixels"
