"""The shortcut without parameters of residual networks (option A)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from striate.errors import UsageError
from striate.nn.arguments import whole_number


class ZeroPaddedIdentity(nn.Module):
    """Every `stride`-th pixel of its input, with maps of zeros before and after to reach `out_channels`. No parameters.

    The paper does not say where the zeros go; here they are split evenly, the odd one after, as in the CIFAR networks
    whose weights are published. The output is as large as that of a 3x3 convolution with padding 1 and the same stride,
    also at odd sizes.

    Args:
        in_channels: Number of input maps.
        out_channels: Number of output maps, at least `in_channels`.
        stride: Step between the pixels that are kept, in pixels.

    Shape:
        (N, in_channels, H, W) float -> (N, out_channels, ceil(H / stride), ceil(W / stride)).

    Raises:
        UsageError: An argument is not a whole number of at least 1, or `out_channels` is below `in_channels`.

    Example:
        >>> import torch
        >>> ZeroPaddedIdentity(1, 3, stride=2)(torch.arange(9.0).view(1, 1, 3, 3))[0]
        tensor([[[0., 0.],
                 [0., 0.]],
        <BLANKLINE>
                [[0., 2.],
                 [6., 8.]],
        <BLANKLINE>
                [[0., 0.],
                 [0., 0.]]])

    Source: He et al. 2015, section 3.3, option (A).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.in_channels = whole_number("ZeroPaddedIdentity", "in_channels", in_channels)
        self.out_channels = whole_number("ZeroPaddedIdentity", "out_channels", out_channels)
        self.stride = whole_number("ZeroPaddedIdentity", "stride", stride)
        if self.out_channels < self.in_channels:
            raise UsageError(
                f"ZeroPaddedIdentity: out_channels must be at least in_channels, got {out_channels} after {in_channels}"
            )

    def forward(self, inputs: Tensor) -> Tensor:
        """Subsample and pad."""
        before = (self.out_channels - self.in_channels) // 2
        after = self.out_channels - self.in_channels - before
        return functional.pad(inputs[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, before, after))

    def extra_repr(self) -> str:
        """The sizes, for `print(module)`."""
        return f"{self.in_channels}, {self.out_channels}, stride={self.stride}"
