"""`striate.measure_signal`: how the signal goes through a network before it is trained, and whether it will train."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from striate.choosing import in_turn
from striate.data import Dataset, load_data
from striate.errors import UsageError
from striate.initialization import PAPER, Scheme, initialize, named_scheme
from striate.inspection import SignalReport, network_signal
from striate.inspection.input_shape import input_shape
from striate.models import Network
from striate.models.config import IMAGENET
from striate.nn.arguments import whole_number
from striate.sealing.opening import ModelName, weighted_network
from striate.watching import Watcher
from striate.weights.input_rule import whole_picture

DEFAULT_SCHEMES = (PAPER, "he_normal", "xavier_uniform", "lecun_uniform")


def measure_signal(
    model: nn.Module | ModelName,
    schemes: Sequence[str | Scheme] | None = None,
    *,
    data: str | Path | Dataset | None = None,
    input_size: int | Sequence[int] | None = None,
    pictures: int = 16,
    seed: int = 0,
    watcher: Watcher | None = None,
) -> SignalReport:
    """Measures the first step of training: activations, gradients and dead ReLUs, layer by layer, and whether it will train.

    `striate.inspection.signal` says how, and how the verdict is found.

    Args:
        model: A name of the catalogue, a run, the folder of a run or bundle, or any module, which is left as it was.
        schemes: How to draw the weights, one after the other: names or `striate.initialization.Scheme`. `None`: for a
            name of the catalogue its paper's rules, He's normal and Xavier's and LeCun's uniform ones; for a bundle or a
            module the weights that it has.
        data: Pictures and labels, as `striate.load_data` takes them; a network of the catalogue gets as many classes.
            `None`: random pictures whose brightness and colour vary as in photographs (their spectrum falls as one over
            the frequency), and labels that have nothing to do with them.
        input_size: Height and width of a picture in pixels, or one number for both; `None`: the network's own, or the
            size that the bundle's pictures are brought to.
        pictures: How many pictures, 2 or more; of `data` as many of each class as can be.
        seed: Draws weights and pictures reproducibly.
        watcher: Hears how far it is.

    Raises:
        UnknownNameError: There is no such network or scheme.
        UsageError: A number makes no sense, the network does not say what pictures it takes or refuses these, or it has
            nothing to train.
        PictureError: One of the pictures cannot be read.
        DataError: The data cannot be used.
        BundleError: The bundle is damaged.

    Example:
        >>> report = measure_signal("lenet5_relu", ["he_normal", "lecun_uniform:gain=0.01"])
        >>> [signal.outcome for signal in report.signals]
        ['trains', 'fails']
    """
    watcher = watcher or Watcher()
    pictures = whole_number("measure_signal", "pictures", pictures, minimum=2)
    dataset = load_data(data) if isinstance(data, str | Path) else data
    rules = None if schemes is None else [named_scheme(scheme) or PAPER for scheme in schemes]
    if dataset is not None and dataset.task.several:
        raise UsageError(
            "a signal is measured with one class a picture, and these pictures may have several; leave the data out"
        )
    opened = weighted_network(model, num_classes=dataset.task.width(dataset.classes) if dataset else None, seed=seed)
    network = opened.network
    if opened.of_catalogue:
        rules = rules or [named_scheme(scheme) or PAPER for scheme in DEFAULT_SCHEMES]
    shape = input_shape(network, opened.size if input_size is None else input_size)
    if dataset is None:
        images, labels = random_pictures(network, shape, pictures, seed=seed)
        what = f"{pictures} random pictures"
    else:
        images, labels = chosen_pictures(dataset, network, shape, pictures)
        what = f"{len(images)} pictures of {dataset.location}"
    if isinstance(model, nn.Module) and rules:
        network = copy.deepcopy(network)
    signals = []
    for place, rule in enumerate(rules or [None]):
        watcher.task("signal", place, len(rules or [None]))
        if rule is not None:
            initialize(network, rule, seed=seed)
        signals.append(network_signal(network, images, labels, scheme="" if rule is None else str(rule)))
    watcher.task("signal", len(signals), len(signals))
    return SignalReport(opened.name or type(network).__name__, opened.paper, shape, what, tuple(signals))


def random_pictures(network: nn.Module, shape: tuple[int, ...], count: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Pictures with the spectrum of photographs, normalised as the network takes them, and a label for each.

    White noise would not do: all of its pictures have the same mean, so that a network that averages over pixels hardly
    tells them apart, as it does photographs.

    Args:
        network: Says how many classes there are, and its row how inputs are normalised.
        shape: (channels, height, width) of a picture.
        count: How many.
        seed: Draws them reproducibly.

    Returns:
        (count, channels, height, width) float32 and (count,) int64, all classes as often as can be.

    Source: Field 1987, Relations between the statistics of natural images and the response properties of cortical cells
    (amplitude falls as one over the frequency).
    """
    if len(shape) != 3:
        raise UsageError(f"a signal is measured on pictures, (channels, height, width), got shape {shape}")
    channels, height, width = shape
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, *shape, generator=generator)
    rows, columns = torch.fft.fftfreq(height)[:, None] * height, torch.fft.rfftfreq(width) * width
    frequency = (rows**2 + columns**2).sqrt().clamp(min=1)
    noise = torch.fft.irfft2(torch.fft.rfft2(noise) / frequency, s=(height, width))
    pixels = (0.5 + 0.25 * (noise - noise.mean()) / noise.std()).clamp(0, 1)
    mean, std = _normalization(network, channels)
    images = (pixels - torch.tensor(mean).view(-1, 1, 1)) / torch.tensor(std).view(-1, 1, 1)
    classes = getattr(network, "num_classes", None)
    if not isinstance(classes, int):
        with torch.no_grad():
            classes = int(network(images[:2].to(next(network.parameters(), images))).shape[-1])
    return images, torch.arange(count) % classes


def chosen_pictures(dataset: Dataset, network: nn.Module, shape: tuple[int, ...], count: int) -> tuple[Tensor, Tensor]:
    """Pictures of a data set as the network takes them, one of each class after the other, and their labels.

    Raises:
        PictureError: One of them cannot be read.
        UsageError: There are fewer than two, or the network does not take 1 or 3 channels.
    """
    if len(shape) != 3 or shape[0] not in (1, 3):
        raise UsageError(f"pictures have 1 or 3 channels, and the network takes inputs of shape {shape}")
    channels, height, width = shape
    preprocessing = whole_picture(channels, (height, width), *_normalization(network, channels))
    rows = dataset.indices("train") if dataset.has_splits else np.arange(len(dataset))
    labels = dataset.labels[rows]
    by_class = np.argsort(labels, kind="stable")
    rows = rows[by_class[in_turn(dataset.task.strata(labels[by_class]), count)]]
    if len(rows) < 2:
        raise UsageError(f"{dataset.location} has {len(rows)} pictures to train on, and a signal takes two or more")
    pixels = [preprocessing.pixels(dataset.pictures.read(int(i)), name=dataset.pictures.key(int(i))) for i in rows]
    return torch.from_numpy(preprocessing.normalise(np.stack(pixels))), torch.from_numpy(
        dataset.labels[rows].astype(np.int64)
    )


def _normalization(network: nn.Module, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of the network's row, or ImageNet's for a network of no row."""
    benchmark = network.config.benchmark if isinstance(network, Network) else IMAGENET
    return benchmark.normalization(channels)
