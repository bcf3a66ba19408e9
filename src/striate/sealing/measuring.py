"""What a sealed engine answers to the splits of a data set, and what that scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from striate.encodings import Encoding
from striate.runtime import Engine
from striate.sealing.agreement import answers_of, share_alike
from striate.sealing.calibrating import calibrate, uncalibrated_figures
from striate.tasks import Task
from striate.tasks.task import Targets, TaskScores
from striate.training.batches import pictures_at_once


@dataclass(frozen=True)
class MeasuredSplit:
    """A split to measure the sealed engine on: pictures, or whatever is given, that are already encoded, a batch at a time."""

    name: str
    labels: Targets
    pixels: Any
    """Called with positions (k,), answers what is encoded, (k, ...); of pictures (k, H, W, C) uint8."""
    fingerprint: str
    digests: npt.NDArray[np.uint8] | None = None
    """(n, 32) SHA-256 of the files, where a rule that is chosen on them shall name them."""


@dataclass(frozen=True)
class Measurements:
    """What the sealed engine scores, by split."""

    task: Task
    calibration: Mapping[str, int | float]
    """As the contract has it."""
    thresholds: Mapping[str, float]
    """As the contract has them, by class; the task decides by them."""
    probabilities: Mapping[str, npt.NDArray[np.float64]]
    """(n, classes), in the order of the labels."""
    labels: Mapping[str, Targets]
    scores: Mapping[str, TaskScores]
    uncalibrated: Mapping[str, TaskScores]
    """What the scores are at temperature 1."""

    def agreement(self, split: str, logits: npt.NDArray[np.floating[Any]]) -> float:
        """On which share of a split's first pictures these (n, classes) logits come to the sealed engine's answer."""
        sealed = self.task.decide(self.probabilities[split][: len(logits)])
        return share_alike(self.task, answers_of(logits, self.task, self.calibration), sealed)

    def figures(self, split: str) -> dict[str, Any]:
        """The single figures of a split, JSON-ready."""
        return self.scores[split].headline() | uncalibrated_figures(self.uncalibrated[split])


def measure_splits(engine: Engine, splits: list[MeasuredSplit], classes: tuple[str, ...], task: Task) -> Measurements:
    """What the engine answers to the splits, with what is fitted and chosen on `val`, and without."""
    logits = {split.name: engine_answers(engine, split)[0] for split in splits}
    labels = {split.name: split.labels for split in splits}
    calibration = calibrate(logits, labels, task)
    probabilities = {name: task.probabilities(found, calibration) for name, found in logits.items()}
    thresholds = task.choose_thresholds(probabilities["val"], labels["val"], classes) if "val" in logits else {}
    task = task.with_thresholds(thresholds, classes)
    plain = {name: task.probabilities(found, {"temperature": 1.0}) for name, found in logits.items()}
    return Measurements(
        task=task,
        calibration=calibration,
        thresholds=thresholds,
        probabilities=probabilities,
        labels=labels,
        scores={name: task.score(probabilities[name], labels[name], classes) for name in logits},
        uncalibrated={name: task.score(plain[name], labels[name], classes) for name in logits},
    )


def engine_answers(engine: Engine, split: MeasuredSplit) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The engine's logits (n, width) and features (n, d) on a split."""
    starts = range(0, len(split.labels), 64)  # of which the engine takes as many at once as suit it
    parts = [engine.infer(split.pixels(np.arange(start, min(start + 64, len(split.labels))))) for start in starts]
    logits, features = zip(*parts, strict=True)
    return np.concatenate(logits), np.concatenate(features)


@torch.inference_mode()
def network_logits(network: nn.Module, preprocessing: Encoding, pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The network's own logits, in fp32 torch: (n, classes) of what is encoded, (n, ...); of pictures (n, H, W, C) uint8."""
    at_once = pictures_at_once(pixels.shape[1:3])
    parts = [
        network(torch.from_numpy(preprocessing.ready(pixels[start : start + at_once]))).float().numpy()
        for start in range(0, len(pixels), at_once)
    ]
    return np.concatenate(parts)
