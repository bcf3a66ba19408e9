"""The weights that a network starts from: a file or the row's published ones, what is known of them, and a network filled with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from striate.decision import Decision
from striate.errors import UsageError
from striate.models import Network, Row
from striate.watching import Watcher
from striate.weights.downloading import fetch_weights
from striate.weights.matching import load_weights, row_like
from striate.weights.published import IMAGENET, PUBLISHED, PublishedWeights, published_weights
from striate.weights.reading import WeightsFile, read_weights
from striate.weights.tensor_tables import Which


@dataclass(frozen=True)
class StartingWeights:
    """Weights that were found, and what their publisher says of them if they are a row's published ones."""

    file: WeightsFile
    published: PublishedWeights | None = None

    @property
    def name(self) -> str:
        """What to call them: the publisher's name, or the file's."""
        return self.published.source if self.published else self.file.path.name


def recognised(starting: StartingWeights, model: str) -> StartingWeights:
    """The same; with what the publisher says, if the file is known by its SHA-256 to be the row's published one."""
    if starting.published is None and model in PUBLISHED:
        published = published_weights(model)
        if starting.file.sha256.startswith(published.sha256_prefix):
            return StartingWeights(starting.file, published)
    return starting


def are_published(weights: str | Path) -> bool:
    """Whether this asks for a row's published weights and is not the path of a file."""
    return weights == IMAGENET


def row_of_file(weights: str | Path) -> str | None:
    """The row of the catalogue whose weights a file holds, by its tensors' names and shapes; None where they are no row's.

    Raises:
        WeightsError: The file cannot be read.
    """
    return None if are_published(weights) else row_like(read_weights(Path(weights)).tensors)


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


def start_from(network: Network, weights: StartingWeights, row: Row) -> tuple[bool, Decision]:
    """Fills the network from a weights file; answers whether its head stayed new, and what matched."""
    report = load_weights(network, weights.file.tensors, row=row.name)
    new = any(name.startswith(f"{network.head_name}.") for name in (*report.head_replaced, *report.missing))
    return new, Decision("weights", weights.name, report.summary())


def check_weights(weights: str | Path, model: str) -> None:
    """Refuses weights that are not there, or that the network's publisher never made; nothing is read or downloaded.

    Raises:
        UsageError: The row has no published weights.
        WeightsError: There is no such file.
    """
    if are_published(weights):
        published_weights(model)
    elif not Path(weights).is_file():
        read_weights(weights)  # which says what is there instead
