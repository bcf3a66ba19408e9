"""What a contract says of answers: which there are, by what they are calibrated and decided, and how good they were; its checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from striate.errors import BundleError
from striate.table_reading import shown
from striate.tasks import Task

TEMPERATURES = (0.01, 10_000.0)
"""The least and the largest temperature of a contract. LeNet-5's squared distances want some tens."""

MOST_PICTURES = 10**12
"""That anything can have been measured on."""

LARGEST_LOSS = 1e39
"""Nats: beyond the largest difference of two logits."""

FIGURES: Mapping[str, str] = {
    "fingerprint": "a text",
    **dict.fromkeys(
        (f"{name}_interval" for name in ("accuracy", "mean_average_precision", "f1_micro", "f1_macro")),
        "two numbers from 0 to 1",
    ),
    "count": "a whole number from 0",
    "character_error_rate": "a number from 0",
    "top_k": "a whole number from 0",
    "log_loss": "a number from 0",
    "log_loss_uncalibrated": "a number from 0",
}
"""What the figures of a split are, but for shares of its pictures."""


def check_thresholds(thresholds: Mapping[str, float], task: Task, classes: Sequence[str]) -> None:
    """Raises BundleError unless there are none, or one in 0..1 for each class of a task that has them."""
    if not thresholds:
        return
    if not task.several or task.sequential or thresholds.keys() != set(classes):
        raise BundleError("the contract's thresholds must be one for each class, where a picture may have several")
    for name, value in thresholds.items():
        if not 0 <= value <= 1:
            raise BundleError(f"the contract's threshold of {shown(name)} is {shown(value)}; expected 0 to 1")


def check_classes(classes: Sequence[str], task: Task, outputs: int) -> None:
    """Raises BundleError unless the classes are different ones, as many as the outputs want, and an alphabet's single signs."""
    if task.width(classes) != outputs or len(set(classes)) != len(classes):
        raise BundleError(
            f"the contract names {len(classes)} classes ({len(set(classes))} different ones) for a network with {outputs} outputs"
        )
    if task.sequential and (odd := next((name for name in classes if len(name) != 1), None)) is not None:
        raise BundleError(
            f"the contract's alphabet has {shown(odd)}; expected single signs, of which the blank is none"
        )


def check_calibration(calibration: Mapping[str, int | float]) -> None:
    """Raises BundleError unless it is a temperature in `TEMPERATURES`, and a number of pictures."""
    if "temperature" not in calibration or not calibration.keys() <= {"temperature", "pictures"}:
        raise BundleError("the contract's calibration must hold a temperature and a number of pictures, and no more")
    low, high = TEMPERATURES
    if not low <= calibration["temperature"] <= high:
        raise BundleError(
            f"the contract's temperature is {shown(calibration['temperature'])}; expected {low:g} to {high:,.0f}"
        )
    pictures = calibration.get("pictures", 0)
    if not isinstance(pictures, int) or not 0 <= pictures <= MOST_PICTURES:
        raise BundleError(
            f"the contract's temperature was fitted on {shown(pictures)} pictures; expected a whole number from 0"
        )


def check_figures(split: str, figures: Mapping[str, Any]) -> None:
    """Raises BundleError unless all that was measured on a split is figures that can be."""
    for name, value in figures.items():
        if not _is_figure(name, value):
            raise BundleError(
                f"the contract's metrics of {shown(split)} have {shown(value)} for {shown(name)}; "
                f"expected {FIGURES.get(name, 'a number from 0 to 1')}"
            )


def _is_figure(name: str, value: Any) -> bool:
    if name == "fingerprint":
        return isinstance(value, str)
    if name.endswith("_interval"):
        return isinstance(value, list) and len(value) == 2 and all(_is_figure("accuracy", one) for one in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if name in ("count", "top_k"):
        return isinstance(value, int) and 0 <= value <= MOST_PICTURES
    unbounded = FIGURES.get(name) == "a number from 0"
    return 0 <= value <= (LARGEST_LOSS if unbounded else 1 + 1e-9)  # sums are rounded
