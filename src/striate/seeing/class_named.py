"""The class that is asked about, by its name or its number."""

from __future__ import annotations

from collections.abc import Sequence

from striate.errors import UnknownNameError, UsageError
from striate.name_comparison import NamePlaces


def class_named(classes: Sequence[str], target: int | str | None) -> int | None:
    """The place of a class; None where none is named.

    Raises:
        UnknownNameError: There is no class of this name; the message offers the closest.
        UsageError: The number is out of range.

    Example:
        >>> class_named(["neg", "pos"], "pos"), class_named(["neg", "pos"], "0")
        (1, 0)
    """
    if target is None:
        return None
    if isinstance(target, str) and (place := NamePlaces(classes).find(target)) is not None:
        return place
    try:
        number = int(target)
    except ValueError as error:
        raise UnknownNameError("class", str(target), classes) from error
    if not 0 <= number < len(classes):
        raise UsageError(f"the network has {len(classes):,} classes, 0 to {len(classes) - 1}; got {number}")
    return number
