"""Other light: exposure, contrast, gamma, colour temperature, light from one side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from striate.robustness.shift import Pixels, as_bytes, as_fractions

DAYLIGHT = 6504.0
"""Kelvin of the white of sRGB."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""What the linear channels of sRGB add to luminance."""


def to_linear(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """From sRGB's values in 0..1 to amounts of light.

    Source: IEC 61966-2-1.
    """
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4).astype(np.float32)


def from_linear(light: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """From amounts of light to sRGB's values; what is more than white is white."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055).astype(np.float32)


LINEAR = to_linear(np.arange(256, dtype=np.float32) / np.float32(255))
"""(256,) the light of every byte."""


def expose(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """So many stops more or less light: each doubles it or halves it."""
    (stops,) = numbers
    table = as_bytes(from_linear(LINEAR * 2.0**stops))
    return np.take(table, pixels)


def change_contrast(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Differences from the picture's mean, a channel at a time, become a percentage of what they were."""
    (percentage,) = numbers
    values = as_fractions(pixels)
    mean = values.mean(axis=(0, 1), keepdims=True, dtype=np.float64)
    return as_bytes((values - mean) * percentage / 100 + mean)


def bend(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Values are raised to a power: above 1 shadows go under, below 1 everything turns pale."""
    (power,) = numbers
    return np.take(as_bytes((np.arange(256) / 255) ** power), pixels)


def planckian(kelvin: float) -> npt.NDArray[np.float64]:
    """(3,) the linear sRGB of a black body at a temperature, of luminance 1.

    Args:
        kelvin: From 1,667 to 25,000.

    Source: Kim et al., "Design of advanced color temperature control system for HDTV applications" (2002): cubic splines of the
        Planckian locus in CIE 1931 x, y; the matrix from XYZ is that of IEC 61966-2-1.
    """
    m = 1000 / kelvin
    if kelvin <= 4000:
        x = ((-0.2661239 * m - 0.2343589) * m + 0.8776956) * m + 0.179910
    else:
        x = ((-3.0258469 * m + 2.1070379) * m + 0.2226347) * m + 0.240390
    if kelvin <= 2222:
        y = ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683
    elif kelvin <= 4000:
        y = ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867
    else:
        y = ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483
    white = np.array([x / y, 1.0, (1 - x - y) / y])
    matrix = np.array(
        [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]]
    )
    return np.asarray(np.maximum(matrix @ white, 0))


def change_temperature(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Light of another colour temperature on a scene that was balanced for daylight; luminance of a grey stays."""
    (kelvin,) = numbers
    if pixels.shape[2] == 1:
        return pixels.copy()
    gains = planckian(kelvin) / planckian(DAYLIGHT)
    gains /= gains @ LUMINANCE
    return np.stack(
        [np.take(as_bytes(from_linear(LINEAR * gain)), pixels[..., c]) for c, gain in enumerate(gains)], axis=2
    )


def light_from_one_side(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Light falls off evenly, in stops, from one side of the picture, drawn, to the other; the lit side stays as it was."""
    (stops,) = numbers
    height, width = pixels.shape[:2]
    angle = generator.uniform(0, 2 * np.pi)
    across = np.linspace(-1, 1, width)[None, :] * np.cos(angle) + np.linspace(-1, 1, height)[:, None] * np.sin(angle)
    reach = abs(np.cos(angle)) + abs(np.sin(angle))
    fall = 2.0 ** (-stops * (across / reach + 1) / 2)
    return as_bytes(from_linear(LINEAR[pixels] * fall[..., None]))
