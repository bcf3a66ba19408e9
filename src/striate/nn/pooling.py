"""Pooling that `torch.nn` lacks: the least of each window, and whole maps to one number or two."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.errors import UsageError
from striate.nn.arguments import whole_number


class MinPool2d(nn.Module):
    """The least value of each window, where `torch.nn.MaxPool2d` answers the greatest. No parameters.

    Padding never wins: it counts as larger than everything.

    Args:
        kernel_size: Height and width of a window, in pixels.
        stride: Step between windows, in pixels; `None`: the window's own size, so that windows do not overlap.
        padding: Pixels added on each side, at most half a window.
        ceil_mode: Whether a last window that reaches over the edge counts too, as long as it starts inside.

    Shape:
        (N, C, H, W) float -> (N, C, H', W') with H' = (H + 2 padding - kernel_size) / stride + 1, rounded down, or up
        with `ceil_mode`.

    Raises:
        UsageError: A size is not a whole number, or the padding is more than half a window.

    Example:
        >>> import torch
        >>> MinPool2d(2)(torch.arange(16.0).view(1, 1, 4, 4))
        tensor([[[[ 0.,  2.],
                  [ 8., 10.]]]])

    Source: min(x) = -max(-x).
    """

    def __init__(
        self, kernel_size: int, stride: int | None = None, *, padding: int = 0, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.kernel_size = whole_number("MinPool2d", "kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else whole_number("MinPool2d", "stride", stride)
        self.padding = whole_number("MinPool2d", "padding", padding, minimum=0)
        if 2 * self.padding > self.kernel_size:
            raise UsageError(
                f"MinPool2d: padding must be at most half of kernel_size, so that no window is all padding, "
                f"got {self.padding} with {self.kernel_size}"
            )
        self.ceil_mode = ceil_mode

    def forward(self, inputs: Tensor) -> Tensor:
        """The least of each window."""
        return -functional.max_pool2d(-inputs, self.kernel_size, self.stride, self.padding, ceil_mode=self.ceil_mode)

    def extra_repr(self) -> str:
        """The sizes, for `print(module)`."""
        rounding = ", ceil_mode=True" if self.ceil_mode else ""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}{rounding}"


class GlobalAveragePool2d(nn.Module):
    """The mean of each map, whatever its size. No parameters.

    Shape:
        (N, C, H, W) float, H and W of at least 1 -> (N, C).

    Example:
        >>> import torch
        >>> GlobalAveragePool2d()(torch.arange(8.0).view(1, 2, 2, 2))  # (0 + 1 + 2 + 3) / 4, (4 + 5 + 6 + 7) / 4
        tensor([[1.5000, 5.5000]])

    Source: Lin et al. 2013, section 3.2.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Average over all pixels."""
        return inputs.mean(dim=(2, 3))


class GlobalMaxPool2d(nn.Module):
    """The greatest value of each map, whatever its size. No parameters.

    Where several pixels are equally great, the gradient is shared evenly between them.

    Shape:
        (N, C, H, W) float, H and W of at least 1 -> (N, C).

    Example:
        >>> import torch
        >>> GlobalMaxPool2d()(torch.arange(8.0).view(1, 2, 2, 2))
        tensor([[3., 7.]])

    Source: Oquab et al. 2015, Is Object Localization for Free?, section 3.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """The greatest of all pixels."""
        return inputs.amax(dim=(2, 3))


class MeanAndMaxPool2d(nn.Module):
    """The mean of each map, and after all means the greatest value of each. No parameters.

    The mean says how much of a thing there is, the greatest value whether it is there at all.

    Shape:
        (N, C, H, W) float, H and W of at least 1 -> (N, 2 C).

    Example:
        >>> MeanAndMaxPool2d()(torch.arange(8.0).view(1, 2, 2, 2))
        tensor([[1.5000, 5.5000, 3.0000, 7.0000]])
    """

    def __init__(self) -> None:
        super().__init__()
        self.mean = GlobalAveragePool2d()
        self.maximum = GlobalMaxPool2d()

    def forward(self, inputs: Tensor) -> Tensor:
        """Means, then greatest values."""
        return torch.cat([self.mean(inputs), self.maximum(inputs)], dim=1)
