"""Convolution padded as TensorFlow's SAME: what the weights published for it expect."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from striate.errors import UsageError
from striate.nn.arguments import whole_number

PADDINGS = ("symmetric", "same")
Padding = Literal["symmetric", "same"]


class SamePaddingConv2d(nn.Conv2d):
    """A convolution whose output has ceil(size / stride) pixels, however large the picture is: TensorFlow's SAME.

    Each axis gets as many zeros as that takes, half of them on each side, the odd one at the bottom or the right:

        zeros = max((ceil(size / stride) - 1) * stride + dilation * (kernel_size - 1) + 1 - size, 0)

    With stride 2 and a 3x3 kernel a side of 224 pixels gets one zero, after its last pixel, where symmetric padding
    puts one before the first too: the kernels then sit one pixel further to the top left. Output sizes agree, and so
    do parameters, but weights trained with one padding lose accuracy under the other.

    It is a `torch.nn.Conv2d`, with the same parameters under the same names. Where the stride is 1 the zeros do not
    depend on the size: they are then this module's `padding`, if both sides get as many, and it is an ordinary
    convolution. Otherwise `padding` is 0, and `zeros` tells what is added before.

    Args:
        in_channels: Number of input maps.
        out_channels: Number of output maps.
        kernel_size: Height and width of the kernel, in pixels.
        stride: Step of the kernel, in pixels.
        dilation: Step between the pixels under the kernel.
        groups: Into how many parts the maps are divided that do not see one another.
        bias: Whether each output map adds a trained constant.

    Shape:
        (N, in_channels, H, W) float -> (N, out_channels, ceil(H / stride), ceil(W / stride)).

    Raises:
        UsageError: A size is not a whole number of at least 1, or `groups` does not divide the maps.

    Example:
        >>> import torch
        >>> layer = SamePaddingConv2d(1, 1, 3, stride=2, bias=False)
        >>> _ = nn.init.ones_(layer.weight)
        >>> layer.zeros(4, axis=0), layer.zeros(5, axis=0)
        ((0, 1), (1, 1))
        >>> layer(torch.ones(1, 1, 4, 4))[0, 0]
        tensor([[9., 6.],
                [6., 4.]], grad_fn=<SelectBackward0>)

    Source: TensorFlow, tf.nn, notes on padding. Its networks' papers do not state it.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        *,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        owner = type(self).__name__
        for name, value in (
            ("in_channels", in_channels),
            ("out_channels", out_channels),
            ("kernel_size", kernel_size),
            ("stride", stride),
            ("dilation", dilation),
            ("groups", groups),
        ):
            whole_number(owner, name, value)
        if in_channels % groups or out_channels % groups:
            raise UsageError(
                f"{owner}: groups must divide in_channels and out_channels, got {groups} of {in_channels} and {out_channels}"
            )
        reach = dilation * (kernel_size - 1)
        fixed = stride == 1 and reach % 2 == 0
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            reach // 2 if fixed else 0,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        self.pads_before = not fixed and reach > 0  # zeros that `padding` cannot say

    def zeros(self, size: int, *, axis: int) -> tuple[int, int]:
        """How many zeros are put before the first and after the last pixel of an axis, `padding` included.

        Args:
            size: The input's pixels along the axis.
            axis: 0 for the height, 1 for the width.
        """
        reach, stride = self.dilation[axis] * (self.kernel_size[axis] - 1), self.stride[axis]
        # The formula above without its branches, so that a trace, where sizes are tensors, keeps it for every size.
        total = reach - (size - 1) % stride
        if reach < stride - 1:  # then it may be below 0
            total = (total + abs(total)) // 2
        return total // 2, total - total // 2

    def forward(self, inputs: Tensor) -> Tensor:
        """Pad and cross-correlate."""
        if self.pads_before:
            top, bottom = self.zeros(inputs.shape[2], axis=0)
            left, right = self.zeros(inputs.shape[3], axis=1)
            inputs = functional.pad(inputs, (left, right, top, bottom))
        return super().forward(inputs)


def padded_conv2d(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    stride: int = 1,
    groups: int = 1,
    bias: bool = False,
    padding: Padding = "symmetric",
) -> nn.Conv2d:
    """A convolution with an odd kernel that answers ceil(size / stride) pixels, padded by either convention.

    Args:
        in_channels: Number of input maps.
        out_channels: Number of output maps.
        kernel_size: Height and width of the kernel, in pixels, odd.
        stride: Step of the kernel, in pixels.
        groups: Into how many parts the maps are divided that do not see one another.
        bias: Whether each output map adds a trained constant.
        padding: "symmetric": (kernel_size - 1) / 2 zeros on every side. "same": as `SamePaddingConv2d` has it.

    Raises:
        UsageError: The kernel is not odd, or the padding is of neither kind.

    Example:
        >>> padded_conv2d(8, 8, 3, stride=2, groups=8)
        Conv2d(8, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=8, bias=False)
        >>> padded_conv2d(8, 8, 3, stride=2, groups=8, padding="same")
        SamePaddingConv2d(8, 8, kernel_size=(3, 3), stride=(2, 2), groups=8, bias=False)
    """
    if padding not in PADDINGS:
        raise UsageError(f"padded_conv2d: padding must be 'symmetric' or 'same', got {padding!r}")
    if whole_number("padded_conv2d", "kernel_size", kernel_size) % 2 == 0:
        raise UsageError(f"padded_conv2d: kernel_size must be odd, got {kernel_size}")
    if padding == "same":
        return SamePaddingConv2d(in_channels, out_channels, kernel_size, stride, groups=groups, bias=bias)
    return nn.Conv2d(in_channels, out_channels, kernel_size, stride, (kernel_size - 1) // 2, groups=groups, bias=bias)
