"""CIFAR-10 as class folders, from a file of JPEGs.

    python benchmarks/cifar10_folders.py cifar10_jpeg.npz --output cifar10

The file holds, for `train` and `test`: `train_bytes` (all JPEGs, one after the other), `train_offsets` (picture i is
bytes[offsets[i]:offsets[i + 1]]), `train_labels`, and `classes`, their names. Writes OUTPUT/train/CLASS/00000.jpg and so on, byte for
byte as they are in the file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np


def main() -> None:
    """Parses and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the .npz file")
    parser.add_argument("--output", type=Path, required=True, help="a folder that does not exist yet")
    parser.add_argument("--limit", type=int, help="only so many pictures of each split")
    arguments = parser.parse_args()
    for split, count in lay_out(arguments.file, arguments.output, limit=arguments.limit).items():
        print(f"{split}: {count:,} pictures")


def lay_out(file: Path, output: Path, *, limit: int | None = None) -> dict[str, int]:
    """Writes the pictures as files and answers how many there are in each split.

    Args:
        file: The .npz file.
        output: A folder that does not exist yet.
        limit: Only so many pictures of each split, spread evenly over the file; None for all.
    """
    output.mkdir(parents=True)
    counts = {}
    with np.load(file) as arrays:
        classes = [str(name) for name in arrays["classes"]]
        for split in ("train", "test"):
            data, offsets, labels = (arrays[f"{split}_{part}"] for part in ("bytes", "offsets", "labels"))
            for name in classes:
                (output / split / name).mkdir(parents=True)
            counts[split] = len(labels) if limit is None else min(limit, len(labels))
            for index in np.linspace(0, len(labels) - 1, counts[split]).astype(int):
                path = output / split / classes[int(labels[index])] / f"{index:05}.jpg"
                path.write_bytes(data[offsets[index] : offsets[index + 1]].tobytes())
    return counts


if __name__ == "__main__":
    main()
