"""What an answer rests on: a map over the picture, without torch."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from starlette.requests import Request
from starlette.responses import Response

from striate.errors import ItemError, closest
from striate.pixels import Preprocessing
from striate.serving.item_answer import ItemAnswer
from striate.serving.occlusion import OcclusionPlan, overlay
from striate.serving.problems import ProblemError, unreadable
from striate.serving.routes.predict import FORM_BODY, MODEL_QUERY
from striate.serving.routes.route import ServedRoute, in_query, json_answer, json_response
from striate.serving.served_bundle import Item, ServedBundle
from striate.serving.service import Service, service_of
from striate.serving.uploads import read_items

PNG = "image/png"


async def explain(request: Request) -> Response:
    """Explains the answer to one picture, or why it is not another class."""
    service = service_of(request)
    query = request.query_params
    bundle = service.models.find(query.get("model"), query.get("version"))
    service.admit(bundle)
    items = await read_items(request, bundle.classifier.kind, service.limits, top=1)
    if len(items) > 1:
        raise ProblemError(400, f"expected one picture, got {len(items)}")
    with service.models.using(
        bundle
    ) as bundle:  # one version for all of it, also when another takes its place meanwhile
        plan = await asyncio.to_thread(_plan, items[0], bundle, service.limits.pixels)
        (whole,) = await _probabilities(service, bundle, [plan.pixels])
        classes = bundle.classifier.classes
        target = _target(query.get("target"), bundle, whole)
        hidden = await _probabilities(service, bundle, list(plan.hidden()))
    heat = plan.heat(float(whole[target]), np.array([row[target] for row in hidden]))
    if PNG in request.headers.get("accept", ""):
        return Response(_png(overlay(plan.pixels, heat), classes[target], float(whole[target])), media_type=PNG)
    return json_response(
        {
            "model": bundle.name,
            "version": bundle.version,
            "method": "occlusion",
            "target": classes[target],
            "probability": float(whole[target]),
            "patch": list(plan.patch),
            "stride": list(plan.stride),
            "heat": [[round(value, 5) for value in row] for row in heat.tolist()],
        }
    )


def _plan(item: Item, bundle: ServedBundle, limit: int) -> OcclusionPlan:
    """The prepared picture.

    Raises:
        ProblemError: 400 if the model is not asked for classes of pictures, 422 if it cannot be read, 413 if it has too many pixels.
    """
    preprocessing, kind = bundle.classifier.contract.preprocessing, bundle.classifier.kind
    if not isinstance(preprocessing, Preprocessing):
        raise ProblemError(400, f"model {bundle.name!r} is given {kind.plural}; maps are of pictures")
    if bundle.classifier.task.sequential:
        raise ProblemError(400, f"model {bundle.name!r} reads strings; maps are of classes")
    try:
        return OcclusionPlan(preprocessing.encode(item.value, name=item.name, limit=limit), preprocessing)
    except ItemError as error:
        raise unreadable(error) from None


def _png(picture: npt.NDArray[np.uint8], target: str, probability: float) -> bytes:
    """A picture that says in its texts which class is explained."""
    texts = PngInfo()
    texts.add_itxt("Title", target)
    texts.add_itxt("Description", f"occlusion: red where the probability of {target}, {probability:.3f}, rests")
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", pnginfo=texts)
    return buffer.getvalue()


def _target(asked: str | None, bundle: ServedBundle, probabilities: npt.NDArray[np.float64]) -> int:
    classes = bundle.classifier.classes
    if asked is None:
        return int(probabilities.argmax())
    if asked not in classes:
        close = closest(asked, classes)
        offered = f"did you mean {close[0]!r}?" if close else f"/v2/models/{bundle.name} lists them"
        raise ProblemError(400, f"there is no class {asked!r:.100}; {offered}")
    return classes.index(asked)


async def _probabilities(
    service: Service, bundle: ServedBundle, pictures: list[npt.NDArray[np.uint8]]
) -> list[npt.NDArray[np.float64]]:
    """Of prepared pictures; a few at a time, so that other requests are answered in between."""
    few = 2 * max(bundle.classifier.engine.batch, bundle.classifier.engine.requests)
    found: list[npt.NDArray[np.float64]] = []
    for start in range(0, len(pictures), few):
        items = [Item("picture", pixels, "encoded") for pixels in pictures[start : start + few]]
        _, answers = await service.answer(bundle, items)
        found += [answer.probabilities for answer in answers if isinstance(answer, ItemAnswer)]
    return found


_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["model", "version", "method", "target", "probability", "heat"],
    "properties": {
        "target": {"type": "string"},
        "probability": {"type": "number"},
        "patch": {"type": "array", "items": {"type": "integer"}},
        "stride": {"type": "array", "items": {"type": "integer"}},
        "heat": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
    },
}

_RESPONSES = json_answer("How much the probability drops where each prepared pixel is hidden.", _ANSWER)
_RESPONSES["200"]["content"][PNG] = {"schema": {"type": "string", "format": "binary"}}

ROUTES = (
    ServedRoute(
        "POST",
        "/explain",
        explain,
        {
            "summary": "Show what an answer rests on",
            "description": "Occlusion: a grey patch hides part after part of the picture. With `Accept: image/png` a picture comes back.",
            "parameters": [
                *MODEL_QUERY,
                in_query("target", "A class; without, the most probable one.", {"type": "string"}),
            ],
            "requestBody": FORM_BODY,
            "responses": _RESPONSES,
        },
        problems=(400, 404, 408, 413, 415, 422, 429, 503, 504),
    ),
)
