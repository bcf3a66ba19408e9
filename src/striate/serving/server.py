"""A server: an application on a port, until a signal asks it to end; then what is in work is answered first."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette

from striate.errors import StriateError, UsageError
from striate.serving.connection import Connection
from striate.serving.limits import ServingLimits
from striate.serving.service import Service
from striate.wording import plural

BACKLOG = 2048
"""Connections that the system holds before they are taken."""

DRAINING_SECONDS = 30.0
"""In which what is in work must be answered when the server ends."""


def listening_socket(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket at an address, which nobody listens at yet.

    Args:
        host: A name or an address.
        port: 0: any that is free.
        shared: Whether other processes may have it too; the system shares out the connections then.

    Raises:
        UsageError: If there is no such host, or another program has the port.
    """
    with contextlib.ExitStack() as opened:
        try:
            family, kind, _, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            found = opened.enter_context(socket.socket(family, kind))
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            found.bind(address)
        except (OSError, OverflowError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageError(
                f"cannot serve at {host}, port {port}: {reason}; name another one by --host and --port"
            ) from error
        opened.pop_all()
    return found


def address_of(listener: socket.socket, host: str) -> str:
    """Where a server is reached, as a browser takes it."""
    port = listener.getsockname()[1]
    name = host if host not in ("", "0.0.0.0", "::") else "127.0.0.1"  # noqa: S104 - shown, not bound
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


class Server(uvicorn.Server):
    """uvicorn, which answers what is in work when SIGINT or SIGTERM comes, and leaves the signals as they were.

    Args:
        application: What answers.
        service: The application's state.
        ready: Called once the server listens.
    """

    def __init__(self, application: Starlette, service: Service, *, ready: Callable[[], None] = lambda: None) -> None:
        super().__init__(_config(application, service.limits))
        self._service = service
        self._ready = ready
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.unfinished = 0
        """Requests that had no answer when it ended."""

    def serve_on(self, listener: socket.socket) -> None:
        """Serves until a signal comes, or `end` is called by another thread; a second one ends it at once.

        Args:
            listener: Bound already.

        Raises:
            StriateError: If not all could be answered in time, or a second signal came.
        """
        self.run(sockets=[listener])
        if self.unfinished:
            raise StriateError(f"the server ended with {plural(self.unfinished, 'request')} unanswered")

    def end(self) -> None:
        """As a signal does; may be called by any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens, and says so."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes SIGINT and SIGTERM over while it serves."""
        loop = asyncio.get_running_loop()
        before: dict[signal.Signals, Any] = {}
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if handler is signal.SIG_IGN:  # as a shell has it for what runs in the background
                continue
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # another thread than the main one
                loop.add_signal_handler(number, self._end)
                before[number] = handler
        try:
            yield
        finally:
            for taken, handler in before.items():
                loop.remove_signal_handler(taken)
                signal.signal(taken, handler)

    def _end(self) -> None:
        if self._draining is not None:
            self.unfinished = self._service.models.in_use
            self.should_exit = self.force_exit = True
            return
        self._service.draining = True
        self._draining = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        deadline = asyncio.get_running_loop().time() + DRAINING_SECONDS
        while self._service.models.in_use and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        self.unfinished = self._service.models.in_use
        self.should_exit = True


def _config(application: Starlette, limits: ServingLimits) -> uvicorn.Config:
    class BoundedConnection(Connection):
        header_seconds = limits.header_seconds

    return uvicorn.Config(
        application,
        http=BoundedConnection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        limit_concurrency=limits.connections,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
    )
