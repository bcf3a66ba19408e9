"""The settings of a `Preprocessing`: which words each may be, and how the others are checked."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Literal

from striate.errors import UsageError

Colour = Literal["rgb", "grey"]
ResizeRule = Literal["shorter_side", "exact", "pad", "none"]
Filter = Literal["bilinear", "bicubic"]
ChannelOrder = Literal["rgb", "bgr"]
PixelRange = Literal["0..1", "0..255"]

LEVELS = {"0..1": 1.0, "0..255": 255.0}
"""What white is in each range."""


def check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    """Refuses a word that is not one of those that are known.

    Raises:
        UsageError: It is none.
    """
    if value not in known:
        raise UsageError(f"{name} is {value!r}; expected {', '.join(repr(one) for one in known)}")


def checked_whole_number(name: str, value: object, low: int, high: int) -> int:
    """A whole number from `low` to `high`, of whatever type counts as one.

    Raises:
        UsageError: It is none.
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # whether it is a whole number is the question
    except TypeError:
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        raise UsageError(f"{name} is {value!r}; expected a whole number from {low} to {high}")
    return number


def checked_size(name: str, value: object) -> tuple[int, int] | None:
    """(height, width) in pixels, or None as it was given.

    Raises:
        UsageError: It is neither.
    """
    if value is None:
        return None
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise UsageError(f"{name} is {value!r}; expected (height, width) in pixels")
    height = checked_whole_number(f"{name}'s height", value[0], 1, 65535)
    width = checked_whole_number(f"{name}'s width", value[1], 1, 65535)
    return height, width


def checked_statistics(name: str, values: object, channels: int, pixel_range: str) -> tuple[float, ...]:
    """One finite number for each channel, within the pixels' range; a deviation is above 0.

    Raises:
        UsageError: They are others.
    """
    try:
        numbers = tuple(float(value) + 0.0 for value in values) if isinstance(values, Iterable) else ()
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != channels or not all(math.isfinite(number) for number in numbers):
        wanted = "one number" if channels == 1 else f"{channels} numbers, one for each channel"
        raise UsageError(f"{name} is {values!r}; expected {wanted}")
    if not all(0 <= number <= LEVELS[pixel_range] for number in numbers):
        hint = ": divide those of 0..255 by 255" if pixel_range == "0..1" else ""
        raise UsageError(f"{name} is {values!r}; expected numbers of the {pixel_range} range{hint}")
    if name == "std" and min(numbers) == 0:
        raise UsageError(f"{name} is {values!r}; expected numbers above 0")
    return numbers
