"""The page of the room, and what its script asks for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from striate.errors import ItemError, StriateError
from striate.pixels import Preprocessing, decode
from striate.serving.bodies import read_body
from striate.serving.item_answer import ItemAnswer
from striate.serving.problems import ProblemError, unreadable
from striate.serving.routes.route import json_response
from striate.serving.served_bundle import Item, ServedBundle
from striate.studio.jobs import Job, Jobs
from striate.studio.room import Endpoint, Room, StudioPage
from striate.studio.rooms.try_it.answering import Asked, answers, encoded, read_asked, told
from striate.studio.rooms.try_it.dials import DIALS, POINTS, dial_of, within
from striate.studio.rooms.try_it.explaining import explained
from striate.studio.rooms.try_it.neighbours import TrainingPictures, training_pictures
from striate.studio.rooms.try_it.pictures import SAMPLES, Pictures, drawing_of
from striate.studio.studio import Studio

LONGEST_TEXT = 20_000
"""Characters of a text that is tried."""


@dataclass(eq=False)
class Kept:
    """What the room keeps between requests."""

    pictures: Pictures = field(default_factory=Pictures)
    jobs: Jobs = field(default_factory=Jobs)
    training: dict[tuple[str, str], Job] = field(default_factory=dict)
    """Of each version of a model what it learnt from, which takes long to look at."""


def _kept(studio: Studio) -> Kept:
    kept: Kept = studio.kept.setdefault("try", Kept())
    return kept


async def _page(studio: Studio, request: Request) -> Mapping[str, Any]:
    models = [await asyncio.to_thread(_described, studio.models.versions(name)[0]) for name in studio.models.names]
    return {"models": models, "dials": [dial.to_dict() for dial in DIALS], "wanted": request.query_params.get("model")}


def _described(bundle: ServedBundle) -> dict[str, Any]:
    """A model as the page's script knows it."""
    classifier = bundle.classifier
    task, rule = classifier.task, classifier.contract.preprocessing
    pictures = rule if isinstance(rule, Preprocessing) else None
    thresholds = getattr(task, "thresholds", ())
    return {
        "name": bundle.name,
        "network": classifier.contract.architecture.title,
        "kind": classifier.kind.name if not classifier.kind.is_text else "text",
        "classes": list(classifier.classes),
        "sequential": task.sequential,
        "several": task.several,
        "abstains": classifier.doubting is not None,
        "thresholds": (list(thresholds) or [0.5] * len(classifier.classes)) if task.several else None,
        "size": list(pictures.size) if pictures else None,
        "coloured": bool(pictures and pictures.channels == 3),
        "drawing": drawing_of(bundle),
        "samples": len(SAMPLES) if pictures else 0,
    }


async def _asked(studio: Studio, request: Request) -> tuple[dict[str, Any], Asked]:
    table = await _table(studio, request)
    return table, read_asked(studio, _kept(studio).pictures, table)


async def _table(studio: Studio, request: Request) -> dict[str, Any]:
    try:
        table = json.loads(await read_body(request, studio.limits))
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict):
        raise ProblemError(400, 'the body must be JSON: {"model": NAME, "picture": PICTURE, "values": {}}')
    return table


async def _show(studio: Studio, request: Request) -> Response:
    """Takes a picture: any file that pictures are read from."""
    content = await read_body(request, studio.limits)
    try:
        pixels = await asyncio.to_thread(decode, content, max_pixels=studio.limits.pixels, name="the picture")
    except ItemError as error:
        raise unreadable(error) from None
    held = _kept(studio).pictures.keep(content)
    return json_response({"picture": held.name, "height": pixels.shape[0], "width": pixels.shape[1]})


async def _answer(studio: Studio, request: Request) -> Response:
    """The answer to a picture under all sliders, and that picture."""
    _, asked = await _asked(studio, request)
    pixels = await asyncio.to_thread(asked.pixels)
    (answer,) = await answers(studio, asked.bundle, [pixels])
    return json_response({**told(answer, asked.bundle, asked.followed), "shown": encoded(pixels)})


async def _curve(studio: Studio, request: Request) -> Response:
    """Answers at some values of one slider, the others as they stand."""
    table, asked = await _asked(studio, request)
    dial, points = dial_of(table.get("dial")), table.get("points")
    if not isinstance(points, list) or not 1 <= len(points) <= POINTS:
        raise ProblemError(400, f"points must be 1 to {POINTS} values of the slider, got {points!r:.60}")
    values = [within(dial, point) for point in points]
    clean, picture = await asyncio.to_thread(lambda: asked.clean), asked.held.identity
    shiftings = [asked.shifting.at(dial, value) for value in values]
    pixels = await asyncio.to_thread(lambda: [one.apply(clean, picture=picture) for one in shiftings])
    found = await answers(studio, asked.bundle, pixels)
    rows = [
        {"value": value, **told(one, asked.bundle, asked.followed)} for value, one in zip(values, found, strict=True)
    ]
    return json_response({"dial": dial.name, "rows": rows})


async def _explain(studio: Studio, request: Request) -> Response:
    """What the answer rests on; whether that is to be believed is a job that is begun here."""
    _, asked = await _asked(studio, request)
    found = await explained(studio, asked)
    job = _kept(studio).jobs.start(studio, ("check", asked.key, found.target), found.check)
    return json_response({**found.to_dict(), "check": job.to_dict()})


async def _neighbours(studio: Studio, request: Request) -> Response:
    """The nearest training pictures; or the job that looks at all of them first."""
    _, asked = await _asked(studio, request)
    kept, bundle = _kept(studio), asked.bundle
    place = (bundle.name, bundle.version)
    if place not in kept.training or kept.training[place].refusal:
        for older in [one for one in kept.training if one[0] == bundle.name]:
            del kept.training[older]  # of another version, whose features mean something else
        kept.training[place] = kept.jobs.start(studio, ("training", *place), lambda job: training_pictures(bundle, job))
    job = kept.training[place]
    answer: dict[str, Any] = job.to_dict()
    if isinstance(job.result, str):
        answer["why_not"] = job.result
    elif isinstance(job.result, TrainingPictures):
        (one,) = await answers(studio, bundle, [await asyncio.to_thread(asked.pixels)])
        answer |= {"compared": len(job.result.vectors), "of": job.result.of}
        answer["found"] = await asyncio.to_thread(job.result.nearest_to, one.features)
    return json_response(answer)


async def _thumbnail(studio: Studio, request: Request) -> Response:
    model, place = request.path_params["model"], request.path_params["place"]
    bundle = studio.models.find(model)
    job = _kept(studio).training.get((bundle.name, bundle.version))
    if job is None or not isinstance(job.result, TrainingPictures) or not place.isdecimal() or len(place) > 9:
        raise ProblemError(404, "there is no such picture")
    if int(place) >= len(job.result.vectors):
        raise ProblemError(404, "there is no such picture")
    try:
        data, media_type = await asyncio.to_thread(job.result.thumbnail, int(place))
    except (StriateError, OSError) as error:
        raise ProblemError(404, str(error)) from None
    return Response(data, media_type=media_type, headers={"Cache-Control": "private, max-age=3600"})


async def _progress(studio: Studio, request: Request) -> Response:
    job = _kept(studio).jobs.find(request.path_params["job"])
    result = job.result if isinstance(job.result, dict) else None
    return json_response({**job.to_dict(), "result": result})


async def _sample(studio: Studio, request: Request) -> Response:
    """One of the pictures that a bundle has with it."""
    bundle, place = studio.models.find(request.path_params["model"]), request.path_params["place"]
    if place not in map(str, range(len(SAMPLES))) or not isinstance(
        bundle.classifier.contract.preprocessing, Preprocessing
    ):
        raise ProblemError(404, "there is no such picture")
    name = SAMPLES[int(place)]
    try:
        data = await asyncio.to_thread(bundle.classifier.bundle.canary_path(name).read_bytes)
    except OSError:  # the bundle's folder is gone; what was loaded of it still answers
        raise ProblemError(404, "this picture is no longer beside the model") from None
    return Response(data, media_type="image/jpeg" if name.endswith(".jpg") else "image/png")


async def _text(studio: Studio, request: Request) -> Response:
    """The answer of a model of texts."""
    table = await _table(studio, request)
    bundle, text = studio.models.find(str(table.get("model"))), table.get("text")
    if not bundle.classifier.kind.is_text:
        raise ProblemError(400, f"model {bundle.name!r} is given {bundle.classifier.kind.plural}, not texts")
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
        raise ProblemError(400, f"text must have 1 to {LONGEST_TEXT:,} characters")
    _, (answer,) = await studio.service.answer(bundle, [Item("the text", text, top=8)])
    if not isinstance(answer, ItemAnswer):
        raise unreadable(answer)
    return json_response(told(answer, bundle))


ROOM = Room(
    "try",
    (StudioPage("", "try", _page),),
    (
        Endpoint("POST", "pictures", _show),
        Endpoint("POST", "answer", _answer),
        Endpoint("POST", "curve", _curve),
        Endpoint("POST", "explain", _explain),
        Endpoint("POST", "neighbours", _neighbours),
        Endpoint("GET", "neighbours/{model}/{place}", _thumbnail),
        Endpoint("GET", "jobs/{job}", _progress),
        Endpoint("GET", "samples/{model}/{place}", _sample),
        Endpoint("POST", "text", _text),
    ),
)
