"""Ten thousand requests that were changed at random: none ends the server, none is its fault, and memory stays."""

import json
import random
import re
import signal
import socket
import struct
from collections import Counter
from pathlib import Path

import pytest
from tests.serving.conftest import form_body
from tests.serving.test_server import Process

NUMBERS = (b"0", b"-1", b"1", b"255", b"2147483648", b"4294967296", b"18446744073709551616", b"1e308", b"NaN", b"null")
STEPS = 10_000


def requests_of(picture):
    """Requests that are right, as their parts: the first line, headers, and the body."""
    blob = struct.pack("<I", len(picture)) + picture
    tensor = {"name": "picture", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(blob)}}
    binary = json.dumps({"id": "1", "inputs": [tensor], "outputs": [{"name": "label"}]}).encode()
    pixels = {"name": "pixels", "datatype": "UINT8", "shape": [1, 4, 4, 3], "data": [7] * 48}
    plain = json.dumps({"inputs": [pixels], "outputs": [{"name": "logits"}]}).encode()
    form = form_body([("a.png", picture), ("b.png", picture)])
    infer = b"POST /v2/models/striped/infer HTTP/1.1"
    return [
        (infer, {b"Inference-Header-Content-Length": b"%d" % len(binary)}, binary + blob),
        (infer, {}, plain),
        (b"POST /predict?top=2 HTTP/1.1", {b"Content-Type": b"multipart/form-data; boundary=edge"}, form),
        (b"POST /predict HTTP/1.1", {b"Content-Type": b"image/png"}, picture),
        (b"GET /v2/models/striped HTTP/1.1", {}, b""),
    ]


def changed(draw, request):
    """A request with one to three changes; its length is told rightly, but for one time in fifty."""
    line, headers, body = request
    headers = dict(headers)
    for _ in range(draw.randint(1, 3)):
        kind = draw.randrange(7)
        if kind == 0 and body:
            place = draw.randrange(len(body))
            body = body[:place] + bytes([draw.randrange(256)]) + body[place + 1 :]
        elif kind == 1 and body:
            first, last = sorted(draw.randrange(len(body) + 1) for _ in range(2))
            body = body[:first] + body[last:]
        elif kind == 2 and body:
            first, last = sorted(draw.randrange(len(body) + 1) for _ in range(2))
            body = body[:last] + body[first:last][:5000] + body[last:]
        elif kind == 3:
            numbers = list(re.finditer(rb"\d+", body[:400]))
            if numbers:
                one = draw.choice(numbers)
                body = body[: one.start()] + draw.choice(NUMBERS) + body[one.end() :]
        elif kind == 4:
            headers[b"Inference-Header-Content-Length"] = draw.choice(
                (*NUMBERS, b"%d" % draw.randint(0, len(body) + 9))
            )
        elif kind == 5:
            headers[draw.choice((b"Content-Encoding", b"Content-Type", b"Expect", b"X-Request-Id", b"Accept"))] = (
                draw.choice(
                    (
                        b"gzip",
                        b"deflate",
                        b"multipart/form-data",
                        b"image/png",
                        b"100-continue",
                        b"\xff\xfe",
                        b"a" * 3000,
                        b"",
                    )
                )
            )
        else:
            line = line.replace(b"striped", draw.choice((b"striped", b"%00", b"..%2f..", b"\xea\xb3\xa0", b"a" * 2000)))
    headers[b"Content-Length"] = draw.choice(NUMBERS) if draw.random() < 0.02 else b"%d" % len(body)
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers.items())
    return line + b"\r\nHost: localhost\r\nConnection: close\r\n" + lines + b"\r\n" + body


def status_of(port, sent):
    """The status that is answered; 0 where there is none, as where more of a body is waited for."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
        try:
            connection.sendall(sent)
            received = connection.recv(65536)
        except (ConnectionError, TimeoutError):
            return 0
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", received)
    return int(found[1]) if found else 0


def resident(pid):
    """Bytes of a process in memory, in MB."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_no_change_of_a_request_is_the_servers_fault(finished_run, picture_files):
    draw = random.Random(0)
    server = Process(f"striped={finished_run.folder}", "--quiet")
    try:
        wellformed = requests_of(picture_files[0][1])
        statuses = Counter()
        before = 0.0
        for step in range(STEPS):
            if step == STEPS // 4:  # what is loaded and kept once is there by now
                before = resident(server.process.pid)
            statuses[status_of(server.port, changed(draw, draw.choice(wellformed)))] += 1
        assert not any(status >= 500 for status in statuses), statuses
        assert statuses[200] > STEPS / 20 and statuses[400] > STEPS / 20, statuses
        assert statuses[0] < STEPS / 5, statuses
        assert resident(server.process.pid) - before < 10, statuses
        assert server.ask()[0] == 200
    finally:
        assert server.end(signal.SIGTERM) == 0
    assert not any("Traceback" in line for line in server.lines), server.lines
