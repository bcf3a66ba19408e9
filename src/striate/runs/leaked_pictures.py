"""Pictures that a run is measured on and that show what it learnt from: how many there are, and what it scores without them."""

from __future__ import annotations

import shlex

import numpy as np
import numpy.typing as npt

from striate.data import Dataset
from striate.data.near_copies import THOROUGH, near_copies_in
from striate.data.splitting import unit_of_each
from striate.evaluation import Finding
from striate.sealing.measuring import Measurements


def leaked_rows(dataset: Dataset, split: str) -> npt.NDArray[np.bool_]:
    """(n,) which pictures of a split are exact or near copies of training pictures, or of others that are.

    Args:
        dataset: With splits; checked.
        split: `"val"` or `"test"`.
    """
    near = near_copies_in(dataset, thorough=len(dataset) <= THOROUGH)
    units = unit_of_each(dataset.checked_facts.digests, None, near.pairs)
    return np.isin(units[dataset.indices(split)], units[dataset.indices("train")])


def judge_leaks(dataset: Dataset, measured: Measurements) -> tuple[Finding, ...]:
    """A warning where pictures that a run is measured on show what it learnt from, with the accuracy without them.

    Args:
        dataset: With splits.
        measured: What the sealed engine answers to them.
    """
    split = next((name for name in ("test", "val") if name in measured.scores), None)
    if split is None or dataset.facts is None:
        return ()
    leaked = leaked_rows(dataset, split)
    if not leaked.any() or len(leaked) != len(measured.labels[split]):
        return ()
    count, rest = len(leaked), ~leaked
    said = f"{leaked.sum():,} of the {count:,} pictures of {split} are copies or near copies of training pictures"
    names = f"striate check {shlex.quote(dataset.location)} names them"
    if not rest.any():
        return (Finding(f"{said}: nothing tells how good the classifier is on others; {names}", "warning"),)
    scores = measured.task.score(measured.probabilities[split][rest], measured.labels[split][rest], dataset.classes)
    low, high = scores.accuracy_interval
    return (
        Finding(
            f"{said}: with them {measured.scores[split].accuracy:.1%} are right, without them {scores.accuracy:.1%} of {scores.count:,} "
            f"(95 % interval {low:.1%} to {high:.1%}); {names}",
            "warning",
        ),
    )
