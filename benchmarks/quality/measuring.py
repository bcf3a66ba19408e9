"""A program's processes watched from outside: wall and processor time, memory, and what other programs took meanwhile. Linux alone."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
PAUSE = 0.25
"""Seconds between two looks."""
MEMORY_EVERY = 4
"""Looks between two looks at the memory, which cost more."""
PROC = Path("/proc")


@dataclass(frozen=True)
class Measured:
    """What a program took."""

    wall_seconds: float
    cpu_seconds: float
    memory_megabytes: float
    others_share: float
    code: int  # its exit status
    output: str  # the end of what it printed


def watch(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    limit: float,
    ready: Path | None = None,
    processors: Sequence[int] = (),
) -> Measured:
    """Runs a program to its end.

    Args:
        command: What is run; `{started}` in it becomes the time of its start.
        log: Where what it prints goes.
        environment: Its environment.
        limit: Seconds after which it is ended.
        ready: A file that the program writes when its classifier is there: the figures are of the time until then. None: of all of it.
        processors: Which processors it may use; none: all.
    """
    looks = 0
    cpu = memory = 0.0
    wall: float | None = None
    others: float | None = None
    before = busy_seconds()
    begun = time.time()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [part.replace("{started}", repr(begun)) for part in command],
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(environment),
            start_new_session=True,
        )
    try:
        if processors:
            os.sched_setaffinity(process.pid, processors)
        while True:
            ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            if wall is None:
                members = session_of(process.pid)
                cpu = max(cpu, sum(cpu_seconds(member) for member in members))
                if looks % MEMORY_EVERY == 0:
                    memory = max(memory, sum(megabytes(member) for member in members))
                if ended or (ready is not None and ready.exists()):
                    wall = time.time() - begun
                    others = others_share(before, busy_seconds(), cpu, wall)
            if ended:
                break
            if time.time() - begun > limit:
                end(process.pid)
            looks += 1
            time.sleep(PAUSE)
    finally:
        end(process.pid)
        process.wait()
    text = log.read_bytes()[-4_000:].decode("utf-8", "replace")
    return Measured(wall or 0.0, cpu, memory, others or 0.0, process.returncode, text)


def end(leader: int) -> None:
    """Ends all that a program started."""
    for member in session_of(leader):
        try:
            os.kill(member, signal.SIGKILL)
        except ProcessLookupError:
            continue


def session_of(leader: int) -> list[int]:
    """The processes of a session, whoever started them."""
    found = []
    for folder in PROC.iterdir():
        if folder.name.isdigit() and (fields := status_fields(folder)) is not None and int(fields[3]) == leader:
            found.append(int(folder.name))
    return found


def status_fields(folder: Path) -> list[str] | None:
    """The fields of a process's `stat` after its name; None where it is gone."""
    try:
        return (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def cpu_seconds(process: int) -> float:
    """A process's time and that of the children that it has waited for."""
    fields = status_fields(PROC / str(process))
    return sum(map(int, fields[11:15])) / TICKS if fields else 0.0


def megabytes(process: int) -> float:
    """What a process holds, its share of what several hold (PSS); 0 where that cannot be read."""
    try:
        lines = (PROC / str(process) / "smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def busy_seconds() -> float:
    """What all programs together have taken since the machine started, time that other machines took away counted too."""
    fields = list(map(int, (PROC / "stat").read_text(encoding="ascii").splitlines()[0].split()[1:]))
    return (sum(fields[:8]) - fields[3] - fields[4]) / TICKS


def others_share(before: float, after: float, own: float, wall: float) -> float:
    """The share of the processors' time that other programs took, in [0, 1].

    Example:
        >>> round(others_share(100.0, 130.0, 10.0, 10.0) * (os.cpu_count() or 1), 6) if (os.cpu_count() or 1) > 1 else 2.0
        2.0
    """
    return min(1.0, max(0.0, after - before - own) / max(wall, 1e-9) / (os.cpu_count() or 1))


def idle_others(seconds: float = 2.0) -> float:
    """The share of the processors' time that other programs take now, measured over some seconds."""
    before, begun = busy_seconds(), time.time()
    time.sleep(seconds)
    return others_share(before, busy_seconds(), 0.0, time.time() - begun)
