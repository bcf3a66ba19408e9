"""A network cut behind one of its stages, with a new head on the pooled maps of one stage or several.

The first stages of a trained network know edges, textures and parts; the last ones the things it was trained to tell
apart. For pictures of other things, a classifier on earlier maps is often the better one, and what comes after them is
not needed: the network is shorter, smaller and faster.

Source: Yosinski et al., "How transferable are features in deep neural networks?" (2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from striate.errors import UnknownNameError, UsageError
from striate.models.class_maps import ClassMaps
from striate.models.network import FeatureLayers, Network
from striate.models.stages import stage_graph, stage_shapes
from striate.nn import MeanAndMaxPool2d, StandardizedLinear

VECTOR = "features"
"""What the vector before the head is called beside the stages."""


class CutNetwork(Network):
    """The stages of a network up to the last one that is asked, and a head on the mean and maximum of what they answer.

    Layers keep the names that they have in the whole network, and are the same objects: what one learns, the other has
    learnt. `features(images)` answers the mean and the greatest value of each map of each stage that is asked, stage after
    stage; a stage that answers vectors, and the vector before the head, stand there as they are. The head standardises them.

    Args:
        network: Any network of the catalogue; left as it is.
        head_stages: Some of its `stages`, and `"features"` for the vector before its head; in any order.

    Attributes:
        head_stages: The same, in the network's order.

    Shape:
        (N, in_channels, H, W) float -> (N, num_classes).

    Raises:
        UnknownNameError: The network has no such stage; the message offers the closest.
        UsageError: None is named, or one twice; or the vector, where the network's head averages over maps itself.

    Example:
        >>> from striate.models import create_model
        >>> network = CutNetwork(create_model("resnet20", num_classes=3, seed=0), ["layer2"]).eval()
        >>> network(torch.zeros(2, 3, 32, 32)).shape, network.features(torch.zeros(2, 3, 32, 32)).shape
        (torch.Size([2, 3]), torch.Size([2, 64]))
        >>> network.stages, hasattr(network, "layer3")
        (('relu1', 'layer1', 'layer2'), False)
    """

    head_name = "stage_head"

    def __init__(self, network: Network, head_stages: Sequence[str]) -> None:
        asked = check_head_stages(network, head_stages)
        shapes = stage_shapes(network)
        shapes[VECTOR] = (network.feature_width,)
        kept = network.stages if VECTOR in asked else network.stages[: network.stages.index(asked[-1]) + 1]
        super().__init__(
            network.config,
            num_classes=network.num_classes,
            in_channels=network.in_channels,
            feature_width=sum(shapes[name][0] * (2 if len(shapes[name]) == 3 else 1) for name in asked),
            stages=kept,
            minimum_size=network.minimum_size,
            fixed_size=network.fixed_size,
        )
        self.head_stages = asked
        self.auxiliary_weight = 0.0
        self._family: Any = type(network)
        self._graph = _cut(network, asked)
        for name in _modules_of(self._graph):
            self._take(network, name)
        if VECTOR not in self._modules:
            self.features = self._vector
        self.stage_pooling = nn.ModuleList(
            MeanAndMaxPool2d() if len(shapes[name]) == 3 else nn.Identity() for name in asked
        )
        like = next(network.parameters())
        self.stage_head = self.build_head(network.num_classes).to(like.device, like.dtype)
        self.train(network.training)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes, which standardises its inputs."""
        return StandardizedLinear(self.feature_width, num_classes)

    def forward_stages(self, images: Tensor) -> tuple[Tensor, ...]:
        """What each stage of `head_stages` answers, unpooled."""
        self.check_images(images)
        interpreter = fx.Interpreter(self, graph=self._graph)
        interpreter.extra_traceback = False  # it would be written into the text of the error itself
        answers: tuple[Tensor, ...] = interpreter.run(images)
        return answers

    def forward_features(self, images: Tensor) -> Tensor:
        """(N, C, H', W'): what the last of `head_stages` answers."""
        return self.forward_stages(images)[-1]

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """Pooling and the head, where one stage alone is asked.

        Raises:
            UsageError: Several are, so that the maps of the last one are not enough.
        """
        if len(self.head_stages) > 1:
            raise UsageError(
                f"the head takes the maps of {' and '.join(self.head_stages)}, not those of one stage; call the network itself"
            )
        vector: Tensor = self.stage_pooling[0](maps)
        return vector if vector_only else self.stage_head(vector)

    def forward(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float, normalised -> (N, num_classes) logits."""
        logits: Tensor = self.stage_head(self._vector(images))
        return logits

    def reset_parameters(self) -> None:
        """Draws all weights anew, as the whole network's paper has it, and the head as torch draws a dense layer."""
        with torch.device("cpu"):
            whole = self._family(self.config, num_classes=self.num_classes, in_channels=self.in_channels)
            values = CutNetwork(whole, self.head_stages).state_dict()
        self.load_state_dict(values)

    def _vector(self, images: Tensor) -> Tensor:
        answers = self.forward_stages(images)
        vectors = [pool(answer) for pool, answer in zip(self.stage_pooling, answers, strict=True)]
        return vectors[0] if len(vectors) == 1 else torch.cat(vectors, dim=1)

    def _take(self, network: Network, name: str) -> None:
        """Puts a module of the network where it stands there; on the way to it, modules that hold others and nothing else."""
        *outer, last = name.split(".")
        place: nn.Module = self
        for depth, step in enumerate(outer):
            if step not in place._modules:
                callable_layers = depth == 0 and step == VECTOR
                place.add_module(step, FeatureLayers([], self._vector) if callable_layers else nn.Sequential())
            place = place.get_submodule(step)
        place.add_module(last, network.get_submodule(name))


def cut_behind(network: Network, head_stages: Sequence[str]) -> Network:
    """The network cut behind stages, with a new head on them; where none is named, the network itself.

    Raises:
        UnknownNameError: The network has no such stage; the message offers the closest.
        UsageError: As `CutNetwork`.
    """
    return CutNetwork(network, head_stages) if head_stages else network


def check_head_stages(network: Network, names: Sequence[str]) -> tuple[str, ...]:
    """The names in the network's order.

    Args:
        network: Any network of the catalogue; a draft does.
        names: As `CutNetwork` takes them.

    Raises:
        UnknownNameError: The network has no such stage; the message offers the closest and names all.
        UsageError: None is named, or one twice; or the vector, where the network's head averages over maps itself.

    Example:
        >>> from striate.models import create_model
        >>> check_head_stages(create_model("resnet20"), ["layer3", "layer1"])
        ('layer1', 'layer3')
    """
    known = (*network.stages, VECTOR)
    for name in names:
        if name not in known:
            raise UnknownNameError("stage", name, known, hint=f"({type(network).__name__} has {', '.join(known)})")
    if not names or len(set(names)) < len(names):
        raise UsageError(f"a head on stages names each of them once, got {'+'.join(names) or 'none'}")
    if VECTOR in names and isinstance(network.head, ClassMaps):
        raise UsageError(
            f"{type(network).__name__} has no vector before its head, which takes maps; name its last stage, {network.stages[-1]}"
        )
    return tuple(name for name in known if name in names)


def _cut(network: Network, asked: Sequence[str]) -> fx.Graph:
    """The graph from pictures to what the stages answer, with no more in it than that takes."""
    graph = stage_graph(network)
    nodes = {str(node.target): node for node in graph.nodes if node.op == "call_module"}  # the last call of each
    before = nodes[network.head_name].args[0] if VECTOR in asked else None
    answers = [before if name == VECTOR else nodes[name] for name in asked]
    for node in reversed(graph.nodes):
        if node.op == "output":
            node.args = (tuple(answers),)
            break
    for node in reversed(
        graph.nodes
    ):  # the check of the pictures goes too: `check_images` is called before the graph runs
        if not node.users and node.op not in ("placeholder", "output"):
            graph.erase_node(node)
    return graph


def _modules_of(graph: fx.Graph) -> list[str]:
    """The modules that a graph calls, in the order in which it does."""
    return list(dict.fromkeys(str(node.target) for node in graph.nodes if node.op == "call_module"))
