"""Convolution whose output maps each see only some of the input maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.errors import UsageError
from striate.nn.arguments import whole_number
from striate.nn.layer_facts import LayerFacts


class PartialConv2d(nn.Module):
    """A convolution with a connection table: output map m sees the input maps in `connections[m]`, and no other.

    There is one trainable kernel a connection and one bias an output map, and nothing else: the kernels of absent
    connections do not exist, rather than being held at zero. With 6 input maps, LeNet-5's table of 60 connections and
    5x5 kernels that is 60 * 25 + 16 = 1,516 parameters where a full convolution has 2,416.

    The weight's first axis runs through the table row by row, so `weight[0]` belongs to `connections[0][0]`.

    Args:
        in_channels: Number of input maps.
        connections: A row for each output map: the input maps that it sees, counted from 0.
        kernel_size: Height and width of a kernel, in pixels.
        stride: Step of the kernel, in pixels.
        padding: Zeros added on each side, in pixels.

    Shape:
        (N, in_channels, H, W) float -> (N, len(connections), H', W') with H' = (H + 2 padding - kernel_size) // stride
        + 1.

    Raises:
        UsageError: A size is not a whole number, or the table is empty, has an empty row, names an input map twice in a
            row or one that does not exist.

    Example:
        >>> layer = PartialConv2d(3, [(0, 1), (2,)], kernel_size=1)
        >>> layer.weight.shape, layer.bias.shape
        (torch.Size([3, 1, 1]), torch.Size([2]))

    Source: LeCun et al. 1998, section II.B, layer C3 and Table I.
    """

    weight_places: Tensor

    def __init__(
        self,
        in_channels: int,
        connections: Sequence[Sequence[int]],
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        super().__init__()
        self.in_channels = whole_number("PartialConv2d", "in_channels", in_channels)
        self.connections = _checked_table(connections, self.in_channels)
        self.out_channels = len(self.connections)
        self.kernel_size = whole_number("PartialConv2d", "kernel_size", kernel_size)
        self.stride = whole_number("PartialConv2d", "stride", stride)
        self.padding = whole_number("PartialConv2d", "padding", padding, minimum=0)
        count = sum(len(row) for row in self.connections)
        self.weight = nn.Parameter(torch.empty(count, self.kernel_size, self.kernel_size))
        self.bias = nn.Parameter(torch.empty(self.out_channels))
        places = torch.tensor(_places(self.connections, self.in_channels))
        self.register_buffer("weight_places", places, persistent=False)  # follows from the table: no part of the state
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw anew as `torch.nn.Conv2d` does: uniform within ±1 / sqrt(fan-in), each map by its own fan-in."""
        start = 0
        for output_map, row in enumerate(self.connections):
            bound = (len(row) * self.kernel_size**2) ** -0.5
            nn.init.uniform_(self.weight[start : start + len(row)], -bound, bound)
            nn.init.uniform_(self.bias[output_map], -bound, bound)
            start += len(row)

    def weight_fans(self) -> Iterator[tuple[Tensor, int, int]]:
        """Each connection's kernel, the fan-in of the map that it leads to, and the fan-out of the map that it sees.

        Example:
            >>> layer = PartialConv2d(3, [(0, 1), (1,)], kernel_size=5)
            >>> [fans for _, *fans in layer.weight_fans()]
            [[50, 25], [50, 50], [25, 50]]
        """
        seen = Counter(input_map for row in self.connections for input_map in row)
        area = self.kernel_size**2
        pairs = [(len(row), seen[input_map]) for row in self.connections for input_map in row]
        for kernel, (inputs, outputs) in zip(self.weight, pairs, strict=True):
            yield kernel, inputs * area, outputs * area

    def dense_weight(self) -> Tensor:
        """The weight of the full convolution: (out_channels, in_channels, kernel, kernel), zero where unconnected."""
        # Gathering from the kernels and one of zeros depends on no input, so an exporter folds it into a constant.
        absent = self.weight.new_zeros(1, self.kernel_size, self.kernel_size)
        kernels = torch.cat([absent, self.weight]).index_select(0, self.weight_places)
        return kernels.view(self.out_channels, self.in_channels, self.kernel_size, self.kernel_size)

    def forward(self, inputs: Tensor) -> Tensor:
        """Cross-correlate with the connected kernels and add the biases."""
        return functional.conv2d(inputs, self.dense_weight(), self.bias, self.stride, self.padding)

    def layer_facts(self, input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> LayerFacts:
        """Only the connections that exist count, though a full convolution runs."""
        side, count = self.kernel_size, len(self.weight)
        _, height, width = output_shape
        return LayerFacts(
            macs=count * side * side * height * width, arithmetic=f"{count}*{side}*{side}+{self.out_channels}"
        )

    def extra_repr(self) -> str:
        """The sizes, for `print(module)`."""
        return (
            f"{self.in_channels}, {self.out_channels}, connections={len(self.weight)}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding}"
        )


def _checked_table(connections: Sequence[Sequence[int]], in_channels: int) -> tuple[tuple[int, ...], ...]:
    if not connections:
        raise UsageError("PartialConv2d: connections must have a row for each output map, got none")
    for output_map, row in enumerate(connections):
        if not row:
            raise UsageError(f"PartialConv2d: output map {output_map} must see at least one input map, got none")
        if len(set(row)) < len(row):
            raise UsageError(f"PartialConv2d: output map {output_map} names an input map twice: {tuple(row)}")
        for input_map in row:
            if whole_number("PartialConv2d", f"connections[{output_map}]", input_map, minimum=0) >= in_channels:
                raise UsageError(
                    f"PartialConv2d: output map {output_map} sees input map {input_map}, "
                    f"but there are {in_channels} input maps, counted from 0"
                )
    return tuple(tuple(int(input_map) for input_map in row) for row in connections)


def _places(connections: tuple[tuple[int, ...], ...], in_channels: int) -> list[int]:
    """For each pair (output map, input map) the kernel's place after the one of zeros; 0 where nothing is connected."""
    places = [0] * (len(connections) * in_channels)
    pairs = [(output_map, input_map) for output_map, row in enumerate(connections) for input_map in row]
    for kernel, (output_map, input_map) in enumerate(pairs, start=1):
        places[output_map * in_channels + input_map] = kernel
    return places
