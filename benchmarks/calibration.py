"""How far probabilities can be trusted: log loss and calibration error at temperature 1, the fitted one, and the best there is.

    python benchmarks/calibration.py --mnist FOLDER --models lenet5 lenet5_dense resnet20

Trains with the defaults on the digits, and on fours against nines of MNIST at 9:1, plain and under noise: 2,000 pictures are divided into
training, validation and test, and 4,000 others tested on, too. Then draws validation splits of a few sizes, again and again, and tells how
much log loss the temperature that is fitted on them costs on all, by how many mistakes more than were seen are supposed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

import striate
from striate.data import apply_split_table, check_pictures, load_data, read_split_csv
from striate.evaluation import calibration, expected_calibration_error, fit_temperature, score, softmax
from striate.runs.run import Run

MAJORITY, MINORITY = 4, 9
COUNTS = {"trained": (1800, 200), "more": (3600, 400)}
SIZES = (20, 50, 100, 200)
SUPPOSED = (0.0, 1 / 3, 1.0)
DRAWS = 200

Logits = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def main() -> None:
    """Trains, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, help="a folder of MNIST's IDX files; without it the digits alone")
    parser.add_argument("--models", nargs="+", default=["lenet5", "lenet5_dense", "resnet20"])
    parser.add_argument("--epochs", type=int, help="default: what training decides")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="striate-calibration-") as scratch:
        data: dict[str, str | Path] = {"digits": "digits"}
        if arguments.mnist is not None:
            for name, noise in (("fours and nines, 9:1", 0.0), ("the same under noise", 60.0)):
                data[name] = fours_and_nines(arguments.mnist, Path(scratch) / f"noise-{noise:.0f}", noise)
        for name, where in data.items():
            for model in arguments.models:
                output = Path(scratch) / f"run-{len(rows)}"
                run = striate.train(where, model=model, epochs=arguments.epochs, output=output)
                rows.append({"data": name, "model": model} | measure(run, where))
                print(json.dumps(rows[-1]) if arguments.json else describe(rows[-1]), flush=True)


def fours_and_nines(mnist: Path, folder: Path, noise: float) -> Path:
    """Class folders of the pictures that are trained on, and beside them `more` of the same kind."""
    dataset = load_data(mnist)
    generator = np.random.default_rng(0)
    for place, digit in enumerate((MAJORITY, MINORITY)):
        rows = generator.permutation(np.flatnonzero(dataset.labels == dataset.classes.index(str(digit))))
        for part, counts in COUNTS.items():
            target = folder / part / str(digit)
            target.mkdir(parents=True)
            for row in rows[: counts[place]]:
                picture = np.asarray(load_picture(dataset.pictures.read(int(row))))
                if noise:
                    picture = (picture * 0.5 + generator.normal(noise, noise, picture.shape)).clip(0, 255)
                Image.fromarray(picture.astype(np.uint8)).save(target / f"{row}.png")
            rows = rows[counts[place] :]
    return folder / "trained"


def load_picture(source: Any) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 of a picture of a data set."""
    from striate.pixels import decode

    return decode(source, channels=1)[:, :, 0]


def measure(run: Run, where: str | Path) -> dict[str, Any]:
    """What the run's probabilities are worth on its test pictures and on those beside, and how few validation pictures would do."""
    classifier = run.classifier()
    dataset = apply_split_table(check_pictures(load_data(where)), read_split_csv(run.folder / "split.csv"))
    logits, labels = (np.concatenate(parts) for parts in zip(*answers(classifier, dataset, "test"), strict=True))
    beside = Path(where).parent / "more" if isinstance(where, Path) else None
    if beside is not None:
        more = answers(classifier, load_data(beside), None)
        logits, labels = (
            np.concatenate([own, *parts]) for own, parts in zip((logits, labels), zip(*more, strict=True), strict=True)
        )
    best = best_temperature(logits, labels)
    fitted = run.contract.temperature
    figures = {
        name: {
            "temperature": one,
            "log_loss": score(softmax(logits, one), labels, classifier.classes).log_loss,
            "calibration_error": expected_calibration_error(softmax(logits, one), labels),
        }
        for name, one in (("none", 1.0), ("fitted", fitted), ("best", best))
    }
    return {
        "accuracy": float(np.mean(logits.argmax(axis=1) == labels)),
        "validation_pictures": run.contract.calibration_pictures,
        "test_pictures": len(labels),
        "temperatures": figures,
        "cost_of_small_splits": cost_of_small_splits(logits, labels) if len(labels) > 10 * max(SIZES) else None,
    }


def answers(classifier: striate.Classifier, dataset: Any, split: str | None) -> list[tuple[Logits, Labels]]:
    """The logits and labels of a split, a few hundred pictures at a time."""
    rows = np.arange(len(dataset)) if split is None else dataset.indices(split)
    parts = np.array_split(rows, -(-len(rows) // 500))
    return [
        (
            classifier.decision_function([dataset.pictures.read(int(row)) for row in part]),
            dataset.labels[part].astype(np.int64),
        )
        for part in parts
    ]


def best_temperature(logits: Logits, labels: Labels) -> float:
    """The one with the least log loss on these very pictures."""
    supposed, calibration.SUPPOSED_MISTAKES = calibration.SUPPOSED_MISTAKES, 0.0
    try:
        return fit_temperature(logits, labels)
    finally:
        calibration.SUPPOSED_MISTAKES = supposed


def cost_of_small_splits(logits: Logits, labels: Labels) -> dict[str, dict[str, float]]:
    """Mean log loss above the least possible, by supposed mistakes and pictures of the validation split."""
    rows = np.arange(len(labels))
    names = tuple(map(str, range(logits.shape[1])))
    least = score(softmax(logits, best_temperature(logits, labels)), labels, names).log_loss
    usual = calibration.SUPPOSED_MISTAKES
    costs: dict[str, dict[str, float]] = {}
    for supposed in SUPPOSED:
        generator = np.random.default_rng(0)
        costs[f"{supposed:.2g}"] = {}
        calibration.SUPPOSED_MISTAKES = supposed
        for size in SIZES:
            spent = []
            for _ in range(DRAWS):
                drawn = generator.choice(rows, size, replace=False)
                temperature = fit_temperature(logits[drawn], labels[drawn])
                spent.append(score(softmax(logits, temperature), labels, names).log_loss - least)
            costs[f"{supposed:.2g}"][str(size)] = float(np.mean(spent))
    calibration.SUPPOSED_MISTAKES = usual
    return costs


def describe(row: dict[str, Any]) -> str:
    """A row for people."""
    lines = [
        f"{row['data']}, {row['model']}: {row['accuracy']:.2%} right on {row['test_pictures']:,} pictures, "
        f"temperature fitted on {row['validation_pictures']}"
    ]
    for name, found in row["temperatures"].items():
        lines.append(
            f"  {name:<7} temperature {found['temperature']:>7.4g}  log loss {found['log_loss']:.4f}  "
            f"calibration error {found['calibration_error']:.2%}"
        )
    for supposed, costs in (row["cost_of_small_splits"] or {}).items():
        spent = ", ".join(f"{cost:.4f} of {size}" for size, cost in costs.items())
        lines.append(f"  log loss above the best with {supposed} mistakes supposed: {spent} validation pictures")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
