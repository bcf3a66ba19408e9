"""The operations room: what networks are made of, felt; it needs nothing trained. Its arithmetic is worked in the browser."""

from __future__ import annotations

from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from striate.errors import UsageError
from striate.serving.problems import ProblemError
from striate.serving.routes.route import json_response
from striate.studio.room import Endpoint, Room, StudioPage
from striate.studio.studio import Studio

SETTINGS = {"size": (1, 1024), "kernel": (1, 64), "padding": (0, 64), "stride": (1, 64), "dilation": (1, 64)}
"""Of an output size: the least and the most of each."""

DIGIT = 100
"""Which of scikit-learn's digits is shown: a 4."""


async def _kernels(studio: Studio, request: Request) -> Response:
    return json_response({"kernels": await studio.in_turn(_hand_made)})


@cache
def _hand_made() -> list[dict[str, Any]]:
    """The kernels that `striate filter` has by name, with an odd side, as they are applied."""
    from striate.nn import list_kernels, named_kernel

    kernels = [named_kernel(name) for name in list_kernels()]
    return [
        {"name": one.name, "about": one.what, "rows": one.tensor().tolist()}
        for one in kernels
        if len(one.rows) == len(one.rows[0]) and len(one.rows) % 2
    ]


async def _size(studio: Studio, request: Request) -> Response:
    """The output size, and what `strict` says of one that does not fit evenly."""
    asked = {}
    for name, (least, most) in SETTINGS.items():
        text = request.query_params.get(name, "")
        if not (text.isdecimal() and len(text) < 6 and least <= int(text) <= most):
            raise ProblemError(400, f"{name} must be a whole number from {least} to {most}, got {text!r:.30}")
        asked[name] = int(text)
    count, refusal = await studio.in_turn(_output_size, **asked)
    return json_response({"count": count, "refusal": refusal})


def _output_size(size: int, kernel: int, padding: int, stride: int, dilation: int) -> tuple[int, str]:
    from striate.nn import output_size

    options: dict[str, Any] = {"padding": padding, "stride": stride, "dilation": dilation}
    try:
        count = output_size(size, kernel, **options)
    except UsageError as error:
        return 0, str(error)
    try:
        output_size(size, kernel, strict=True, **options)
    except UsageError as error:
        return count, str(error)
    return count, ""


async def _digit(studio: Studio, request: Request) -> Response:
    return json_response({"rows": await studio.in_turn(_real_digit)})


@cache
def _real_digit() -> list[list[int]]:
    """A handwritten digit, each of its 8 x 8 pixels drawn as 4 x 4."""
    import numpy as np

    from striate.data import load_data

    pixels = np.asarray(load_data("digits").pictures.read(DIGIT))
    rows: list[list[int]] = np.kron(pixels, np.ones((4, 4), dtype=np.uint8)).tolist()
    return rows


ROOM = Room(
    "operations",
    (StudioPage("", "operations"),),
    (
        Endpoint("GET", "kernels", _kernels),
        Endpoint("GET", "size", _size),
        Endpoint("GET", "digit", _digit),
    ),
)
