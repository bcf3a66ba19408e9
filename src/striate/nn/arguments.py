"""Checks of constructor arguments: each returns the value it accepts, and says what was expected of one it refuses."""

from __future__ import annotations

import math
import numbers

from striate.errors import UsageError


def whole_number(owner: str, name: str, value: object, *, minimum: int = 1) -> int:
    """The value as an `int`, if it is a whole number of at least `minimum`.

    Args:
        owner: Who takes the argument, such as `"Subsampling"`.
        name: The argument's name.
        value: What was given; `True` and `2.0` are not whole numbers.
        minimum: The smallest value that makes sense.

    Raises:
        UsageError: Anything else was given.

    Example:
        >>> whole_number("Subsampling", "channels", 6)
        6
        >>> whole_number("Subsampling", "channels", 0)
        Traceback (most recent call last):
        striate.errors.UsageError: Subsampling: channels must be a whole number of at least 1, got 0
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < minimum:
        raise UsageError(f"{owner}: {name} must be a whole number of at least {minimum}, got {value!r}")
    return int(value)


def positive_number(owner: str, name: str, value: object) -> float:
    """The value as a `float`, if it is a finite number above 0.

    Args:
        owner: Who takes the argument, such as `"ScaledTanh"`.
        name: The argument's name.
        value: What was given.

    Raises:
        UsageError: Anything else was given.

    Example:
        >>> positive_number("ScaledTanh", "amplitude", 2)
        2.0
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 < float(value) < math.inf:
        raise UsageError(f"{owner}: {name} must be a finite number above 0, got {value!r}")
    return float(value)


def height_and_width(owner: str, name: str, value: object, *, minimum: int = 1) -> tuple[int, int]:
    """The value as (height, width): a pair of whole numbers as it is, and one whole number for both.

    Args:
        owner: Who takes the argument, such as `"cross_correlate2d"`.
        name: The argument's name.
        value: What was given: a whole number, or a pair of them.
        minimum: The smallest number that makes sense.

    Raises:
        UsageError: Anything else was given.

    Example:
        >>> height_and_width("cross_correlate2d", "stride", 2), height_and_width("cross_correlate2d", "stride", (1, 2))
        ((2, 2), (1, 2))
    """
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise UsageError(f"{owner}: {name} must be a whole number or a pair (height, width), got {value!r}")
        height, width = (
            whole_number(owner, f"{name}[{place}]", part, minimum=minimum) for place, part in enumerate(value)
        )
        return height, width
    single = whole_number(owner, name, value, minimum=minimum)
    return single, single
