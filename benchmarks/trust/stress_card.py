"""The limits card: what it costs a picture a shift, in fp32 and with int8 beside it, and whether it comes out the same again."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import striate
from striate.robustness import choose_shifts
from striate.watching import Watcher

if TYPE_CHECKING:
    from .materials import Materials

NAME = "stress"
PICTURES = 10
REPORTED = 30.0
"""Seconds."""
BARS = {"fp32": (300, 10), "fp32 and int8": (600, 25)}
"""Pictures and minutes of two processors that a whole card may take."""


class Reported(Watcher):
    """Says on stderr from time to time how far a card is."""

    def __init__(self, name: str) -> None:
        self.name, self.begun, self.said = name, time.monotonic(), time.monotonic()

    def task(self, name: str, done: int, total: int) -> None:
        """Every half minute, and at the end."""
        now = time.monotonic()
        if done == total or now - self.said >= REPORTED:
            self.said = now
            print(f"{self.name}: {name}, {done:,} of {total:,}, {now - self.begun:.0f} s", file=sys.stderr, flush=True)


def measure(materials: Materials) -> dict[str, Any]:
    """A card of each kind of bundle, all shifts and corruptions, and a small one twice."""
    made = {"fp32": materials.run, "fp32 and int8": materials.quantized}
    return {
        "levels": sum(len(shift.levels) for shift in choose_shifts(None, corruptions=True)),
        "shifts": len(choose_shifts(None, corruptions=True)),
        "cards": {
            name: timed(name, bundle, materials.imagenette, BARS[name][0] if materials.whole else PICTURES)
            for name, bundle in made.items()
        },
    }


def timed(name: str, bundle: Path, data: Path, pictures: int) -> dict[str, Any]:
    """One card, and whether small ones have the same bytes each time."""
    wall, spent = time.perf_counter(), time.process_time()
    card = striate.stress(bundle, data, pictures=pictures, watcher=Reported(name))
    spent, wall = time.process_time() - spent, time.perf_counter() - wall
    again = [striate.stress(bundle, data, pictures=PICTURES) for _ in range(1 if pictures == PICTURES else 2)]
    small = again if pictures != PICTURES else [card, *again]
    return {
        "pictures": card.count,
        "wall_seconds": wall,
        "processor_seconds": spent,
        "same_bytes": len({hashlib.sha256(one.to_html().encode()).hexdigest() for one in small}) == 1,
        "classifiers": [one.name for one in card.classifiers],
    }


def section(result: Mapping[str, Any]) -> str:
    """What was measured, as Markdown."""
    lines = [
        "## The limits card",
        "",
        f"`striate stress` ([limits.md](limits.md)) with all {result['shifts']} shifts and corruptions, {result['levels']} levels in all, "
        "of MobileNetV2 on imagenette at 224 x 224 pixels, one card a row. Where so many pictures were not measured (`trust.py stress "
        "--whole` does), the last column is reckoned: the processor time for them, shared by two processors.",
        "",
        f"| formats | pictures | processor time | a picture | a picture a shift | wall | two cards of {PICTURES} | wanted |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in result["cards"].items():
        each = row["processor_seconds"] / row["pictures"]
        many, bar = BARS[name]
        minutes = row["wall_seconds"] / 60 if row["pictures"] >= many else each * many / 2 / 60
        lines.append(
            f"| {name} | {row['pictures']} | {row['processor_seconds']:.1f} s | {each:.2f} s | {1000 * each / result['shifts']:.0f} ms | "
            f"{row['wall_seconds']:.1f} s | {'the same bytes' if row['same_bytes'] else 'OTHER BYTES'} | "
            f"{many} pictures in {bar} minutes: {minutes:.1f} {'measured' if row['pictures'] >= many else 'reckoned'} |"
        )
    return "\n".join([*lines, ""])
