"""Tables of plain values, as TOML and JSON give them, made into frozen dataclasses."""

from __future__ import annotations

import dataclasses
import functools
import operator
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from striate.errors import UnknownNameError, UsageError

_Config = TypeVar("_Config")

MOST_SHOWN = 80
"""Characters of a wrong value that a message repeats."""


def read_dataclass(kind: type[_Config], table: Mapping[str, Any], prefix: str = "", *, what: str = "recipe") -> _Config:
    """Builds a dataclass from a table with the same keys.

    Args:
        kind: The dataclass; its fields are numbers, strings, booleans, tuples or mappings of these, dataclasses (or None), or `Any`.
        table: The values; a key that is missing keeps the field's default. What is a dataclass already is taken as it is.
        prefix: What stands before a key in messages.
        what: What the table is, for messages about unknown keys.

    Raises:
        UsageError: If a key is unknown, one without a default is missing, or a value has the wrong type.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Span:
        ...     low: float = 0.0
        ...     high: float = 1.0
        >>> read_dataclass(Span, {"high": 3})
        Span(low=0.0, high=3.0)
    """
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(typing.cast(Any, kind)) if field.init}
    for key in table:
        if key not in fields:
            raise UnknownNameError(f"{what} key", prefix + str(key)[:MOST_SHOWN], [prefix + name for name in fields])
    none = dataclasses.MISSING
    needed = [name for name, field in fields.items() if field.default is none and field.default_factory is none]
    if missing := [prefix + name for name in needed if name not in table]:
        raise UsageError(f"the {what} lacks {', '.join(missing)}")
    values = {key: _read_value(hints[key], value, prefix + key, what) for key, value in table.items()}
    return kind(**values)


def _read_value(hint: Any, value: Any, name: str, what: str) -> Any:
    if isinstance(hint, types.UnionType):
        tables = [option for option in typing.get_args(hint) if dataclasses.is_dataclass(option)]
        hint = tables[0] if tables and value is not None else _listed_or_plain(hint, value)
    if hint is Any or (dataclasses.is_dataclass(hint) and isinstance(value, typing.cast(type[Any], hint))):
        return value
    if dataclasses.is_dataclass(hint):
        table = _checked_table(value, name)
        return read_dataclass(typing.cast(type[Any], hint), table, name + ".", what=what)
    if typing.get_origin(hint) is Mapping:
        of_values = typing.get_args(hint)[1]
        table = _checked_table(value, name)
        plain = of_values in _KINDS  # tables of thousands of numbers are read without making a name for each of them
        return {
            key: element
            if plain and type(element) is of_values
            else _read_value(of_values, element, f"{name}.{key[:MOST_SHOWN]}", what)
            for key, element in table.items()
        }
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise UsageError(f"{name} must be a list, got {shown(value)}")
        return tuple(
            _read_value(typing.get_args(hint)[0], element, f"{name}[{place}]", what)
            for place, element in enumerate(value)
        )
    return _read_plain(hint, value, name)


def _listed_or_plain(hint: types.UnionType, value: Any) -> Any:
    """Of a hint such as `float | tuple[float, ...]` the part that the value is meant as."""
    options = typing.get_args(hint)
    lists = [option for option in options if typing.get_origin(option) is tuple]
    if not lists:
        return hint
    return lists[0] if isinstance(value, list | tuple) else functools.reduce(operator.or_, set(options) - set(lists))


def _read_plain(hint: Any, value: Any, name: str) -> Any:
    """A number, text or truth value, of one of the types that the hint allows."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and type(None) in options:
        return None
    options = tuple(option for option in options if option is not type(None))
    if float in options and int not in options and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise UsageError(f"{name} must be a number that a computer can hold, got {shown(value)}") from None
    if not isinstance(value, options) or (isinstance(value, bool) and bool not in options):
        raise UsageError(f"{name} must be {_KINDS[options[-1]]}, got {shown(value)}")
    return value


_KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def _checked_table(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"{name} must be a table, got {shown(value)}")
    return value


def shown(value: Any) -> str:
    """The value as Python writes it; the end of a long one is left out."""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
