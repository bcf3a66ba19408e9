"""Whether the server lives, and whether it takes requests."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from striate.serving.routes.route import ServedRoute, json_answer, json_response
from striate.serving.service import service_of

_TRUTH = {"type": "object", "properties": {"live": {"type": "boolean"}, "ready": {"type": "boolean"}}}


async def live(request: Request) -> Response:
    """Always, as long as anything is answered."""
    return json_response({"live": True})


async def ready(request: Request) -> Response:
    """Until the server ends; 503 from then on, so that whoever shares out requests sends them elsewhere."""
    draining = service_of(request).draining
    return json_response({"live": True, "ready": not draining}, 503 if draining else 200)


ROUTES = (
    ServedRoute(
        "GET",
        "/v2/health/live",
        live,
        {"summary": "Whether the server lives", "responses": json_answer("It does.", _TRUTH)},
        open=True,
    ),
    ServedRoute(
        "GET",
        "/v2/health/ready",
        ready,
        {"summary": "Whether the server takes requests", "responses": json_answer("It does.", _TRUTH)},
        open=True,
        problems=(503,),
    ),
)
