"""What comes before training: the data, the device, the initial weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from striate.api.run import SPLITS
from striate.api.run_plan import RunPlan
from striate.api.watching import Watcher
from striate.data import (
    Dataset,
    SplitTable,
    assign_splits,
    check_pictures,
    load_data,
    read_split_csv,
)
from striate.decision import Decision
from striate.errors import DataError, UsageError
from striate.models import Network, Row
from striate.name_comparison import NamePlaces
from striate.weights import StartingWeights, load_weights


def prepare_data(data: str | Path | Dataset, *, seed: int, root: str | Path | None, watcher: Watcher) -> Dataset:
    """Loads, checks and splits the data; says what was set aside."""
    dataset = data if isinstance(data, Dataset) else load_data(data, root=root)
    if dataset.facts is None:
        dataset = check_pictures(dataset, progress=watcher.task)
    if dataset.problems:
        first = dataset.problems[0]
        watcher.note(
            f"{len(dataset.problems)} pictures are set aside because they cannot be used, such as {first.key}: {first.reason}"
        )
    dataset = assign_splits(dataset, seed=seed)
    for note in dataset.notes:
        watcher.note(note)
    if not len(dataset.indices("train")):
        raise DataError(
            f"{dataset.location} has no training pictures: it needs a folder named train, or no split folders at all"
        )
    return dataset


def reload_data(folder: Path, plan: RunPlan, watcher: Watcher) -> Dataset:
    """The run's own pictures in the order and the splits of its `split.csv`; what is new in the folder is left out.

    Raises:
        DataError: If one of them is gone or was changed.
    """
    settings = plan.settings
    dataset = check_pictures(load_data(settings.data, root=settings.root or None), progress=watcher.task)
    return apply_split_table(dataset, read_split_csv(folder / SPLITS), classes=plan.classes)


def apply_split_table(dataset: Dataset, table: SplitTable, *, classes: tuple[str, ...]) -> Dataset:
    """The pictures of a table, in its order, with its labels and splits.

    Args:
        dataset: Checked; must hold every picture of the table, unchanged.
        table: A run's `split.csv`.
        classes: The run's classes.

    Raises:
        DataError: If a picture is gone or was changed.
    """
    known = NamePlaces(dataset.pictures.key(index) for index in range(len(dataset)))
    keys = list(table.keys)
    places = [known.find(key) for key in keys]
    if gone := [key for key, place in zip(keys, places, strict=True) if place is None]:
        raise DataError(
            f"{len(gone)} pictures of the run are no longer in {dataset.location}, such as {gone[0]}; put them back to go on"
        )
    rows = np.array(places, dtype=np.int64)
    selected = dataset.select(rows)
    changed = np.flatnonzero((selected.checked_facts.digests != table.digests).any(axis=1))
    if len(changed):
        raise DataError(
            f"{len(changed)} pictures in {dataset.location} were changed since the run began, such as {keys[changed[0]]}; "
            "put them back to go on"
        )
    labels = np.array([classes.index(name) for name in table.classes], dtype=np.int32)[table.labels]
    return dataclasses.replace(selected, classes=classes, labels=labels, splits=table.splits)


def choose_device(name: str) -> torch.device:
    """The device of a name; `auto` is a GPU if there is one.

    Raises:
        UsageError: If there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"unknown device {name!r}; expected auto, cpu, cuda or cuda:1") from error
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"device {name!r} is not supported; expected auto, cpu, cuda or cuda:1")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"there is no device {name!r} here: {torch.cuda.device_count()} CUDA devices were found")
    return device


def start_from(network: Network, weights: StartingWeights, row: Row) -> tuple[bool, Decision]:
    """Fills the network from a weights file; answers whether its head stayed new, and what matched."""
    report = load_weights(network, weights.file.tensors, row=row.name)
    new = any(name.startswith(f"{network.head_name}.") for name in (*report.head_replaced, *report.missing))
    return new, Decision("weights", weights.name, report.summary())
