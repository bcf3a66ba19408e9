"""What a layer costs, as numbers and as the arithmetic that leads to them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from striate.errors import UsageError
from striate.nn.arguments import height_and_width, whole_number
from striate.nn.output_size import Padding, output_size


@dataclass(frozen=True)
class LayerArithmetic:
    """The parameters and the MACs of one layer, each with its arithmetic as text.

    Attributes:
        output_shape: (channels, height, width) of a map, (features,) of a vector.
        weights: Number of weights.
        biases: Number of biases.
        macs: Multiply-adds for one picture; adding the bias is none.
        parameter_text: Such as `"(5*5*3+1)*6 = 456"`.
        mac_text: Such as `"28*28*6 * 5*5*3 = 352,800"`.
    """

    output_shape: tuple[int, ...]
    weights: int
    biases: int
    macs: int
    parameter_text: str
    mac_text: str

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.weights + self.biases


def convolution_arithmetic(
    input_shape: tuple[int, int, int],
    out_channels: int,
    kernel_size: int | tuple[int, int],
    *,
    stride: int | tuple[int, int] = 1,
    padding: Padding | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
    bias: bool = True,
) -> LayerArithmetic:
    """What a convolution costs: (height * width * channels + 1) * filters parameters, wherever it looks.

    Args:
        input_shape: (channels, height, width) of the input.
        out_channels: Number of filters, and of output maps.
        kernel_size: Of both axes, or (height, width), in pixels.
        stride: Step, in pixels, the same way.
        padding: Zeros on each side, in pixels, the same way; or `"valid"`, or `"same"`.
        dilation: Distance between neighbouring weights, in pixels, the same way.
        groups: Each filter sees 1/groups of the channels; with as many groups as channels it is depthwise.
        bias: Whether each filter has a bias.

    Raises:
        UsageError: A number makes no sense, the groups do not divide the channels, or the kernel is larger than the
            padded input.

    Example:
        >>> layer = convolution_arithmetic((3, 32, 32), 6, 5)
        >>> layer.output_shape, layer.parameters, layer.parameter_text
        ((6, 28, 28), 456, '(5*5*3+1)*6 = 456')
        >>> layer.mac_text
        '28*28*6 * 5*5*3 = 352,800'
    """
    owner = "convolution_arithmetic"
    channels, rows, columns = _checked_shape(owner, "input_shape", input_shape, (3,))
    filters, groups = whole_number(owner, "out_channels", out_channels), whole_number(owner, "groups", groups)
    if channels % groups or filters % groups:
        raise UsageError(f"{owner}: groups must divide {channels} input and {filters} output channels, got {groups}")
    height, width = height_and_width(owner, "kernel_size", kernel_size)
    steps, gaps = height_and_width(owner, "stride", stride), height_and_width(owner, "dilation", dilation)
    zeros = padding if isinstance(padding, tuple) else (padding, padding)
    out_rows = output_size(rows, height, steps[0], zeros[0], gaps[0])
    out_columns = output_size(columns, width, steps[1], zeros[1], gaps[1])
    seen = channels // groups
    window = f"{height}*{width}*{seen}" if groups == 1 else f"{height}*{width}*({channels}/{groups})"
    outputs = out_rows * out_columns * filters
    return _layer(
        (filters, out_rows, out_columns),
        seen=height * width * seen,
        seen_text=window,
        units=filters,
        units_text=str(filters),
        outputs=outputs,
        outputs_text=f"{out_rows}*{out_columns}*{filters}",
        bias=bias,
    )


def dense_arithmetic(
    inputs: int | tuple[int, ...], outputs: int | tuple[int, ...], *, bias: bool = True
) -> LayerArithmetic:
    """What a fully connected layer costs: (inputs + 1) * outputs parameters, a weight for every pair.

    Between two maps it is the layer that could do what a convolution does, had it no weights in common.

    Args:
        inputs: Number of input values; or the shape of a map, (channels, height, width).
        outputs: Number of output values; or the shape of a map.
        bias: Whether each output has a bias.

    Raises:
        UsageError: A number is no whole number of at least 1, or a shape has not three of them.

    Example:
        >>> dense_arithmetic(120, 84).parameter_text
        '(120+1)*84 = 10,164'
        >>> dense_arithmetic((3, 32, 32), (6, 28, 28)).parameter_text
        '(32*32*3+1)*(28*28*6) = 14,455,392'
    """
    owner = "dense_arithmetic"
    shapes = []
    for name, given in (("inputs", inputs), ("outputs", outputs)):
        shapes.append(_checked_shape(owner, name, given if isinstance(given, tuple) else (given,), (1, 3)))
    seen, units = math.prod(shapes[0]), math.prod(shapes[1])
    units_text = _product(shapes[1])
    return _layer(
        shapes[1],
        seen=seen,
        seen_text=_product(shapes[0]),
        units=units,
        units_text=f"({units_text})" if len(shapes[1]) > 1 else units_text,
        outputs=units,
        outputs_text=units_text,
        bias=bias,
    )


def _layer(
    output_shape: tuple[int, ...],
    *,
    seen: int,
    seen_text: str,
    units: int,
    units_text: str,
    outputs: int,
    outputs_text: str,
    bias: bool,
) -> LayerArithmetic:
    """A layer of `outputs` outputs; each is a sum of `seen` products, with the weights of one of `units` units."""
    parameters = (seen + bias) * units
    each = f"({seen_text}+1)" if bias else seen_text
    return LayerArithmetic(
        output_shape=output_shape,
        weights=seen * units,
        biases=units if bias else 0,
        macs=seen * outputs,
        parameter_text=f"{each}*{units_text} = {parameters:,}",
        mac_text=f"{outputs_text} * {seen_text} = {seen * outputs:,}",
    )


def _checked_shape(owner: str, name: str, shape: tuple[int, ...], lengths: tuple[int, ...]) -> tuple[int, ...]:
    if not isinstance(shape, tuple | list) or len(shape) not in lengths:
        expected = "(channels, height, width)" if lengths == (3,) else "a number or (channels, height, width)"
        raise UsageError(f"{owner}: {name} must be {expected}, got {shape!r}")
    label = name if len(shape) == 1 else f"{name}[{{}}]"
    return tuple(whole_number(owner, label.format(place), size) for place, size in enumerate(shape))


def _product(shape: tuple[int, ...]) -> str:
    """Height, width, channels, as filters are written: 32*32*3."""
    return "*".join(map(str, (*shape[1:], shape[0])))
