"""The method `noise`: how much white noise and how much contrast is left behind a pooling."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from striate.errors import UnknownNameError, UsageError
from striate.nn import MinPool2d
from striate.reproductions.experiment import Arm
from striate.reproductions.learning import read_recipe, train
from striate.reproductions.networks import build_network
from striate.reproductions.sources import HeldPictures
from striate.reproductions.work import Measured, Work
from striate.table_reading import read_dataclass
from striate.training.batches import pictures_at_once
from striate.training.inputs import load_pixels, normalise

MEASURES = frozenset({"noise_left", "shift", "contrast_left", "signal_to_noise"})

POOLINGS: Mapping[str, type[nn.MaxPool2d | nn.AvgPool2d | MinPool2d]] = MappingProxyType(
    {"max": nn.MaxPool2d, "average": nn.AvgPool2d, "min": MinPool2d}
)
PLACES = ("windows", "pictures", "maps")
MOST_SIDE = 100
"""Of a window."""


@dataclass(frozen=True, kw_only=True)
class NoiseOptions:
    """What the method asks of an arm."""

    pooling: str
    """A name of `POOLINGS`."""
    of: str
    """What is pooled: `windows` that are constant but for the noise, by arithmetic; `pictures`; or `maps` of the arm's layers, once they
    have learnt, before one of their poolings."""
    size: int = 2
    """Of a window, each way."""
    before: int = 1
    """Of maps: before which of the arm's poolings, from 1."""
    noise: float = 0.1
    """Deviation of the noise that is added to each pixel, of the 0..1 range, and not clipped."""


def read_options(arm: Arm) -> NoiseOptions:
    """The options of an arm.

    Raises:
        UsageError: One is missing, unknown, or makes no sense.
    """
    options = read_dataclass(NoiseOptions, arm.options, "options.", what="experiment")
    if options.pooling not in POOLINGS:
        raise UnknownNameError("pooling", options.pooling, POOLINGS)
    if options.of not in PLACES:
        raise UnknownNameError("what is pooled", options.of, PLACES)
    if not 2 <= options.size <= MOST_SIDE or options.before < 1 or not 0 < options.noise < math.inf:
        raise UsageError(
            f"size must be 2..{MOST_SIDE}, before 1 or more and noise above 0, got {options.size}, {options.before} and {options.noise:g}"
        )
    if (options.of == "maps") != bool(arm.layers):
        raise UsageError(f"layers are for maps, got {len(arm.layers)} layers and {options.of!r}")
    return options


def pool_noise(work: Work) -> Measured:
    """What a pooling leaves of noise and contrast.

    Noise is what changes where noise is added to a picture, less its mean, over the same before the pooling. Contrast is the deviation of
    what is pooled without noise, over all places and pictures, over the same before it. Of several maps the mean squares count.

    Raises:
        StoppedError: A signal came.
        UsageError: There are not so many poolings.
    """
    options = read_options(work.arm)
    if options.of == "windows":
        mean, deviation = of_constant_window(options.pooling, options.size**2)
        return _measured(deviation, mean, contrast=1.0)
    training, testing = work.session.pictures(work, work.experiment.pictures)
    before: nn.Module = nn.Identity()
    if options.of == "maps":
        before = _layers_before(work, training, options.before)
    clean, noisy = answers(before, testing, options.noise, seed=work.seed, device=work.session.device)
    pool = POOLINGS[options.pooling](options.size)
    added, left = noisy - clean, pool(noisy) - pool(clean)
    scale = _deviation(added)
    return _measured(_deviation(left) / scale, float(left.mean()) / scale, _deviation(pool(clean)) / _deviation(clean))


def of_constant_window(pooling: str, count: int) -> tuple[float, float]:
    """Mean and deviation of what a pooling makes of so many independent normal values of mean 0 and deviation 1.

    Args:
        pooling: A name of `POOLINGS`.
        count: Values of a window, 1 to 10,000.

    Example:
        >>> [round(value, 4) for value in of_constant_window("max", 4)]
        [1.0294, 0.7012]
        >>> of_constant_window("average", 4)
        (0.0, 0.5)

    Source: the density of the greatest of n values is n F^(n-1) f; Tippett, "On the Extreme Individuals and the Range of Samples Taken
        from a Normal Population" (1925).
    """
    if pooling == "average":
        return 0.0, 1 / math.sqrt(count)
    from scipy.special import log_ndtr

    values = np.linspace(-12.0, 12.0, 24_001)  # beyond there is nothing left to add up
    logarithm = math.log(count) + (count - 1) * log_ndtr(values) - values**2 / 2 - 0.5 * math.log(2 * math.pi)
    weights = np.exp(logarithm) * (values[1] - values[0])
    mean = float((weights * values).sum())
    deviation = math.sqrt(float((weights * (values - mean) ** 2).sum()))
    return (mean if pooling == "max" else -mean), deviation


def answers(
    before: nn.Module, pictures: HeldPictures, noise: float, *, seed: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """(n, C, H, W) twice: what layers answer to pictures as they are, and with noise that the seed draws."""
    generator = torch.Generator().manual_seed(seed)
    clean: list[Tensor] = []
    noisy: list[Tensor] = []
    before = before.to(device).eval()
    with torch.inference_mode():
        for start in range(0, len(pictures.labels), pictures_at_once(pictures.size)):
            rows = np.arange(start, min(start + pictures_at_once(pictures.size), len(pictures.labels)))
            pixels = load_pixels(pictures, rows, torch.device("cpu")).float() / 255
            changed = pixels + noise * torch.randn(pixels.shape, generator=generator)
            for images, kept in ((pixels, clean), (changed, noisy)):
                ready = normalise(images.contiguous(memory_format=torch.channels_last), pictures, levels=1)
                kept.append(before(ready.to(device)).double().cpu())
    return torch.cat(clean), torch.cat(noisy)


def _layers_before(work: Work, training: HeldPictures, number: int) -> nn.Module:
    """The arm's layers, once they have learnt, up to the pooling of that number."""
    network = build_network(
        work.arm,
        num_classes=work.classes,
        in_channels=training.array.shape[-1],
        size=training.size,
        seed=work.seed,
    )
    network = network.to(work.session.device).to(memory_format=torch.channels_last)
    learnt, _ = train(network, read_recipe(work), training, work)
    layers = list(learnt.get_submodule("layers").children())
    poolings = [place for place, layer in enumerate(layers) if isinstance(layer, tuple(POOLINGS.values()))]
    if number > len(poolings):
        raise UsageError(f"arms.{work.name}: expected {number} poolings among the layers, got {len(poolings)}")
    return nn.Sequential(*layers[: poolings[number - 1]])


def _deviation(maps: Tensor) -> float:
    """The root of the mean of the maps' variances, each over pictures and places."""
    values: npt.NDArray[np.float64] = maps.transpose(0, 1).flatten(1).var(1, correction=0).numpy()
    return math.sqrt(float(values.mean()))


def _measured(noise: float, shift: float, contrast: float) -> Measured:
    return Measured(
        {"noise_left": noise, "shift": shift, "contrast_left": contrast, "signal_to_noise": contrast / noise}
    )
