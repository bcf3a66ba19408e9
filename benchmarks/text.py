"""Networks for sentences by ten-fold cross-validation, as Kim 2014 has it: accuracy, and what learning costs.

    python benchmarks/text.py movie_reviews/ --models textcnn_rand text_lstm --folds 0 1 2

Of each fold's nine tenths a tenth is set aside: the epoch is taken that answers most of it right, and learning ends when three more
epochs were no better. The vocabulary is that of what is learnt from alone; the test fold is looked at once, at the end. Batches of 50,
Adadelta with rho 0.95, sentences filled up to 56 words, vectors of 300 numbers.

Cells, a network and a fold, that are there are kept, so that the table can be made in several goes. Writes `text.json` into --output,
and prints a table. What is told of time is processor time of one thread.
"""

from __future__ import annotations

import argparse
import copy
import json
import platform
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from striate.data import Dataset, load_data
from striate.durable_writing import write_durably
from striate.hardware import describe_processor
from striate.models import create_model
from striate.text import SentenceEncoding
from striate.training import Recipe, TrainingState, fit

HERE = Path(__file__).parent
FOLDS, LENGTH, EPOCHS, PATIENCE = 10, 56, 25, 3


@dataclass(frozen=True, eq=False)
class Rows:
    """Some of the sentences, as training takes them."""

    samples: npt.NDArray[np.int64]
    every_label: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]
    """(all, LENGTH)."""

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """(n,) of these."""
        return self.every_label[self.samples]

    def maps(self, positions: npt.NDArray[np.int64], epoch: int) -> npt.NDArray[np.int64]:
        """(k, LENGTH) ids, the same in every epoch."""
        return self.ids[self.samples[positions]]

    def key(self, position: int) -> str:
        """The row."""
        return str(self.samples[position])


def fold_of_each(labels: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """(n,) which fold each sentence tests: of each class a tenth, drawn by the seed."""
    generator = np.random.default_rng(seed)
    folds = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        folds[rows] = np.arange(len(rows)) % FOLDS
    return folds


def measure(dataset: Dataset, model: str, fold: int, seed: int, precision: str) -> dict[str, Any]:
    """One cell: a network that learns without a fold, asked for it."""
    labels = dataset.labels.astype(np.int64)
    folds = fold_of_each(labels, seed)
    rest = np.random.default_rng((seed, fold)).permutation(np.flatnonzero(folds != fold))
    held = len(rest) // 10
    texts = [bytes(dataset.pictures.read(row)).decode() for row in range(len(dataset))]
    encoding = replace(SentenceEncoding.of(texts[row] for row in rest[held:]), length=LENGTH)
    ids = encoding.ready(np.stack([encoding.encode(text) for text in texts]))
    tested, validated, learnt = (
        Rows(np.sort(rows), labels, ids) for rows in (np.flatnonzero(folds == fold), rest[:held], rest[held:])
    )
    recipe = Recipe.from_dict(
        {
            "model": model,
            "seed": seed,
            "batch_size": 50,
            "precision": precision,
            "optimizer": {"name": "adadelta", "learning_rate": 1.0, "momentum": 0.95, "weight_decay": 0.0},
            "schedule": {"epochs": EPOCHS, "warmup_epochs": 0.0, "final_fraction": 1.0},
            "loss": {"label_smoothing": 0.0},
            "averaging": {"span": 0.0},
        }
    )
    network = create_model(model, num_classes=len(dataset.classes), in_channels=encoding.channels, seed=seed)
    state = TrainingState.begin(network, recipe, total_steps=EPOCHS * -(-len(learnt.samples) // 50))
    best, weights, spent, begun = (-1.0, 0), network.state_dict(), 0.0, time.process_time()
    for result in fit(state, recipe, learnt, validated, device=torch.device("cpu")):
        spent = time.process_time() - begun
        if result.val_accuracy > best[0]:
            best, weights = (result.val_accuracy, result.epoch), copy.deepcopy(state.averaged.state_dict())
        if result.epoch - best[1] >= PATIENCE:
            break
    network.load_state_dict(weights)
    network.eval()
    with torch.inference_mode():
        parts = [network(torch.from_numpy(part)).argmax(1) for part in np.array_split(ids[tested.samples], 20)]
    right = torch.cat(parts).numpy() == tested.labels
    return {
        "model": model,
        "fold": fold,
        "seed": seed,
        "precision": precision,
        "accuracy": float(right.mean()),
        "tested": len(right),
        "validation_accuracy": best[0],
        "epoch": best[1],
        "epochs": result.epoch,
        "seconds_an_epoch": spent / result.epoch,
        "vocabulary": len(encoding.words),
        "processor": describe_processor(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def table(cells: list[dict[str, Any]]) -> str:
    """A row a network, of the folds that were measured."""
    lines = ["| network | folds | accuracy | epochs | seconds an epoch |", "|---|---|---|---|---|"]
    for model in dict.fromkeys(cell["model"] for cell in cells):
        own = [cell for cell in cells if cell["model"] == model]
        accuracies = np.array([cell["accuracy"] for cell in own]) * 100
        spread = f" ± {accuracies.std(ddof=1):.2f}" if len(own) > 1 else ""
        epochs = np.mean([cell["epoch"] for cell in own])
        seconds = np.median([cell["seconds_an_epoch"] for cell in own])
        lines.append(f"| `{model}` | {len(own)} | {accuracies.mean():.2f}{spread} | {epochs:.1f} | {seconds:.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Parses, measures what is missing, writes after each cell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="the movie reviews, or other sentences without splits")
    parser.add_argument("--models", nargs="+", default=["textcnn_rand", "text_lstm"])
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)), choices=range(FOLDS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="bf16")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    dataset = load_data(arguments.data)
    for fold in arguments.folds:
        for model in arguments.models:
            place = arguments.output / "text" / f"{model}-{fold}-{arguments.seed}-{arguments.precision}.json"
            if not place.is_file():
                place.parent.mkdir(parents=True, exist_ok=True)
                cell = measure(dataset, model, fold, arguments.seed, arguments.precision)
                write_durably(place, json.dumps(cell, indent=1).encode())
                print(f"{model} fold {fold}: {cell['accuracy']:.2%}", flush=True)
    cells = [json.loads(path.read_text()) for path in sorted((arguments.output / "text").glob("*.json"))]
    cells.sort(
        key=lambda cell: (
            arguments.models.index(cell["model"]) if cell["model"] in arguments.models else 99,
            cell["fold"],
        )
    )
    write_durably(arguments.output / "text.json", json.dumps(cells, indent=1).encode())
    print(table(cells))


if __name__ == "__main__":
    main()
