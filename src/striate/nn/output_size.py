"""How large a map becomes: the arithmetic of kernel, stride, padding and dilation along one axis."""

from __future__ import annotations

from typing import Literal, TypeAlias

from striate.errors import UsageError
from striate.nn.arguments import whole_number

Padding: TypeAlias = int | Literal["valid", "same"]
"""Zeros on each side, in pixels; or `"valid"`, none; or `"same"`, as many as keep the size at stride 1."""


def output_size(
    n: int,
    kernel: int,
    stride: int = 1,
    padding: Padding = 0,
    dilation: int = 1,
    ceil: bool = False,
    strict: bool = False,
) -> int:
    """The number of windows along one axis, in pixels: floor((n + 2 padding - f) / stride) + 1.

    f is what the kernel spans, dilation (kernel - 1) + 1. Where the stride does not fit, the pixels that are left over
    at the end are in no window; `ceil` adds a window for them that hangs over the end, unless it would begin past the
    input and the padding before it, as pooling in torch has it; `strict` refuses.

    Args:
        n: Size of the input, in pixels.
        kernel: Size of the kernel, in pixels.
        stride: Step of the kernel, in pixels.
        padding: Zeros on each side, in pixels; or `"valid"`, none; or `"same"`, ceil(n / stride) outputs, which for an
            even kernel takes one pixel more at the end than at the start.
        dilation: Distance between the kernel's neighbouring weights, in pixels.
        ceil: Round up rather than down.
        strict: Refuse a stride that does not fit.

    Raises:
        UsageError: An argument is no whole number in its range, the kernel is larger than the padded input, or, with
            `strict`, the stride does not fit; the message says why, and which paddings and strides would.

    Example:
        >>> output_size(32, 5), output_size(32, 5, padding=2), output_size(7, 3, padding=1), output_size(224, 2, 2)
        (28, 32, 7, 112)
        >>> output_size(7, 3, stride=3), output_size(7, 3, stride=3, ceil=True)
        (2, 3)
        >>> output_size(7, 3, stride=3, strict=True)
        Traceback (most recent call last):
        striate.errors.UsageError: output_size: stride 3 does not fit: (7 + 2*0 - 3) / 3 = 4/3 is not whole, so the last \
pixel is in no window; it fits with stride 1 (5 outputs), stride 2 (3 outputs) or padding 1 (3 outputs)

    Source: Dumoulin and Visin 2016, A guide to convolution arithmetic for deep learning, relationships 6 and 15.
    """
    n = whole_number("output_size", "n", n)
    stride = whole_number("output_size", "stride", stride)
    span = kernel_span(kernel, dilation, owner="output_size")
    if padding == "same":
        return -(-n // stride)
    zeros = _zeros(padding)
    length = n + 2 * zeros
    room = length - span  # how far the first window can move
    count = -(-room // stride) + 1 if ceil else room // stride + 1
    if ceil and (count - 1) * stride >= n + zeros:
        count -= 1
    if count < 1 or (room < 0 and (strict or not ceil)):
        raise UsageError(
            f"output_size: a kernel that spans {span} pixels is larger than the padded input, "
            f"{n} + 2*{zeros} = {length} pixels"
        )
    if strict and room % stride:
        raise UsageError(_why_it_does_not_fit(n, span, stride, zeros, count))
    return count


def same_padding(kernel: int, dilation: int = 1) -> int:
    """The zeros on each side that keep a map's size at stride 1: dilation (kernel - 1) / 2.

    Args:
        kernel: Size of the kernel, in pixels.
        dilation: Distance between the kernel's neighbouring weights, in pixels.

    Raises:
        UsageError: An argument is no whole number of at least 1, or the kernel spans an even number of pixels, for
            which no padding is equal on both sides.

    Example:
        >>> same_padding(3), same_padding(5), same_padding(3, dilation=2)
        (1, 2, 2)
        >>> same_padding(4)
        Traceback (most recent call last):
        striate.errors.UsageError: same_padding: a kernel that spans 4 pixels needs 3 zeros in all, which cannot be equal on both sides; \
pad 1 before and 2 after, or take a kernel of 3 or 5
    """
    span = kernel_span(kernel, dilation, owner="same_padding")
    zeros = span - 1
    if zeros % 2:
        raise UsageError(
            f"same_padding: a kernel that spans {span} pixels needs {zeros} zero{'s' * (zeros > 1)} in all, which cannot "
            f"be equal on both sides; pad {zeros // 2} before and {zeros - zeros // 2} after, or take a kernel of "
            f"{kernel - 1} or {kernel + 1}"
        )
    return zeros // 2


def kernel_span(kernel: int, dilation: int, *, owner: str) -> int:
    """The pixels from a kernel's first weight to its last, both counted: dilation (kernel - 1) + 1.

    Args:
        kernel: Size of the kernel, in pixels.
        dilation: Distance between neighbouring weights, in pixels.
        owner: What errors call the caller.

    Raises:
        UsageError: An argument is no whole number of at least 1.

    Example:
        >>> kernel_span(3, 1, owner="output_size"), kernel_span(3, 4, owner="output_size")
        (3, 9)
    """
    return whole_number(owner, "dilation", dilation) * (whole_number(owner, "kernel", kernel) - 1) + 1


def _zeros(padding: Padding) -> int:
    if padding == "valid":
        return 0
    if isinstance(padding, str):
        raise UsageError(f"output_size: padding must be a whole number, 'valid' or 'same', got {padding!r}")
    return whole_number("output_size", "padding", padding, minimum=0)


def _why_it_does_not_fit(n: int, span: int, stride: int, zeros: int, count: int) -> str:
    room = n + 2 * zeros - span
    left = room - (count - 1) * stride  # below 0 if the last window of ceil mode hangs over the end
    if left < 0:
        effect = f"the last window hangs over the end by {-left} pixel{'s' * (left < -1)}"
    else:
        effect = "the last pixel is in no window" if left == 1 else f"the last {left} pixels are in no window"
    # Nobody wants a stride beyond the kernel, which jumps over pixels, or padding that fills whole windows.
    strides = [(step, room) for step in range(1, span + 1) if room % step == 0]
    paddings = [(pad, n + 2 * pad - span) for pad in range(span)]
    paddings = [(pad, moves) for pad, moves in paddings if moves >= 0 and moves % stride == 0]
    remedies = [f"stride {step} ({_outputs(moves // step + 1)})" for step, moves in _nearest(strides, stride)]
    remedies += [f"padding {pad} ({_outputs(moves // stride + 1)})" for pad, moves in _nearest(paddings, zeros)]
    listed = remedies[0] if len(remedies) == 1 else ", ".join(remedies[:-1]) + f" or {remedies[-1]}"
    return (
        f"output_size: stride {stride} does not fit: ({n} + 2*{zeros} - {span}) / {stride} = {room}/{stride} is not "
        f"whole, so {effect}; it fits with {listed}"
    )


def _nearest(rows: list[tuple[int, int]], value: int) -> list[tuple[int, int]]:
    """The three rows whose first number is nearest to the value, in rising order."""
    return sorted(sorted(rows, key=lambda row: abs(row[0] - value))[:3])


def _outputs(count: int) -> str:
    return "1 output" if count == 1 else f"{count} outputs"
