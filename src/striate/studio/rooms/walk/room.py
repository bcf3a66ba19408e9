"""The room's page, and what its scripts ask for."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from striate.errors import StriateError
from striate.row_writing import json_text
from striate.serving.bodies import read_body
from striate.serving.problems import ProblemError
from striate.studio.jobs import Jobs
from striate.studio.room import Endpoint, Room, StudioPage
from striate.studio.rooms.walk.networks import lesson_of, network_named, networks_of, offered
from striate.studio.studio import Studio

if TYPE_CHECKING:
    from striate.seeing.seen_network import SeenNetwork


async def _content(studio: Studio, request: Request) -> Mapping[str, Any]:
    asked = request.query_params.get("network", "")
    networks = offered(studio)
    names = [one["name"] for one in networks]
    chosen = asked if asked in names else names[0]
    lesson = networks_of(studio).lesson
    return {"networks": networks, "chosen": chosen, "learnt": bool(lesson and lesson.network)}


async def _lesson(studio: Studio, request: Request) -> Response:
    """How far the lesson is; a POST begins it."""
    lesson = await lesson_of(studio) if request.method == "POST" else networks_of(studio).lesson
    return JSONResponse(lesson.to_dict() if lesson else {"share": 0.0, "ready": False, "accuracy": 0.0, "problem": ""})


async def _picture(studio: Studio, request: Request) -> Response:
    from striate.studio.rooms.walk.walks import told, walk_through, walks_of

    name = request.query_params.get("network", "")
    content = await read_body(request, studio.limits)
    seen = await network_named(studio, name)
    drawn = request.query_params.get("drawn") == "1"
    pixels = await asyncio.to_thread(_pixels, seen, content, drawn, studio.limits.pixels)
    try:
        kept = await studio.in_turn(walk_through, name, seen, pixels)
    except StriateError as error:
        raise ProblemError(409, f"{name} cannot be walked through: {error}") from None
    return _json(await asyncio.to_thread(told, walks_of(studio).add(kept), kept))


def _pixels(seen: SeenNetwork, content: bytes, drawn: bool, limit: int) -> npt.NDArray[np.uint8]:
    from striate.studio.rooms.walk.digits import drawn_digit

    rule = seen.preprocessing
    try:
        if drawn:
            digit = drawn_digit(content, limit=limit)
            return rule.resized(np.repeat(digit, rule.channels, axis=2))
        return rule.pixels(content, max_pixels=limit, name="the picture")
    except StriateError as error:
        raise ProblemError(415, str(error)) from None


async def _maps(studio: Studio, request: Request) -> Response:
    """Some of a step's maps, small; or one map with all its numbers."""
    from striate.studio.rooms.walk.walks import MOST_MAPS, maps_told, thumbnails, walks_of

    kept = walks_of(studio).find(request.query_params.get("walk", ""))
    step = request.query_params.get("step", "")
    if step != "input":
        kept.step(step)
    numbers = kept.walk.numbers(step)
    one = request.query_params.get("map")
    if one is not None:
        place = _whole("map", one, len(numbers) - 1)
        return JSONResponse(maps_told(numbers[place]))
    first = _whole("first", request.query_params.get("first", "0"), 1_000_000)
    count = _whole("count", request.query_params.get("count", str(MOST_MAPS)), MOST_MAPS)
    by_strength = request.query_params.get("strongest") == "1"
    return _json(await asyncio.to_thread(thumbnails, numbers, first, count, by_strength=by_strength))


async def _strip(studio: Studio, request: Request) -> Response:
    """The strongest maps of several steps, for an overview."""
    from striate.studio.rooms.walk.walks import thumbnails, walks_of

    kept = walks_of(studio).find(request.query_params.get("walk", ""))
    names = dict.fromkeys(request.query_params.getlist("step")[:400])
    shown = [name for name in names if len(kept.step(name).shape) in (1, 3)]

    def work() -> dict[str, Any]:
        return {name: thumbnails(kept.walk.numbers(name), 0, 6, by_strength=True) for name in shown}

    return _json(await asyncio.to_thread(work))


async def _unit(studio: Studio, request: Request) -> Response:
    from striate.studio.rooms.walk.walks import unit_told, walks_of

    kept = walks_of(studio).find(request.query_params.get("walk", ""))
    step = kept.step(request.query_params.get("step", ""))
    text = request.query_params.get("unit", "")
    if not re.fullmatch(r"\d{1,6}(,\d{1,6}){0,2}", text):
        raise ProblemError(400, f"a unit is whole numbers such as 0,3,3; got {text[:50]!r}")
    try:
        return _json(await asyncio.to_thread(unit_told, kept, step.name, tuple(map(int, text.split(",")))))
    except StriateError as error:
        raise ProblemError(400, str(error)) from None


async def _see(studio: Studio, request: Request) -> Response:
    """Begins to look into a map: `{"walk", "step", "unit", "way"}`; what comes of it is asked for by the job's number."""
    from striate.studio.rooms.walk.walks import walks_of
    from striate.studio.rooms.walk.ways_of_seeing import check_way, seen

    try:
        asked = json.loads(await read_body(request, studio.limits))
        name, step, unit, way = (
            str(asked["walk"]),
            str(asked["step"]),
            tuple(map(int, asked["unit"])),
            str(asked["way"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise ProblemError(
            400, "the body must be JSON with walk, step, unit (a list of whole numbers) and way"
        ) from None
    kept = walks_of(studio).find(name)
    try:
        await asyncio.to_thread(check_way, kept, step, unit, way)
    except StriateError as error:
        raise ProblemError(422, str(error)) from None
    job = jobs_of(studio).start(studio, (name, step, unit, way), lambda job: seen(kept, step, unit, way, job))
    return JSONResponse(job.to_dict() | {"shown": job.result})


async def _seen(studio: Studio, request: Request) -> Response:
    """How far a look into a map is, and what came of it."""
    job = jobs_of(studio).find(request.query_params.get("job", ""))
    return JSONResponse(job.to_dict() | {"shown": job.result})


def jobs_of(studio: Studio) -> Jobs:
    """The room's looks into maps."""
    found: Jobs = studio.kept.setdefault("walk.jobs", Jobs())
    return found


def _json(table: Any) -> Response:
    """As JSON, in which a number that is not finite is null."""
    return Response(json_text(table), media_type="application/json")


def _whole(name: str, text: str, most: int) -> int:
    if not re.fullmatch(r"\d{1,7}", text) or int(text) > most:
        raise ProblemError(400, f"{name} must be a whole number from 0 to {most}, got {text[:50]!r}")
    return int(text)


ROOM = Room(
    "walk",
    (StudioPage("", "walk", _content),),
    (
        Endpoint("GET", "lesson", _lesson),
        Endpoint("POST", "lesson/begin", _lesson),
        Endpoint("POST", "picture", _picture),
        Endpoint("GET", "maps", _maps),
        Endpoint("GET", "strip", _strip),
        Endpoint("GET", "unit", _unit),
        Endpoint("POST", "see", _see),
        Endpoint("GET", "seen", _seen),
    ),
)
