"""The gate that every request goes through: its name, who may ask, how long it took, and one body for all that goes wrong."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from striate.serving.api_keys import ApiKeys
from striate.serving.metrics import ServingMetrics
from striate.serving.problems import ProblemError

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
"""That a client may give its request; any other is given one."""

EVERYWHERE = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
"""Headers of every answer."""

Log = Callable[[Mapping[str, Any]], None]


class Gate:
    """An application within, and what is done around each of its answers.

    Args:
        application: Answers requests.
        metrics: Count them.
        log: Hears of each.
        keys: Who may ask; None: everybody.
        hosts: Under which names the server is reached; None: under any. A page of another site, whose name leads to this machine, is
            refused so.
        open_paths: Answered without a key.
    """

    def __init__(
        self,
        application: ASGIApp,
        *,
        metrics: ServingMetrics,
        log: Log,
        keys: ApiKeys | None,
        hosts: frozenset[str] | None,
        open_paths: frozenset[str],
    ) -> None:
        self._application = application
        self._metrics = metrics
        self._log = log
        self._keys = keys
        self._hosts = hosts
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, as ASGI has it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        started = time.perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        status = 0

        async def named_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *EVERYWHERE]
            await send(message)

        more: dict[str, Any] = {}
        try:
            more = self._admitted(scope["path"], headers)
            await self._application(scope, receive, named_send)
        except ProblemError as refusal:
            await self._refuse(refusal, request_id, status, scope, receive, named_send)
        except HTTPException as error:
            await self._refuse(_routing_problem(error, scope), request_id, status, scope, receive, named_send)
        except Exception as error:
            more["traceback"] = "".join(traceback.format_exception(error))
            fault = ProblemError(500, f"a fault of the server, which its log describes under {request_id}")
            await self._refuse(fault, request_id, status, scope, receive, named_send)
        seconds = time.perf_counter() - started
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.requests.labels(route, str(status)).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        self._log(
            {
                "event": "request",
                "request_id": request_id,
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "milliseconds": round(seconds * 1000, 2),
            }
            | more
        )

    def _admitted(self, path: str, headers: Headers) -> dict[str, Any]:
        """What the log says of who asks.

        Raises:
            ProblemError: 421 if the server is not meant, 401 if a key is missing or wrong.
        """
        if self._hosts is not None and _host(headers.get("host", "")) not in self._hosts:
            raise ProblemError(
                421,
                f"this server answers under {', '.join(sorted(self._hosts))} only, not under {headers.get('host', '')!r:.100}; "
                "say --allow-host NAME when it is started",
            )
        if self._keys is None or path in self._open_paths:
            return {}
        owner = self._keys.of_headers(headers)
        if owner is None:
            raise ProblemError(
                401, "a key is missing or wrong: send Authorization: Bearer KEY", headers={"WWW-Authenticate": "Bearer"}
            )
        return {"key": owner}

    async def _refuse(
        self, problem: ProblemError, request_id: str, status: int, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if not status:  # nothing was answered yet
            await problem.response(request_id)(scope, receive, send)


def _host(header: str) -> str:
    """The name in a Host header, without its port."""
    name = header.strip().lower()
    return name.rpartition("]")[0] + "]" if name.startswith("[") else name.partition(":")[0]


def _routing_problem(error: HTTPException, scope: Scope) -> ProblemError:
    if error.status_code == 405:
        allowed = " or ".join(
            method for method in (error.headers or {}).get("Allow", "").split(", ") if method != "HEAD"
        )
        return ProblemError(405, f"{scope['method']} is not taken here; expected {allowed}", headers=error.headers)
    if error.status_code == 404:
        return ProblemError(404, f"there is nothing at {scope['path']!r:.200}; /openapi.json lists what there is")
    return ProblemError(error.status_code, str(error.detail), headers=error.headers or {})
