"""A convolution whose maps also see themselves: the recurrent convolutional layer."""

from __future__ import annotations

from torch import Tensor, nn

from striate.nn.arguments import whole_number
from striate.nn.local_response_normalization import LocalResponseNormalization


class RecurrentConv2d(nn.Module):
    """`x(t) = LRN(relu(f * u + r * x(t-1) + b))`, t from 0 to `iterations`, without the second term at t = 0.

    LRN is over K / 8 + 1 neighbouring maps, an odd number, with alpha 0.001 before their mean and beta 0.75. The input `u` stands still;
    what it adds is computed once. The recurrent weights `r` are the same at every t, so that more iterations cost multiply-adds and no
    parameters, and let each unit see `kernel_size - 1` pixels further.

    Args:
        in_channels: Number of input maps.
        out_channels: Number of output maps, K.
        kernel_size: Of both convolutions: an odd number of pixels; borders are padded by zeros, so that the size stays.
        iterations: T, the last t; 0: a convolution without recurrence, whose recurrent weights do nothing.

    Shape:
        (N, in_channels, H, W) float -> (N, out_channels, H, W), values of 0 and more.

    Raises:
        UsageError: A size is not a whole number of at least 1, or `iterations` not one of at least 0.

    Example:
        >>> import torch
        >>> layer = RecurrentConv2d(3, 96, iterations=3)
        >>> sum(weight.numel() for weight in layer.parameters()) == 9 * 3 * 96 + 9 * 96 * 96 + 96
        True

    Source: Liang and Hu 2015, section 3.1, Eq. 1 to 4.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, iterations: int = 3) -> None:
        super().__init__()
        name = type(self).__name__
        in_channels = whole_number(name, "in_channels", in_channels)
        out_channels = whole_number(name, "out_channels", out_channels)
        kernel_size = whole_number(name, "kernel_size", kernel_size)
        self.iterations = whole_number(name, "iterations", iterations, minimum=0)
        padding = kernel_size // 2
        self.feed_forward = nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding)
        self.recurrent = nn.Conv2d(out_channels, out_channels, kernel_size, padding=padding, bias=False)
        times = range(self.iterations + 1)
        # A module of its own for each t: what is observed of one would otherwise be that of the last.
        self.relus = nn.ModuleList(nn.ReLU() for _ in times)
        self.norms = nn.ModuleList(
            LocalResponseNormalization(
                out_channels // 8 // 2 * 2 + 1, alpha=1e-3, beta=0.75, k=1.0, alpha_divided_by_size=True
            )
            for _ in times
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """The state after the last iteration."""
        driven = self.feed_forward(inputs)
        state = self.norms[0](self.relus[0](driven))
        for relu, norm in zip(self.relus[1:], self.norms[1:], strict=True):
            state = norm(relu(driven + self.recurrent(state)))
        answer: Tensor = state
        return answer
