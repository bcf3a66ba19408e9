"""Tables of plain values, as TOML and JSON give them, made into frozen dataclasses."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from striate.errors import UnknownNameError, UsageError

_Config = TypeVar("_Config")


def read_dataclass(kind: type[_Config], table: Mapping[str, Any], prefix: str = "", *, what: str = "recipe") -> _Config:
    """Builds a dataclass from a table with the same keys.

    Args:
        kind: The dataclass; its fields are numbers, strings, booleans, tuples of one of these, or dataclasses.
        table: The values; a key that is missing keeps the field's default.
        prefix: What stands before a key in messages.
        what: What the table is, for messages about unknown keys.

    Raises:
        UsageError: If a key is unknown or a value has the wrong type.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Span:
        ...     low: float = 0.0
        ...     high: float = 1.0
        >>> read_dataclass(Span, {"high": 3})
        Span(low=0.0, high=3.0)
    """
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(typing.cast(Any, kind))]
    for key in table:
        if key not in names:
            raise UnknownNameError(f"{what} key", prefix + key, [prefix + name for name in names])
    values = {key: _read_value(hints[key], value, prefix + key, what) for key, value in table.items()}
    return kind(**values)


def _read_value(hint: Any, value: Any, name: str, what: str) -> Any:
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise UsageError(f"{name} must be a table, got {value!r}")
        return read_dataclass(typing.cast(type[Any], hint), value, name + ".", what=what)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise UsageError(f"{name} must be a list, got {value!r}")
        return tuple(
            _read_value(typing.get_args(hint)[0], element, f"{name}[{place}]", what)
            for place, element in enumerate(value)
        )
    if isinstance(hint, types.UnionType):
        hint = next(option for option in typing.get_args(hint) if option is not type(None))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        kinds = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
        raise UsageError(f"{name} must be {kinds[hint]}, got {value!r}")
    return value
