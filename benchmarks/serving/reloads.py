"""A hundred new bundles in the place of one that is served, while clients ask: no request is lost."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

from serving.materials import Materials
from serving.servers import HEALTH, Served, load_command, served, striate_command, summary
from striate.bundle.folder import find_bundle
from striate.folder_exchange import put_in_place

NAME = "reloads"
RELOADS = 100
PATIENCE = 30.0
"""Seconds in which a new bundle must be taken."""


def measure(materials: Materials) -> dict[str, Any]:
    """Two bundles take each other's place again and again."""
    others = [find_bundle(materials.digits), find_bundle(materials.trained(1))]
    place = materials.scratch / "exchanged"
    shutil.copytree(others[0], place)
    with served(striate_command(f"digits={place}"), HEALTH, materials.scratch / "log") as server:
        before, began = server.processor_seconds(), time.monotonic()
        load = subprocess.Popen(
            load_command(materials.digit_requests["striate"], server.port, 4, 3600.0), stdout=subprocess.PIPE, text=True
        )
        try:
            for number in range(1, RELOADS + 1):
                put_in_place(others[number % 2], place)
                wait_until_taken(server, number)
                if number % 10 == 0:
                    print(f"{number} of {RELOADS} reloads...", file=sys.stderr, flush=True)
        finally:
            load.send_signal(signal.SIGTERM)
            told, _ = load.communicate()
        seconds = time.monotonic() - began
        refused = reloads(server, "refused")
        went = summary(json.loads(told), server.processor_seconds() - before)
    return {"reloads": RELOADS, "refused": refused, "seconds": round(seconds, 1), **went}


def wait_until_taken(server: Served, count: int) -> None:
    """Until so many were taken."""
    deadline = time.monotonic() + PATIENCE
    while reloads(server, "taken") < count:
        if time.monotonic() > deadline:
            sys.exit(f"reload {count} was not taken in {PATIENCE:g} seconds")
        time.sleep(0.02)


def reloads(server: Served, outcome: str) -> int:
    """How many new bundles were taken, or refused, so far."""
    found = re.search(
        rf'striate_reloads_total\{{model="digits",outcome="{outcome}"\}} (\S+)', server.ask("/metrics").decode()
    )
    return int(float(found[1])) if found else 0


def section(measured: dict[str, Any]) -> str:
    """The part of the page."""
    lost = measured["answers"] - measured["statuses"].get("200", 0)
    times = measured["milliseconds"]["200"]
    return "\n".join(
        [
            "### New bundles while clients ask",
            f"{measured['reloads']} times another bundle took the place of the served one in {measured['seconds']:,.0f} seconds, while "
            f"four clients asked without a pause: {measured['answers']:,} requests, {lost} of them without the answer they asked for. "
            f"Median {times['p50']:.1f} ms, 99th of a hundred {times['p99']:.1f} ms, the longest {times['largest']:.0f} ms.",
        ]
    )
