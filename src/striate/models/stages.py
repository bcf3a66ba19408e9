"""A network seen as its stages: the vector of each, and the network cut in two after one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from striate.errors import UnknownNameError
from striate.hooks import watch_calls
from striate.initialization import drafting
from striate.models.network import Network

SHAPE_KEEPING = frozenset(
    (
        *("batch_norm", "dropout", "relu", "relu6", "hardtanh", "silu", "sigmoid", "tanh"),
        *("add", "__add__", "add_", "mul", "__mul__", "mul_"),
    )
)
"""Operations whose answer has the shape of the largest of their first two arguments."""


class StageVectors(nn.Module):
    """Answers what each stage says of a picture, pooled over its places, and the vector before the head.

    Args:
        network: A whole network of the catalogue; it is not changed.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.shapes = stage_shapes(network)

    @property
    def names(self) -> tuple[str, ...]:
        """What is answered: of each stage its means, under its name, and its maxima; and last `features`.

        A dense stage, as LeNet-5's F6, has no places: it stands as it is, and has no maxima.
        """
        rows = [(stage, maxima_of(stage)) if len(self.shapes[stage]) == 3 else (stage,) for stage in self.shapes]
        return (*(name for row in rows for name in row), "features")

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(N, C, H, W) float -> (N, channels of the stage) for each of its names, and (N, feature_width).

        Example:
            >>> from striate.models import create_model
            >>> vectors = StageVectors(create_model("resnet20", seed=0).eval())
            >>> [tuple(vector.shape) for vector in vectors(torch.zeros(2, 3, 32, 32))][-3:]
            [(2, 64), (2, 64), (2, 64)]
            >>> vectors.names[-3:]
            ('layer3', 'layer3 maximum', 'features')
        """
        answers: dict[str, Tensor] = {}

        def take(name: str, module: nn.Module, output: Any) -> None:
            if name in self.shapes:
                answers[name] = output

        with watch_calls(self.network, lambda name, module: None, take):
            features = self.network.features(images)
        vectors = []
        for stage in self.shapes:
            answer = answers[stage]
            vectors += [answer.mean(dim=(2, 3)), answer.amax(dim=(2, 3))] if answer.ndim == 4 else [answer]
        return (*vectors, features)


def maxima_of(stage: str) -> str:
    """What the greatest values of a stage's maps are called.

    Example:
        >>> maxima_of("layer3")
        'layer3 maximum'
    """
    return f"{stage} maximum"


def stage_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """The shape of what each stage answers for a picture of the network's own size; nothing is computed.

    Example:
        >>> from striate.models import create_model
        >>> stage_shapes(create_model("resnet20"))["layer2"]
        (32, 16, 16)
    """
    family: Any = type(network)
    with drafting():
        draft = family(network.config, num_classes=network.num_classes, in_channels=network.in_channels).eval()
    shapes: dict[str, tuple[int, ...]] = {}

    def take(name: str, module: nn.Module, output: Any) -> None:
        if name in draft.stages and isinstance(output, Tensor):
            shapes[name] = tuple(output.shape[1:])

    images = torch.zeros(1, network.in_channels, *network.input_size, device="meta")
    with watch_calls(draft, lambda name, module: None, take), torch.inference_mode(), _ShapesAlone():
        draft(images)
    return shapes


class _ShapesAlone(TorchFunctionMode):
    """Answers for some operations no more than the shape: for these torch would load its compiler, which takes a second."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """A tensor of the shape that the operation answers."""
        if getattr(func, "__name__", "") in SHAPE_KEEPING:
            operands = [value for value in args[:2] if isinstance(value, Tensor)]
            return max(operands, key=lambda operand: operand.numel())
        if func is functional.linear:
            return args[0].new_empty((*args[0].shape[:-1], len(args[1])))
        if func is functional.adaptive_avg_pool2d:
            sides = (args[1], args[1]) if isinstance(args[1], int) else tuple(args[1])
            return args[0].new_empty((*args[0].shape[:-2], *sides))
        return func(*args, **(kwargs or {}))


class _StageTracer(fx.Tracer):
    """Goes into a module only where a stage or the head lies inside it: everything else is called as it is, in whatever mode it is then."""

    def __init__(self, stages: tuple[str, ...]) -> None:
        super().__init__()
        self._stages = stages

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether the module is called, not traced."""
        return not any(stage.startswith(f"{module_qualified_name}.") for stage in self._stages)


def stage_graph(network: Network) -> fx.Graph:
    """What a network calls, one after the other, from pictures to logits; each stage is a call of its own, as is the head.

    Args:
        network: A network of the catalogue.
    """
    return _StageTracer((*network.stages, network.head_name)).trace(network)


def split_after(network: Network, stage: str) -> tuple[nn.Module, nn.Module]:
    """The network in two: from pictures to the stage's maps, and from those to the logits.

    Both parts hold the network's own layers, not copies: what one learns, the network has learnt.

    Args:
        network: A network of the catalogue.
        stage: One of its `stages`.

    Returns:
        The part up to the stage and with it, (N, C, H, W) -> maps, and the part after it, maps -> (N, num_classes).

    Raises:
        UnknownNameError: The network has no such stage; the message offers the closest.

    Example:
        >>> from striate.models import create_model
        >>> network = create_model("resnet20", seed=0).eval()
        >>> before, after = split_after(network, "layer2")
        >>> images = torch.rand(2, 3, 32, 32)
        >>> torch.equal(after(before(images)), network(images))
        True
    """
    if stage not in network.stages:
        raise UnknownNameError("stage", stage, network.stages)
    nodes = list(stage_graph(network).nodes)
    cut = max(index for index, node in enumerate(nodes) if node.op == "call_module" and node.target == stage)
    before, after = fx.Graph(), fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for node in nodes[: cut + 1]:
        copies[node] = before.node_copy(node, lambda own: copies[own])
    before.output(copies[nodes[cut]])
    copies = {nodes[cut]: after.placeholder("maps")}
    for node in nodes[cut + 1 :]:
        copies[node] = after.node_copy(node, lambda own: copies[own])
    return fx.GraphModule(network, before), fx.GraphModule(network, after)
