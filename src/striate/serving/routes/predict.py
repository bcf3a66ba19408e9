"""Predictions for people and scripts: pictures in a form, rows in JSON, as `striate predict --json` has them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from striate.errors import ItemError
from striate.serving.problems import ProblemError, unreadable
from striate.serving.routes.route import ServedRoute, in_query, json_answer, json_response
from striate.serving.service import service_of
from striate.serving.uploads import read_items
from striate.tasks import Prediction

MOST_CLASSES = 1000
"""Of a row."""


async def predict(request: Request) -> Response:
    """Says what is on each picture; one among several that cannot be read is a row with its error."""
    service = service_of(request)
    query = request.query_params
    bundle = service.models.find(query.get("model"), query.get("version"))
    top = top_of(query.get("top"))
    service.admit(bundle)
    items = await read_items(request, bundle.classifier.kind, service.limits, top=top)
    answered_by, answers = await service.answer(bundle, items)
    errors = [answer for answer in answers if isinstance(answer, ItemError)]
    if len(errors) == len(answers):
        raise unreadable(errors[0])
    rows = [
        Prediction(item.name, None, None, (), answer.reason) if isinstance(answer, ItemError) else answer.prediction
        for item, answer in zip(items, answers, strict=True)
    ]
    return json_response(
        {"model": bundle.name, "version": answered_by.version, "predictions": [row.to_dict() for row in rows]}
    )


def top_of(asked: str | None) -> int:
    """How many classes a row names.

    Raises:
        ProblemError: 400 if it is no such number.
    """
    if asked is None:
        return 5
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 6 and 1 <= int(asked) <= MOST_CLASSES):
        raise ProblemError(400, f"top must be a whole number from 1 to {MOST_CLASSES:,}, got {asked!r:.50}")
    return int(asked)


_ROW = {
    "type": "object",
    "required": ["path", "label", "probability", "top", "error"],
    "properties": {
        "path": {"type": "string"},
        "label": {"type": ["string", "null"]},
        "probability": {"type": ["number", "null"]},
        "top": {"type": "array", "items": {"type": "object"}},
        "error": {"type": ["string", "null"]},
    },
}
MODEL_QUERY = (
    in_query("model", "Which, where the server has several.", {"type": "string"}),
    in_query("version", "Of the model; without, the newest.", {"type": "string"}),
)
FORM_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["picture"],
                "properties": {
                    "picture": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
                },
            }
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}

ROUTES = (
    ServedRoute(
        "POST",
        "/predict",
        predict,
        {
            "summary": "Say what is on pictures",
            "parameters": [
                *MODEL_QUERY,
                in_query(
                    "top",
                    "Classes of a row.",
                    {"type": "integer", "minimum": 1, "maximum": MOST_CLASSES, "default": 5},
                ),
            ],
            "requestBody": FORM_BODY,
            "responses": json_answer(
                "A row a picture, in their order.",
                {
                    "type": "object",
                    "required": ["model", "version", "predictions"],
                    "properties": {
                        "model": {"type": "string"},
                        "version": {"type": "string"},
                        "predictions": {"type": "array", "items": _ROW},
                    },
                },
            ),
        },
        problems=(400, 404, 408, 413, 415, 422, 429, 503, 504),
    ),
)
