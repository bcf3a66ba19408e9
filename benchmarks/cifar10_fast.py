"""CIFAR-10 from JPEGs: the shortest training that answers nine in ten test pictures right on this processor, beside a standard ResNet-18.

    python benchmarks/cifar10_fast.py cifar10_jpeg.npz --choose              # which way: judged by 5,000 of the training pictures
    python benchmarks/cifar10_fast.py cifar10_jpeg.npz --seeds 0 1 2         # the record: all 50,000, and the test pictures once a seed

The file is as `cifar10_folders.py` describes it. JPEG of quality 75 is lossy: accuracies cannot be compared with those published for the
lossless set, and 90 % of these pictures is harder than 90 % of those.

As the CIFAR-10 speed records have it, the length of a run is settled beforehand, nothing is read off the test pictures on the way, and
the time of a run that ends at 90 % or more is the time to 90 %. It begins with decoded pictures in memory and ends with the network that
answers: whitening, augmentation, preparing batches and averaging of weights are in it; decoding and answering the test pictures are told
beside it. The answer is that of each picture as it is; what its mirror image adds is told, and does not count.

ResNet-18 (3x3 stem, 11.2 million weights, the network of He et al. as everybody runs it on pictures of this size) takes steps in the same
process, before, between and after the runs, through the same loop, in the same number format. Its time to 90 % is not measured, which
would take hours: it is this rate times 35 epochs, those in which the first of Page's programs (`How to Train Your ResNet 1`, 2018: a
residual network of 18 layers, 35 epochs) reaches 94 % of the lossless set; and, as the least that it could be, times as many epochs
as the record has.

What is chosen by `--choose` is written into `WAY` by hand. Cells that are there are kept, by what they measured, so that a table can be
made in several goes. Writes `cifar10_fast.json` into --output.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from striate.durable_writing import write_durably
from striate.hardware import available_processors, describe_processor
from striate.initialization import seeded
from striate.inspection import inspect_network
from striate.models import Network, model_row
from striate.ordered_threads import answers_in_order
from striate.pixels import decode
from striate.row_writing import json_text
from striate.training import Recipe, TrainingState, fit, merge, prepare_inputs, read_settings
from striate.training.batches import batch_sizes
from striate.training.first_pictures import fit_to_pictures
from striate.training.memory import keep_freed_memory
from striate.training.precision import computes_bf16_natively
from striate.training.resizing import cost_ahead

HERE = Path(__file__).parent
TARGET = 0.90
HELD_OUT = 5000
"""Training pictures that `--choose` judges by."""
PASSES = 3
"""A step takes three times the multiply-adds of an answer."""
PUBLISHED_EPOCHS = 35
STANDARD = ("resnet18", {"stem": "3x3"})
"""The network beside it: a row, and the fields of its config that are other than there."""
STANDARD_STEPS = 8
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Way:
    """A network and how it learns."""

    epochs: int
    widths: tuple[int, int, int] = (64, 256, 256)
    batch_size: int = 500
    rate: float = 0.24
    """Of kernels, by Muon."""
    settings: tuple[str, ...] = ()
    """What of the recipe is other than in `recipe_of`."""


WAYS = {
    "airbench94": Way(5),
    "airbench94, rate 0.12": Way(5, rate=0.12),
    "airbench94, batches of 250": Way(5, batch_size=250),
    "airbench94, growing from 20 px": Way(6, settings=("resizing.first=0.625",)),
    "airbench94, growing from 20 px, batches of 250": Way(6, batch_size=250, settings=("resizing.first=0.625",)),
    "airbench94, three quarters as wide": Way(7, widths=(48, 192, 192)),
    "airbench94, three quarters as wide, growing from 20 px": Way(
        9, widths=(48, 192, 192), settings=("resizing.first=0.625",)
    ),
    "airbench94, half as wide": Way(10, widths=(32, 128, 128)),
    "airbench94, SGD": Way(
        5,
        rate=0.75,
        settings=(
            "optimizer.name=sgd",
            "optimizer.momentum=0.85",
            "optimizer.bias_multiplier=64.0",
            "optimizer.head_multiplier=1.0",
            "schedule.warmup_epochs=1.0",
        ),
    ),
}
"""What `--choose` tries: about as many multiply-adds each."""
WAY = "airbench94"
"""What the record runs."""


@dataclass(frozen=True, eq=False)
class Held:
    """Decoded pictures in memory; implements `striate.training.Examples`."""

    array: np.ndarray
    labels: np.ndarray
    mean: tuple[float, ...]
    std: tuple[float, ...]
    reverses_channels: bool = False

    @property
    def samples(self) -> np.ndarray:
        """Their rows."""
        return np.arange(len(self.labels))

    def pixels(self, positions: np.ndarray) -> np.ndarray:
        """(k, 32, 32, 3) uint8."""
        return self.array[positions]

    def key(self, position: int) -> str:
        """The row."""
        return str(position)

    def part(self, rows: np.ndarray) -> Held:
        """Some of them."""
        return dataclasses.replace(self, array=self.array[rows], labels=self.labels[rows])


def main() -> None:
    """Parses, measures what is missing, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the .npz of JPEGs")
    parser.add_argument("--choose", action="store_true", help=f"try every way on {HELD_OUT:,} of the training pictures")
    parser.add_argument("--way", choices=sorted(WAYS), metavar="WAY", help=f"one of them; the record's is {WAY!r}")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change the recipe")
    parser.add_argument("--epochs", type=int, help="other than the way has")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--limit", type=int, help="only so many training pictures, to see whether it runs")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    keep_freed_memory()
    arguments.output.mkdir(parents=True, exist_ok=True)
    file = arguments.output / "cifar10_fast.json"
    kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"cells": []}
    tell(machine() | {"load": os.getloadavg()[0]})
    begun = time.perf_counter()
    training, testing = read(arguments.file)
    tell({"decoding": f"{time.perf_counter() - begun:.1f} s"})
    if arguments.choose:
        rows = np.random.default_rng(2026).permutation(len(training.labels))
        training, testing = training.part(np.sort(rows[HELD_OUT:])), training.part(np.sort(rows[:HELD_OUT]))
    if arguments.limit:
        training = training.part(np.arange(arguments.limit))
    names = [arguments.way or WAY] if arguments.way or not arguments.choose else list(WAYS)
    for cell in cells(names, arguments, kept["cells"], training, testing):
        kept["cells"].append(cell)
        write_durably(file, json_text(kept).encode())
    summarise([cell for cell in kept["cells"] if cell["judged_by"] == judge(arguments)])


def cells(
    names: list[str], arguments: argparse.Namespace, kept: list[dict[str, Any]], training: Held, testing: Held
) -> Iterator[dict[str, Any]]:
    """Measures what is missing, each beside ResNet-18's rate."""
    rates: list[float] = []
    for seed in arguments.seeds:
        for name in names:
            way = WAYS[name] if arguments.epochs is None else dataclasses.replace(WAYS[name], epochs=arguments.epochs)
            recipe = recipe_of(way, arguments.set, seed)
            what = [dataclasses.asdict(way), recipe.to_dict(), len(training.labels), judge(arguments), machine()]
            digest = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]
            if any(cell["digest"] == digest for cell in kept):
                continue
            if not arguments.choose:
                rates = rates or [standard_rate(training)]
            cell = {"way": name, "seed": seed, "judged_by": judge(arguments), "digest": digest}
            cell |= run(way, recipe, training, testing)
            if not arguments.choose:
                rates.append(standard_rate(training))
                cell["standard_pictures_per_second"] = statistics.mean(rates[-2:])
                cell["standard_minutes"] = standard_minutes(cell)
            tell(cell)
            yield cell | {"machine": machine()}


def judge(arguments: argparse.Namespace) -> str:
    """What accuracies are of."""
    return "held-out training pictures" if arguments.choose else "test pictures"


def recipe_of(way: Way, settings: list[str], seed: int) -> Recipe:
    """The recipe of airbench94_muon.py for other batches: its rates of biases and head are of the sum over a batch, here of its mean."""
    base = {
        "seed": seed,
        "batch_size": way.batch_size,
        "precision": number_format(),
        "optimizer": {
            "name": "muon",
            "learning_rate": way.rate,
            "momentum": 0.6,
            "bias_multiplier": 0.053 * way.batch_size / way.rate,
            "head_multiplier": 0.00083 * way.batch_size / way.rate,
            "weight_decay": 0.0024,  # of the head alone
        },
        "schedule": {"epochs": way.epochs, "warmup_epochs": 0.0},
        "loss": {"label_smoothing": 0.2},
        "averaging": {"span": 0.02},
        "augmentation": {"horizontal_flip": {"probability": 0.5}, "translation": {"share": 0.0625}},
    }
    return Recipe.from_dict(merge(base, read_settings(list(way.settings)), read_settings(settings)))


def run(way: Way, recipe: Recipe, training: Held, testing: Held) -> dict[str, Any]:
    """Trains once, and answers once."""
    network = build("airbench94", {"widths": way.widths}, seed=recipe.seed)
    macs = inspect_network(network, (3, 32, 32)).macs
    network.train()
    load, wall, processor = os.getloadavg()[0], time.perf_counter(), time.process_time()
    fit_to_pictures(network, training, recipe, CPU)
    learnt = learn(network, recipe, training)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    begun = time.perf_counter()
    right, mirrored = answers(learnt, testing)
    cost = cost_ahead(recipe.resizing, progress=0.0) * PASSES * macs * len(training.labels) * recipe.schedule.epochs
    return {
        "epochs": recipe.schedule.epochs,
        "accuracy": right,
        "accuracy_with_mirror_images": mirrored,
        "reached": right >= TARGET,
        "seconds": round(wall, 1),
        "processor_seconds": round(processor, 1),
        "answering_seconds": round(time.perf_counter() - begun, 1),
        "multiply_adds": float(f"{cost:.4g}"),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "load_before": round(load, 1),
        "recipe": recipe.to_dict(),
    }


def learn(network: Network, recipe: Recipe, training: Held) -> Network:
    """The network that has learnt, in evaluation mode."""
    steps = len(batch_sizes(len(training.labels), recipe.batch_size)) * recipe.schedule.epochs
    state = TrainingState.begin(network, recipe, total_steps=steps)
    for epoch in fit(state, recipe, training, training.part(np.arange(0)), device=CPU):
        print(f"  epoch {epoch.epoch}: loss {epoch.train_loss:.3f}, {epoch.seconds:.0f} s", file=sys.stderr, flush=True)
    return state.averaged.eval()


def answers(network: Network, testing: Held) -> tuple[float, float]:
    """The share that is answered right: of pictures as they are, and by the mean of each and its mirror image."""
    right = mirrored = 0
    with torch.inference_mode():
        for start in range(0, len(testing.labels), 500):
            inputs = prepare_inputs(testing, np.arange(start, min(start + 500, len(testing.labels))), device=CPU)
            logits, labels = network(inputs.images), inputs.targets.labels
            right += int((logits.argmax(1) == labels).sum())
            mirrored += int(((logits + network(inputs.images.flip(3))).argmax(1) == labels).sum())
    return right / len(testing.labels), mirrored / len(testing.labels)


def standard_rate(training: Held) -> float:
    """Pictures a second of ResNet-18's training; an epoch of a few steps warms up, the next one counts."""
    batch = 128
    rows = np.arange(min(len(training.labels), batch * STANDARD_STEPS))
    recipe = Recipe.from_dict(
        {
            "batch_size": batch,
            "precision": number_format(),
            "optimizer": {"learning_rate": 0.01},
            "schedule": {"epochs": 2},
            "augmentation": {"horizontal_flip": {"probability": 0.5}, "translation": {"share": 0.125}},
        }
    )
    network = build(*STANDARD, seed=0)
    state = TrainingState.begin(network, recipe, total_steps=2 * len(batch_sizes(len(rows), batch)))
    epochs = fit(state, recipe, training.part(rows), training.part(rows[:0]), device=CPU)
    return [epoch.pictures_per_second for epoch in epochs][-1]


def standard_minutes(cell: dict[str, Any]) -> dict[str, float]:
    """Minutes that ResNet-18 would need at its rate: with as many epochs as the record, and with as many as published."""
    minutes = 50_000 / cell["standard_pictures_per_second"] / 60
    return {
        "as many epochs": round(cell["epochs"] * minutes, 1),
        "published epochs": round(PUBLISHED_EPOCHS * minutes, 1),
    }


def number_format() -> str:
    """What networks train in."""
    return "bf16" if computes_bf16_natively(CPU) else "fp32"


def build(name: str, fields: dict[str, Any], *, seed: int) -> Network:
    """A row of the catalogue with other fields in its config, channels last."""
    row = model_row(name)
    with seeded(seed):
        network = row.family(dataclasses.replace(row.config, **fields), num_classes=10, in_channels=3)
    return network.to(memory_format=torch.channels_last)


def read(file: Path) -> tuple[Held, Held]:
    """All training and test pictures, decoded."""
    arrays = {}
    with np.load(file, allow_pickle=False) as packed:
        for split in ("train", "test"):
            data, offsets = packed[f"{split}_bytes"], packed[f"{split}_offsets"]
            pictures = (data[start:end].tobytes() for start, end in pairwise(offsets))
            decoded = answers_in_order(decode, pictures, threads=available_processors(), name="decoding")
            arrays[split] = np.stack(list(decoded))
            arrays[f"{split}_labels"] = packed[f"{split}_labels"].astype(np.int64)
    values = arrays["train"].reshape(-1, 3)
    mean, std = tuple((values.mean(0) / 255).tolist()), tuple((values.std(0) / 255).tolist())
    return (
        Held(arrays["train"], arrays["train_labels"], mean, std),
        Held(arrays["test"], arrays["test_labels"], mean, std),
    )


def summarise(cells: list[dict[str, Any]]) -> None:
    """A line a way: medians over seeds."""
    print(f"\n{'way':56} seeds  accuracy  seconds  processor  multiply-adds")
    for name in dict.fromkeys(cell["way"] for cell in cells):
        own = [cell for cell in cells if cell["way"] == name]
        middle = {key: statistics.median(cell[key] for cell in own) for key in ("seconds", "processor_seconds")}
        accuracy = statistics.mean(cell["accuracy"] for cell in own)
        print(
            f"{name:56} {len(own):5}  {accuracy:8.2%}  {middle['seconds']:7.0f}  {middle['processor_seconds']:9.0f}  "
            f"{own[0]['multiply_adds']:13.1e}"
        )


def tell(facts: dict[str, Any]) -> None:
    """Facts as a line."""
    shown = {key: value for key, value in facts.items() if key not in ("recipe", "digest")}
    print("  ".join(f"{key.replace('_', ' ')}: {value}" for key, value in shown.items()), flush=True)


def machine() -> dict[str, Any]:
    """What it is measured on."""
    return {
        "processor": describe_processor(),
        "processors": available_processors(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


if __name__ == "__main__":
    main()
