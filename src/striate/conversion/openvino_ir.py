"""From a network to OpenVINO's intermediate representation."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from striate.openvino_loading import load_openvino


class LogitsAndFeatures(nn.Module):
    """A network of the catalogue that answers its logits and the vector before its head, which is what image search uses."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, num_classes) and features (N, d) of images (N, C, H, W)."""
        features = self.network.features(images)  # type: ignore[operator]
        logits = self.network.head(features)  # type: ignore[operator]
        return logits, features


def convert_to_openvino(network: nn.Module, example: Tensor) -> Any:
    """The network as an `openvino.Model` in fp32.

    Args:
        network: A network of the catalogue; it is not changed.
        example: Its input, (k, ...), of whatever values; all but the batch becomes fixed.

    Returns:
        A model with the input `images` (?, ...), of pictures (?, C, H, W), and the outputs `logits` (?, num_classes) and `features` (?, d).
    """
    return convert_module(LogitsAndFeatures(network), ("logits", "features"), example)


def convert_module(module: nn.Module, outputs: Sequence[str], example: Tensor) -> Any:
    """Any module as an `openvino.Model` in fp32, in evaluation mode.

    Args:
        module: Takes `images` (N, ...) and answers a tensor for each of `outputs`; it is not changed.
        outputs: What the answers are called.
        example: Its input, (k, ...), of whatever values; all but the batch becomes fixed.
    """
    openvino = load_openvino()
    # Plain memory order and a copy: neither the layout nor the mode of the module that was handed in shows in the graph.
    plain = copy.deepcopy(module).cpu().float().eval().to(memory_format=torch.contiguous_format)
    example = torch.zeros(2, *example.shape[1:], dtype=example.dtype)
    with warnings.catch_warnings(), torch.no_grad():
        # OpenVINO reads networks through torch.jit.trace, which torch calls deprecated; its other way takes six times as long.
        # Left to itself it traces twice, to compare: what is converted here is compared with the network's answers anyway.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(plain, example, check_trace=False, strict=False)  # type: ignore[no-untyped-call]
        model = openvino.convert_model(traced, example_input=example, input=[("images", [-1, *example.shape[1:]])])
    model.inputs[0].get_tensor().set_names({"images"})
    for output, name in zip(model.outputs, outputs, strict=True):
        output.get_tensor().set_names({name})
    return model


def put_before(preparation: Any, model: Any) -> Any:
    """One `openvino.Model` of two: the first one's answer is what the second one takes.

    Args:
        preparation: A model with one output, whatever its input.
        model: A model with the input `images`, of which all but the batch is fixed. It is used up.
    """
    openvino = load_openvino()
    operations = openvino.opset13
    images = model.input("images")
    shape = [-1, *(dimension.get_length() for dimension in list(images.get_partial_shape())[1:])]
    answer = preparation.output(0).get_node().input_value(0)
    # The sides are known to be those; said so, what follows is compiled for them.
    images.get_node().output(0).replace(operations.reshape(answer, shape, special_zero=False).output(0))
    return openvino.Model(model.get_results(), preparation.get_parameters(), model.get_friendly_name())
