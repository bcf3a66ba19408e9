"""How well and how fast does `crnn` learn to read strings of digits by the default recipe, and does it fall to blanks alone at the start?

    striate compose mnist --root DATA -o /tmp/strings --strings 20000
    python benchmarks/reading_strings.py /tmp/strings [--seeds 5] [--minutes 30] [--runs 1] [--output FILE]

Strings of training, validation and test are of different digits. First, for each seed, the first 100 steps of the recipe, one by one: how
many losses are not finite, and of validation strings after them, which share of the signs is wrong and how many are read as nothing at
all. Then whole runs of `striate train` within the time: sequence accuracy and character error rate of the test strings, wall time and
processor time.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import striate
from striate.data import load_data
from striate.evaluation.string_errors import score_strings
from striate.hardware import available_processors, describe_processor
from striate.pixels import Preprocessing
from striate.training import Recipe
from striate.training.ctc import ctc_losses, read_greedily
from striate.training.defaults import read_shipped_recipe
from striate.training.optimizers import create_optimizer, scale_learning_rate
from striate.training.precision import autocast

FIRST = 100
"""Steps at the start that are watched one by one."""
READ = 200
"""Validation strings that are read after them."""


class Lines:
    """The pictures of a split as the network takes them, and what they say."""

    def __init__(self, folder: Path, split: str, most: int | None = None) -> None:
        data = load_data(folder)
        rows = data.indices(split)[:most]
        rule = Preprocessing(colour="grey", resize="none", crop=self._size(data, rows), mean=(0.5,), std=(0.5,))
        self.pixels = np.stack([rule.pixels(data.pictures.read(int(row))) for row in rows])
        self.rule, self.labels = rule, data.labels[rows].astype(np.int64)
        self.texts = [data.task.tell(target, data.classes) for target in self.labels]
        self.task, self.classes = data.task, data.classes

    @staticmethod
    def _size(data: Any, rows: np.ndarray) -> tuple[int, int]:
        height, width = striate.pixels.decode(data.pictures.read(int(rows[0])), channels=1).shape[:2]
        return height, width

    def inputs(self, places: np.ndarray) -> torch.Tensor:
        """(k, 1, 32, W) float."""
        return torch.from_numpy(self.rule.normalise(self.pixels[places]))


def first_steps(train: Lines, val: Lines, *, seed: int, precision: str) -> dict[str, Any]:
    """The first steps of a long run: a short warm-up, then the full rate, of which a half cosine has taken next to nothing yet."""
    table = read_shipped_recipe("strings")
    del table["epochs_from"]
    recipe = Recipe.from_dict(table | {"seed": seed, "model": "crnn", "precision": precision})
    network = striate.create_model("crnn", num_classes=train.task.width(train.classes), seed=seed)
    optimizer = create_optimizer(network, recipe.optimizer)
    generator, losses = np.random.default_rng(seed), []
    begun = time.process_time()
    for step in range(FIRST):
        scale_learning_rate(optimizer, min(1.0, (step + 1) / 60))
        rows = generator.integers(len(train.labels), size=recipe.batch_size)
        with autocast(torch.device("cpu"), precision):
            logits = network(train.inputs(rows))
        loss = ctc_losses(logits.float(), torch.from_numpy(train.labels[rows])).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.optimizer.gradient_clip)
        optimizer.step()
        losses.append(loss.item())
    network.eval()
    with torch.no_grad():
        parts = [
            read_greedily(network(val.inputs(rows))).numpy()
            for rows in np.array_split(np.arange(len(val.labels)), len(val.labels) // 50 + 1)
        ]
    read = [val.task.tell(row, val.classes) for part in parts for row in part]
    return {
        "seed": seed,
        "losses_not_finite": sum(not math.isfinite(loss) for loss in losses),
        "last_loss": round(float(np.mean(losses[-25:])), 3),
        "read_as_nothing": sum(not text for text in read),
        **score_strings(val.texts, read).to_dict(),
        "processor_seconds": round(time.process_time() - begun, 1),
        "losses": [round(loss, 4) for loss in losses],
    }


def whole_run(folder: Path, *, seed: int, minutes: float) -> dict[str, Any]:
    """`striate train` within the time, and what it comes to."""
    begun, processor = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        run = striate.train(folder, output=Path(scratch) / "run", seed=seed, time_limit=60 * minutes)
        history = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
        return {
            "seed": seed,
            "steps": history[-1]["step"],
            "wall_seconds": round(time.perf_counter() - begun, 1),
            "processor_seconds": round(time.process_time() - processor, 1),
            **{name: run.metrics["test"][name] for name in ("accuracy", "accuracy_interval", "character_error_rate")},
            "strings": run.metrics["test"]["count"],
            "val_accuracy_by_epoch": [round(row["val_accuracy"], 4) for row in history],
        }


def main() -> None:
    """Measures, prints a line each, and writes them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5, help="of the first steps")
    parser.add_argument("--runs", type=int, default=1, help="whole ones, of as many seeds")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--precision", default="bf16", help="of the first steps: bf16 or fp32")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    train, val = Lines(options.folder, "train"), Lines(options.folder, "val", READ)
    starts = []
    for seed in range(options.seeds):
        starts.append(first_steps(train, val, seed=seed, precision=options.precision))
        print(json.dumps({key: value for key, value in starts[-1].items() if key != "losses"}), flush=True)
    runs = []
    for seed in range(options.runs):
        runs.append(whole_run(options.folder, seed=seed, minutes=options.minutes))
        print(json.dumps(runs[-1]), flush=True)
    if options.output is not None:
        made_on = {
            "processor": describe_processor(),
            "cores": available_processors(),
            "python": platform.python_version(),
            "torch": torch.__version__,
        }
        found = {"made on": made_on, "first steps": starts, "runs": runs}
        options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
