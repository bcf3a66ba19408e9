"""What is not sharp: out of focus, moved, zoomed, behind structured glass."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from striate.robustness.shift import Pixels, as_bytes, as_fractions, cut_to_bytes, scaled

Values = npt.NDArray[np.float32]


def disk(radius: float, alias_blur: float) -> npt.NDArray[np.float64]:
    """The blur of a lens out of focus: an even disk, softened a little.

    Args:
        radius: Pixels.
        alias_blur: The deviation of the Gaussian that softens its edge, over 3 pixels, or 5 where the radius is more than 8.

    Source: Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and perturbations" (2019).
    """
    reach = 8 if radius <= 8 else math.ceil(radius)
    place = np.arange(-reach, reach + 1)
    inside = (place[:, None] ** 2 + place[None, :] ** 2 <= radius**2).astype(np.float64)
    inside /= inside.sum()
    half = 1 if radius <= 8 else 2
    soft = np.exp(-0.5 * (np.arange(-half, half + 1) / alias_blur) ** 2)
    soft /= soft.sum()
    # Where the disk touches the square's edge, softening mirrors it there, and the sum is a little more than 1.
    along = ndimage.correlate1d(inside, soft, axis=0, mode="mirror")
    return np.asarray(ndimage.correlate1d(along, soft, axis=1, mode="mirror"))


def filtered(values: Values, kernel: npt.NDArray[np.float64]) -> Values:
    """(H, W, C) under a symmetric kernel of odd sides; beyond the edge the picture is mirrored at its last pixel."""
    reach = kernel.shape[0] // 2
    sides = ((reach, reach), (reach, reach), (0, 0))
    padded = np.pad(values, sides, mode="reflect" if min(values.shape[:2]) > 1 else "edge")
    shape = [fft.next_fast_len(size + 2 * reach, real=True) for size in padded.shape[:2]]
    spectrum = fft.rfft2(padded, shape, axes=(0, 1)) * fft.rfft2(kernel, shape)[..., None]
    whole = fft.irfft2(spectrum, shape, axes=(0, 1))
    height, width = values.shape[:2]
    return np.asarray(whole[2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width], np.float32)


def defocus(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Out of focus: a point becomes a disk of so many pixels' radius (of 224)."""
    (radius,) = numbers
    return as_bytes(filtered(as_fractions(pixels), even_disk(scaled(radius, pixels))))


def even_disk(radius: float) -> npt.NDArray[np.float64]:
    """A disk of any radius in pixels, above 0; each of its points is shared among the pixels around it, so that any radius counts."""
    fine = (np.arange(64) + 0.5) / 32 - 1
    across, down = (radius * values.ravel() for values in np.meshgrid(fine, fine))
    inside = across**2 + down**2 <= radius**2
    return shared_out(down[inside], across[inside], math.ceil(radius) + 1)


def shared_out(rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64], reach: int) -> npt.NDArray[np.float64]:
    """A kernel of 2 `reach` + 1 pixels a side: points around its middle, each shared bilinearly among four pixels; its sum is 1."""
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    rows, columns = rows + reach, columns + reach
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = (1 - abs(rows - top - down)) * (1 - abs(columns - left - across))
        np.add.at(kernel, (np.minimum(top + down, 2 * reach), np.minimum(left + across, 2 * reach)), weight)
    return np.asarray(kernel / kernel.sum())


def defocus_softened(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `defocus_blur`: (radius, alias blur)."""
    radius, alias_blur = numbers
    return cut_to_bytes(filtered(as_fractions(pixels), disk(scaled(radius, pixels), alias_blur)))


def blur_by_motion(values: Values, *, width: int, sigma: float, angle: float) -> Values:
    """A trail of `width` copies, each a pixel further along the angle (radians) and weaker by half a Gaussian."""
    weights = np.exp(-0.5 * (np.arange(width) / sigma) ** 2)
    weights /= weights.sum()
    down, across = np.sin(angle), np.cos(angle)
    result = np.zeros_like(values)
    margin = width
    padded = np.pad(values, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    height, wide = values.shape[:2]
    for step, weight in enumerate(weights):
        top = margin + math.ceil(step * down - 0.5)
        left = margin + math.ceil(step * across - 0.5)
        result += np.float32(weight) * padded[top : top + height, left : left + wide]
    return result


def smear(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Moved while the shutter was open: an even trail of so many pixels (of 224), in a direction that is drawn."""
    kernel = trail(scaled(numbers[0], pixels), generator.uniform(0, np.pi))
    return as_bytes(filtered(as_fractions(pixels), kernel))


def trail(length: float, angle: float) -> npt.NDArray[np.float64]:
    """A line of a length in pixels through the middle of a square of odd sides; points between pixels are shared among them."""
    reach = math.ceil(length / 2) + 1
    place = np.linspace(-length / 2, length / 2, 4 * reach + 1)
    return shared_out(place * np.sin(angle), place * np.cos(angle), reach)


def motion_blur(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `motion_blur`: (radius, sigma), at an angle from -45 to 45 degrees."""
    radius, sigma = (scaled(number, pixels) for number in numbers)
    angle = np.deg2rad(generator.uniform(-45, 45))
    width = 2 * round(radius) + 1
    return cut_to_bytes(blur_by_motion(as_fractions(pixels), width=width, sigma=max(sigma, 1e-3), angle=angle))


@functools.lru_cache(maxsize=256)
def _zooming(size: int, factor: float) -> tuple[npt.NDArray[np.int64], Values]:
    """What enlarges the middle of a side, corners on corners: (size,) the pixel before each new one, and the share of the next."""
    part = math.ceil(size / factor)
    enlarged = round(part * factor)
    first, cut = (size - part) // 2, (enlarged - size) // 2
    place = (np.arange(size) + cut) * ((part - 1) / max(enlarged - 1, 1))
    low = np.clip(np.floor(place).astype(int), 0, max(part - 2, 0))
    return first + low, (place - low).astype(np.float32)


def zoom_blur(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `zoom_blur`: (largest factor, step): the mean of the picture and of itself at every zoom below the largest."""
    most, step = numbers
    planes = np.ascontiguousarray(as_fractions(pixels).transpose(2, 0, 1))
    height, width = planes.shape[1:]
    total = planes.copy()
    factors = np.arange(1, most, step)
    for factor in factors.tolist():
        low, share = _zooming(height, factor)
        rows = _between(planes, low, share[:, None], axis=1)
        low, share = _zooming(width, factor)
        total += _between(rows, low, share, axis=2)
    return cut_to_bytes((total / np.float32(len(factors) + 1)).transpose(1, 2, 0))


def _between(planes: Values, low: npt.NDArray[np.int64], share: Values, *, axis: int) -> Values:
    """The values at `low` along an axis and, by their share, those after them; the last pixel is its own next one."""
    before = planes.take(low, axis=axis)
    after = planes.take(np.minimum(low + 1, planes.shape[axis] - 1), axis=axis)
    after -= before
    after *= share
    after += before
    return np.asarray(after)


def gaussian(values: Values, sigma: float) -> Values:
    """(H, W, C) blurred a channel at a time; the border is repeated."""
    return np.asarray(ndimage.gaussian_filter(values, (sigma, sigma, 0), mode="nearest"), np.float32)


def glass_blur(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `glass_blur`: (sigma, reach, times): blurred, every pixel replaced by a near one, so many times, blurred again.

    The published code means to exchange two pixels and copies one onto the other; so does this, in the same order, from the last pixel
    to the first.
    """
    sigma, reach, times = scaled(numbers[0], pixels), max(1, round(scaled(numbers[1], pixels))), int(numbers[2])
    values = cut_to_bytes(gaussian(as_fractions(pixels), sigma))
    height, width = values.shape[:2]
    rows, columns = np.arange(height - reach, reach, -1), np.arange(width - reach, reach, -1)
    order = (rows[:, None] * width + columns).ravel()
    taken = list(range(height * width))
    for _ in range(times):
        down, across = generator.integers(-reach, reach, size=(2, len(order)))
        for place, source in zip(order.tolist(), (order + down * width + across).tolist(), strict=True):
            taken[place] = taken[source]
    values = values.reshape(height * width, -1)[taken].reshape(values.shape)
    return cut_to_bytes(gaussian(as_fractions(values), sigma))
