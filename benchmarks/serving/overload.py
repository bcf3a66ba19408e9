"""Five times as many requests as it can answer: what is accepted is answered in time, and the rest is told to come again."""

from __future__ import annotations

import statistics
from typing import Any

from serving.materials import Materials
from serving.servers import HEALTH, in_turns, put_load, served, spread, striate_command

NAME = "overload"
SHARE = 0.8
"""Of what it can answer: the load that is called nominal."""
TIMES = 5
WAITING = {"4": ("--waiting", "4"), "128, as it is by itself": ()}
"""How many pictures may wait."""


def measure(materials: Materials) -> dict[str, Any]:
    """Load that it can bear and load that it cannot, in turns."""
    asked, requests = materials.asked, materials.photograph_requests
    found = {}
    for waiting, options in WAITING.items():
        command = striate_command(f"model={materials.mobilenet}", options=options)
        with served(command, HEALTH, materials.scratch / "log") as server:
            put_load(server, requests, connections=4, seconds=1)
            most = put_load(server, requests, connections=4, seconds=asked.seconds)["a_second"]
            gone: dict[str, list[Any]] = {"nominal": [], "overload": []}
            for _, name in in_turns(list(gone), asked.rounds):
                rate = most * (SHARE if name == "nominal" else TIMES)
                gone[name].append(put_load(server, requests, connections=256, seconds=asked.seconds, rate=rate))
        found[waiting] = {"a_second": most, **gone}
    return found


def section(measured: dict[str, Any]) -> str:
    """The part of the page."""
    rows = []
    for waiting, gone in measured.items():
        nominal, accepted = (
            [one["milliseconds"]["200"]["p99"] for one in gone[name]] for name in ("nominal", "overload")
        )
        ratios = [own / other for own, other in zip(accepted, nominal, strict=True)]
        refused = [one["statuses"].get("429", 0) / one["answers"] for one in gone["overload"]]
        others = sum(sum(one["statuses"].values()) for one in gone["overload"]) - sum(
            one["statuses"].get(status, 0) for one in gone["overload"] for status in ("200", "429")
        )
        rows.append(
            f"| {waiting} | {spread(nominal, 0)} | {spread([one['a_second'] for one in gone['overload']], 0)} | {spread(accepted, 0)} | "
            f"{spread(ratios)} | {statistics.median(refused):.0%} | "
            f"{statistics.median(one['milliseconds'].get('429', {'p99': 0.0})['p99'] for one in gone['overload']):.0f} | {others} |"
        )
    rate = statistics.median(gone["a_second"] for gone in measured.values())
    return "\n".join(
        [
            "### Too many requests",
            f"mobilenet_v2, which answers {rate:,.0f} pictures a second here, is sent {TIMES} times as many. Nominal are {SHARE:.0%} of "
            "what it can answer. The more may wait, the longer who is let in waits: who wants answers in time says so by `--waiting`.",
            "",
            "| `--waiting` | nominal p99, ms | answered a second | their p99, ms | times nominal | told 429 | their p99, ms | others |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
        ]
    )
