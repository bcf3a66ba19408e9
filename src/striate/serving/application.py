"""The server as an ASGI application, which any ASGI server runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from striate.serving.api_keys import ApiKeys
from striate.serving.gate import Gate, Log
from striate.serving.routes.route import Endpoint
from striate.serving.routes.table import ROUTES
from striate.serving.service import Service
from striate.serving.settings import LOOK_AGAIN


def build_application(
    service: Service,
    *,
    log: Log = lambda event: None,
    keys: ApiKeys | None = None,
    hosts: frozenset[str] | None = None,
    origins: Sequence[str] = (),
    look_again: float = LOOK_AGAIN,
    routes: Sequence[BaseRoute] = (),
) -> Starlette:
    """The application.

    Args:
        service: Models, limits and figures.
        log: Hears of each request, and of bundles that are taken or refused.
        keys: Who may ask; None: everybody.
        hosts: Under which names the server is reached; None: any.
        origins: Of pages of other sites whose scripts may read answers, such as `"https://example.org"`.
        look_again: Seconds after which places are looked at for new bundles.
        routes: Further ones, behind the same gate.
    """

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        looking = asyncio.create_task(_look_again(service, look_again))
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            service.models.close()

    gate = Middleware(
        Gate,
        metrics=service.metrics,
        log=log,
        keys=keys,
        hosts=hosts,
        open_paths=frozenset(route.path for route in ROUTES if route.open),
    )
    shared = [Middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"])] if origins else []
    application = _Application(
        routes=[
            *(Route(route.path, _Answering(route.endpoint), methods=[route.method]) for route in ROUTES),
            *routes,
        ],
        middleware=[*shared, gate],
        lifespan=lifespan,
    )
    application.router.redirect_slashes = False
    application.state.service = service
    return application


class _Application(Starlette):
    def build_middleware_stack(self) -> ASGIApp:
        """Without Starlette's own layers for exceptions, of which the gate makes answers."""
        application: ASGIApp = self.router
        for one in reversed(self.user_middleware):
            application = one.cls(application, *one.args, **one.kwargs)
        return application


class _Answering:
    """A route's endpoint as an application; as a function Starlette would wrap it in layers for exceptions too."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


async def _look_again(service: Service, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(service.models.look_again)
