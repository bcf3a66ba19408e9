"""The catalogue: every network with its figures, one drawn with its layers, two beside one another."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from striate.catalogue import catalogue_totals, kept_totals
from striate.errors import UsageError, closest
from striate.serving.problems import ProblemError
from striate.serving.routes.route import json_response
from striate.studio.room import Endpoint, Room, StudioPage
from striate.studio.studio import Studio

MOST_NAME = 100
"""Characters of a network's name in an address."""


async def _list(studio: Studio, request: Request) -> Mapping[str, Any]:
    """All networks; none where they are being found, which takes seconds, once: the page asks until they are."""
    if "catalogue" not in studio.kept and (kept := await asyncio.to_thread(kept_totals)) is not None:
        studio.kept["catalogue"] = kept
    return {"networks": studio.kept.get("catalogue", ()), "chosen": _chosen(request)}


async def _found(studio: Studio, request: Request) -> Response:
    """Answers once the networks are found."""
    return json_response({"networks": len(await _known(studio))})


async def _network(studio: Studio, request: Request) -> Mapping[str, Any]:
    row = await _row(studio, request.path_params["name"])
    page = await studio.in_turn(_drawn, row["name"])
    names = [one["name"] for one in await _known(studio) if one["kind"] == row["kind"]]
    place = names.index(row["name"])
    return {
        "row": row,
        "page": page,
        "described": await asyncio.to_thread(_described, row["family"]),
        "others": [name for name in names if name != row["name"]],
        "before": names[place - 1] if place else None,
        "behind": names[place + 1] if place + 1 < len(names) else None,
    }


async def _comparison(studio: Studio, request: Request) -> Mapping[str, Any]:
    asked = _chosen(request)
    if len(asked) != 2:
        raise ProblemError(
            400,
            f"two networks are compared, got {len(asked)}: /studio/catalogue/compare?network=lenet5&network=lenet5_dense",
        )
    rows = [await _row(studio, name) for name in asked]
    comparison = await studio.in_turn(_compared, *(row["name"] for row in rows))
    return {"rows": rows, "comparison": comparison, "names": [one["name"] for one in await _known(studio)]}


def _chosen(request: Request) -> list[str]:
    return [name[:MOST_NAME] for name in request.query_params.getlist("network")[:3]]


async def _known(studio: Studio) -> tuple[Mapping[str, Any], ...]:
    """All rows; where they are not kept yet, they are found now, once."""
    if "catalogue" not in studio.kept:
        studio.kept["catalogue"] = await studio.in_turn(catalogue_totals)
    known: tuple[Mapping[str, Any], ...] = studio.kept["catalogue"]
    return known


async def _row(studio: Studio, name: str) -> Mapping[str, Any]:
    rows = {row["name"]: row for row in await _known(studio)}
    if name not in rows:
        close = closest(name[:MOST_NAME], rows)
        offered = f"; did you mean {', '.join(close)}?" if close else ""
        raise ProblemError(404, f"there is no network {name[:MOST_NAME]!r}{offered}")
    return rows[name]


@cache
def _drawn(name: str) -> Any:
    """What the page of `striate inspect --html` shows of a network."""
    from striate.inspection.page import shown

    return shown(_inspected(name))


@cache
def _inspected(name: str) -> Any:
    from striate.initialization import drafting
    from striate.inspection import inspect_network
    from striate.inspection.input_shape import input_shape
    from striate.models import create_model, model_row

    with drafting():
        network = create_model(name)
    return inspect_network(network, input_shape(network, None), name=name, paper=model_row(name).paper)


@lru_cache(64)  # there are ten thousands of pairs
def _compared(first: str, second: str) -> Any:
    from striate.inspection import compare_inspections

    try:
        return compare_inspections([_inspected(first), _inspected(second)])
    except UsageError as error:
        raise ProblemError(400, str(error)) from None


@cache
def _described(family: str) -> list[tuple[str, str]]:
    """What the file of a paper says at its top, paragraph by paragraph: `text`, or `table` where it is set in columns."""
    text = inspect.cleandoc(import_module(f"striate.models.{family}").__doc__ or "")
    parts = [part for part in text.split("\n\n") if part.strip()]
    return [("table" if part.startswith("    ") else "text", inspect.cleandoc("\n" + part)) for part in parts]


ROOM = Room(
    "catalogue",
    (
        StudioPage("", "catalogue", _list),
        StudioPage("/compare", "catalogue_comparison", _comparison),
        StudioPage("/{name}", "catalogue_network", _network),
    ),
    (Endpoint("GET", "found", _found),),
)
