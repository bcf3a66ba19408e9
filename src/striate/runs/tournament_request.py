"""What a user said of a tournament: what holds for every candidate, as its record keeps it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from striate.augmentation import AugmentationPolicy, read_policy
from striate.data import Dataset
from striate.data.facts import DataFacts
from striate.deciding.candidate import Candidate
from striate.deciding.decided import place_of
from striate.deciding.training_request import AUTO, TrainingRequest
from striate.errors import UsageError
from striate.row_writing import path_from_text, path_text
from striate.table_reading import read_dataclass
from striate.weights.starting_weights import are_published

EXACTLY = ("model", "epochs", "batch_size", "init", "recipe", "settings")
"""What names a training exactly: whoever says one of these, or a `transfer` other than `auto`, gets that one and no tournament."""


def is_exact(request: TrainingRequest) -> bool:
    """Whether the user said how one network is to be trained."""
    return any(getattr(request, name) not in (None, ()) for name in EXACTLY) or request.transfer not in (None, AUTO)


def check_metric(request: TrainingRequest, *, quick: bool) -> None:
    """Refuses a metric that nothing would be compared by.

    Args:
        request: What was said.
        quick: Whether the first classifier is enough.

    Raises:
        UsageError: One network alone is to be trained.
    """
    if request.metric is None or not (quick or is_exact(request)):
        return
    named = [name for name in EXACTLY if getattr(request, name) not in (None, ())]
    named += ["transfer"] if request.transfer not in (None, AUTO) else []
    options = ["set" if name == "settings" else name.replace("_", "-") for name in named or ["quick"]]
    said = " and ".join(f"--{option}" for option in options)
    raise UsageError(
        f"--metric {request.metric} says what several classifiers are compared by, and {said} has one alone trained; "
        f"leave out --metric, or {said}"
    )


def asked_of_all(request: TrainingRequest, facts: DataFacts, dataset: Dataset) -> dict[str, Any]:
    """What holds for every candidate, as JSON types: files that may change are read, places are absolute."""
    augment = None if request.augment is None else read_policy(request.augment, drawn=facts.drawn).to_dict()
    return {
        "data": path_text(dataset.location),
        "root": None if request.root is None else path_text(str(request.root)),
        "weights": None if request.weights is None else path_text(place_of(request.weights)),
        "weights_sha256": _digest(request.weights),
        "mean": None if request.mean is None else list(request.mean),
        "std": None if request.std is None else list(request.std),
        "augment": augment,
        "balance": request.balance,
        "size": request.size,
        "seed": request.seed,
        "device": request.device,
        "tensorboard": request.tensorboard,
        "abstain": request.abstain,
        "task": dataset.task.name,
    }


def check_weights(asked: Mapping[str, Any]) -> None:
    """Refuses another file of weights than the one that the tournament was begun with, before a candidate starts from it.

    Raises:
        UsageError: The file has other content, or is not there.
    """
    begun_with = asked.get("weights_sha256")
    if begun_with and _digest(place := path_from_text(asked["weights"])) != begun_with:
        raise UsageError(f"{place} is not the file that the run was started with; put that one back")


def _digest(weights: str | Path | None) -> str | None:
    """Of a file of weights; None where there is none."""
    if weights is None or are_published(weights) or not Path(weights).is_file():
        return None
    with Path(weights).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def request_for(
    candidate: Candidate, asked: Mapping[str, Any], dataset: Dataset, *, precision: str, time_limit: float | None
) -> TrainingRequest:
    """The request that trains a candidate.

    Args:
        candidate: The one.
        asked: What holds for every candidate.
        dataset: Checked, with splits.
        precision: The number format that was asked for; empty: the candidate's own.
        time_limit: Seconds that are left for it; None: what it takes.
    """
    weights = asked["weights"]
    of_a_file = bool(candidate.weights) and not are_published(candidate.weights)
    common = TrainingRequest(
        data=dataset,
        root=None if asked["root"] is None else path_from_text(asked["root"]),
        augment=None if asked["augment"] is None else read_dataclass(AugmentationPolicy, asked["augment"], "augment."),
        balance=candidate.balance or asked["balance"],
        size=candidate.size or asked["size"],
        seed=asked["seed"],
        device=asked["device"],
        tensorboard=asked["tensorboard"],
        abstain=asked.get("abstain"),
        precision=precision or candidate.precision or None,
        time_limit=time_limit,
        model=None if of_a_file else candidate.model,  # the file says whose it is, and which twin suits it is measured
        weights=path_from_text(candidate.weights) if candidate.weights else None,
        transfer=candidate.transfer or None,
        epochs=candidate.epochs or None,
        settings=candidate.settings,
    )
    if weights is None or candidate.weights == weights:  # what is said of the weights is said of these
        common = dataclasses.replace(common, mean=asked["mean"], std=asked["std"])
    return common
