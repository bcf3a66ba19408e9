"""The studio as an ASGI application: that of the server, with the pages and what their scripts ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from striate.serving.application import build_application
from striate.serving.gate import Log
from striate.serving.problems import ProblemError
from striate.studio.pages import DRAWINGS, page
from striate.studio.room import Answer, StudioPage
from striate.studio.studio import Studio
from striate.studio.table import ROOMS

STATIC = Path(str(files("striate.studio"))) / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}
BAR = tuple(room.name for room in ROOMS if room.name != "home")

Handler = Callable[[Request], Awaitable[Response]]


def build_studio(studio: Studio, *, log: Log = lambda event: None, hosts: frozenset[str] | None = None) -> Starlette:
    """The application.

    Args:
        studio: What it is opened on.
        log: Hears of requests and bundles, as a server's.
        hosts: Under which names it is reached; None: any.
    """
    routes = [Route(path, _first, methods=["GET"]) for path in ("/", "/studio")]
    for room in ROOMS:
        address = "/studio/" if room.name == "home" else f"/studio/{room.name}"
        for one in room.pages:
            routes.append(Route(address + one.path, _page(studio, one, room.name), methods=["GET"]))
        for endpoint in room.endpoints:
            path = f"/studio/api/{room.name}/{endpoint.path}"
            routes.append(Route(path, _endpoint(studio, endpoint.answer), methods=[endpoint.method]))
    routes.append(Route("/studio/static/{path:path}", _static, methods=["GET"]))
    routes.append(Route("/studio/{path:path}", _missing, methods=["GET"]))
    return build_application(studio.service, log=log, hosts=hosts, routes=routes)


async def _first(request: Request) -> Response:
    return RedirectResponse("/studio/", 307)


def _page(studio: Studio, shown: StudioPage, room: str) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            content = await shown.content(studio, request)
        except ProblemError as problem:
            return _problem(request, problem)
        return page(request, shown.template, content, room=room, bar=BAR)

    return answer


def _endpoint(studio: Studio, answer: Answer) -> Handler:
    async def answered(request: Request) -> Response:
        # Another site's page may send a form here, though it cannot read what is answered.
        if request.method != "GET" and _from_elsewhere(request.headers):
            raise ProblemError(403, "this is asked by a page of another site; open the studio's own page")
        return await answer(studio, request)

    return answered


def _from_elsewhere(headers: Headers) -> bool:
    """Whether a page of another site asks. `Sec-Fetch-Site` is sent to this machine and over HTTPS only, `Origin` everywhere."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()


async def _static(request: Request) -> Response:
    found = _files().get(request.path_params["path"])
    if found is None:
        raise ProblemError(404, f"there is no file {request.path_params['path']!r:.200}")
    return FileResponse(found, media_type=TYPES[found.suffix], headers={"Cache-Control": "no-cache"})


@cache
def _files() -> dict[str, Path]:
    """The files that pages load, by their names: who asks for another one never reaches the disk."""
    found = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.suffix in TYPES}
    return found | {"drawing.css": DRAWINGS / "drawing.css"}


async def _missing(request: Request) -> Response:
    return _problem(request, ProblemError(404, f"there is nothing at {request.url.path!r:.200}"))


def _problem(request: Request, problem: ProblemError) -> Response:
    content = {"status": problem.status, "detail": problem.detail}
    return page(request, "problem", content, room="home", bar=BAR, status=problem.status)
