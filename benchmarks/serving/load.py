"""Load on a server: requests over connections that stay open, by one thread that costs little, since it shares the machine.

    python benchmarks/serving/load.py REQUESTS --port 8000 --connections 16 --seconds 5 [--rate 500]

REQUESTS is a file that `write_requests` wrote: whole requests, headers and all, which are sent in turn. Without --rate each connection
sends its next request when it has its answer. With it requests are due at random times, as from many who know nothing of one another,
whatever the answers do (a Poisson process, the same in every go); a request's time counts from when it was due, so that a server that
stops answering is not spared (what others call coordinated omission). Answers need a Content-Length. SIGTERM ends it early. Writes JSON:
how many answers of each status, the milliseconds of each answer, and the processor time of all this.
"""

from __future__ import annotations

import argparse
import json
import random
import select
import signal
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HEADER_END = b"\r\n\r\n"


def write_requests(path: Path, requests: Sequence[bytes]) -> Path:
    """A file of whole requests, each behind its length in four bytes."""
    path.write_bytes(b"".join(len(one).to_bytes(4, "little") + one for one in requests))
    return path


def read_requests(path: Path) -> list[bytes]:
    """The same again."""
    raw, found, place = path.read_bytes(), [], 0
    while place < len(raw):
        length = int.from_bytes(raw[place : place + 4], "little")
        found.append(raw[place + 4 : place + 4 + length])
        place += 4 + length
    return found


def request_of(path: str, body: bytes, media_type: str, more: str = "") -> bytes:
    """A POST as it goes over the wire, with more headers, each with its line end."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{more}\r\n".encode() + body


class Connection:
    """One that stays open, with at most one request on its way."""

    __slots__ = ("begun", "needed", "received", "socket", "status")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.needed = 0
        self.status = 0
        self.begun = 0.0

    def send(self, request: bytes, begun: float) -> None:
        """Sends a request that was due at a time."""
        self.begun = begun
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Takes what is there; whether the answer is whole now."""
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("the server closed a connection")
        self.received = self.received + piece if self.received else piece
        if not self.needed:
            end = self.received.find(HEADER_END)
            if end < 0:
                return False
            header = self.received[:end].lower()
            self.status = int(header[9:12])
            start = header.index(b"content-length:") + 15
            self.needed = end + 4 + int(header[start:].partition(b"\r")[0])
        if len(self.received) < self.needed:
            return False
        self.received, self.needed = b"", 0
        return True


def run_load(
    requests: Sequence[bytes], *, port: int, connections: int, seconds: float, rate: float | None = None
) -> dict[str, Any]:
    """Puts load on a server.

    Args:
        requests: Sent in turn.
        port: Of a server on this machine.
        connections: How many stay open: the most requests that are on their way at once.
        seconds: For how long requests are sent; all answers are waited for.
        rate: Requests a second, or each as soon as a connection is free.
    """
    opened = [Connection(port) for _ in range(connections)]
    by_number = {one.socket.fileno(): one for one in opened}
    polled = select.epoll()
    for number in by_number:
        polled.register(number, select.EPOLLIN)
    free, due = deque(opened), deque[float]()
    answered: list[tuple[int, float]] = []
    sent, busy, chance = 0, 0, random.Random(0)
    ended = _ended_by_signal()
    processor, begun = time.process_time(), time.perf_counter()
    end, next_due = begun + seconds, begun
    while True:
        now = time.perf_counter()
        if ended:
            end, ended = now, []
        if rate is None:
            due = deque([now] * len(free)) if now < end else deque()
        else:
            while next_due <= min(now, end):
                due.append(next_due)
                next_due += chance.expovariate(rate)
        while due and free:
            free.popleft().send(requests[sent % len(requests)], due.popleft())
            sent, busy = sent + 1, busy + 1
        if now >= end and not busy and not due:
            break
        patience = 1.0 if rate is None or now >= end else min(max(next_due - now, 0.0), 1.0)
        # epoll alone waits for whole milliseconds
        select.select([polled], [], [], patience)
        for number, _ in polled.poll(0):
            connection = by_number[number]
            if connection.receive():
                answered.append((connection.status, (time.perf_counter() - connection.begun) * 1000))
                free.append(connection)
                busy -= 1
    took = time.perf_counter() - begun
    for one in opened:
        one.socket.close()
    return {
        "seconds": took,
        "statuses": Counter(str(status) for status, _ in answered),
        "milliseconds": {
            str(status): [round(value, 3) for other, value in answered if other == status]
            for status in {status for status, _ in answered}
        },
        "processor_seconds": time.process_time() - processor,
    }


def _ended_by_signal() -> list[int]:
    """A list that has an entry once SIGTERM came: what is on its way is waited for then, and nothing more sent."""
    came: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    return came


def main() -> None:
    """Measures once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("requests", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float)
    asked = parser.parse_args()
    measured = run_load(
        read_requests(asked.requests),
        port=asked.port,
        connections=asked.connections,
        seconds=asked.seconds,
        rate=asked.rate,
    )
    json.dump(measured, sys.stdout)


if __name__ == "__main__":
    main()
