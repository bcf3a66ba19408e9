"""A network seen as its stages: the vector of each, and the network cut in two after one of them."""

from __future__ import annotations

from typing import Any

from torch import Tensor, fx, nn

from striate.errors import UnknownNameError
from striate.hooks import watch_calls
from striate.models.network import Network


class StageVectors(nn.Module):
    """Answers what each stage says of a picture, averaged over its places, and the vector before the head.

    Args:
        network: A network of the catalogue; it is not changed.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    @property
    def names(self) -> tuple[str, ...]:
        """The stages, and last `features`."""
        return (*self.network.stages, "features")

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(N, C, H, W) float -> (N, channels of the stage) for each stage, and (N, feature_width).

        Example:
            >>> from striate.models import create_model
            >>> vectors = StageVectors(create_model("resnet20", seed=0).eval())
            >>> [tuple(vector.shape) for vector in vectors(torch.zeros(2, 3, 32, 32))]
            [(2, 16), (2, 16), (2, 32), (2, 64), (2, 64)]
        """
        stages = set(self.network.stages)
        vectors: dict[str, Tensor] = {}

        def take(name: str, module: nn.Module, output: Any) -> None:
            if name in stages:
                # A dense stage, as LeNet-5's F6, has no places.
                vectors[name] = output.mean(dim=(2, 3)) if output.ndim == 4 else output

        with watch_calls(self.network, lambda name, module: None, take):
            features = self.network.features(images)
        return (*(vectors[name] for name in self.network.stages if name in vectors), features)


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
