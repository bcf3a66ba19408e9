"""Activation maximization: the picture that a unit or a class would most like to see.

The picture is a spectrum, whose waves are weighed by their length as in photographs, where the power of a frequency f
falls with 1 / f^2; so a step of the same size changes coarse and fine detail as photographs have them. Colours are made
along the axes of light, of blue against yellow and of red against green, the first of which varies most in photographs. A
sigmoid keeps each pixel within the range of real ones. In each step the picture is moved by a random distance, so that no
unit can rest on the place of a single pixel; waves go on round the border, and so does the movement.

Source: Simonyan, Vedaldi, Zisserman 2013, Deep Inside Convolutional Networks, section 2 (maximizing a class's score);
Mahendran and Vedaldi 2015, Understanding Deep Image Representations by Inverting Them, section 2.1 (total variation);
Yosinski et al. 2015, Understanding Neural Networks Through Deep Visualization, section 3 (blur); Olah, Mordvintsev,
Schubert 2017, Feature Visualization, distill.pub (jitter, decorrelated spectrum and colours); Field 1987, Relations between
the statistics of natural images and the response properties of cortical cells (1 / f^2); Buchsbaum and Gottschalk 1983,
Trichromacy, opponent colours coding and optimum colour information transmission in the retina (the axes).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.hooks import held_still, with_gradients
from striate.models import Network
from striate.training.eager_optimizers import EagerAdam
from striate.visualization.backward_rules import signal_rule
from striate.visualization.layers import find_layer, layer_output
from striate.visualization.units import Unit, starting_signal

_LEARNING_RATE = 0.12
_LAST_BLUR = 0.25  # what is left of it in the end
_AXES = ((1.0, 1.0, 1.0), (1.0, 1.0, -2.0), (1.0, -1.0, 0.0))  # light, blue and yellow, red and green
_FAINT = 0.05  # below this total variation, in pixels of 0 to 1, smoothing pulls less
_SPREADS = (1.0, 0.4, 0.25)  # of each axis, relative to light


@with_gradients
def maximize(
    model: nn.Module,
    *,
    layer: str,
    unit: Unit | Sequence[Unit],
    size: int | tuple[int, int] | None = None,
    steps: int = 64,
    seed: int = 0,
    jitter: int | None = None,
    blur: float | None = None,
    total_variation: float = 0.5,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Tensor:
    """Finds pictures that excite units most: from faint noise, by steps along the gradient.

    Args:
        model: Any network; mode, weights, gradients and hooks are left as they were.
        layer: As `deconvnet` takes it; `"head"` for a class.
        unit: A map, all of it (the mean of its places); a place (map, row, column); or a list of these, a picture each.
        size: Side of the picture, or (height, width), in pixels; None: what the network is made for.
        steps: How many steps to take.
        seed: Draws the noise and the movements reproducibly.
        jitter: How far the picture is moved before each step, at most, in pixels, up or down and to a side; 0: not at all;
            None: a fourteenth of its shorter side.
        blur: Standard deviation, in pixels, of the bell that the picture is blurred by in the first step; it falls evenly to
            a quarter, which stays. Coarse shapes are found before detail. 0: nothing is blurred; None: a 56th of the
            shorter side.
        total_variation: How strongly each step makes neighbouring pixels alike; with 1, as strongly as it excites the unit.
        mean: What the network's input has subtracted from each channel, where pixels go from 0 to 1; None: what the
            network of the catalogue is made for.
        std: What it is divided by.
        progress: Called with the number of steps that are done.

    Returns:
        (units, channels, height, width) float32, normalised, each pixel within the range of real ones.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: There is no such unit, the network refuses the size, or an argument makes no sense.

    Example:
        >>> from striate.models import create_model
        >>> picture = maximize(create_model("lenet5", seed=0), layer="c3", unit=4, steps=8)
        >>> picture.shape, round(picture.min().item(), 1) >= -0.1, picture.max().item() <= 1.175
        (torch.Size([1, 1, 32, 32]), True, True)
    """
    find_layer(model, layer)
    shift, scale = _normalization(model, mean, std)
    height, width = _size(model, size)
    jitter = min(height, width) // 14 if jitter is None else jitter
    blur = min(height, width) / 56 if blur is None else blur
    _check(steps=(steps, 1), jitter=(jitter, 0))
    for name, value in (("blur", blur), ("total_variation", total_variation)):
        if not (isinstance(value, int | float) and 0 <= value < math.inf):
            raise UsageError(f"{name} must be a number of at least 0, got {value!r}")
    units = list(unit) if isinstance(unit, Sequence) and not isinstance(unit, tuple) else [unit]
    if not units:
        raise UsageError("name at least one unit to maximize, got an empty list")
    weight = next((tensor for tensor in model.parameters() if tensor.is_floating_point()), shift)
    generator = torch.Generator().manual_seed(seed)
    waves = _Waves(height, width, channels=len(shift), device=weight.device)
    shift, scale = shift.to(weight.device), scale.to(weight.device)
    spectrum = waves.noise(generator).expand(len(units), -1, -1, -1, -1).clone().requires_grad_()
    optimizer = EagerAdam([spectrum], lr=_LEARNING_RATE)
    with held_still(model), torch.enable_grad():
        for step in range(steps):
            sigma = blur + (_LAST_BLUR - 1) * blur * step / steps
            pixels = waves.pixels(spectrum, sigma)
            moved = torch.roll(pixels, _movement(jitter, generator), dims=(2, 3))
            images = ((moved - shift) / scale).to(weight.dtype)
            pull = _pull(model, images.detach(), layer, units)
            wish = (moved * _of_length_one(pull / scale)).sum() - total_variation * (pixels * _roughness(pixels)).sum()
            spectrum.grad = torch.autograd.grad(-wish, spectrum)[0]
            optimizer.step()
            if progress is not None:
                progress(step + 1)
    with torch.no_grad():
        return ((waves.pixels(spectrum, blur * _LAST_BLUR) - shift) / scale).float().cpu()


class _Waves:
    """Pictures as sums of waves, from a spectrum of numbers of like size."""

    def __init__(self, height: int, width: int, *, channels: int, device: torch.device) -> None:
        down = torch.fft.fftfreq(height, device=device)[:, None]
        across = torch.fft.rfftfreq(width, device=device)[None, :]
        self.size = (height, width)
        self.channels = channels
        self.frequency = (down**2 + across**2).sqrt()  # (height, width // 2 + 1) in waves a pixel
        # The longest wave that fits is as large as the even light.
        self.amplitude = 1 / self.frequency.clamp(min=1 / max(height, width))
        self.amplitude = self.amplitude * math.sqrt(height * width) / self.amplitude.square().mean().sqrt() / 2
        axes = torch.tensor(_AXES) / torch.tensor(_AXES).norm(dim=1, keepdim=True) * torch.tensor(_SPREADS)[:, None]
        self.colours = (axes.T if channels == 3 else torch.eye(channels)).to(device)

    def noise(self, generator: torch.Generator) -> Tensor:
        """The spectrum of a faint noise: (1, channels, height, width // 2 + 1, 2)."""
        shape = (1, self.channels, *self.frequency.shape, 2)
        return torch.randn(shape, generator=generator).to(self.frequency.device) * 0.01

    def pixels(self, spectrum: Tensor, sigma: float) -> Tensor:
        """(N, channels, height, width) in 0..1, blurred by a bell of this deviation in pixels before they are cut to that."""
        kept = self.amplitude * torch.exp(-2 * (math.pi * sigma * self.frequency) ** 2)
        values = torch.fft.irfft2(torch.view_as_complex(spectrum) * kept, s=self.size)
        return torch.einsum("oc,nchw->nohw", self.colours, values).sigmoid()


def _pull(model: nn.Module, images: Tensor, layer: str, units: Sequence[Unit]) -> Tensor:
    """The gradient of each picture's unit by its pixels; like `images`.

    Where it is 0, because the rectifiers on the way are silent, a signal that passes them all the same says where to go.
    """
    images.requires_grad_()
    pulls = []
    for rule in ("gradient", "deconvnet"):
        with signal_rule(model, rule) as settle:
            maps = layer_output(model, images, layer)
            settle(maps)
            chosen = starting_signal(maps, units, layer=layer, strongest=None)
            answers = (maps * chosen).flatten(1).sum(dim=1) / chosen.flatten(1).sum(dim=1)
            pulls.append(torch.autograd.grad(answers.sum(), images)[0])
        silent = pulls[0].flatten(1).abs().amax(dim=1) == 0
        if not silent.any():
            return pulls[0]
    return torch.where(silent[:, None, None, None], pulls[1], pulls[0])


def _roughness(pixels: Tensor) -> Tensor:
    """The gradient of each picture's total variation by its pixels, of length one, or less where there is little of it."""
    pixels = pixels.detach().requires_grad_()
    down, across = pixels.diff(dim=2), pixels.diff(dim=3)
    variation = down.abs().flatten(1).mean(dim=1) + across.abs().flatten(1).mean(dim=1)
    gradient: Tensor = torch.autograd.grad(variation.sum(), pixels)[0]
    weight: Tensor = (variation.detach() / _FAINT).clamp(max=1)[:, None, None, None]
    return _of_length_one(gradient) * weight


def _of_length_one(gradients: Tensor) -> Tensor:
    """Each picture's gradient, its length left out: units answer in scales that have nothing to do with pixels."""
    lengths = gradients.flatten(1).norm(dim=1).clamp(min=torch.finfo(gradients.dtype).tiny)
    short: Tensor = gradients / lengths[:, None, None, None]
    return short


def _movement(jitter: int, generator: torch.Generator) -> tuple[int, int]:
    """Rows and columns to move by."""
    rows, columns = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
    return rows, columns


def _normalization(
    model: nn.Module, mean: Sequence[float] | None, std: Sequence[float] | None
) -> tuple[Tensor, Tensor]:
    """(channels, 1, 1) each: what is subtracted, and what is divided by."""
    if mean is None and std is None and isinstance(model, Network):
        mean, std = model.config.benchmark.normalization(model.in_channels)
    if mean is None or std is None:
        raise UsageError(
            f"what {type(model).__name__} takes as normalised is not known; give mean and std, a number for each channel"
        )
    if len(mean) != len(std) or not mean or not all(value > 0 for value in std):
        raise UsageError(f"mean and std must have one number for each channel, std above 0; got {mean} and {std}")
    return torch.tensor(mean)[:, None, None], torch.tensor(std)[:, None, None]


def _size(model: nn.Module, size: int | tuple[int, int] | None) -> tuple[int, int]:
    if size is None:
        if not isinstance(model, Network):
            raise UsageError(f"the size of the pictures that {type(model).__name__} takes is not known; give size")
        return model.input_size
    height, width = (size, size) if isinstance(size, int) else size
    _check(size=(height, 2))
    _check(size=(width, 2))
    return height, width


def _check(**numbers: tuple[int, int]) -> None:
    for name, (value, least) in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError(f"{name} must be a whole number of at least {least}, got {value!r}")
