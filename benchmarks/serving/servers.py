"""Servers in processes of their own, what they take of the machine, and load on them."""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOAD = Path(__file__).parent / "load.py"
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 60.0
"""Seconds in which a server must answer."""


@dataclass
class Served:
    """A server that runs."""

    port: int
    process: subprocess.Popen[bytes]

    def processes(self) -> list[int]:
        """Itself and all below it."""
        found = [self.process.pid]
        for number in found:
            for task in Path(f"/proc/{number}/task").glob("*/children"):
                with suppress(OSError):
                    found += map(int, task.read_text().split())
        return found

    def processor_seconds(self) -> float:
        """Of all of them so far."""
        total = 0
        for number in self.processes():
            with suppress(OSError):
                fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def megabytes(self) -> float:
        """Held in memory by the first process."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def ask(self, path: str) -> bytes:
        """What it answers to a GET."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read()


@contextmanager
def served(command: Sequence[str | Path], health: str, log: Path) -> Iterator[Served]:
    """Starts a server on a free port, which goes in the place of `PORT`, and ends it with all its processes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [str(port) if word == "PORT" else str(word) for word in command]
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, env=quiet_threads()
        )
    running = Served(port, process)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(OSError):
                running.ask(health)
                break
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{' '.join(words)} does not serve: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        yield running
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # its own session: itself and what it started
        process.wait()


def striate_command(*bundles: str | Path, options: Sequence[str] = ()) -> list[str | Path]:
    """`striate serve`, as it is."""
    return [sys.executable, "-m", "striate", "serve", *bundles, "--port", "PORT", *options]


HEALTH = "/v2/health/ready"


def quiet_threads() -> dict[str, str]:
    """The environment of servers and peers alike: threads that wait do not spin."""
    return os.environ | {"OMP_WAIT_POLICY": "passive"}


def load_command(requests: Path, port: int, connections: int, seconds: float, rate: float | None = None) -> list[str]:
    """What puts load on a server."""
    command = [sys.executable, str(LOAD), str(requests), "--port", str(port), "--connections", str(connections)]
    return [*command, "--seconds", str(seconds), *(["--rate", str(rate)] if rate is not None else [])]


def put_load(
    server: Served, requests: Path, *, connections: int, seconds: float, rate: float | None = None
) -> dict[str, Any]:
    """Load, and what came of it: answers a second, milliseconds, and the microseconds of processor time of an answer on either side."""
    before = server.processor_seconds()
    command = load_command(requests, server.port, connections, seconds, rate)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the load ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return summary(json.loads(done.stdout), server.processor_seconds() - before)


def summary(told: dict[str, Any], processor_seconds: float) -> dict[str, Any]:
    """The figures of one go: of `load.py`, and the processor time of the server meanwhile."""
    answers = sum(told["statuses"].values())
    return {
        "answers": answers,
        "a_second": round(told["statuses"].get("200", 0) / told["seconds"], 1),
        "statuses": told["statuses"],
        "milliseconds": {status: quantiles(values) for status, values in told["milliseconds"].items()},
        "server_microseconds": round(processor_seconds / answers * 1e6),
        "load_microseconds": round(told["processor_seconds"] / answers * 1e6),
    }


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """The median, the 99th of a hundred, and the largest."""
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
        "largest": round(ordered[-1], 3),
    }


def in_turns(names: Sequence[str], rounds: int) -> Iterator[tuple[int, str]]:
    """Whose turn it is; every other round runs backwards: who goes first finds another machine than who goes second."""
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            yield number, name


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The median, and the least and the largest."""
    middle, least, largest = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} ({least:,.{digits}f} to {largest:,.{digits}f})"
