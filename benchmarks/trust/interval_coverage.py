"""Intervals of accuracies, and verdicts on two classifiers: how often they are right, summed over the binomial distribution."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import binom

from striate.evaluation import PairedComparison, wilson_interval

if TYPE_CHECKING:
    from .materials import Materials

NAME = "intervals"
COUNTS = (50, 200, 1000, 2000)
DIFFERING = (0.02, 0.1, 0.3)
"""Shares of pictures on which exactly one of two equally good classifiers is right."""
NEGLIGIBLE = 1e-9


def measure(materials: Materials) -> dict[str, Any]:
    """Exact figures of each cell; no data is needed."""
    return {
        "coverage": [
            {"pictures": count, "accuracy": share, "coverage": coverage(count, share)}
            for count in COUNTS
            for share in (0.5, 0.9, 1 - 3 / count)
        ],
        "told apart": [
            {"pictures": count, "differing": share, "share": told_apart(count, share)}
            for count, share in itertools.product(COUNTS, DIFFERING)
        ],
    }


def coverage(count: int, share: float) -> float:
    """How often the 95 % interval of an accuracy holds the true one."""
    successes = np.arange(count + 1)
    low, high = np.array([wilson_interval(int(k), count) for k in successes]).T
    return float(binom.pmf(successes, count, share)[(low <= share) & (share <= high)].sum())


def told_apart(count: int, differing: float) -> float:
    """How often two classifiers that are equally good are called better or worse, whichever."""
    total, number = 0.0, np.arange(count + 1)
    for apart in number[binom.pmf(number, count, differing) > NEGLIGIBLE].tolist():
        halves = binom.pmf(np.arange(apart + 1), apart, 0.5)
        told = [
            PairedComparison(count - apart, candidate, apart - candidate, 0).verdict != "not distinguishable"
            for candidate in range(apart + 1)
        ]
        total += float(binom.pmf(apart, count, differing) * halves[told].sum())
    return total


def section(result: Mapping[str, Any]) -> str:
    """What was measured, as Markdown."""
    cells, apart = result["coverage"], [row["share"] for row in result["told apart"]]
    found = [cell["coverage"] for cell in cells]
    lines = [
        "## Intervals and verdicts",
        "",
        "Summed exactly over the binomial distribution: the 95 % interval (Wilson) of an accuracy holds the true one in "
        f"{min(found):.1%} to {max(found):.1%} of cases in {len(found)} cells, {np.mean(found):.1%} on average.",
        "",
        "| pictures | true accuracy | held |",
        "|---|---|---|",
        *(f"| {cell['pictures']:,} | {cell['accuracy']:.4g} | {cell['coverage']:.2%} |" for cell in cells),
        "",
        f"Two classifiers that are equally good are called better or worse, whichever, in {min(apart):.1%} to {max(apart):.1%} of cases "
        f"({len(apart)} cells: {COUNTS[0]} to {COUNTS[-1]:,} pictures, of which one alone has {DIFFERING[0]:.0%} to "
        f"{DIFFERING[-1]:.0%} right).",
        "",
    ]
    return "\n".join(lines)
