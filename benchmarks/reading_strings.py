"""How well and how fast does `crnn` learn to read strings of digits? With the loss of every first step, to see whether any is not finite.

    striate compose mnist --root DATA -o /tmp/strings --strings 20000
    python benchmarks/reading_strings.py /tmp/strings [--seeds 1] [--minutes 30] [--steps 0] [--output FILE]

Strings of training, validation and test are of different digits. AdamW with one cycle of the rate, batches of 8. It says how many
losses are not finite; and of what is read after the first 100 steps and at the end, which share of the lines is right as a whole,
which share of the signs is wrong, and how many lines are read as nothing at all (blanks alone, to which training can fall at the start).
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import striate
from striate.evaluation.string_errors import score_strings
from striate.hardware import available_processors, describe_processor
from striate.models import Network
from striate.pixels import decode
from striate.tasks.ctc_decoding import decode_greedily
from striate.training.ctc import ctc_loss, refuse_unsayable

FIRST = 100
"""Steps at the start that are watched one by one."""
BATCH = 8
RATE = 1e-3


@dataclass(frozen=True)
class Lines:
    """Pictures of a split and what they say."""

    pixels: np.ndarray  # (n, 32, W) uint8
    texts: tuple[str, ...]
    paths: tuple[str, ...]

    @property
    def strings(self) -> list[tuple[int, ...]]:
        """Places in the alphabet."""
        return [tuple(map(int, text)) for text in self.texts]

    def inputs(self, rows: np.ndarray) -> Tensor:
        """(k, 1, 32, W) float, from -1 to 1, as the authors' program has them."""
        return torch.from_numpy(self.pixels[rows]).unsqueeze(1).float() / 127.5 - 1


def read_lines(folder: Path, split: str) -> Lines:
    """The split of a folder that `striate compose` made."""
    with (folder / "strings.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    pixels = np.stack([decode(folder / row["path"], channels=1)[..., 0] for row in rows])
    return Lines(pixels, tuple(row["text"] for row in rows), tuple(row["path"] for row in rows))


def read_by(network: Network, lines: Lines) -> list[str]:
    """What the network reads, greedily."""
    network.eval()
    with torch.no_grad():
        parts = [
            network(lines.inputs(rows)).numpy()
            for rows in np.array_split(np.arange(len(lines.texts)), len(lines.texts) // 64 + 1)
        ]
    network.train()
    return ["".join(map(str, signs)) for part in parts for signs in decode_greedily(part)]


def figures(network: Network, lines: Lines) -> dict[str, object]:
    """Of what is read: the rates, and how many lines are read as nothing."""
    read = read_by(network, lines)
    return {**score_strings(lines.texts, read).to_dict(), "read_as_nothing": sum(not text for text in read)}


def measure(folder: Path, *, seed: int, minutes: float, steps: int) -> dict[str, object]:
    """One run: so many steps, or as many as the time allows."""
    train, val, test = (read_lines(folder, split) for split in ("train", "val", "test"))
    network = striate.create_model("crnn", num_classes=11, seed=seed)
    for lines in (train, val, test):
        refuse_unsayable(lines.strings, lines.paths, network.places(lines.pixels.shape[2]))
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE)
    generator, strings = np.random.default_rng(seed), train.strings
    losses: list[float] = []
    begun, processor = time.perf_counter(), time.process_time()
    limit = 60 * minutes
    after_first: dict[str, object] = {}
    while True:
        spent = time.perf_counter() - begun
        share = len(losses) / steps if steps else spent / limit
        if share >= 1 or spent >= limit:
            break
        for group in optimizer.param_groups:  # up for a twentieth, then down by a cosine
            group["lr"] = RATE * min(share / 0.05 + 0.02, 0.5 * (1 + math.cos(math.pi * max(0.0, share - 0.05) / 0.95)))
        rows = generator.integers(len(strings), size=BATCH)
        loss = ctc_loss(network(train.inputs(rows)), [strings[row] for row in rows])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == FIRST:
            after_first = figures(network, val)
    return {
        "seed": seed,
        "steps": len(losses),
        "seconds": round(time.perf_counter() - begun, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "losses_not_finite": sum(not math.isfinite(loss) for loss in losses),
        "first_losses": [round(loss, 4) for loss in losses[:FIRST]],
        "validation_after_the_first": after_first,
        "test": figures(network, test),
    }


def main() -> None:
    """Measures some seeds, prints a line each, and writes them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--steps", type=int, default=0, help="0: as many as the minutes allow")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    rows = []
    for seed in range(options.seeds):
        rows.append(measure(options.folder, seed=seed, minutes=options.minutes, steps=options.steps))
        print(json.dumps({key: value for key, value in rows[-1].items() if key != "first_losses"}), flush=True)
    if options.output is not None:
        made_on = {
            "processor": describe_processor(),
            "cores": available_processors(),
            "python": platform.python_version(),
            "torch": torch.__version__,
        }
        options.output.write_text(json.dumps({"made on": made_on, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
