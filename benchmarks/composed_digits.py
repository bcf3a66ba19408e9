"""Pictures of several real digits, each labelled with all that it shows: data to try several labels a picture on.

Two to four digits of MNIST lie in a field of 56 x 56, one a quarter, each moved by up to four pixels; a twentieth of the pictures shows
nothing but noise, and has no label. Digits of the training pictures are of MNIST's training part, those of the test pictures of its test
part, so that none is in both.

    python benchmarks/composed_digits.py MNIST_FOLDER OUTPUT_FOLDER
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.data import Dataset, load_data

SIDE = 56
QUARTER = 28
MOVED = 4
EMPTY = 0.05
NOISE = 12.0


def compose(
    digits: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], count: int, *, seed: int
) -> Iterator[tuple[npt.NDArray[np.uint8], tuple[int, ...]]]:
    """Pictures (56, 56) uint8 with the digits that they show, sorted.

    Args:
        digits: (n, 28, 28).
        labels: (n,) which digit each is.
        count: How many pictures to make.
        seed: Draws all.
    """
    generator = np.random.default_rng(seed)
    for _ in range(count):
        field = np.zeros((SIDE + 2 * MOVED, SIDE + 2 * MOVED), np.float64)
        shown = 0 if generator.random() < EMPTY else int(generator.integers(2, 5))
        rows = generator.integers(0, len(digits), shown)
        quarters = generator.permutation(4)[:shown]
        for row, quarter in zip(rows, quarters, strict=True):
            top, left = MOVED + QUARTER * np.array(divmod(int(quarter), 2)) + generator.integers(-MOVED, MOVED + 1, 2)
            part = field[top : top + QUARTER, left : left + QUARTER]
            np.maximum(part, digits[row], out=part)
        field = field[MOVED:-MOVED, MOVED:-MOVED] + np.abs(generator.normal(0, NOISE, (SIDE, SIDE)))
        yield field.clip(0, 255).astype(np.uint8), tuple(sorted({int(labels[row]) for row in rows}))


def write_composed(mnist: Dataset, folder: Path, *, train: int, val: int, test: int, seed: int = 0) -> Path:
    """Writes the pictures and `labels.csv` (`path,labels,split`), and answers where that is."""
    (folder / "pictures").mkdir(parents=True)
    lines = ["path,labels,split"]
    sources = {"train": "train", "val": "train", "test": "test"}
    held = np.random.default_rng(seed).permutation(mnist.indices("train"))
    rows = {"train": held[5000:], "val": held[:5000], "test": mnist.indices("test")}
    for place, (split, count) in enumerate((("train", train), ("val", val), ("test", test))):
        assert set(np.unique(mnist.splits[rows[split]])) == {1 if sources[split] == "train" else 3}
        digits = np.stack([mnist.pictures.read(int(row)) for row in rows[split]])
        for number, (picture, shown) in enumerate(
            compose(digits, mnist.labels[rows[split]].astype(np.int64), count, seed=seed + place)
        ):
            path = f"pictures/{split}-{number:05}.png"
            Image.fromarray(picture).save(folder / path)
            lines.append(f"{path},{'|'.join(map(str, shown))},{split}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "labels.csv"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist")
    parser.add_argument("output", type=Path)
    parser.add_argument("--train", type=int, default=6000)
    parser.add_argument("--val", type=int, default=1000)
    parser.add_argument("--test", type=int, default=2000)
    arguments = parser.parse_args()
    print(
        write_composed(
            load_data("mnist", root=arguments.mnist),
            arguments.output,
            train=arguments.train,
            val=arguments.val,
            test=arguments.test,
        )
    )
