"""Runs that are killed (SIGKILL) at random moments, in each stage of a run, and gone on with: is the bundle the uninterrupted one?

    python benchmarks/trust/kills.py [--kills 20] [--output FILE.json]

Of the bundle every file is compared byte by byte; of the contract, and of the sheet of canaries that is bound to it, all but the speeds,
which are timed anew when a run is sealed, and the digests that follow from them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from .materials import Materials

NAME = "kills"
KILLS = 20
OPTIONS: dict[str, Any] = {"model": "resnet20", "epochs": 2, "precision": "fp32", "settings": ["batch_size=8"]}
STAGES = {
    "cache": "while pictures are prepared",
    "training": "in training",
    "sealing": "while the bundle is sealed",
    "resume": "in training, and again while it is gone on with",
}
MOMENTS = tuple(STAGES)


def draw(folder: Path, count: int = 40, side: int = 220) -> Path:
    """Two classes of pictures that take a while to decode."""
    generator = np.random.default_rng(0)
    for place, name in enumerate(("across", "bands")):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            rows = (np.arange(side)[:, None] // (3 + 2 * place) % 2) * 80 + 60
            pixels = np.repeat(np.repeat(rows, side, 1)[..., None], 3, 2) + generator.normal(0, 12, (side, side, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name / f"{number:03}.png")
    return folder


def in_child(work: Callable[[], object], scratch: Path) -> int:
    """A process of its own that does the work, with a cache and scratch files of its own; its number."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.environ["XDG_CACHE_HOME"] = str(scratch / "cache")
        tempfile.tempdir = str(scratch / "scratch")
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        work()
        code = 0
    except Exception as error:
        print(f"{type(error).__name__}: {error}", flush=True)
    finally:
        os._exit(code)


def ended(child: int) -> int | None:
    """The exit code of a child; None while it works."""
    number, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if number else None


def begun(moment: str, run: Path, scratch: Path) -> bool:
    """Whether a run is in the stage in which it is to be killed."""
    if moment == "cache":
        return any((scratch / "cache" / "striate" / "pixels").glob("*"))
    if moment == "sealing":
        return any((scratch / "scratch").glob(".striate-seal.*")) or any(run.glob(".bundle*"))
    return (run / "metrics.jsonl").exists() or any((run / "checkpoints").glob("*"))


def killed(child: int, moment: str, run: Path, scratch: Path, wait: float) -> bool:
    """Kills a child some time after a stage began; False if it had ended before."""
    while (code := ended(child)) is None and not begun(moment, run, scratch):
        time.sleep(0.0005)
    if code is None:
        time.sleep(wait)
        os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code == -signal.SIGKILL


def content_of(bundle: Path) -> dict[str, object]:
    """All of a bundle that is the same at every run."""
    found: dict[str, object] = {
        str(path.relative_to(bundle)): path.read_bytes()
        for path in bundle.rglob("*")
        if path.is_file() and path.suffix != ".json"
    }
    contract = json.loads((bundle / "contract.json").read_text(encoding="utf-8"))
    contract["digest"] = contract["files"]["canaries/canaries.json"] = ""
    for terms in contract["precisions"].values():
        terms["speed"] = None
    sheet = json.loads((bundle / "canaries" / "canaries.json").read_text(encoding="utf-8"))
    sheet["made_with"]["precisions"] = ""
    return found | {"contract": contract, "canaries": sheet}


def measure(materials: Materials) -> dict[str, Any]:
    """Kills and goes on, in a process of its own: one that forks must not have run networks."""
    output = materials.scratch / "kills.json"
    command = [sys.executable, __file__, "--kills", str(KILLS), "--output", str(output)]
    subprocess.run(command, check=False)
    found: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return found


def kill_and_go_on(folder: Path, kills: int, seed: int = 0) -> dict[str, Any]:
    """Kills runs, goes on with them, and counts how many bundles are the uninterrupted one."""
    import striate
    from striate.durable_writing import is_left_over
    from striate.errors import UsageError

    data = draw(folder / "data")

    def train(run: Path) -> Callable[[], object]:
        return lambda: striate.train(data, output=run, **OPTIONS)

    def go_on(run: Path) -> Callable[[], object]:
        def work() -> None:
            try:
                striate.resume(run)
            except UsageError as error:
                if "start it anew" not in str(error) and run.exists() and any(run.iterdir()):
                    raise
                shutil.rmtree(run, ignore_errors=True)
                train(run)()

        return work

    def fresh(name: str) -> tuple[Path, Path]:
        scratch = folder / name
        (scratch / "scratch").mkdir(parents=True)
        return scratch / "run", scratch

    run, scratch = fresh("whole")
    start = time.monotonic()
    if os.waitstatus_to_exitcode(os.waitpid(in_child(train(run), scratch), 0)[1]):
        raise SystemExit("the run does not work at all")
    seconds = time.monotonic() - start
    expected = content_of(run / "bundle")
    luck = random.Random(seed)
    done = {moment: {"kills": 0, "equal": 0} for moment in MOMENTS}
    faults = []
    number = 0
    while sum(one["kills"] for one in done.values()) < kills and number < 3 * kills:
        moment = min(MOMENTS, key=lambda moment: done[moment]["kills"])
        number += 1
        run, scratch = fresh(f"run{number}")
        wait = luck.random() * seconds * {"cache": 0.05, "training": 0.4, "sealing": 0.25, "resume": 0.3}[moment]
        hit = killed(in_child(train(run), scratch), moment, run, scratch, wait)
        if hit and moment == "resume":  # once more, while it goes on
            child = in_child(go_on(run), scratch)
            time.sleep(luck.random() * seconds)
            hit = ended(child) is None
            if hit:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        if not hit:
            continue
        done[moment]["kills"] += 1
        code = os.waitstatus_to_exitcode(os.waitpid(in_child(go_on(run), scratch), 0)[1])
        left = [path.name for path in scratch.rglob(".*") if is_left_over(path.name)]
        if code == 0 and not left and content_of(run / "bundle") == expected:
            done[moment]["equal"] += 1
        else:
            faults.append(f"{moment}, {wait:.3f} s: exit code {code}, left {left}")
        print(moment, done[moment], flush=True)
        shutil.rmtree(scratch)
    kept = {"kills": sum(one["kills"] for one in done.values()), "equal": sum(one["equal"] for one in done.values())}
    return kept | {"moments": done, "faults": faults}


def section(result: Mapping[str, Any]) -> str:
    """What was measured, as Markdown."""
    lines = [
        "## Killed runs",
        "",
        "`kill -9` at random moments of each stage of a run (ResNet-20, 80 pictures, 2 epochs), then `striate train --resume`: "
        f"{result['equal']} of {result['kills']} bundles equal the uninterrupted one, byte for byte, but for the speeds that are timed "
        "anew.",
        "",
        "| killed | kills | equal |",
        "|---|---|---|",
        *(f"| {STAGES[moment]} | {row['kills']} | {row['equal']} |" for moment, row in result["moments"].items()),
        "",
        *(f"Fault: {fault}\n" for fault in result["faults"]),
    ]
    return "\n".join(lines)


def main() -> None:
    """Measures; ends with 1 if a bundle is another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a run's number of threads is part of what makes its bytes
    import striate.api.train  # noqa: F401 - once, for all children

    folder = Path(tempfile.mkdtemp(prefix="striate-kills-"))
    try:
        found = kill_and_go_on(folder, asked.kills, asked.seed)
    finally:
        shutil.rmtree(folder)
    print(json.dumps(found, indent=1))
    if asked.output:
        asked.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(bool(found["faults"]))


if __name__ == "__main__":
    main()
