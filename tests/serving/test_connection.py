"""A connection: one piece an answer, headers in time, and answers to who has closed the half that leads here."""

import asyncio
import json
import socket
import time

import pytest
from tests.serving.conftest import read_all

from striate.serving import ServingLimits
from striate.serving.connection import JoinedWrites

LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def quick(run_server, finished_run):
    return run_server([finished_run.folder], ServingLimits(header_seconds=0.5))


def half_closed(server, sent):
    """What comes back after the client has closed its half behind what it sent, and how long that took."""
    started = time.monotonic()
    with socket.create_connection(server.place, timeout=20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection), time.monotonic() - started


def test_who_has_nothing_more_to_send_is_answered_and_the_rest_is_closed(quick, picture_files):
    data = picture_files[0][1]
    told, seconds = half_closed(quick, HEAD % len(data) + data)
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert json.loads(body)["predictions"][0]["label"]
    assert seconds < 10


def test_so_are_several_requests_one_behind_the_other(quick, picture_files):
    data = picture_files[0][1]
    told, seconds = half_closed(quick, LIVE + HEAD % len(data) + data + LIVE)
    assert told.count(b"HTTP/1.1 200 ") == 3
    assert seconds < 10


@pytest.mark.parametrize("before", [b"", LIVE, LIVE + LIVE])
@pytest.mark.parametrize("half", [b"", b"GET /v2 HT", HEAD % 100, HEAD % 100 + b"x"])
def test_half_a_request_is_not_waited_for(quick, before, half):
    told, seconds = half_closed(quick, before + half)
    assert told.count(b"HTTP/1.1 ") == told.count(b"HTTP/1.1 200 ") == before.count(LIVE)
    assert seconds < 10
    assert quick.get("/v2").status == 200


def test_a_later_header_must_come_in_time_too(quick):
    with socket.create_connection(quick.place, timeout=20) as connection:
        connection.sendall(LIVE)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        time.sleep(0.7)  # longer than a header may take: nothing was begun, so that nothing is late
        connection.sendall(LIVE)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        started = time.monotonic()
        connection.sendall(LIVE[:20])
        assert connection.recv(65536) == b""
        assert 0.3 < time.monotonic() - started < 5


class Recorded:
    """A transport that notes what it is told."""

    def __init__(self):
        self.calls = []
        self.is_closing = self.get_extra_info = self.pause_reading = self.resume_reading = None

    def write(self, data):
        self.calls.append(data)

    def close(self):
        self.calls.append("closed")


def test_what_is_written_in_one_turn_is_sent_in_one_piece():
    below = Recorded()

    async def write():
        joined = JoinedWrites(below, asyncio.get_running_loop())
        joined.write(b"head")
        joined.write(b"body")
        assert below.calls == []
        await asyncio.sleep(0)
        joined.write(b"next")
        await asyncio.sleep(0)
        joined.write(b"last")
        joined.close()
        await asyncio.sleep(0)

    asyncio.run(write())
    assert below.calls == [b"headbody", b"next", b"last", "closed"]
