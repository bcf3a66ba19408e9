"""What comes before training: the data, the recipe, the device, the initial weights, the preprocessing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from striate.api.run import SPLITS
from striate.api.run_plan import RunPlan
from striate.api.starting_weights import StartingWeights
from striate.api.watching import Watcher
from striate.data import (
    Dataset,
    SplitTable,
    assign_splits,
    check_pictures,
    load_data,
    read_split_csv,
)
from striate.errors import DataError, UsageError
from striate.models import Network, Row
from striate.pixels import Preprocessing
from striate.training import DataFacts, Decision
from striate.training.defaults import check_side
from striate.weights import KNOWN_FILES, PublishedWeights, load_weights


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
    places = {dataset.pictures.key(index): index for index in range(len(dataset))}
    keys = list(table.keys)
    if gone := [key for key in keys if key not in places]:
        raise DataError(
            f"{len(gone)} pictures of the run are no longer in {dataset.location}, such as {gone[0]}; put them back to go on"
        )
    rows = np.array([places[key] for key in keys], dtype=np.int64)
    selected = dataset.select(rows)
    changed = np.flatnonzero((selected.checked_facts.digests != table.digests).any(axis=1))
    if len(changed):
        raise DataError(
            f"{len(changed)} pictures in {dataset.location} were changed since the run began, such as {keys[changed[0]]}; "
            "put them back to go on"
        )
    labels = np.array([classes.index(name) for name in table.classes], dtype=np.int32)[table.labels]
    return dataclasses.replace(selected, classes=classes, labels=labels, splits=table.splits)


def data_facts(dataset: Dataset) -> DataFacts:
    """What the defaults look at: the training pictures' number, size and colour."""
    rows = dataset.indices("train")
    table = dataset.checked_facts
    short = np.minimum(table.widths[rows], table.heights[rows])
    return DataFacts(len(rows), len(dataset.classes), int(np.median(short)), bool(table.colour[rows].any()))


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


def published_preprocessing(published: PublishedWeights, *, size: int | None) -> tuple[Preprocessing, list[Decision]]:
    """What published weights were evaluated with; for another input size all is in the same proportion.

    Args:
        published: The weights.
        size: Side of the network's input in pixels, if the user gave one.

    Raises:
        UsageError: If `size` makes no picture.
    """
    check_side(size)
    rule = resized_in_proportion(published.preprocessing, size or published.preprocessing.size[0])
    why = "asked for" if size else f"what {published.source} was evaluated with"
    return rule, [Decision("input size", f"{rule.size[0]} x {rule.size[1]}", why)]


def resized_in_proportion(preprocessing: Preprocessing, side: int) -> Preprocessing:
    """The same rule for a square input of another side: what is cut off is the same share of the picture."""
    resize, (height, _) = preprocessing.resize_size or preprocessing.size, preprocessing.size
    before = round(resize[0] * side / height)
    return dataclasses.replace(preprocessing, resize_size=(before, before), crop=(side, side))


LARGEST_PIXEL_SCALE = 0.01
"""A row whose deviation is below this takes pixels of 0 to 255, as its initial weights expect."""


def normalisation(
    preprocessing: Preprocessing,
    dataset: Dataset,
    row: Row,
    starting: StartingWeights | None,
    *,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> tuple[Preprocessing, Decision]:
    """The preprocessing with the mean and deviation that suit the weights or, from scratch, the pictures.

    Raises:
        UsageError: If only one of `mean` and `std` is given, or the number of values is not 1 or that of the channels.
    """
    known = known_normalisation(preprocessing, row, starting, mean=mean, std=std)
    if known is not None:
        return known
    values = measure_normalisation(preprocessing, dataset)
    why = "measured on the training pictures"
    if max(row.std) < LARGEST_PIXEL_SCALE:
        values = (values[0], row.std[:1] * preprocessing.channels)
        why = f"the mean is measured; {row.name} was published with pixels of 0 to 255"
    return _normalised(preprocessing, values, why)


def known_normalisation(
    preprocessing: Preprocessing,
    row: Row,
    starting: StartingWeights | None,
    *,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> tuple[Preprocessing, Decision] | None:
    """The preprocessing with the mean and deviation that are known without looking at a picture; None if none are.

    Raises:
        UsageError: If only one of `mean` and `std` is given, or the number of values is not 1 or that of the channels.
    """
    weights = starting.file if starting is not None else None
    if (mean is None) != (std is None):
        raise UsageError("--mean and --std belong together; give both or neither")
    if mean is not None and std is not None:
        values = (
            per_channel("mean", mean, preprocessing.channels),
            per_channel("std", std, preprocessing.channels),
        )
        why = "asked for"
    elif starting is not None and starting.published is not None:
        values = (starting.published.preprocessing.mean, starting.published.preprocessing.std)
        why = f"what {starting.published.source} expects"
    elif weights is not None and "mean" in weights.metadata and "std" in weights.metadata:
        values = (
            read_numbers(weights.metadata["mean"], preprocessing.channels),
            read_numbers(weights.metadata["std"], preprocessing.channels),
        )
        why = "from the weights file's metadata"
    elif weights is not None and weights.sha256 in KNOWN_FILES:
        known = KNOWN_FILES[weights.sha256]
        values, why = (known.mean, known.std), f"what this file is known to expect ({known.source})"
    elif len(row.mean) == preprocessing.channels and (weights is not None or row.benchmark.name == "MNIST"):
        values = (preprocessing.mean, preprocessing.std)
        why = f"what {row.name} was published with"
    else:
        return None
    return _normalised(preprocessing, values, why)


def _normalised(
    preprocessing: Preprocessing, values: tuple[tuple[float, ...], tuple[float, ...]], why: str
) -> tuple[Preprocessing, Decision]:
    result = dataclasses.replace(preprocessing, mean=values[0], std=values[1])
    return result, Decision("normalisation", f"mean {show(values[0])}, deviation {show(values[1])}", why)


def per_channel(name: str, values: Sequence[float], channels: int) -> tuple[float, ...]:
    """One value per channel."""
    if len(values) == 1:
        return tuple(values) * channels
    if len(values) != channels:
        raise UsageError(f"--{name} needs 1 or {channels} numbers, got {len(values)}")
    return tuple(values)


def read_numbers(text: str, channels: int) -> tuple[float, ...]:
    """Numbers of a weights file's metadata, such as `0.485, 0.456, 0.406`."""
    try:
        values = [float(part) for part in text.strip("[]() ").split(",")]
    except ValueError as error:
        raise UsageError(f"the weights file's metadata has no numbers in {text!r}; give --mean and --std") from error
    return per_channel("mean", values, channels)


def measure_normalisation(
    preprocessing: Preprocessing, dataset: Dataset
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each channel over up to 512 training pictures, of the 0..1 range, to three decimals."""
    pixels = sample_pixels(preprocessing, dataset).reshape(-1, preprocessing.channels)
    mean = pixels.mean(axis=0, dtype=np.float64) / 255
    deviation = np.maximum(pixels.std(axis=0, dtype=np.float64) / 255, 0.02)  # a constant channel has none
    return tuple(round(float(value), 3) for value in mean), tuple(round(float(value), 3) for value in deviation)


def sample_pixels(preprocessing: Preprocessing, dataset: Dataset, *, most: int = 512) -> npt.NDArray[np.uint8]:
    """(k, H, W, C) uint8: up to `most` training pictures, evenly from the first to the last."""
    rows = dataset.indices("train")
    rows = rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
    return np.stack([preprocessing.pixels(dataset.pictures.read(int(row))) for row in rows])


def show(values: Sequence[float]) -> str:
    """Numbers for people; equal ones once."""
    return ", ".join(f"{value:.4g}" for value in (values if len(set(values)) > 1 else values[:1]))
