"""Throughput, and the 99th of a hundred answers at equal load, beside LitServe: lenet5_dense, where the server is what costs."""

from __future__ import annotations

import base64
import json
import statistics
import sys
import urllib.request
from contextlib import ExitStack
from typing import Any

from serving.materials import Materials, litserve_command
from serving.servers import HEALTH, Served, in_turns, put_load, served, spread, striate_command

NAME = "litserve"

SETTINGS: dict[str, tuple[str, ...]] = {
    "batches of 64": ("--batch", "64"),
    "batches of 64, fast queue": ("--batch", "64", "--fast-queue"),
    "batches of 64, 2 API servers": ("--batch", "64", "--api-servers", "2"),
    "batches of 64, fast queue, 2 API servers": ("--batch", "64", "--fast-queue", "--api-servers", "2"),
    "batches of 64 that wait 2 ms, fast queue, 2 API servers": (
        *("--batch", "64", "--wait", "0.002", "--fast-queue", "--api-servers", "2"),
    ),
    "batches of 64, fast queue, 2 workers, 2 API servers": (
        *("--batch", "64", "--fast-queue", "--workers", "2", "--api-servers", "2"),
    ),
    "one at a time, fast queue, 2 workers, 2 API servers": (
        *("--batch", "1", "--fast-queue", "--workers", "2", "--api-servers", "2"),
    ),
}
"""Those that its documentation names for throughput, tried first; the fastest is what Striate is measured beside."""

CONNECTIONS = 32
SHARE = 0.8
"""Of LitServe's own throughput: the equal load of both."""
OURS = {"striate": (), "striate, 2 workers": ("--workers", "2")}


def measure(materials: Materials) -> dict[str, Any]:
    """All servers at once, of which one at a time has work."""
    asked, requests = materials.asked, materials.digit_requests
    sweep = {}
    for name, settings in SETTINGS.items():
        print(f"LitServe with {name}...", file=sys.stderr, flush=True)
        with served(
            litserve_command(materials, materials.digits, settings), "/health", materials.scratch / "log"
        ) as server:
            put_load(server, requests["litserve"], connections=CONNECTIONS, seconds=0.5)
            went = put_load(server, requests["litserve"], connections=CONNECTIONS, seconds=asked.seconds / 2)
            sweep[name] = went["a_second"]
    best = max(sweep, key=lambda name: sweep[name])
    with ExitStack() as running:
        servers = {
            name: running.enter_context(
                served(
                    striate_command(f"digits={materials.digits}", options=options),
                    HEALTH,
                    materials.scratch / f"{name}.log",
                )
            )
            for name, options in OURS.items()
        }
        servers["striate, /v2"] = servers["striate"]
        command = litserve_command(materials, materials.digits, SETTINGS[best])
        servers["litserve"] = running.enter_context(served(command, "/health", materials.scratch / "litserve.log"))
        agreeing = agreement(materials, servers)
        throughput: dict[str, list[Any]] = {name: [] for name in servers}
        for name, server in servers.items():
            put_load(server, requests_of(requests, name), connections=CONNECTIONS, seconds=0.5)
        for _, name in in_turns(list(servers), asked.rounds):
            went = put_load(servers[name], requests_of(requests, name), connections=CONNECTIONS, seconds=asked.seconds)
            throughput[name].append(went)
        rate = round(SHARE * statistics.median(one["a_second"] for one in throughput["litserve"]))
        latency: dict[str, list[Any]] = {"striate": [], "litserve": []}
        for _, name in in_turns(list(latency), asked.rounds):
            went = put_load(
                servers[name], requests_of(requests, name), connections=128, seconds=asked.seconds, rate=rate
            )
            latency[name].append(went)
    return {
        "settings": {"tried": sweep, "taken": best},
        "same_answers": agreeing,
        "connections": CONNECTIONS,
        "throughput": throughput,
        "rate": rate,
        "latency": latency,
        "throughput_ratios": {
            name: [
                round(own["a_second"] / theirs["a_second"], 2)
                for own, theirs in zip(throughput[name], throughput["litserve"], strict=True)
            ]
            for name in throughput
            if name != "litserve"
        },
        "p99_ratios": [round(p99(own) / p99(theirs), 3) for own, theirs in zip(*latency.values(), strict=True)],
    }


def requests_of(requests: dict[str, Any], name: str) -> Any:
    """The requests that a contender is sent."""
    return requests.get(name, requests["striate"])


def p99(went: dict[str, Any]) -> float:
    """Of the answers with status 200."""
    return went["milliseconds"]["200"]["p99"]


def agreement(materials: Materials, servers: dict[str, Served]) -> dict[str, int]:
    """Of how many pictures both servers say the same, probabilities of five classes included."""
    same, files = 0, materials.digit_files[:50]
    for data in files:
        own = post(servers["striate"], data, "application/octet-stream")["predictions"][0]
        body = json.dumps({"picture": base64.b64encode(data).decode()}).encode()
        same += own["top"] == post(servers["litserve"], body, "application/json")["top"]
    return {"of": len(files), "same": same}


def post(server: Served, body: bytes, media_type: str) -> Any:
    """What `/predict` answers."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/predict", data=body, headers={"Content-Type": media_type}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.loads(answer.read())


def section(measured: dict[str, Any]) -> str:
    """The part of the page."""
    rows = []
    for name, gone in measured["throughput"].items():
        ratios = measured["throughput_ratios"].get(name)
        rows.append(
            f"| {name} | {spread([one['a_second'] for one in gone], 0)} | "
            f"{statistics.median(one['server_microseconds'] for one in gone):,.0f} | {spread(ratios) if ratios else ''} |"
        )
    own, theirs = ([p99(one) for one in gone] for gone in measured["latency"].values())
    return "\n".join(
        [
            "### Beside LitServe",
            f"lenet5_dense on digits of 8 x 8 pixels, where the server is what costs. LitServe 0.2.19 runs the same decoder, preparation "
            f"and engine, with the settings that were the fastest of {len(measured['settings']['tried'])} that its documentation names: "
            f"{measured['settings']['taken']}. {measured['same_answers']['same']} of {measured['same_answers']['of']} answers are the "
            f"same. {measured['connections']} connections, each with its next request as soon as it has its answer:",
            "",
            "| server | answers a second | microseconds of processor time an answer | times LitServe |",
            "|---|---|---|---|",
            *rows,
            "",
            f"At an equal load of {measured['rate']:,} requests a second, {SHARE:.0%} of what LitServe comes to, the 99th of a hundred "
            f"answers takes {spread(own, 1)} ms, with LitServe {spread(theirs, 1)} ms: {spread(measured['p99_ratios'])} of it.",
        ]
    )
