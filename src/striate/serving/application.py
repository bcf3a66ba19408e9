"""The server as an ASGI application, which any ASGI server runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from striate.serving.api_keys import ApiKeys
from striate.serving.gate import Gate, Log
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
) -> Starlette:
    """The application.

    Args:
        service: Models, limits and figures.
        log: Hears of each request, and of bundles that are taken or refused.
        keys: Who may ask; None: everybody.
        hosts: Under which names the server is reached; None: any.
        origins: Of pages of other sites whose scripts may read answers, such as `"https://example.org"`.
        look_again: Seconds after which places are looked at for new bundles.
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
    application = Starlette(
        routes=[Route(route.path, route.endpoint, methods=[route.method]) for route in ROUTES],
        middleware=[*shared, gate],
        lifespan=lifespan,
        exception_handlers=_PASSED_ON,
    )
    application.router.redirect_slashes = False
    application.state.service = service
    return application


async def _pass_on(request: Any, error: Exception) -> Any:
    """The gate answers it, which knows the request's name."""
    raise error


_PASSED_ON: Mapping[Any, Any] = {HTTPException: _pass_on}


async def _look_again(service: Service, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(service.models.look_again)
