"""Residual blocks: what the convolutions learn is added to what came in."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from striate.errors import UsageError
from striate.nn.arguments import whole_number
from striate.nn.zero_padded_identity import ZeroPaddedIdentity

SHORTCUTS = ("A", "B", "C", "none")
Shortcut = Literal["A", "B", "C", "none"]
STRIDES_AT = ("first", "middle")
StrideAt = Literal["first", "middle"]


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut: relu(shortcut(x) + f(x)), with batch norm after each convolution.

    The shortcut is one of the paper's options:

        A     the input; where the shape changes, every `stride`-th pixel of it, with maps of zeros added
        B     the input; where the shape changes, a 1x1 convolution of it with batch norm
        C     a 1x1 convolution of it with batch norm, always
        none  there is no shortcut: relu(f(x)), a pair of layers of the paper's plain networks

    Parameters are named as in torchvision's block of this name.

    Args:
        in_channels: Number of input maps.
        out_channels: Number of output maps.
        stride: Step of the first convolution and of the shortcut, in pixels.
        shortcut: The option. A cannot narrow: it needs `out_channels` of at least `in_channels`.

    Shape:
        (N, in_channels, H, W) float -> (N, out_channels, ceil(H / stride), ceil(W / stride)), values of 0 and more.

    Raises:
        UsageError: A size is not a whole number of at least 1, the option has another name, or A would have to narrow.

    Example:
        >>> import torch
        >>> block = BasicBlock(1, 1).eval()
        >>> _ = nn.init.zeros_(block.bn2.weight)  # f(x) = 0, and what is left is the shortcut
        >>> block(torch.tensor([[[[1.0, -2.0]]]]))
        tensor([[[[1., 0.]]]], grad_fn=<ReluBackward0>)

    Source: He et al. 2015, section 3.2, Eq. 1 and Fig. 2; options: section 3.3 and "Identity vs. Projection Shortcuts".
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, *, shortcut: Shortcut = "B") -> None:
        super().__init__()
        _check("BasicBlock", shortcut, in_channels=in_channels, out_channels=out_channels, stride=stride)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample = _shortcut(in_channels, out_channels, stride, shortcut)
        self.relu2 = nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        """Add what the convolutions learned to what came in."""
        maps = self.relu1(self.bn1(self.conv1(inputs)))
        maps = self.bn2(self.conv2(maps))
        if self.downsample is not None:
            maps = maps + self.downsample(inputs)
        answer: Tensor = self.relu2(maps)
        return answer


class BottleneckBlock(nn.Module):
    """A 1x1 convolution that narrows, a 3x3 one, and a 1x1 one that widens, beside a shortcut as in `BasicBlock`.

    Where the size changes, the paper puts the stride on the first convolution, which then skips three pixels of four;
    torchvision and others put it on the 3x3 in the middle, which costs more ("v1.5"). Parameters are the same
    in number, name and shape, so that weights of the one load into the other and silently answer worse. They are named
    as in torchvision's `Bottleneck`.

    Args:
        in_channels: Number of input maps.
        middle_channels: Number of maps that the 3x3 convolution takes and gives.
        out_channels: Number of output maps; in the paper 4 times `middle_channels`.
        stride: Step of one of the convolutions and of the shortcut, in pixels.
        shortcut: The option, as in `BasicBlock`.
        stride_at: Which convolution has the stride: the "first", or the one in the "middle".

    Shape:
        (N, in_channels, H, W) float -> (N, out_channels, ceil(H / stride), ceil(W / stride)), values of 0 and more.

    Raises:
        UsageError: A size is not a whole number of at least 1, an option has another name, or A would have to narrow.

    Example:
        >>> import torch
        >>> block = BottleneckBlock(256, 64, 256)  # costs about what BasicBlock(64, 64) costs
        >>> sum(weight.numel() for weight in block.parameters() if weight.ndim > 1), 2 * 64 * 64 * 3 * 3
        (69632, 73728)
        >>> block(torch.zeros(1, 256, 7, 7)).shape
        torch.Size([1, 256, 7, 7])

    Source: He et al. 2015, section 4.1, "Deeper Bottleneck Architectures", and Fig. 5.
    """

    def __init__(
        self,
        in_channels: int,
        middle_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        shortcut: Shortcut = "B",
        stride_at: StrideAt = "first",
    ) -> None:
        super().__init__()
        _check(
            "BottleneckBlock",
            shortcut,
            in_channels=in_channels,
            middle_channels=middle_channels,
            out_channels=out_channels,
            stride=stride,
        )
        if stride_at not in STRIDES_AT:
            raise UsageError(f"BottleneckBlock: stride_at must be 'first' or 'middle', got {stride_at!r}")
        first, middle = (stride, 1) if stride_at == "first" else (1, stride)
        self.conv1 = nn.Conv2d(in_channels, middle_channels, 1, first, bias=False)
        self.bn1 = nn.BatchNorm2d(middle_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(middle_channels, middle_channels, 3, middle, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(middle_channels)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(middle_channels, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.downsample = _shortcut(in_channels, out_channels, stride, shortcut)
        self.relu3 = nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        """Narrow, filter, widen, and add the result to what came in."""
        maps = self.relu1(self.bn1(self.conv1(inputs)))
        maps = self.relu2(self.bn2(self.conv2(maps)))
        maps = self.bn3(self.conv3(maps))
        if self.downsample is not None:
            maps = maps + self.downsample(inputs)
        answer: Tensor = self.relu3(maps)
        return answer


def _check(owner: str, shortcut: str, **sizes: int) -> None:
    for name, value in sizes.items():
        whole_number(owner, name, value)
    if shortcut not in SHORTCUTS:
        raise UsageError(f"{owner}: shortcut must be 'A', 'B', 'C' or 'none', got {shortcut!r}")


def _shortcut(in_channels: int, out_channels: int, stride: int, option: Shortcut) -> nn.Module | None:
    """What is added to the convolutions' answer; a module in every case, so that hooks see it."""
    if option == "none":
        return None
    if option != "C" and in_channels == out_channels and stride == 1:
        return nn.Identity()
    if option == "A":
        return ZeroPaddedIdentity(in_channels, out_channels, stride)
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )
