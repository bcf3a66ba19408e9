"""Depthwise separable convolution: each map is filtered by itself, then the maps are mixed pixel by pixel."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from striate.errors import UsageError
from striate.nn.arguments import positive_number, whole_number
from striate.nn.same_padding import Padding, padded_conv2d

ACTIVATIONS = ("relu", "relu6")
Activation = Literal["relu", "relu6"]


class DepthwiseSeparableConv2d(nn.Module):
    """A k x k convolution of each map by itself and a 1x1 convolution over all maps, each with batch norm and ReLU.

    A full convolution filters and mixes at once, with M k² N weights from M maps to N; the two steps have M k² and
    M N, and at stride 1 the multiply-adds are in the same proportion:

        (M k² + M N) / (M k² N) = 1/N + 1/k²

    which is close to a ninth for 3x3 kernels and many maps.

    Args:
        in_channels: Number of input maps, M.
        out_channels: Number of output maps, N.
        kernel_size: Height and width of the first step's kernel in pixels, odd; k.
        stride: Step of the first step's kernel, in pixels.
        padding: "symmetric", or "same" as in TensorFlow; see `SamePaddingConv2d`.
        activation: "relu", or "relu6", which stops at 6.
        norm_epsilon: What batch norm adds to the variance.

    Shape:
        (N, in_channels, H, W) float -> (N, out_channels, ceil(H / stride), ceil(W / stride)), values of 0 and more.

    Raises:
        UsageError: A size is not a whole number of at least 1, the kernel not odd, `norm_epsilon` not above 0, or an
            option has another name.

    Example:
        >>> separable = DepthwiseSeparableConv2d(512, 512)
        >>> weights = separable.depthwise.weight.numel() + separable.pointwise.weight.numel()
        >>> weights, nn.Conv2d(512, 512, 3, bias=False).weight.numel()  # Table 3: 0.27 and 2.36 million
        (266752, 2359296)
        >>> weights / 2_359_296 == 1 / 512 + 1 / 3**2
        True

    Source: Howard et al. 2017 (MobileNets), section 3.1, Eq. 5 and Fig. 3.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        *,
        padding: Padding = "symmetric",
        activation: Activation = "relu",
        norm_epsilon: float = 1e-5,
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        for name, value in (("in_channels", in_channels), ("out_channels", out_channels), ("stride", stride)):
            whole_number(owner, name, value)
        epsilon = positive_number(owner, "norm_epsilon", norm_epsilon)
        if activation not in ACTIVATIONS:
            raise UsageError(f"{owner}: activation must be 'relu' or 'relu6', got {activation!r}")
        rectifier = nn.ReLU if activation == "relu" else nn.ReLU6
        self.depthwise = padded_conv2d(
            in_channels, in_channels, kernel_size, stride=stride, groups=in_channels, padding=padding
        )
        self.bn1 = nn.BatchNorm2d(in_channels, eps=epsilon)
        self.relu1 = rectifier()
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels, eps=epsilon)
        self.relu2 = rectifier()

    def forward(self, inputs: Tensor) -> Tensor:
        """Filter, then mix."""
        maps = self.relu1(self.bn1(self.depthwise(inputs)))
        answer: Tensor = self.relu2(self.bn2(self.pointwise(maps)))
        return answer
