"""The data doctor: what it finds of what was planted, what it finds in clean data, and how long it takes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from cifar10_folders import lay_out
from PIL import Image

import striate
from striate.pixels import decode

from .materials import Materials
from .planted_defects import drawn_picture, needed, plant

NAME = "doctor"
MANY = 10_000
"""Pictures of the audit that is timed, 224 pixels a side."""
PLANTED = {"drawn": (1000, 60, 5), "imagenette": (1000, 60, 5), "hymenoptera": (100, 10, 2)}
"""Clean pictures, defects of each kind, huge ones."""
CLEAN = ("imagenette", "hymenoptera", "flowers5", "cifar10", "mnist", "digits")
SEED = 0


def measure(materials: Materials) -> dict[str, Any]:
    """All that this part tells, as JSON types."""
    data = materials.data
    with tempfile.TemporaryDirectory(prefix="striate-doctor-") as scratch:
        folder = Path(scratch)
        return {
            "planted": {name: found_of_planted(name, data, folder / name) for name in PLANTED},
            "clean": {name: found_in_clean(name, data, folder) for name in CLEAN},
            "time": timed(data, folder),
        }


def real_pictures(path: Path, count: int) -> list[Image.Image]:
    """Pictures of a data set in an order drawn by the seed, without those that have no colour."""
    dataset, pictures = striate.load_data(path), []
    for row in np.random.default_rng(SEED).permutation(len(dataset)):
        pixels = decode(dataset.pictures.read(int(row)))
        if np.ptp(pixels.astype(np.int64), axis=2).max() > 40:
            pictures.append(Image.fromarray(pixels))
        if len(pictures) == count:
            break
    return pictures


def found_of_planted(name: str, data: Path, folder: Path) -> dict[str, dict[str, int]]:
    """Of each kind how many were planted, found, and rightly found."""
    clean, each, huge = PLANTED[name]
    count = clean + needed(clean, each=each, huge=huge)
    if name == "drawn":
        random = np.random.default_rng(SEED)
        pictures = [drawn_picture(random, int(random.integers(110, 300))) for _ in range(count)]
    else:
        pictures = real_pictures(data / name, count)
    planted = plant(folder, pictures[:clean], pictures[clean:], each=each, huge=huge)
    found: dict[str, set[frozenset[str]]] = {}
    for finding in striate.check(folder).findings:
        found.setdefault(finding.kind, set()).add(frozenset(finding.files or finding.classes))
    return {
        kind: {
            "planted": len(truth),
            "found": len(found.get(kind, ())),
            "right": len(truth & found.get(kind, set())),
        }
        for kind, truth in planted.truth.items()
    }


def found_in_clean(name: str, data: Path, folder: Path) -> dict[str, Any]:
    """How many findings of each kind there are in data that nobody spoilt."""
    if name == "cifar10":
        lay_out(data / "cifar10_jpeg" / "cifar10_jpeg.npz", folder / name, limit=2500)
    dataset = striate.load_data({"cifar10": folder / "cifar10", "digits": "digits"}.get(name, data / name))
    if len(dataset) > MANY:
        dataset = dataset.select(dataset.indices("test"))
    found = striate.check(dataset)
    return {"pictures": len(found.pictures), "found": dict(Counter(finding.kind for finding in found.findings))}


def timed(data: Path, folder: Path) -> dict[str, Any]:
    """A whole process of `striate check` on ten thousand pictures that nobody looked at before."""
    sources = [np.asarray(picture.convert("RGB")) for picture in real_pictures(data / "imagenette", 800)]
    random = np.random.default_rng(SEED)
    for number in range(MANY):
        # Quarters of four photographs, so that no two pictures are alike and each has a photograph's grain.
        picture = np.empty((224, 224, 3), np.uint8)
        for top in (0, 112):
            for left in (0, 112):
                source = sources[int(random.integers(len(sources)))]
                y, x = random.integers(0, 112, 2)
                picture[top : top + 112, left : left + 112] = source[y : y + 112, x : x + 112]
        path = folder / "many" / f"class {number % 10}" / f"{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path, quality=90)
    command = [sys.executable, "-m", "striate", "check", str(folder / "many"), "--json"]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, check=False, env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    )
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr.decode())
    return {
        "pictures": json.loads(done.stdout)["pictures"],
        "wall_seconds": wall,
        "processor_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "megabytes": after.ru_maxrss / 1024,
        "findings": dict(Counter(row["kind"] for row in json.loads(done.stdout)["findings"])),
    }


def section(result: Mapping[str, Any]) -> str:
    """What was measured, as Markdown."""
    spent = result["time"]
    lines = [
        "## The data doctor",
        "",
        "`striate check` ([doctor.md](doctor.md)) on data in which every kind of defect was planted "
        "(`benchmarks/trust/planted_defects.py`), drawn pictures and real ones. Limits were chosen on Imagenette, with a "
        "look at how light and how sharp the pictures of ants and bees, flowers5, MNIST and digits are; only CIFAR-10 was not looked at "
        "before.",
        "",
        "| kind | " + " | ".join(f"{name}: planted | recall | precision" for name in result["planted"]) + " |",
        "|---" * (1 + 3 * len(result["planted"])) + "|",
    ]
    kinds = dict.fromkeys(kind for table in result["planted"].values() for kind in table)
    for kind in kinds:
        cells = []
        for table in result["planted"].values():
            row = table[kind]
            recall, precision = row["right"] / row["planted"], row["right"] / max(1, row["found"])
            cells += [f"{row['planted']}", f"{recall:.3f}", f"{precision:.3f}"]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    lines += [
        "",
        "What it finds in data that nobody spoilt: what is found is there, such as grey photographs among colour ones, or one file under "
        "two labels.",
        "",
        "| data | pictures | found |",
        "|---|---|---|",
    ]
    for name, row in result["clean"].items():
        said = ", ".join(f"{count} {kind}" for kind, count in row["found"].items()) or "nothing"
        lines.append(f"| {name} | {row['pictures']:,} | {said} |")
    lines += [
        "",
        f"{spent['pictures']:,} JPEG files of 224 x 224 pixels, quarters of four photographs each, that nobody looked at before, by the "
        f"whole command: {spent['wall_seconds']:.1f} s, {spent['processor_seconds']:.1f} s of processor time "
        f"({1000 * spent['processor_seconds'] / spent['pictures']:.2f} ms a picture), {spent['megabytes']:.0f} MB at most (n = 1).",
        "",
    ]
    return "\n".join(lines)
