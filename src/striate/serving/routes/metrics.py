"""The server's figures, for Prometheus."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from striate.serving.routes.route import ServedRoute
from striate.serving.service import service_of


async def metrics(request: Request) -> Response:
    """All figures, as they are now."""
    service = service_of(request)
    for name in service.models.names:
        waiting = sum(bundle.room.waiting for bundle in service.models.versions(name))
        service.metrics.of_model(name).waiting.set(waiting)
    return Response(service.metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})


ROUTES = (
    ServedRoute(
        "GET",
        "/metrics",
        metrics,
        {
            "summary": "Figures for Prometheus",
            "responses": {
                "200": {"description": "The text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
            },
        },
    ),
)
