"""Whether the interval of a learning curve holds what it says: digits of MNIST, few to learn from and many to measure the truth on.

Of 800 digits the curve says what 1,600 would bring; heads on 1,600 are measured on 20,000 others, and on 1,000 of these, as who has no more
would measure them.
"""

from __future__ import annotations

import gzip
import time
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from striate.evaluation.learning_curve import INTERVAL, learning_curve
from striate.transfer.head import choose_strength, one_scale
from striate.transfer.regression import logistic_regression
from striate.transfer.subset_heads import HELD_OUT, subset_sizes, wrong_of_held_out
from striate.watching import Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from .materials import Materials

NAME = "curves"
DRAWS = 60
PICTURES = 800
TRUTH = 20_000
FEW = 1_000
COMPONENTS = 40
Array = npt.NDArray[Any]


def digits(data: Path) -> tuple[Array, Array]:
    """(70,000, 40) principal components of the digits in a drawn order, and their labels."""
    pixels, labels = [], []
    for part in ("train", "t10k"):
        for kind, skipped, found in (("images-idx3", 16, pixels), ("labels-idx1", 8, labels)):
            with gzip.open(data / "mnist" / f"{part}-{kind}-ubyte.gz") as file:
                found.append(np.frombuffer(file.read(), np.uint8, offset=skipped))
    order = np.random.default_rng(5).permutation(70_000)
    grey = np.concatenate(pixels).reshape(-1, 784)[order].astype(np.float32) / 255
    mean = grey[:5000].mean(axis=0)
    axes = np.linalg.svd(grey[:5000] - mean, full_matrices=False)[2]
    return (grey - mean) @ axes[:COMPONENTS].T, np.concatenate(labels)[order].astype(np.int64)


def draw(features: Array, labels: Array, seed: int) -> tuple[bool, bool, float]:
    """Whether the interval of one draw holds the truth, and what few pictures say of it; and how wide it is."""
    rows = np.random.default_rng((9, seed)).permutation(len(labels) - TRUTH)[: 2 * PICTURES]
    known = rows[:PICTURES]
    sizes = subset_sizes(round(PICTURES * (1 - HELD_OUT)), 10)
    wrong = wrong_of_held_out(features[known], labels[known], sizes, each=False, seed=seed, watcher=Watcher())
    expected = learning_curve(sizes, wrong, seed=seed).at(2 * PICTURES)
    scaled = one_scale(np.concatenate([features[rows], features[-TRUTH:]]), each=False)
    strength = choose_strength(scaled[:PICTURES], labels[known], class_weight=None, seed=seed)
    head = logistic_regression(strength, None, iterations=100).fit(scaled[: 2 * PICTURES], labels[rows])
    right = head.predict(scaled[2 * PICTURES :]) == labels[-TRUTH:]
    few = right[np.random.default_rng(seed).choice(TRUTH, FEW, replace=False)]
    held, held_by_few = (bool(expected.low <= part.mean() <= expected.high) for part in (right, few))
    return held, held_by_few, expected.high - expected.low


def measure(materials: Materials) -> dict[str, Any]:
    """How often it holds, as JSON types."""
    features, labels = digits(materials.data)
    begun = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        held, held_by_few, widths = zip(*(draw(features, labels, seed) for seed in range(DRAWS)), strict=True)
    return {
        "draws": DRAWS,
        "held": sum(held),
        "held by few": sum(held_by_few),
        "width": float(np.mean(widths)),
        "processor_seconds": round(time.process_time() - begun, 1),
    }


def section(result: Mapping[str, Any]) -> str:
    """What was measured, as Markdown."""
    return "\n".join(
        [
            "## How many more pictures",
            "",
            f"`striate learning-curve` ([transfer.md](transfer.md)) on {PICTURES} digits of MNIST ({COMPONENTS} principal components): of "
            f"{result['draws']} draws the accuracy on twice as many, measured on {TRUTH:,} others, was in the interval of {INTERVAL:.0%} "
            f"in {result['held']}, and measured on {FEW:,} of these in {result['held by few']}. It is {100 * result['width']:.1f} points "
            "wide on average.",
            "",
        ]
    )
