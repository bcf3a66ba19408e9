"""What a route is: an address, what answers it, and what is said of it in the description that programs read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from striate.row_writing import json_text

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class ServedRoute:
    """A route."""

    method: str
    path: str
    """With names in braces, as `/v2/models/{name}`."""
    endpoint: Endpoint
    operation: Mapping[str, Any]
    """As OpenAPI 3.1 describes it, without the answers that every route may give."""
    open: bool = False
    """Whether it is answered without a key."""
    problems: tuple[int, ...] = field(default=())
    """Statuses of its own refusals."""


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as everywhere in Striate: UTF-8, what could steer a terminal by its number."""
    return Response(json_text(value).encode(), status, headers, media_type="application/json")


def json_answer(description: str, schema: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The description of an answer of status 200 in JSON."""
    return {"200": {"description": description, "content": {"application/json": {"schema": dict(schema or {})}}}}


def in_path(name: str, description: str) -> dict[str, Any]:
    """The description of a part of an address."""
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


def in_query(name: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The description of something that may be asked for behind the question mark."""
    return {"name": name, "in": "query", "required": False, "description": description, "schema": dict(schema)}
