"""Pictures as sums of waves in decorrelated colours.

A step of one size changes coarse and fine detail, light and hue by as much as photographs have of them.

Source: Olah, Mordvintsev and Schubert 2017, Feature Visualization, distill.pub, "Preconditioning and Parameterization" (a decorrelated
spectrum and decorrelated colours); Mordvintsev, Pezzotti, Schubert and Olah 2018, Differentiable Image Parameterizations, distill.pub;
Field 1987, Relations between the statistics of natural images and the response properties of cortical cells (amplitudes fall as 1 / f);
Krizhevsky, Sutskever and Hinton 2012, section 4.1 (the principal components of ImageNet's colours), with the figures of Facebook's
fb.resnet.torch, datasets/imagenet.lua.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

COLOUR_VARIANCES = (0.2175, 0.0188, 0.0045)
"""Along each of `COLOUR_AXES`, of pixels of 0 to 1."""
COLOUR_AXES = ((-0.5675, -0.5808, -0.5836), (0.7192, -0.0045, -0.6948), (0.4009, -0.8140, 0.4203))
"""Light, red against blue, and green against both: what does not vary together in ImageNet's pictures; red, green, blue."""

DECAY = 1.2
"""Waves fall with this power of their frequency: a little more than in photographs, where fine detail is told by the coarse."""
CONTRAST = 1.3


class FourierPictures:
    """Pictures of one size, each made of a spectrum of numbers of like size.

    Args:
        height: In pixels.
        width: In pixels.
        colours: (channels, channels): the channels of a pixel by its decorrelated colours, as of `colour_matrix`.

    Example:
        >>> pictures = FourierPictures(4, 6, torch.eye(1))
        >>> pictures.spectrum_shape, pictures.pixels(torch.zeros(2, *pictures.spectrum_shape)).unique()
        ((1, 4, 4, 2), tensor([0.5000]))
    """

    def __init__(self, height: int, width: int, colours: Tensor) -> None:
        down = torch.fft.fftfreq(height, device=colours.device)[:, None]
        across = torch.fft.rfftfreq(width, device=colours.device)[None, :]
        frequency = (down**2 + across**2).sqrt()  # in waves a pixel
        # The longest wave that fits is as large as the even light.
        amplitude = frequency.clamp(min=1 / max(height, width)) ** -DECAY
        self.size = (height, width)
        self.colours = colours
        self.amplitude = amplitude / amplitude.square().mean().sqrt()
        """(height, width // 2 + 1): what each wave's number is multiplied by; 1 in the mean of squares."""
        self.spectrum_shape = (len(colours), *frequency.shape, 2)
        """Of one picture: (channels, height, width // 2 + 1, 2), the last a complex number's two parts."""

    def pixels(self, spectra: Tensor) -> Tensor:
        """(N, channels, height, width), each between 0 and 1, by a sigmoid, from (N, `*spectrum_shape`).

        A wave's amplitude before the sigmoid follows from the unitary transform: a number c at a frequency that is neither 0 nor the
        largest makes a cosine of height 2 c amplitude / sqrt(height width).
        """
        waves = torch.view_as_complex(spectra) * self.amplitude
        values = torch.fft.irfft2(waves, s=self.size, norm="ortho")
        return torch.einsum("oc,nchw->nohw", self.colours * CONTRAST, values).sigmoid()


def colour_matrix(deviations: Sequence[float], *, reverse: bool = False) -> Tensor:
    """Pixels' channels by colours that do not vary together: (channels, channels); the strongest column has length 1.

    Its product with its own transpose is proportional to the covariance of channels that are correlated as ImageNet's are, and have these
    deviations. Channels that are not three have no known correlation, and stand for themselves.

    Args:
        deviations: Of each channel, as a data set or a network's preprocessing has it.
        reverse: Whether the channels stand as blue, green, red.

    Example:
        >>> colour_matrix([0.3]).tolist()
        [[1.0]]
        >>> colour_matrix([0.2, 0.2, 0.2])[:, 0].sign().unique().numel()  # light
        1
    """
    channels = len(deviations)
    own = torch.tensor(deviations, dtype=torch.float64)
    if channels != len(COLOUR_AXES):
        return torch.diag(own / own.max()).float()
    axes, variances = (torch.tensor(values, dtype=torch.float64) for values in (COLOUR_AXES, COLOUR_VARIANCES))
    covariance = axes.T @ torch.diag(variances) @ axes
    spread = covariance.diag().rsqrt()
    correlation = covariance * spread[:, None] * spread[None, :]
    if reverse:
        correlation = correlation.flip(0, 1)
    lengths, directions = torch.linalg.eigh(correlation * own[:, None] * own[None, :])
    # From the strongest on, each pointing where its largest channel is above 0, whatever the library's choice.
    directions = directions.flip(1)
    signs = directions.gather(0, directions.abs().argmax(dim=0, keepdim=True)).sign()
    matrix: Tensor = directions * signs * lengths.flip(0).clamp(min=0).sqrt() / math.sqrt(float(lengths.max()))
    return matrix.float()
