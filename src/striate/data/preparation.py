"""Data made ready for training: loaded, checked, split; or found again as a run had it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from striate.data.checking import check_pictures
from striate.data.dataset import Dataset
from striate.data.exclusion import apply_excluded
from striate.data.loading import load_data
from striate.data.preparing_ahead import PreparingAhead
from striate.data.split_table import SplitTable, read_split_csv
from striate.data.splitting import assign_splits
from striate.errors import DataError
from striate.name_comparison import NamePlaces
from striate.watching import Watcher


def prepare_data(
    data: str | Path | Dataset,
    *,
    seed: int,
    root: str | Path | None,
    watcher: Watcher,
    ahead: PreparingAhead | None = None,
) -> Dataset:
    """Loads, checks and splits the data; says what was set aside; `ahead` as `check_pictures` takes it."""
    dataset = data if isinstance(data, Dataset) else load_data(data, root=root)
    if dataset.facts is None:
        dataset = check_pictures(dataset, progress=watcher.task, ahead=ahead)
    if dataset.problems:
        first = dataset.problems[0]
        watcher.note(
            f"{len(dataset.problems)} {dataset.plural} are set aside because they cannot be used, such as {first.key}: {first.reason}"
        )
    dataset = assign_splits(dataset, seed=seed, progress=watcher.task)
    for note in dataset.notes:
        watcher.note(note)
    if not len(dataset.indices("train")):
        raise DataError(
            f"{dataset.location} has no training {dataset.plural}: it needs a folder named train, or no split folders at all"
        )
    return dataset


def reload_data(
    location: str,
    *,
    root: str | None,
    table: Path,
    excluded: Path,
    classes: tuple[str, ...],
    task: str,
    watcher: Watcher,
) -> Dataset:
    """A run's own pictures in the order and the splits of its `split.csv`; what is new at the location is left out.

    Args:
        location: The data's place: a path, or a built-in name.
        root: Where a built-in set's local copy is, if it needs one.
        table: The `split.csv`.
        excluded: The list of what was left out on request, which need not be there.
        classes: The run's classes.
        task: What was asked, by its name.
        watcher: Hears how far it is.

    Raises:
        DataError: If one of them is gone or was changed.
    """
    dataset = apply_excluded(load_data(location, root=root, task=task), excluded)
    dataset = check_pictures(dataset, progress=watcher.task)
    return listed_pictures(dataset, read_split_csv(table), classes=classes)


def listed_pictures(dataset: Dataset, table: SplitTable, *, classes: tuple[str, ...]) -> Dataset:
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
            f"{len(gone)} {dataset.plural} of the run are no longer in {dataset.location}, such as {gone[0]}; put them back to go on"
        )
    rows = np.array(places, dtype=np.int64)
    selected = dataset.select(rows)
    changed = np.flatnonzero((selected.checked_facts.digests != table.digests).any(axis=1))
    if len(changed):
        raise DataError(
            f"{len(changed)} {dataset.plural} in {dataset.location} were changed since the run began, such as {keys[changed[0]]}; "
            "put them back to go on"
        )
    of_class = np.array([classes.index(name) for name in table.classes], dtype=np.int32)
    labels = dataset.task.replaced(table.labels, of_class, len(classes))
    return dataclasses.replace(selected, classes=classes, labels=labels, splits=table.splits)
