"""What is subtracted from pixels and divided by before a network gets them: asked for, known of its weights, or measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.data.facts import PixelSample
from striate.decision import Decision
from striate.errors import UsageError
from striate.models import Row
from striate.pixels import Preprocessing
from striate.pixels.preprocessing_settings import ChannelOrder, PixelRange
from striate.weights.keymaps import ExpectedInputs
from striate.weights.starting_weights import StartingWeights

LEAST_DEVIATION = 0.02
"""Of pixels of 0 to 1: a constant channel has none, and cannot be divided by it."""

LARGEST_PIXEL_SCALE = 0.01
"""A row whose deviation is below this takes pixels of 0 to 255, as its initial weights expect."""


@dataclass(frozen=True)
class Normalisation:
    """What is subtracted and divided by, of which channels and pixels, and how that is known."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    why: str
    channel_order: ChannelOrder = "rgb"
    range: PixelRange = "0..1"


def known_normalisation(
    rule: Preprocessing,
    row: Row,
    starting: StartingWeights | None,
    expected: tuple[ExpectedInputs, str] | None,
    *,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    channel_order: ChannelOrder | None,
) -> Normalisation | None:
    """The mean and deviation that are known without looking at a picture; None if none are.

    Args:
        rule: How pictures are made but for that.
        row: The network's row.
        starting: Its weights.
        expected: What their publisher is known to expect, and how that is known.
        mean: What the user says; with `std`.
        std: What the user says.
        channel_order: In which order the user says that the network takes the channels.
    """
    file = starting.file if starting is not None else None
    if mean is not None and std is not None:
        values = _per_channel("mean", mean, rule.channels), _per_channel("std", std, rule.channels)
        order = channel_order or (expected[0].channel_order if expected else "rgb")
        return Normalisation(*values, "asked for", order, "0..255" if max(map(max, values)) > 1 else "0..1")
    if starting is not None and starting.published is not None:
        published = starting.published.preprocessing
        return Normalisation(published.mean, published.std, f"what {starting.name} expects")
    if file is not None and "mean" in file.metadata and "std" in file.metadata:
        values = _numbers(file.metadata["mean"], rule.channels), _numbers(file.metadata["std"], rule.channels)
        return Normalisation(*values, "from the weights file's metadata")
    if expected is not None and len(expected[0].mean) == rule.channels:
        inputs, why = expected
        why = why if why.startswith("what") else f"{why}; --mean and --std say it otherwise"
        return Normalisation(inputs.mean, inputs.std, why, inputs.channel_order, inputs.range)
    if len(row.mean) == rule.channels and (file is not None or row.benchmark.name == "MNIST"):
        return Normalisation(rule.mean, rule.std, f"what {row.name} was published with")
    return None


def measured_normalisation(rule: Preprocessing, row: Row, sample: PixelSample) -> Normalisation:
    """The mean and deviation of each channel over the sample of training pictures, to three decimals."""
    pixels = sample.pixels(rule).reshape(-1, rule.channels)
    mean = tuple(round(float(value), 3) for value in pixels.mean(axis=0, dtype=np.float64) / 255)
    deviation = np.maximum(pixels.std(axis=0, dtype=np.float64) / 255, LEAST_DEVIATION)
    std, why = tuple(round(float(value), 3) for value in deviation), "measured on the training pictures"
    if max(row.std) < LARGEST_PIXEL_SCALE:
        std = row.std[:1] * rule.channels
        why = f"the mean is measured; {row.name} was published with pixels of 0 to 255"
    return Normalisation(mean, std, why)


def normalised(
    rule: Preprocessing, known: Normalisation, channel_order: ChannelOrder | None
) -> tuple[Preprocessing, Decision]:
    """The rule with what is known, its values in the order of channels that was asked for."""
    order = channel_order or known.channel_order
    turn = -1 if order != known.channel_order else 1
    rule = dataclasses.replace(
        rule, mean=known.mean[::turn], std=known.std[::turn], range=known.range, channel_order=order
    )
    value = f"mean {show(rule.mean)}, deviation {show(rule.std)}"
    value += ", of pixels of 0 to 255" if rule.range == "0..255" else ""
    if order != known.channel_order:  # the reason below is that of the figures
        value += f", channels {'blue, green, red' if rule.reverses_channels else 'red, green, blue'} as asked for"
    elif rule.reverses_channels:
        value += ", channels blue, green, red"
    return rule, Decision("normalisation", value, known.why)


def _per_channel(name: str, values: Sequence[float], channels: int) -> tuple[float, ...]:
    """One value per channel."""
    if len(values) == 1:
        return tuple(values) * channels
    if len(values) != channels:
        raise UsageError(f"--{name} needs 1 or {channels} numbers, got {len(values)}")
    return tuple(values)


def _numbers(text: str, channels: int) -> tuple[float, ...]:
    """Numbers of a weights file's metadata, such as `0.485, 0.456, 0.406`."""
    try:
        values = [float(part) for part in text.strip("[]() ").split(",")]
    except ValueError as error:
        raise UsageError(f"the weights file's metadata has no numbers in {text!r}; give --mean and --std") from error
    return _per_channel("mean", values, channels)


def show(values: Sequence[float]) -> str:
    """Numbers for people; equal ones once.

    Example:
        >>> show((0.5, 0.5, 0.5)), show((0.485, 0.456, 0.406))
        ('0.5', '0.485, 0.456, 0.406')
    """
    return ", ".join(f"{value:.4g}" for value in (values if len(set(values)) > 1 else values[:1]))
