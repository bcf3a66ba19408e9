"""Kernels that people designed by hand, before networks learned theirs: edges, blurs, sharpening."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from striate.errors import UnknownNameError


@dataclass(frozen=True)
class NamedKernel:
    """A kernel as data. It is written for cross-correlation, as it lies on the picture; convolution would flip it.

    Attributes:
        name: What `named_kernel` finds it by.
        rows: Its weights as whole numbers, from the top to the bottom.
        divisor: What all of them are divided by.
        what: What it answers to, in a few words.
        source: Who published it.

    Example:
        >>> named_kernel("box_blur").tensor().sum().item()
        1.0
    """

    name: str
    rows: tuple[tuple[int, ...], ...]
    divisor: int
    what: str
    source: str

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return len(self.rows), len(self.rows[0])

    def tensor(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The weights, (height, width), divided by the divisor.

        Args:
            dtype: A floating-point type.
        """
        return torch.tensor(self.rows, dtype=torch.float64).div(self.divisor).to(dtype)


_SOBEL = "Sobel and Feldman 1968, as printed in Duda and Hart 1973, Pattern Classification and Scene Analysis, p. 271"
_PREWITT = "Prewitt 1970, Object enhancement and extraction"
_SCHARR = "Scharr 2000, Optimale Operatoren in der digitalen Bildverarbeitung"
_ROSENFELD = "Rosenfeld and Kak 1976, Digital Picture Processing"
_BURT = "Burt and Adelson 1983, The Laplacian pyramid as a compact image code: binomial weights (a = 3/8 for 5 taps)"
_NONE = "no publication: customary"

# name, rows, divisor, what, source. In picture coordinates x grows to the right and y grows downwards.
KERNELS = (
    NamedKernel("box_blur", ((1, 1, 1), (1, 1, 1), (1, 1, 1)), 9, "the mean of 3x3 pixels", _ROSENFELD),
    NamedKernel("box_blur_5", ((1,) * 5,) * 5, 25, "the mean of 5x5 pixels", _ROSENFELD),
    NamedKernel("emboss", ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)), 1, "relief, lit from the top left", _NONE),
    NamedKernel("gaussian_blur", ((1, 2, 1), (2, 4, 2), (1, 2, 1)), 16, "soft blur, variance 1/2 pixel^2", _BURT),
    NamedKernel(
        "gaussian_blur_5",
        ((1, 4, 6, 4, 1), (4, 16, 24, 16, 4), (6, 24, 36, 24, 6), (4, 16, 24, 16, 4), (1, 4, 6, 4, 1)),
        256,
        "softer blur, variance 1 pixel^2",
        _BURT,
    ),
    NamedKernel("identity", ((0, 0, 0), (0, 1, 0), (0, 0, 0)), 1, "the picture as it is", _NONE),
    NamedKernel(
        "laplacian", ((0, 1, 0), (1, -4, 1), (0, 1, 0)), 1, "second derivative: edges of all kinds", _ROSENFELD
    ),
    NamedKernel("laplacian_8", ((1, 1, 1), (1, -8, 1), (1, 1, 1)), 1, "the same, with the diagonals", _ROSENFELD),
    NamedKernel("prewitt_x", ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)), 1, "brighter to the right: upright edges", _PREWITT),
    NamedKernel("prewitt_y", ((-1, -1, -1), (0, 0, 0), (1, 1, 1)), 1, "brighter below: level edges", _PREWITT),
    NamedKernel("scharr_x", ((-3, 0, 3), (-10, 0, 10), (-3, 0, 3)), 1, "as sobel_x, truer on slanted edges", _SCHARR),
    NamedKernel("scharr_y", ((-3, -10, -3), (0, 0, 0), (3, 10, 3)), 1, "as sobel_y, truer on slanted edges", _SCHARR),
    NamedKernel("sharpen", ((0, -1, 0), (-1, 5, -1), (0, -1, 0)), 1, "the picture less its Laplacian", _ROSENFELD),
    NamedKernel("sobel_x", ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)), 1, "brighter to the right: upright edges", _SOBEL),
    NamedKernel("sobel_y", ((-1, -2, -1), (0, 0, 0), (1, 2, 1)), 1, "brighter below: level edges", _SOBEL),
)
"""All of them, in the order of their names."""


def list_kernels() -> list[str]:
    """The names of the hand-made kernels, sorted.

    Example:
        >>> list_kernels()[:4]
        ['box_blur', 'box_blur_5', 'emboss', 'gaussian_blur']
    """
    return [kernel.name for kernel in KERNELS]


def named_kernel(name: str) -> NamedKernel:
    """The hand-made kernel of that name.

    Args:
        name: One of `list_kernels()`.

    Raises:
        UnknownNameError: If there is none; the message offers the closest names.

    Example:
        >>> named_kernel("sobel_x").rows
        ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))
        >>> named_kernel("sobel")
        Traceback (most recent call last):
        striate.errors.UnknownNameError: unknown kernel 'sobel'; did you mean 'sobel_y', 'sobel_x'? see `striate filter --list`
    """
    for kernel in KERNELS:
        if kernel.name == name:
            return kernel
    raise UnknownNameError("kernel", name, list_kernels(), "see `striate filter --list`")
