"""Small networks from scratch on few pictures, at equal cost: which network, size and recipe learn most for the same multiply-adds.

    python benchmarks/small_networks.py photos/ --multiply-adds 2e12 8e12 --seeds 0 1 2

Each way is trained by `striate.train` for as many epochs as the multiply-adds allow: three passes a picture, forward and twice backward;
growing pictures count as what they cost. Cost is counted, not timed, so that a machine with other work measures the same; processor
time is kept beside it. Ways are to be chosen by the validation pictures; the test pictures judge what was chosen.

Cells that are there are kept, so that the table can be made in several goes. Writes `small_networks.json` into --output, and prints a
table.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

import striate
from striate.training.recipe import Recipe, read_settings
from striate.training.resizing import cost_ahead

HERE = Path(__file__).parent
PASSES = 3
WAYS: dict[str, dict[str, Any]] = {
    # name: network, side for photographs, settings
    "resnet9_x0_25, 64 px": {"model": "resnet9_x0_25", "size": 64, "settings": []},
    "resnet9_x0_25, 64 px, all of full size": {
        "model": "resnet9_x0_25",
        "size": 64,
        "settings": ["resizing.first=1.0"],
    },
    "resnet9_x0_25, 48 px": {"model": "resnet9_x0_25", "size": 48, "settings": []},
    "resnet9_x0_5, 64 px": {"model": "resnet9_x0_5", "size": 64, "settings": []},
    "resnet9_x0_5, 32 px": {"model": "resnet9_x0_5", "size": 32, "settings": []},
    "airbench94, 32 px": {"model": "airbench94", "size": 32, "settings": []},
    "airbench94, 64 px": {"model": "airbench94", "size": 64, "settings": []},
    "resnet20, 32 px, usual recipe": {"model": "resnet20", "size": 32, "settings": []},
    "resnet20, 64 px, usual recipe": {"model": "resnet20", "size": 64, "settings": []},
}


def main() -> None:
    """Parses, measures what is missing, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", help="folders of labelled pictures")
    parser.add_argument(
        "--multiply-adds", type=float, nargs="+", default=[2e12], help="what a run may cost; default 2e12"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--ways", nargs="+", choices=sorted(WAYS), default=list(WAYS), metavar="WAY")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    file = arguments.output / "small_networks.json"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"machine": machine(), "cells": []}
    cells: list[dict[str, Any]] = kept["cells"]
    for budget in arguments.multiply_adds:
        for seed in arguments.seeds:
            for data in arguments.data:
                for way in arguments.ways:
                    key = {"data": Path(data).name, "way": way, "multiply_adds": budget, "seed": seed}
                    if not any(key.items() <= cell.items() for cell in cells):
                        cells.append(key | measure(data, WAYS[way], budget=budget, seed=seed))
                        arguments.output.mkdir(parents=True, exist_ok=True)
                        file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
                        print(describe(cells[-1]), flush=True)


def measure(data: str, way: dict[str, Any], *, budget: float, seed: int) -> dict[str, Any]:
    """Trains one way once.

    Args:
        data: The folder.
        way: A row of `WAYS`.
        budget: Multiply-adds.
        seed: Of the split and the run.
    """
    pictures = sum(path.is_file() for path in Path(data).rglob("*")) * 0.8  # what trains where there is no split
    macs = striate.inspect(way["model"], input_size=(way["size"], way["size"])).macs
    resizing = Recipe.from_dict(read_settings(way["settings"])).resizing
    epochs = max(1, round(budget / (PASSES * macs * pictures * cost_ahead(resizing, progress=0.0))))
    options = {"model": way["model"], "size": way["size"], "settings": way["settings"], "epochs": epochs, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        run = striate.train(data, **options, output=Path(folder) / "run")
        seconds = time.process_time() - begun
        scores = run.metrics
    accuracy = {split: scores[split]["accuracy"] for split in ("val", "test") if split in scores}
    return {"epochs": epochs, "accuracy": accuracy, "processor_seconds": round(seconds, 1)}


def describe(cell: dict[str, Any]) -> str:
    """A line of the table."""
    accuracy = "  ".join(f"{split} {value:.1%}" for split, value in cell["accuracy"].items())
    return (
        f"{cell['data']:16} {cell['way']:40} {cell['multiply_adds']:.0e} multiply-adds  seed {cell['seed']}  "
        f"{cell['epochs']:3} epochs  {accuracy}  {cell['processor_seconds']:.0f} s"
    )


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


if __name__ == "__main__":
    main()
