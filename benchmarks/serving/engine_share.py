"""What HTTP costs over the engine: pictures a second of mobilenet_v2 beside the engine alone, and the time that one answer takes longer."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

from serving.materials import Materials, as_file, bare_command
from serving.servers import HEALTH, in_turns, put_load, quantiles, quiet_threads, served, spread, striate_command

NAME = "engine"
CONNECTIONS = 8


def measure(materials: Materials) -> dict[str, Any]:
    """The server and the bare engine in turns, saturated, and then one picture at a time."""
    asked = materials.asked
    pictures = materials.scratch / "digit files"
    pictures.mkdir(exist_ok=True)
    for number, data in enumerate(materials.digit_files):
        (pictures / f"{number:03}.png").write_bytes(data)
    work = {
        "mobilenet_v2": (materials.mobilenet, materials.photographs, materials.photograph_requests),
        "lenet5_dense": (materials.digits, pictures, materials.requests("files", materials.digit_files, as_file)),
    }
    rates: dict[str, list[float]] = {"served": [], "bare": []}
    processor: dict[str, list[float]] = {"served": [], "bare": []}
    times: dict[str, dict[str, list[Any]]] = {name: {"served": [], "bare": []} for name in work}
    for name, (bundle, folder, requests) in work.items():
        with served(striate_command(f"model={bundle}"), HEALTH, materials.scratch / "log") as server:
            put_load(server, requests, connections=CONNECTIONS, seconds=1)
            for _, way in in_turns(["served", "bare"], asked.rounds):
                if name == "mobilenet_v2":
                    if way == "served":
                        went = put_load(server, requests, connections=CONNECTIONS, seconds=asked.seconds)
                        rates[way].append(went["a_second"])
                        processor[way].append(went["server_microseconds"])
                    else:
                        alone = bare(bare_command(bundle, folder, asked.seconds))
                        rates[way].append(round(alone["a_second"], 1))
                        processor[way].append(round(alone["microseconds"]))
                if way == "served":
                    went = put_load(server, requests, connections=1, seconds=asked.seconds / 2)
                    times[name][way].append(went["milliseconds"]["200"])
                else:
                    alone = bare(bare_command(bundle, folder, asked.seconds / 2, alone=True))
                    times[name][way].append(quantiles(alone["milliseconds"]))
    return {
        "connections": CONNECTIONS,
        "pictures_a_second": rates,
        "processor_microseconds": processor,
        "shares": [round(own / bare, 3) for own, bare in zip(rates["served"], rates["bare"], strict=True)],
        "milliseconds": times,
        "overhead": {
            name: [round(own["p50"] - bare["p50"], 3) for own, bare in zip(*ways.values(), strict=True)]
            for name, ways in times.items()
        },
    }


def bare(command: list[str]) -> dict[str, Any]:
    """What the engine alone comes to."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=quiet_threads())
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout)


def section(measured: dict[str, Any]) -> str:
    """The part of the page."""
    rates, times = measured["pictures_a_second"], measured["milliseconds"]
    own, alone = (statistics.median(measured["processor_microseconds"][way]) / 1000 for way in ("served", "bare"))
    rows = [
        f"| {name} | {spread([one['p50'] for one in ways['bare']])} | {spread([one['p50'] for one in ways['served']])} | "
        f"{spread(measured['overhead'][name])} | {statistics.median(one['p99'] for one in ways['served']):.2f} |"
        for name, ways in times.items()
    ]
    return "\n".join(
        [
            "### What HTTP costs",
            f"mobilenet_v2 on JPEG files of 500 x 375 pixels, {measured['connections']} connections: {spread(rates['served'], 1)} pictures "
            f"a second; the engine alone, as `striate predict` runs it, {spread(rates['bare'], 1)}: {spread(measured['shares'])} of it "
            f"({own:.1f} ms of processor time a picture, and {alone:.1f}). "
            "One picture at a time, milliseconds of an answer:",
            "",
            "| network | the engine alone, median | over HTTP, median | more | over HTTP, the 99th of a hundred |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )
