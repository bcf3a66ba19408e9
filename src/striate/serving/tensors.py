"""Tensors of the Open Inference Protocol: read from JSON or from bytes behind it, and written either way.

Source: Open Inference Protocol v2, "tensor data"; NVIDIA Triton, "binary tensor data extension": little-endian, row by row; an element
of BYTES is its length in four bytes, and its bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.serving.problems import ProblemError

DATATYPES: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("u1"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
"""Of tensors of numbers, as they lie in bytes. `BYTES` is a tensor of texts or files."""

MOST_AXES = 8


def checked_shape(shape: Any, name: str) -> tuple[int, ...]:
    """The shape that a request states of a tensor.

    Raises:
        ProblemError: 400 if it is none.
    """
    if (
        not isinstance(shape, list)
        or not 1 <= len(shape) <= MOST_AXES
        or not all(isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**31 for size in shape)
    ):
        raise ProblemError(400, f"input {name!r}: shape must be a list of 1 to {MOST_AXES} whole numbers from 0 on")
    return tuple(shape)


def numbers_from_json(data: Any, datatype: str, shape: Sequence[int], name: str) -> npt.NDArray[Any]:
    """A tensor of numbers whose `data` is a list, nested by its shape or flat.

    Raises:
        ProblemError: 400 if the values do not fit the type or the shape.
    """
    expected = _expected(datatype, shape, name)
    try:
        values = np.asarray(data)
    except (ValueError, OverflowError) as error:
        raise ProblemError(400, f"input {name!r}: the lists of data are of unequal lengths") from error
    if values.size != math.prod(shape):
        raise ProblemError(400, f"{expected}, got {values.size:,} values")
    if values.shape not in (tuple(shape), (values.size,)):
        raise ProblemError(400, f"{expected}, got data nested as {list(values.shape)}")
    kind = {"UINT8": "iu", "FP32": "iuf", "FP64": "iuf", "BOOL": "b"}[datatype]
    if values.size and values.dtype.kind not in kind:
        raise ProblemError(400, f"{expected}, got values that are no such numbers")
    if datatype == "UINT8" and values.size and not (values.min() >= 0 and values.max() <= 255):
        raise ProblemError(400, f"{expected}, got values outside 0 to 255")
    with np.errstate(over="ignore"):
        return values.reshape(shape).astype(DATATYPES[datatype])


def numbers_from_bytes(raw: memoryview, datatype: str, shape: Sequence[int], name: str) -> npt.NDArray[Any]:
    """A tensor of numbers as its bytes, without a copy.

    Raises:
        ProblemError: 400 if there are too many or too few.
    """
    expected = _expected(datatype, shape, name)
    kind = DATATYPES[datatype]
    if len(raw) != math.prod(shape) * kind.itemsize:
        raise ProblemError(400, f"{expected}, {math.prod(shape) * kind.itemsize:,} bytes, got {len(raw):,}")
    if datatype == "BOOL" and any(byte > 1 for byte in bytes(raw)):
        raise ProblemError(400, f"{expected}, got bytes that are neither 0 nor 1")
    return np.frombuffer(raw, kind).reshape(shape)


def texts_from_bytes(raw: memoryview, shape: Sequence[int], name: str) -> list[bytes]:
    """The elements of a tensor of BYTES that is given as bytes.

    Raises:
        ProblemError: 400 if a length leads beyond the end, or there are more or fewer than the shape says.
    """
    expected = _expected("BYTES", shape, name)
    found: list[bytes] = []
    place, most = 0, math.prod(shape)
    while place < len(raw):
        length = int.from_bytes(raw[place : place + 4], "little")
        if len(raw) - place < 4 or length > len(raw) - place - 4:
            raise ProblemError(400, f"{expected}, but element {len(found)} leads beyond the end of the data")
        if len(found) == most:
            raise ProblemError(400, f"{expected}, got more")
        found.append(bytes(raw[place + 4 : place + 4 + length]))
        place += 4 + length
    if len(found) != most:
        raise ProblemError(400, f"{expected}, got {len(found):,}")
    return found


def texts_from_json(data: Any, shape: Sequence[int], name: str) -> list[str]:
    """The elements of a tensor of BYTES that is given as JSON, where they are texts.

    Raises:
        ProblemError: 400 if they are none, or not as many as the shape says.
    """
    expected = _expected("BYTES", shape, name)
    flat = data
    while isinstance(flat, list) and flat and all(isinstance(inner, list) for inner in flat):
        flat = [element for inner in flat for element in inner]
    if not isinstance(flat, list) or not all(isinstance(text, str) for text in flat):
        raise ProblemError(400, f"{expected}, got data that is no list of texts")
    if len(flat) != math.prod(shape):
        raise ProblemError(400, f"{expected}, got {len(flat):,}")
    return flat


def bytes_of(values: npt.NDArray[Any] | Sequence[str], datatype: str) -> bytes:
    """A tensor as bytes."""
    if datatype == "BYTES":
        encoded = [str(text).encode("utf-8", "replace") for text in values]
        return b"".join(len(text).to_bytes(4, "little") + text for text in encoded)
    return np.ascontiguousarray(values, DATATYPES[datatype]).tobytes()


def json_of(values: npt.NDArray[Any] | Sequence[str]) -> list[Any]:
    """A tensor as a flat list."""
    return values.reshape(-1).tolist() if isinstance(values, np.ndarray) else list(values)


def _expected(datatype: str, shape: Sequence[int], name: str) -> str:
    return f"input {name!r}: expected {math.prod(shape):,} values of {datatype} for the shape {list(shape)}"
