"""What a room of the studio is: a page, and what its scripts ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from striate.studio.studio import Studio

Answer = Callable[[Studio, Request], Awaitable[Response]]
Content = Callable[[Studio, Request], Awaitable[Mapping[str, Any]]]


async def nothing(studio: Studio, request: Request) -> Mapping[str, Any]:
    """Of a page whose template needs to be told nothing."""
    return {}


@dataclass(frozen=True)
class StudioPage:
    """A page: `templates/TEMPLATE.html.j2`, given what `content` answers."""

    path: str
    """Behind `/studio/ROOM`: empty for the room's first page, else as `/{name}`."""
    template: str
    content: Content = nothing


@dataclass(frozen=True)
class Endpoint:
    """Something that scripts of a page ask for, at `/studio/api/ROOM/PATH`."""

    method: str
    path: str
    answer: Answer


@dataclass(frozen=True)
class Room:
    """A room. Its name is the folder of its ES modules (`static/NAME/room.js`, `room.css`) and its table in `strings/`."""

    name: str
    pages: tuple[StudioPage, ...]
    endpoints: tuple[Endpoint, ...] = ()
