"""ImageNet-C's fifteen corruptions with their published numbers, and the error that is averaged over them.

Source: Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and perturbations" (2019); the numbers
are those of its published code for 224 x 224 pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from striate.robustness import blurring, keeping, noises, weather
from striate.robustness.shift import Change, Level, Shift


def _row(name: str, change: Change, numbers: Sequence[float | tuple[float, ...]]) -> Shift:
    rows = [number if isinstance(number, tuple) else (number,) for number in numbers]
    steps = tuple(Level(severity, row) for severity, row in enumerate(rows, start=1))
    return Shift(name, "corruption", name.replace("_", " "), " of 5", steps, change)


CORRUPTIONS: tuple[Shift, ...] = (
    _row("gaussian_noise", noises.gaussian_noise, (0.08, 0.12, 0.18, 0.26, 0.38)),
    _row("shot_noise", noises.shot_noise, (60, 25, 12, 5, 3)),
    _row("impulse_noise", noises.impulse_noise, (0.03, 0.06, 0.09, 0.17, 0.27)),
    _row("defocus_blur", blurring.defocus_softened, ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))),
    _row("glass_blur", blurring.glass_blur, ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))),
    _row("motion_blur", blurring.motion_blur, ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))),
    _row("zoom_blur", blurring.zoom_blur, ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))),
    _row(
        "snow",
        weather.add_snow,
        (
            (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
            (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
            (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
            (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
            (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
        ),
    ),
    _row("frost", weather.add_frost, ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))),
    _row("fog", weather.add_fog, ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))),
    _row("brightness", weather.brighten, (0.1, 0.2, 0.3, 0.4, 0.5)),
    _row("contrast", weather.lower_contrast, (0.4, 0.3, 0.2, 0.1, 0.05)),
    _row(
        "elastic_transform",
        weather.bend_elastically,
        ((2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)),
    ),
    _row("pixelate", keeping.pixelate, (0.6, 0.5, 0.4, 0.3, 0.25)),
    _row("jpeg_compression", keeping.compress, (25, 18, 15, 10, 7)),
)

ALEXNET_ERRORS: Mapping[str, float] = {
    "gaussian_noise": 0.886428,
    "shot_noise": 0.894468,
    "impulse_noise": 0.92264,
    "defocus_blur": 0.81988,
    "glass_blur": 0.826268,
    "motion_blur": 0.785948,
    "zoom_blur": 0.79836,
    "snow": 0.866816,
    "frost": 0.826572,
    "fog": 0.819324,
    "brightness": 0.564592,
    "contrast": 0.853204,
    "elastic_transform": 0.646056,
    "pixelate": 0.71784,
    "jpeg_compression": 0.6065,
}
"""AlexNet's mean error over the five severities on ImageNet.

Source: Hendrycks et al., "AugMix" (2020), published code.
"""


def mean_corruption_error(errors: Mapping[str, float], baseline: Mapping[str, float]) -> float:
    """mCE: each corruption's mean error over its severities as a share of a baseline's, averaged; 1.0 is as good as the baseline.

    Args:
        errors: By the name of the corruption, in 0..1.
        baseline: Likewise, for the same corruptions; above 0.

    Example:
        >>> mean_corruption_error({"fog": 0.2, "snow": 0.6}, {"fog": 0.4, "snow": 0.6})
        0.75
    """
    return sum(error / baseline[name] for name, error in errors.items()) / len(errors)
