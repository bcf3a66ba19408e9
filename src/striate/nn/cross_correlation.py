"""Convolution and cross-correlation with one kernel, each by its own name."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from striate.errors import UsageError
from striate.nn.arguments import height_and_width

Map: TypeAlias = Tensor | npt.NDArray[Any]
"""Real numbers: a tensor or an array."""

MapPadding: TypeAlias = int | tuple[int, int] | Literal["valid", "same"]
"""Zeros above and below, left and right, in pixels; or `"valid"`, none; or `"same"`, as many as keep the size."""


def cross_correlate2d(
    inputs: Map, kernel: Map, *, stride: int | tuple[int, int] = 1, padding: MapPadding = "valid"
) -> Tensor:
    """Slides the kernel over each map as it is, and sums the products: what networks call a convolution.

    output[y, x] = sum over i, j of kernel[i, j] * input[y * stride + i, x * stride + j]. Every map is filtered on its
    own. (Kernels that sum over channels: `torch.nn.functional.conv2d`, which cross-correlates too.) Gradients flow.

    Args:
        inputs: (H, W), (C, H, W) or (N, C, H, W), whole or floating-point numbers.
        kernel: (height, width), the same.
        stride: Step, in pixels: of both axes, or (vertical, horizontal).
        padding: Zeros on each side, in pixels: of both axes, or (vertical, horizontal). `"valid"`: none. `"same"`: as
            many as keep the size at stride 1; an even kernel has one more below and to the right.

    Returns:
        The maps, (..., H', W'). Whole numbers are computed in int64, exactly; otherwise the dtype is the wider one.

    Raises:
        UsageError: A shape, the stride or the padding makes no sense, the numbers are complex, or the kernel is larger
            than the padded input.

    Example:
        >>> picture, kernel = torch.arange(9).view(3, 3), torch.tensor([[1, 0], [0, 10]])
        >>> cross_correlate2d(picture, kernel)  # the corner at the top left is 0*1 + 4*10
        tensor([[40, 51],
                [73, 84]])

    Source: `scipy.signal.correlate2d`, with which it agrees in `valid`, `same` and (padding (height - 1, width - 1)) `full`.
    """
    return _slide("cross_correlate2d", inputs, kernel, stride, padding, flip=False)


def convolve2d(inputs: Map, kernel: Map, *, stride: int | tuple[int, int] = 1, padding: MapPadding = "valid") -> Tensor:
    """Flips the kernel in both axes, and cross-correlates: the convolution of mathematics and signal processing.

    output[y, x] = sum over i, j of kernel[h-1-i, w-1-j] * input[y * stride + i, x * stride + j]. Unlike
    cross-correlation it commutes and associates: two kernels one after the other are one kernel, their convolution.

    Args:
        inputs: (H, W), (C, H, W) or (N, C, H, W), whole or floating-point numbers; every map is filtered on its own.
        kernel: (height, width), the same.
        stride: Step, in pixels: of both axes, or (vertical, horizontal).
        padding: Zeros on each side, in pixels: of both axes, or (vertical, horizontal). `"valid"`: none. `"same"`: as
            many as keep the size at stride 1; an even kernel has one more above and to the left.

    Returns:
        The maps, (..., H', W'). Whole numbers are computed in int64, exactly; otherwise the dtype is the wider one.

    Raises:
        UsageError: A shape, the stride or the padding makes no sense, the numbers are complex, or the kernel is larger
            than the padded input.

    Example:
        >>> picture, kernel = torch.arange(9).view(3, 3), torch.tensor([[1, 0], [0, 10]])
        >>> convolve2d(picture, kernel)  # the corner at the top left is 0*10 + 4*1
        tensor([[ 4, 15],
                [37, 48]])

    Source: `scipy.signal.convolve2d`, with which it agrees in `valid`, `same` and (padding (height - 1, width - 1)) `full`.
    """
    return _slide("convolve2d", inputs, kernel, stride, padding, flip=True)


def _slide(
    owner: str, inputs: Map, kernel: Map, stride: int | tuple[int, int], padding: MapPadding, *, flip: bool
) -> Tensor:
    maps, weights = _numbers(owner, "inputs", inputs), _numbers(owner, "kernel", kernel)
    if maps.dim() not in (2, 3, 4):
        raise UsageError(f"{owner}: inputs must be (H, W), (C, H, W) or (N, C, H, W), got shape {tuple(maps.shape)}")
    if weights.dim() != 2 or not weights.numel():
        raise UsageError(f"{owner}: kernel must be (height, width), got shape {tuple(weights.shape)}")
    steps = height_and_width(owner, "stride", stride)
    before, after = _padding(owner, padding, tuple(weights.shape), flip=flip)
    for size, more, span in zip(maps.shape[-2:], _sum(before, after), weights.shape, strict=True):
        if size + more < span:
            raise UsageError(
                f"{owner}: a kernel of {_by(weights.shape)} is larger than the padded input, "
                f"{_by(_sum(tuple(maps.shape[-2:]), _sum(before, after)))}"
            )
    dtype = torch.promote_types(maps.dtype, weights.dtype)
    if flip:
        weights = weights.flip(0, 1)
    single = maps.reshape(-1, 1, *maps.shape[-2:]).to(dtype)
    padded = functional.pad(single, (before[1], after[1], before[0], after[0]))
    slid = functional.conv2d(padded, weights.to(dtype)[None, None], stride=steps)
    return slid.reshape(*maps.shape[:-2], *slid.shape[-2:])


def _numbers(owner: str, name: str, values: Map) -> Tensor:
    if not isinstance(values, Tensor | np.ndarray):
        raise UsageError(f"{owner}: {name} must be a tensor or an array, got {type(values).__name__}")
    if isinstance(values, np.ndarray):
        if values.dtype.kind not in "biuf":
            raise UsageError(f"{owner}: {name} must be real numbers, got {values.dtype}")
        values = torch.from_numpy(values.astype(_tensor_dtype(values.dtype)))  # a copy of its own, in plain order
    if values.is_complex():
        raise UsageError(f"{owner}: {name} must be real numbers, got {values.dtype}")
    return values if values.is_floating_point() else values.to(torch.int64)


def _tensor_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The nearest dtype that torch has: whole numbers in 64 bits, floats in native byte order and at most 64."""
    if dtype.kind != "f":
        return np.dtype(np.int64)
    return dtype.newbyteorder("=") if dtype.itemsize <= 8 else np.dtype(np.float64)


def _padding(
    owner: str, padding: MapPadding, kernel: tuple[int, ...], *, flip: bool
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Zeros before and after, each (vertical, horizontal)."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        height, width = kernel
        fewer, more = ((height - 1) // 2, (width - 1) // 2), (height // 2, width // 2)
        return (more, fewer) if flip else (fewer, more)
    if isinstance(padding, str):
        raise UsageError(f"{owner}: padding must be a whole number, a pair, 'valid' or 'same', got {padding!r}")
    both = height_and_width(owner, "padding", padding, minimum=0)
    return both, both


def _sum(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(left, right, strict=True))


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
