"""A connection to a client: closed where a header does not come, answered also when the client has nothing more to send."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEADER = 64 << 10
"""Bytes of a request's first line and headers."""


class Connection(HttpToolsProtocol):
    """uvicorn's, with bounds of its own for headers.

    A client may close its half of the connection behind its request, as `nc -N` does: it is answered, and then the rest is closed.
    """

    header_seconds = 10.0

    def connection_made(self, transport: Any) -> None:
        """Waits for a header."""
        super().connection_made(JoinedWrites(transport, self.loop))  # type: ignore[arg-type]
        self._header_bytes = 0
        self._in_header = True
        self._header_due = self.loop.time() + self.header_seconds
        self._looking = self.loop.call_at(self._header_due, self._look)

    def data_received(self, data: bytes) -> None:
        """Takes what came, unless it is a header without end."""
        if self._in_header:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._in_header and self._header_bytes > LARGEST_HEADER and not self.transport.is_closing():
            self.send_400_response("The header is too large.")

    def on_message_begin(self) -> None:
        """A header begins."""
        super().on_message_begin()
        if not self._in_header:
            self._in_header, self._header_bytes = True, 0
            self._header_due = self.loop.time() + self.header_seconds

    def on_headers_complete(self) -> None:
        """It is there."""
        self._in_header = False
        super().on_headers_complete()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether to keep the half that leads to the client: while whole requests are not answered yet; then that is closed too."""
        unfinished = self.cycle is None or self.cycle.response_complete or self.cycle.more_body
        if unfinished and not self.pipeline:
            self.transport.close()  # which first sends what was written in this turn
            return False
        if unfinished:
            self.pipeline.popleft()  # the newest, which will not become whole; others before it wait
        self.timeout_keep_alive = 0
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing any more."""
        self._looking.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Closes the connection if a header is late; one timer a connection, since one a request costs time."""
        now = self.loop.time()
        if self._in_header and now >= self._header_due:
            self.transport.close()
            return
        due = self._header_due if self._in_header else now + self.header_seconds
        self._looking = self.loop.call_at(due, self._look)


class JoinedWrites:
    """A transport that sends together what was written in one turn of the loop: header and body of an answer in one piece.

    Args:
        transport: Of the loop, which does all the rest.
        loop: Whose turns these are.
    """

    def __init__(self, transport: Any, loop: Any) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        """Sends it at the end of this turn."""
        if not self._pieces:
            self._loop.call_soon(self._send)
        self._pieces.append(data)

    def close(self) -> None:
        """Sends what was written, and then closes."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces:
            self._transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
