"""All routes of the server, and their description as OpenAPI has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from striate.serving.routes import explain, health, infer, metrics, models, predict
from striate.serving.routes.route import ServedRoute, json_answer, json_response
from striate.serving.service import service_of
from striate.version import __version__

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "error", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {"type": "string", "description": "The same, as the Open Inference Protocol calls it."},
        "request_id": {"type": "string"},
    },
}

EVERYWHERE = (400, 401, 421, 500)
"""Statuses that every route may answer: a request that is none, a key that is missing, a host that is not served, a fault of ours."""


async def openapi(request: Request) -> Response:
    """The description of all routes, with the names of the models that are served."""
    models = service_of(request).models
    return json_response(description(models.names, [bundle.version for bundle in models.all()]))


ROUTES: tuple[ServedRoute, ...] = (
    *predict.ROUTES,
    *infer.ROUTES,
    *explain.ROUTES,
    *health.ROUTES,
    *models.ROUTES,
    *metrics.ROUTES,
    ServedRoute(
        "GET",
        "/openapi.json",
        openapi,
        {"summary": "This description", "responses": json_answer("OpenAPI 3.1.")},
    ),
)
"""All there are, those that are asked most first; a further one is a file beside this one, and its line here."""


def description(models: Sequence[str], versions: Sequence[str]) -> dict[str, Any]:
    """OpenAPI 3.1 of all routes.

    Args:
        models: Their names.
        versions: Of all of them.
    """
    served = {
        ("path", "name"): models,
        ("query", "model"): models,
        ("path", "version"): versions,
        ("query", "version"): versions,
    }
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        operation = dict(route.operation)
        refusals = sorted({*route.problems, *EVERYWHERE})
        operation["responses"] = dict(operation["responses"]) | {
            str(status): {"$ref": f"#/components/responses/{status}"} for status in refusals
        }
        operation["operationId"] = _operation_id(route)
        operation["parameters"] = [
            one | {"schema": one["schema"] | {"enum": list(served[place])}}
            if (place := (one["in"], one["name"])) in served
            else one
            for one in operation.get("parameters", [])
        ]
        if route.open:
            operation["security"] = []
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    statuses = sorted({status for route in ROUTES for status in route.problems} | set(EVERYWHERE))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Striate",
            "version": __version__,
            "description": "Sealed classifiers: predictions, explanations, and the Open Inference Protocol v2.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{}, {"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": _PROBLEM},
            "responses": {str(status): _refusal(status) for status in statuses},
        },
    }


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": schema}, "application/json": {"schema": {"type": "object"}}},
    }


def _operation_id(route: ServedRoute) -> str:
    slash = "_slash" if route.path.endswith("/") else ""
    return route.method.lower() + "_" + re.sub(r"\W+", "_", route.path).strip("_") + slash
