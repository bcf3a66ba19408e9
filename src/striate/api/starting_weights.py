"""The weights that a network starts from: a file, or the row's published ImageNet weights."""

from __future__ import annotations

from pathlib import Path

from striate.api.watching import Watcher
from striate.errors import UsageError
from striate.weights import (
    IMAGENET,
    StartingWeights,
    Which,
    fetch_weights,
    published_weights,
    read_weights,
    recognised,
)


def are_published(weights: str | Path) -> bool:
    """Whether this asks for a row's published weights and is not the path of a file."""
    return weights == IMAGENET


def find_weights(weights: str | Path, model: str, *, which: Which | None = None, watcher: Watcher) -> StartingWeights:
    """Reads a file, or the published weights of a row, which are downloaded unless they are in the cache.

    A file that is the row's published one, by its SHA-256, is taken for what it is.

    Args:
        weights: `"imagenet"`, or the path of a `.safetensors` or `.pth` file (`"./imagenet"` is a path).
        model: The row.
        which: Of a file that holds both: `"plain"` weights, or `"ema"`, their average over training.
        watcher: Hears how a download goes, and which weights of such a file are taken.

    Raises:
        UsageError: The row has no published weights (the message names a sibling that has), or `which` is given for them.
        WeightsError: The file cannot be read, or the weights cannot be downloaded.
    """
    if not are_published(weights):
        file = read_weights(Path(weights), which=which)
        if file.choice is not None:
            watcher.note(file.choice)
        return recognised(StartingWeights(file), model)
    if which is not None:
        raise UsageError(f"which={which!r} is for a file of weights; published weights are there once")
    published = published_weights(model)
    return StartingWeights(fetch_weights(published, progress=watcher.task), published)
