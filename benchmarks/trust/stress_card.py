"""The limits card: what it costs a picture a shift, in fp32 and with int8 beside it, and whether it comes out the same again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import striate
from striate.robustness import choose_shifts

if TYPE_CHECKING:
    from .materials import Materials

NAME = "stress"
PICTURES = 10
BARS = {"fp32": (300, 10), "fp32 and int8": (600, 25)}
"""Pictures and minutes of two processors that a whole card may take."""


def measure(materials: Materials) -> dict[str, Any]:
    """Two cards of each kind of bundle, all shifts and corruptions."""
    made = {"fp32": materials.run, "fp32 and int8": materials.quantized}
    return {
        "levels": sum(len(shift.levels) for shift in choose_shifts(None, corruptions=True)),
        "shifts": len(choose_shifts(None, corruptions=True)),
        "cards": {name: timed(bundle, materials.imagenette) for name, bundle in made.items()},
    }


def timed(bundle: Path, data: Path) -> dict[str, Any]:
    """One card, and whether a second has the same bytes."""
    wall, spent = time.perf_counter(), time.process_time()
    card = striate.stress(bundle, data, pictures=PICTURES)
    spent, wall = time.process_time() - spent, time.perf_counter() - wall
    again = striate.stress(bundle, data, pictures=PICTURES)
    digests = {hashlib.sha256(one.to_html().encode()).hexdigest() for one in (card, again)}
    return {
        "pictures": card.count,
        "wall_seconds": wall,
        "processor_seconds": spent,
        "same_bytes": len(digests) == 1,
        "classifiers": [one.name for one in card.classifiers],
    }


def section(result: Mapping[str, Any]) -> str:
    """What was measured, as Markdown."""
    lines = [
        "## The limits card",
        "",
        f"`striate stress` ([limits.md](limits.md)) with all {result['shifts']} shifts and corruptions, {result['levels']} levels in all, "
        "of MobileNetV2 on imagenette at 224 x 224 pixels, one card a row. The last column is reckoned, not measured: the processor time "
        "for so many pictures, shared by two processors.",
        "",
        "| formats | pictures | processor time | a picture | a picture a shift | wall | second card | reckoned |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in result["cards"].items():
        each = row["processor_seconds"] / row["pictures"]
        many, bar = BARS[name]
        lines.append(
            f"| {name} | {row['pictures']} | {row['processor_seconds']:.1f} s | {each:.2f} s | {1000 * each / result['shifts']:.0f} ms | "
            f"{row['wall_seconds']:.1f} s | {'the same bytes' if row['same_bytes'] else 'OTHER BYTES'} | "
            f"{many} pictures: {each * many / 2 / 60:.1f} minutes (wanted: {bar} at most) |"
        )
    return "\n".join([*lines, ""])
