"""What an inference request of the Open Inference Protocol asks, read from a body that may come from anybody."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import closest
from striate.serving.model_signature import ModelSignature, TensorSignature
from striate.serving.problems import ProblemError
from striate.serving.served_bundle import Form, Item
from striate.serving.tensors import (
    checked_shape,
    numbers_from_bytes,
    numbers_from_json,
    texts_from_bytes,
    texts_from_json,
)

LONGEST_ID = 1000
"""Characters of a request's `id`, which comes back."""


@dataclass(frozen=True)
class AskedOutput:
    """An output that is asked for."""

    name: str
    binary: bool
    """Whether as bytes behind the JSON."""


@dataclass(frozen=True)
class InferenceRequest:
    """A request that was read."""

    id: str | None
    items: list[Item]
    outputs: list[AskedOutput]


def read_inference_request(
    body: bytes, header_length: str | None, signature: ModelSignature, *, most_items: int
) -> InferenceRequest:
    """Reads a request's body.

    Args:
        body: Unpacked.
        header_length: What `Inference-Header-Content-Length` says, if it is there: the bytes of the JSON, behind which others follow.
        signature: What the model takes and answers.
        most_items: Of a request.

    Raises:
        ProblemError: 400 if it makes no sense, 413 if it has too many items.
    """
    length = _json_length(header_length, len(body))
    table = _json_object(body[:length])
    blobs = memoryview(body)[length:]
    inputs = _objects(table, "inputs")
    if len(inputs) != 1:
        names = " or ".join(repr(one.name) for one in signature.inputs)
        raise ProblemError(400, f"expected one input, {names}, got {len(inputs)}")
    items = _items(inputs[0], blobs, signature, most_items)
    return InferenceRequest(_id(table), items, _outputs(table, signature))


def _json_length(stated: str | None, whole: int) -> int:
    if stated is None:
        return whole
    # int() would also take signs, spaces, underscores and digits of other scripts.
    if not (stated.isascii() and stated.isdecimal() and len(stated) < 20 and int(stated) <= whole):
        raise ProblemError(
            400,
            f"Inference-Header-Content-Length must be a number of bytes from 0 to the body's {whole:,}, got {stated!r}",
        )
    return int(stated)


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        table = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ProblemError(400, "the body's JSON has lists and objects inside one another too deeply") from None
    except ValueError as error:
        raise ProblemError(400, f"the body is no JSON: {str(error)[:200]}") from None
    if not isinstance(table, dict):
        raise ProblemError(400, "the body must be a JSON object with `inputs`")
    return table


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _objects(table: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = table.get(key)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ProblemError(400, f"`{key}` must be a list of objects")
    return found


def _parameters(table: Mapping[str, Any], what: str) -> dict[str, Any]:
    found = table.get("parameters", {})
    if not isinstance(found, dict):
        raise ProblemError(400, f"`parameters` of {what} must be an object")
    return found


def _id(table: Mapping[str, Any]) -> str | None:
    found = table.get("id")
    if found is None:
        return None
    if not isinstance(found, str) or len(found) > LONGEST_ID:
        raise ProblemError(400, f"`id` must be a text of at most {LONGEST_ID:,} characters")
    return found


_Values = Sequence[Any] | npt.NDArray[Any]


def _items(given: Mapping[str, Any], blobs: memoryview, signature: ModelSignature, most: int) -> list[Item]:
    name = given.get("name")
    takes = {one.name: one for one in signature.inputs}
    if not isinstance(name, str) or name not in takes:
        close = closest(name, takes) if isinstance(name, str) else []
        offered = f"did you mean {close[0]!r}?" if close else f"expected {' or '.join(map(repr, takes))}"
        raise ProblemError(400, f"there is no input {name!r}; {offered}")
    one = takes[name]
    if given.get("datatype") != one.datatype:
        raise ProblemError(400, f"input {name!r}: datatype must be {one.datatype}, got {given.get('datatype')!r}")
    shape = checked_shape(given.get("shape"), name)
    _check_fits(shape, one)
    if shape[0] > most:
        raise ProblemError(413, f"input {name!r} has {shape[0]:,} items, more than the limit of {most:,} a request")
    size = _parameters(given, f"input {name!r}").get("binary_data_size")
    values = (
        _values_of_bytes(size, blobs, one, shape) if size is not None else _values_of_json(given, blobs, one, shape)
    )
    form: Form = "ready" if one.ready else "given"
    return [Item(f"{name} {place}", value, form) for place, value in enumerate(values)]


def _check_fits(shape: Sequence[int], one: TensorSignature) -> None:
    wanted = one.shape
    fits = len(shape) == len(wanted) and all(
        size == expected or expected == -1 for size, expected in zip(shape, wanted, strict=True)
    )
    if one.datatype == "BYTES" and len(shape) == 2 and shape[1] == 1:
        fits = True
    if not fits or 0 in shape:
        raise ProblemError(
            400,
            f"input {one.name!r}: shape must be {list(wanted)}, where -1 is any number from 1 on, got {list(shape)}",
        )


def _values_of_bytes(size: Any, blobs: memoryview, one: TensorSignature, shape: Sequence[int]) -> _Values:
    if not isinstance(size, int) or isinstance(size, bool) or size != len(blobs):
        raise ProblemError(
            400,
            f"input {one.name!r}: binary_data_size must be the {len(blobs):,} bytes that follow the JSON, got {size!r:.50}",
        )
    if one.datatype == "BYTES":
        return texts_from_bytes(blobs, shape, one.name)
    return _finite(numbers_from_bytes(blobs, one.datatype, shape, one.name), one)


def _values_of_json(given: Mapping[str, Any], blobs: memoryview, one: TensorSignature, shape: Sequence[int]) -> _Values:
    if len(blobs):
        raise ProblemError(400, f"{len(blobs):,} bytes follow the JSON, but input {one.name!r} has no binary_data_size")
    if "data" not in given:
        raise ProblemError(400, f"input {one.name!r} has neither data nor binary_data_size")
    if one.datatype != "BYTES":
        return _finite(numbers_from_json(given["data"], one.datatype, shape, one.name), one)
    texts = texts_from_json(given["data"], shape, one.name)
    return [_file(text, one) for text in texts] if one.files else [text.encode("utf-8", "replace") for text in texts]


def _file(text: str, one: TensorSignature) -> bytes:
    """A file in JSON, which holds no bytes, is in base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ProblemError(
            400, f"input {one.name!r}: in JSON a file must be given in base64; or send it as bytes behind the JSON"
        ) from None


def _finite(values: npt.NDArray[Any], one: TensorSignature) -> npt.NDArray[Any]:
    if one.datatype == "FP32" and not np.isfinite(values).all():
        raise ProblemError(400, f"input {one.name!r} has values that are not finite")
    return values


def _outputs(table: Mapping[str, Any], signature: ModelSignature) -> list[AskedOutput]:
    binary = _parameters(table, "the request").get("binary_data_output", False)
    names = [one.name for one in signature.outputs]
    if table.get("outputs") is None:
        return [AskedOutput(name, _flag(binary)) for name in names]
    asked = []
    for one in _objects(table, "outputs"):
        name = one.get("name")
        if not isinstance(name, str) or name not in names:
            close = closest(name, names) if isinstance(name, str) else []
            offered = f"did you mean {close[0]!r}?" if close else f"expected {', '.join(map(repr, names))}"
            raise ProblemError(400, f"there is no output {name!r}; {offered}")
        parameters = _parameters(one, f"output {name!r}")
        if parameters.get("classification"):
            raise ProblemError(400, f"output {name!r}: the classification extension is not offered; ask for 'label'")
        asked.append(AskedOutput(name, _flag(parameters.get("binary_data", binary))))
    if len({one.name for one in asked}) < len(asked):
        raise ProblemError(400, "an output is asked for twice")
    return asked or [AskedOutput(name, _flag(binary)) for name in names]


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ProblemError(400, f"binary_data and binary_data_output must be true or false, got {value!r:.50}")
    return value
