"""Half an hour of every kind of request: whether memory grows."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from serving.load import read_requests, request_of, write_requests
from serving.materials import Materials
from serving.servers import HEALTH, load_command, served, striate_command, summary

NAME = "soak"
WARM_UP = 0.1
"""Share of the time after which memory counts."""
RATE = 150.0


def measure(materials: Materials) -> dict[str, Any]:
    """A steady mixture, and the server's memory as it goes."""
    seconds = materials.asked.minutes * 60
    requests = mixture(materials)
    bundles = (f"digits={materials.digits}", f"photographs={materials.mobilenet}")
    with served(striate_command(*bundles), HEALTH, materials.scratch / "log") as server:
        before, began = server.processor_seconds(), time.monotonic()
        load = subprocess.Popen(
            load_command(requests, server.port, 16, seconds, RATE), stdout=subprocess.PIPE, text=True
        )
        memory: list[tuple[float, float]] = []
        while load.poll() is None and (now := time.monotonic() - began) < seconds:
            memory.append((round(now, 1), round(server.megabytes(), 2)))
            print(f"{now / 60:.1f} minutes, {memory[-1][1]:.1f} MB...", file=sys.stderr, flush=True)
            time.sleep(min(10.0, seconds / 20))
        told, _ = load.communicate()
        went = summary(json.loads(told), server.processor_seconds() - before)
    after = [megabytes for at, megabytes in memory if at >= WARM_UP * seconds]
    tenth = max(1, len(after) // 10)
    grown = sum(after[-tenth:]) / tenth - sum(after[:tenth]) / tenth
    return {"minutes": materials.asked.minutes, "memory": memory, "grown": round(grown, 2), **went}


def mixture(materials: Materials) -> Any:
    """Of twenty requests: digits as files, forms and tensors, a photograph, an explanation, what cannot be read, figures."""
    ways = materials.digit_requests
    digits = [read_requests(ways[name]) for name in ("striate", "striate, /v2")]
    form = b'--edge\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n%s\r\n--edge--\r\n'
    mixed = []
    for number, data in enumerate(materials.digit_files):
        kind = number % 20
        if kind < 8:
            mixed.append(request_of("/predict?model=digits", data, "application/octet-stream"))
        elif kind < 12:
            mixed.append(request_of("/predict?model=digits", form % data, "multipart/form-data; boundary=edge"))
        elif kind < 16:
            mixed.append(digits[1][number])
        elif kind == 16:
            photograph = materials.photograph_files[number]
            mixed.append(request_of("/predict?model=photographs", photograph, "image/jpeg"))
        elif kind == 17:
            mixed.append(request_of("/explain?model=digits", data, "application/octet-stream"))
        elif kind == 18:
            mixed.append(request_of("/predict?model=digits", b"no picture", "application/octet-stream"))
        else:
            mixed.append(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return write_requests(materials.scratch / "mixture.requests", mixed)


def section(measured: dict[str, Any]) -> str:
    """The part of the page."""
    statuses = ", ".join(f"{count:,} of status {status}" for status, count in sorted(measured["statuses"].items()))
    return "\n".join(
        [
            "### Memory",
            f"{measured['minutes']:g} minutes of {RATE:g} requests a second, of every kind, of two networks: {statuses}. The process held "
            f"{measured['memory'][-1][1]:,.0f} MB at the end, {measured['grown']:+.1f} MB of them since a tenth of the time had gone by.",
        ]
    )
