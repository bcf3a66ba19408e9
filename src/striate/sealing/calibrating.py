"""The temperature that a bundle is sealed with, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.evaluation import Finding
from striate.evaluation.calibration import FEWEST_PICTURES
from striate.tasks import Task
from striate.tasks.task import Targets, TaskScores


def calibrate(
    logits: Mapping[str, npt.NDArray[np.floating[Any]]], labels: Mapping[str, Targets], task: Task
) -> dict[str, int | float]:
    """The contract's calibration: fitted on the validation split, whatever others there are; not fitted where that is too small.

    Args:
        logits: Of the sealed engine, (n, width) by split.
        labels: The targets by split.
        task: What is asked.
    """
    if "val" not in logits or len(labels["val"]) < FEWEST_PICTURES:
        return {"temperature": 1.0, "pictures": 0}
    temperature = task.fit_temperature(logits["val"], labels["val"])
    if temperature is None:
        return {"temperature": 1.0, "pictures": 0}
    return {"temperature": temperature, "pictures": len(labels["val"])}


def judge_calibration(
    calibration: Mapping[str, int | float], validation_pictures: int, *, one: str = "picture"
) -> tuple[Finding, ...]:
    """That probabilities are uncalibrated, where no temperature was fitted."""
    if calibration["pictures"]:
        return ()
    few = (
        f"{validation_pictures:,} validation {one}s are too few"
        if validation_pictures
        else f"there is no validation {one}"
    )
    return (
        Finding(
            f"probabilities are as the network gives them, which is often too sure: {few} to fit a temperature, "
            f"which takes {FEWEST_PICTURES} or more"
        ),
    )


def uncalibrated_figures(scores: TaskScores) -> dict[str, float]:
    """Of the scores at temperature 1, those that a temperature changes, under names of their own."""
    return {
        "log_loss_uncalibrated": scores.log_loss,
        "expected_calibration_error_uncalibrated": scores.expected_calibration_error,
    }
