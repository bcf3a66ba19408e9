"""What each command does where the disk is full: a sentence, exit code 1, the file before as it was, and nothing half written.

Each command runs again and again on a disk of memory that holds its output, its scratch files and its cache, from one that holds
nothing to one that holds all, so that each of its writes fails once.

    python benchmarks/trust/full_disk.py [--sizes 12] [--only export,train] [--output FILE.json]

Linux only: the disk is mounted in a namespace of the process's own (`unshare -rm`), which some containers do not allow.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from .materials import Materials

NAME = "full_disk"
SIZES = 12
OLD = b"what stood there before"
PLACE = "full-disk"
PAGE = 4096
PATIENCE = 900.0
"""Seconds after which a command is taken to hang; others may have most of the machine."""
HANGS = -1
"""In the place of an exit code."""
SENTENCE = re.compile(r"striate: .*(No space left on device|no room|disk)", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """A command to try."""

    name: str
    arguments: tuple[str, ...]
    """With RUN, OTHER, DATA and PICTURE for what is there already, and OUT for the folder on the small disk."""
    replaces: str = ""
    """The file in OUT that it writes, where one of before stands."""
    kept: bool = False
    """Whether what it has written by then stays, to be gone on with."""


COMMANDS = (
    Command("train", ("train", "DATA", "--model", "lenet5", "--epochs", "2", "--output", "OUT/run"), kept=True),
    Command("tournament", ("train", "DATA", "--quick", "--output", "OUT/run"), kept=True),
    Command("predict", ("predict", "RUN", "DATA", "--output", "OUT/rows.csv"), kept=True),
    Command("evaluate", ("evaluate", "RUN", "DATA", "--predictions", "OUT/rows.csv"), "rows.csv"),
    Command("export onnx", ("export", "RUN", "--output", "OUT/net.onnx"), "net.onnx"),
    Command("export openvino", ("export", "RUN", "--output", "OUT/net.xml"), "net.xml"),
    Command("export pt2", ("export", "RUN", "--output", "OUT/net.pt2"), "net.pt2"),
    Command("quantize", ("quantize", "RUN", "DATA", "--output", "OUT/int8", "--max-drop", "100")),
    Command("stress", ("stress", "RUN", "DATA", "--html", "OUT/card.html"), "card.html"),
    Command(
        "visualize", ("visualize", "RUN", "PICTURE", "--method", "occlusion", "--output", "OUT/map.png"), "map.png"
    ),
    Command("inspect", ("inspect", "lenet5", "--html", "OUT/net.html"), "net.html"),
    Command("augment", ("augment", "DATA", "--policy", "light", "--output", "OUT/sheet.png"), "sheet.png"),
    Command("filter", ("filter", "PICTURE", "--kernel", "sobel_x", "--output", "OUT/edges.png"), "edges.png"),
    Command("compare-runs", ("compare-runs", "RUN", "OTHER", "DATA", "--sheet", "OUT/flips.png"), "flips.png"),
    Command("check", ("check", "DATA")),
    Command("check, page", ("check", "DATA", "--html", "OUT/check.html"), "check.html"),
    Command("check, fixes", ("check", "DATA", "--fix-list", "OUT/fixes.csv"), "fixes.csv"),
    Command("calibrate", ("calibrate", "RUN", "DATA", "--abstain", "coverage=0.6", "--output", "OUT/ruled")),
    Command("search", ("search", "RUN", "DATA", "--query", "PICTURE", "--sheet", "OUT/found.png"), "found.png"),
    Command("search, index", ("search", "RUN", "DATA", "--query", "PICTURE", "--index", "OUT/kept.npz"), kept=True),
    Command("compose", ("compose", "digits", "--strings", "60", "--output", "OUT/strings")),
    Command(
        "learning-curve",
        ("learning-curve", "DATA", "--model", "lenet5", "--weights", "WEIGHTS", "--output", "OUT/curve.png"),
        "curve.png",
    ),
    Command(
        "import", ("import", "WEIGHTS", "--model", "lenet5", "--classes", "across,bands", "--output", "OUT/imported")
    ),
)


def measure(materials: Materials) -> dict[str, Any]:
    """Sweeps every command, in a process of its own, that may mount disks."""
    output = materials.scratch / "full_disk.json"
    subprocess.run([sys.executable, __file__, "--output", str(output)], check=False)
    found: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return found


def section(result: Mapping[str, Any]) -> str:
    """What was measured, as Markdown."""
    lines = [
        "## Full disks",
        "",
        "Each command on disks of memory of growing size that hold its output, its scratch files and its cache, from nothing to enough. "
        "Where it failed, it did so with one sentence and exit code 1, what had stood at the place of its output was as before, and "
        "nothing half written was left, but for the faults that are counted. What is only kept for the next time is done without, so that "
        "some commands never fail.",
        "",
        "| command | disks | failed | faults |",
        "|---|---|---|---|",
        *(f"| {name} | {row['tried']} | {row['failed']} | {len(row['faults'])} |" for name, row in result.items()),
        "",
    ]
    return "\n".join(lines)


def prepare(folder: Path) -> dict[str, str]:
    """Pictures and a run to work on, not on the small disk."""
    generator = np.random.default_rng(0)
    for place, name in enumerate(("across", "bands")):
        (folder / "data" / name).mkdir(parents=True)
        for number in range(30):
            rows = (np.arange(40)[:, None] // (3 + 2 * place) % 2) * 80 + 60
            pixels = np.repeat(np.repeat(rows, 40, 1)[..., None], 3, 2) + generator.normal(0, 12, (40, 40, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / "data" / name / f"{number:03}.png")
    for name, epochs in (("run", "2"), ("other", "1")):
        run = [sys.executable, "-m", "striate", "train", folder / "data", "--model", "lenet5", "--epochs", epochs]
        subprocess.run([*map(str, run), "--output", str(folder / name), "--quiet"], check=True, capture_output=True)
    return {
        "OTHER": str(folder / "other"),
        "WEIGHTS": str(folder / "run" / "bundle" / "model.safetensors"),
        "RUN": str(folder / "run"),
        "DATA": str(folder / "data"),
        "PICTURE": str(folder / "data" / "bands" / "000.png"),
    }


def in_child(disk: Path, arguments: list[str]) -> tuple[int, str]:
    """Exit code and stderr of the command, whose scratch files and cache are on the disk too."""
    surroundings = os.environ | {
        "TMPDIR": str(disk / "tmp"),
        "XDG_CACHE_HOME": str(disk / "cache"),
        "COLUMNS": "100000",
    }
    command = [sys.executable, "-m", "striate", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=surroundings, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return HANGS, f"it had not ended after {PATIENCE:.0f} s"
    return done.returncode, done.stderr


def tried(command: Command, known: dict[str, str], disk: Path, size: int) -> tuple[int, list[str], int]:
    """Runs a command on a disk of so many bytes: its exit code, what is wrong with how it ended, and the bytes that are used then."""
    disk.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", disk], check=True)
    try:
        for name in ("out", "tmp", "cache"):
            (disk / name).mkdir()
        if command.replaces:
            (disk / "out" / command.replaces).write_bytes(OLD)
        places = known | {"OUT": str(disk / "out")}
        arguments = [re.sub("^[A-Z]+", lambda found: places.get(found[0], found[0]), one) for one in command.arguments]
        code, said = in_child(disk, arguments)
        faults = []
        if code not in (0, 1):
            faults.append(f"exit code {code}")
        if "Traceback" in said or "Exception ignored" in said or "Aborted" in said:
            faults.append("a traceback")
        sentences = [line for line in said.splitlines() if line.startswith("striate: ")]
        if code == 1 and (len(sentences) != 1 or not SENTENCE.search(sentences[0])):
            faults.append("no clear sentence")
        old = disk / "out" / command.replaces
        if code and command.replaces and (not old.is_file() or old.read_bytes() != OLD):
            faults.append("the file before was lost")
        if not command.kept and code:
            left = [path.name for path in (disk / "out").iterdir() if path != old]
            faults += [f"left {', '.join(left)}"] if left else []
        elif code:
            empty = [path.name for path in (disk / "out").rglob("*") if path.is_file() and not path.stat().st_size]
            faults += [f"left {', '.join(empty)} without content"] if empty else []
        scratch = [path for path in (disk / "tmp").iterdir() if "striate" in path.name]
        partial = [str(path.relative_to(disk)) for path in (*disk.rglob("*.partial"), *scratch)]
        faults += [f"left {', '.join(partial)}"] if partial else []
        return code, [f"{fault}: {said.strip()[-600:]}" for fault in faults], shutil.disk_usage(disk).used
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def swept(command: Command, known: dict[str, str], disk: Path, sizes: int) -> dict[str, object]:
    """A command on disks of growing size."""
    begun = time.monotonic()
    code, faults, used = tried(command, known, disk, 1 << 30)
    if code not in (0, 3):
        return {"faults": [f"it does not work at all: {faults}"], "failed": 0, "tried": 0}
    failed, found = 0, list(faults)
    pages = np.unique(np.geomspace(1, max(2, used * 1.2 / PAGE), sizes).round().astype(int))
    for size in map(int, pages * PAGE):
        code, faults, _ = tried(command, known, disk, size)
        failed += code == 1
        found += [f"{size:,} bytes: {fault}" for fault in faults]
    return {
        "tried": len(pages),
        "failed": failed,
        "used": used,
        "faults": found,
        "seconds": round(time.monotonic() - begun, 1),
    }


def main() -> None:
    """Sweeps every command; ends with 1 if one has a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, default=SIZES)
    parser.add_argument("--only", default="")
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    if os.environ.get("STRIATE_OWN_NAMESPACE") != "1":
        os.environ["STRIATE_OWN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "-rm", sys.executable, *sys.argv])
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found = {}
    folder = Path(tempfile.mkdtemp(prefix=PLACE))
    try:
        known = prepare(folder)
        for command in COMMANDS:
            if asked.only and command.name not in asked.only.split(","):
                continue
            found[command.name] = swept(command, known, folder / "disk", asked.sizes)
            print(command.name, json.dumps(found[command.name], indent=1), flush=True)
            if asked.output:  # each time: what was measured is kept if the rest is not
                asked.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    finally:
        shutil.rmtree(folder)
    sys.exit(any(one["faults"] for one in found.values()))


if __name__ == "__main__":
    main()
