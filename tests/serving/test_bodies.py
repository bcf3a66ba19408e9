"""Bodies and connections that are too large, too slow, packed, cut or damaged."""

import gzip
import socket
import time
import zlib

import pytest
from tests.serving.conftest import talk

from striate.errors import UsageError
from striate.serving import ServingLimits
from striate.serving.bodies import unpacked
from striate.serving.problems import ProblemError


@pytest.fixture(scope="module")
def small(run_server, finished_run):
    return run_server(
        [finished_run.folder],
        ServingLimits(body_bytes=20_000, items=3, body_seconds=0.5, header_seconds=0.5, connections=20),
    )


def test_limits_must_let_something_through():
    with pytest.raises(UsageError, match="seconds must be more than 0, got 0"):
        ServingLimits(seconds=0)


def test_a_body_over_the_limit_is_413_whether_it_says_so_or_not(small):
    stated = talk(
        small, b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 99999999999999\r\n\r\n"
    )
    assert b" 413 " in stated.split(b"\r\n")[0]
    assert b"more than the limit of 20,000 bytes" in stated
    chunks = b"".join(b"400\r\n" + b"x" * 0x400 + b"\r\n" for _ in range(21))
    streamed = talk(
        small,
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
    )
    assert b" 413 " in streamed.split(b"\r\n")[0]


def test_more_pictures_than_allowed_are_413(small, picture_files):
    reply = small.form("/predict", [("a.png", b"x")] * 4)
    assert (reply.status, reply.json()["detail"]) == (413, "there are more files than the limit of 3 a request")
    given = {"name": "picture", "datatype": "BYTES", "shape": [4], "data": [""] * 4}
    assert small.infer("striped", {"inputs": [given]}).status == 413


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"content")),
        ("x-gzip", gzip.compress(b"content")),
        ("deflate", zlib.compress(b"content")),
        ("deflate", zlib.compressobj(wbits=-15).compress(b"content") + b""),
    ],
)
def test_packed_bodies_are_unpacked(coding, packed):
    if not packed:
        packing = zlib.compressobj(wbits=-15)
        packed = packing.compress(b"content") + packing.flush()
    assert unpacked(packed, coding, ServingLimits()) == b"content"


@pytest.mark.parametrize(
    ("packed", "status", "said"),
    [
        (gzip.compress(bytes(10_000_000)), 413, "the body has more than the limit of 20,000 bytes"),
        (gzip.compress(b"content")[:-9], 400, "the body's gzip is not whole"),
        (b"content", 400, "the body is no gzip"),
        (b"", 400, "the body's gzip is not whole"),
    ],
)
def test_a_packed_body_is_not_believed(packed, status, said):
    with pytest.raises(ProblemError, match=said) as raised:
        unpacked(packed, "gzip", ServingLimits(body_bytes=20_000))
    assert raised.value.status == status


def test_an_unknown_packing_is_415(small):
    reply = small.post("/predict", b"x", "image/png", {"Content-Encoding": "br"})
    assert (reply.status, "expected gzip, deflate or identity" in reply.json()["detail"]) == (415, True)


def test_a_body_that_does_not_come_is_408_and_a_header_that_does_not_is_closed(small):
    started = time.monotonic()
    late = talk(small, b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 100\r\n\r\nx")
    assert b" 408 " in late.split(b"\r\n")[0]
    assert b"the body did not come in 0.5 seconds" in late
    assert talk(small, b"POST /predict HTTP/1.1\r\nHost: ") == b""
    assert talk(small, b"") == b""
    assert time.monotonic() - started < 9


def test_a_header_without_end_is_refused(small):
    said = talk(small, b"GET /v2 HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(100)))
    assert b" 400 " in said.split(b"\r\n")[0]


@pytest.mark.parametrize(
    "sent",
    [
        b"rubbish\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"GET /%ff%fe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_no_request_is_told_so_and_hurts_nobody(small, sent, picture_files):
    answer = talk(small, sent, wait=3)
    assert answer == b"" or answer.split(b" ")[1][:1] == b"4", answer
    assert small.form("/predict", picture_files[:1]).status == 200


def test_connections_that_are_cut_hurt_nobody(small, picture_files):
    for length in (10, 100, 200):
        with socket.create_connection(small.place) as connection:
            request = (
                b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 19000\r\n\r\n"
                + b"x" * 500
            )
            connection.sendall(request[:length])
    assert small.form("/predict", picture_files[:1]).status == 200


def test_too_many_connections_are_told_503(small):
    held = [socket.create_connection(small.place) for _ in range(25)]
    try:
        assert small.get("/v2").status == 503
    finally:
        for connection in held:
            connection.close()
    deadline = time.monotonic() + 10
    while small.get("/v2").status != 200:
        assert time.monotonic() < deadline
