"""A run that is decided: what can be carried out, and what is written down of how it was started."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import torch

from striate.data import Dataset
from striate.deciding.run_plan import RunPlan, RunSettings
from striate.deciding.training_request import TrainingRequest
from striate.models import Network
from striate.training import TimePlan
from striate.weights.starting_weights import are_published


@dataclass(frozen=True)
class Decided:
    """A run that can be carried out."""

    plan: RunPlan
    dataset: Dataset
    network: Network
    """With its initial weights, on its device."""
    time_plan: TimePlan | None
    """The deadline to keep, if there is one."""


def settings_of(
    request: TrainingRequest, dataset: Dataset, weights_sha256: str | None, *, device: str, total_steps: int
) -> RunSettings:
    """What a run is started with besides its recipe, as of now.

    Args:
        request: What was said.
        dataset: What it learns from.
        weights_sha256: Of the file that it starts from; None where it draws its weights.
        device: Where it computes.
        total_steps: Steps of gradient descent that are planned.
    """
    begins_with = request.weights if weights_sha256 is not None else None
    return RunSettings(
        data=dataset.location,
        root=str(Path(request.root).absolute()) if request.root is not None else "",
        data_name=dataset.name,
        device=device,
        threads=torch.get_num_threads(),
        weights=place_of(begins_with) if begins_with is not None else "",
        weights_sha256=weights_sha256 or "",
        total_steps=total_steps,
        kind=dataset.kind,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        tensorboard=request.tensorboard,
        abstain=request.abstain or "",
    )


def place_of(weights: str | Path) -> str:
    """What a run's settings say of the weights that it started from."""
    return str(weights) if are_published(weights) else str(Path(weights).absolute())
