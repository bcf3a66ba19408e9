"""The inception module of GoogLeNet, and the convolution with its nonlinearity that it is made of."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.nn.arguments import whole_number

BATCH_NORM_EPSILON = 1e-3
"""What torchvision's GoogLeNet adds to a variance, a hundred times the default of `torch.nn.BatchNorm2d`."""


class ConvolutionUnit(nn.Sequential):
    """A convolution and a ReLU; or, with batch norm between the two, a convolution without a bias.

    Padded so that stride 1 keeps the size. The layers are `conv`, `bn` where there is one, and `relu`.

    Args:
        in_channels: Number of input maps.
        out_channels: Number of output maps.
        kernel_size: Height and width of a kernel in pixels, an odd number.
        stride: Step of the kernel, in pixels.
        batch_norm: Whether there is batch norm.

    Shape:
        (N, in_channels, H, W) float -> (N, out_channels, ceil(H / stride), ceil(W / stride)).

    Raises:
        UsageError: A size is not a whole number of at least 1, or the kernel's is even.

    Example:
        >>> ConvolutionUnit(3, 64, 7, stride=2)(torch.zeros(1, 3, 31, 32)).shape
        torch.Size([1, 64, 16, 16])
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1, batch_norm: bool = False
    ) -> None:
        in_channels = whole_number("ConvolutionUnit", "in_channels", in_channels)
        out_channels = whole_number("ConvolutionUnit", "out_channels", out_channels)
        kernel_size = whole_number("ConvolutionUnit", "kernel_size", kernel_size)
        stride = whole_number("ConvolutionUnit", "stride", stride)
        if kernel_size % 2 == 0:
            raise UsageError(
                f"ConvolutionUnit: kernel_size must be odd, so that padding can be the same on all sides, got {kernel_size}"
            )
        padding = kernel_size // 2
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["conv"] = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=not batch_norm)
        if batch_norm:
            layers["bn"] = nn.BatchNorm2d(out_channels, eps=BATCH_NORM_EPSILON)
        layers["relu"] = nn.ReLU()
        super().__init__(layers)


class InceptionModule(nn.Module):
    """1x1, 3x3 and 5x5 convolutions and a max pooling side by side on the same maps, their outputs stacked.

    In the naive module of the paper's Fig. 2(a) every convolution sees all maps, and the pooling hands all of them on,
    so that modules grow as they are stacked. The module of Fig. 2(b), which GoogLeNet is made of, has 1x1 convolutions
    as bottlenecks before the 3x3 and the 5x5 and behind the pooling. Each bottleneck is there if its width is given.

    The arguments, the branches and so the parameters are in the order of the columns of the paper's Table 1. Each
    convolution is followed by a ReLU. Branches are named as in torchvision's module.

    Args:
        in_channels: Number of input maps.
        conv1x1: Maps of the 1x1 convolution.
        reduce3x3: Maps of the bottleneck before the 3x3 convolution; `None`: there is none.
        conv3x3: Maps of the 3x3 convolution.
        reduce5x5: Maps of the bottleneck before the 5x5 convolution; `None`: there is none.
        conv5x5: Maps of the 5x5 convolution.
        pool_projection: Maps of the 1x1 convolution behind the 3x3 pooling; `None`: there is none, and the pooling's
            maps are all stacked.
        largest_kernel: Kernel of the branch that is 5x5 in the paper, in pixels; torchvision's GoogLeNet has 3.
        batch_norm: Whether batch norm follows every convolution, which then has no bias; the paper has none.

    Shape:
        (N, in_channels, H, W) float -> (N, out_channels, H, W), `out_channels` the sum over the branches.

    Raises:
        UsageError: A width is not a whole number of at least 1, or `largest_kernel` is even.

    Example:
        >>> maps = torch.zeros(1, 192, 28, 28)
        >>> naive = InceptionModule(192, conv1x1=64, conv3x3=128, conv5x5=32)
        >>> naive(maps).shape, sum(parameter.numel() for parameter in naive.parameters())
        (torch.Size([1, 416, 28, 28]), 387296)
        >>> module = InceptionModule(
        ...     192, conv1x1=64, reduce3x3=96, conv3x3=128, reduce5x5=16, conv5x5=32, pool_projection=32
        ... )
        >>> module(maps).shape, sum(parameter.numel() for parameter in module.parameters())
        (torch.Size([1, 256, 28, 28]), 163696)

    Source: Szegedy et al. 2014, section 4, Fig. 2 and Table 1.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        conv1x1: int,
        reduce3x3: int | None = None,
        conv3x3: int,
        reduce5x5: int | None = None,
        conv5x5: int,
        pool_projection: int | None = None,
        largest_kernel: int = 5,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels = whole_number("InceptionModule", "in_channels", in_channels)
        widths = {"conv1x1": conv1x1, "conv3x3": conv3x3, "conv5x5": conv5x5}
        bottlenecks = {"reduce3x3": reduce3x3, "reduce5x5": reduce5x5, "pool_projection": pool_projection}
        widths |= {name: width for name, width in bottlenecks.items() if width is not None}
        for name, width in widths.items():
            whole_number("InceptionModule", name, width)
        largest_kernel = whole_number("InceptionModule", "largest_kernel", largest_kernel)
        if largest_kernel % 2 == 0:
            raise UsageError(
                "InceptionModule: largest_kernel must be odd, so that the branches' maps are of one size, "
                f"got {largest_kernel}"
            )
        self.out_channels = conv1x1 + conv3x3 + conv5x5 + (pool_projection or self.in_channels)

        def unit(inputs: int, outputs: int, kernel_size: int) -> ConvolutionUnit:
            return ConvolutionUnit(inputs, outputs, kernel_size, batch_norm=batch_norm)

        def branch(bottleneck: int | None, outputs: int, kernel_size: int) -> nn.Sequential:
            if bottleneck is None:
                return nn.Sequential(unit(self.in_channels, outputs, kernel_size))
            return nn.Sequential(unit(self.in_channels, bottleneck, 1), unit(bottleneck, outputs, kernel_size))

        self.branch1 = unit(self.in_channels, conv1x1, 1)
        self.branch2 = branch(reduce3x3, conv3x3, 3)
        self.branch3 = branch(reduce5x5, conv5x5, largest_kernel)
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1))
        if pool_projection is not None:
            self.branch4.append(unit(self.in_channels, pool_projection, 1))

    def forward(self, inputs: Tensor) -> Tensor:
        """Stack what the branches answer."""
        return torch.cat([self.branch1(inputs), self.branch2(inputs), self.branch3(inputs), self.branch4(inputs)], 1)

    def extra_repr(self) -> str:
        """The sizes, for `print(module)`."""
        return f"{self.in_channels}, {self.out_channels}"
