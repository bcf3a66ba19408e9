"""Noise of every value: of a sensor, of few photons, of broken pixels."""

from __future__ import annotations

import numpy as np

from striate.robustness.shift import Pixels, as_bytes, as_fractions, cut_to_bytes


def sensor_noise(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Every value gets an error of its own, of so many grey levels (of 255) deviation."""
    (deviation,) = numbers
    errors = generator.standard_normal(pixels.shape, dtype=np.float32)
    return as_bytes(as_fractions(pixels) + errors * np.float32(deviation / 255))


def gaussian_noise(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `gaussian_noise`: (deviation of the 0..1 range)."""
    errors = generator.standard_normal(pixels.shape, dtype=np.float32)
    return cut_to_bytes(as_fractions(pixels) + errors * np.float32(numbers[0]))


def shot_noise(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `shot_noise`: (photons of a white value): every value is a count of a Poisson distribution."""
    photons = numbers[0]
    return cut_to_bytes(generator.poisson(as_fractions(pixels) * photons) / photons)


def impulse_noise(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `impulse_noise`: (share of the values that become black or white)."""
    draws = generator.random(pixels.shape, dtype=np.float32)
    result = pixels.copy()
    result[draws < numbers[0]] = 255
    result[draws < numbers[0] / 2] = 0
    return result
