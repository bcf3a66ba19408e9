"""Activation maximization: the picture that a unit or a class would most like to see.

From faint noise, by gradient ascent on the spectrum of a picture in decorrelated colours (`fourier_pictures`), which is moved, turned and
scaled at random before each step (`random_views`). A sigmoid keeps each pixel within the range of real ones. No other regulariser is
needed: neither blur nor a penalty on detail.

Source: Simonyan, Vedaldi, Zisserman 2013, Deep Inside Convolutional Networks, section 2 (maximizing a class's score); Olah, Mordvintsev
and Schubert 2017, Feature Visualization, distill.pub (objectives, preconditioning, robustness); Mordvintsev, Pezzotti, Schubert and Olah
2018, Differentiable Image Parameterizations, distill.pub. The step size, the decay of the spectrum and the contrast were chosen by looking
at pictures of early, middle and late layers and of classes of a MobileNetV2 trained on ImageNet.
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
from striate.visualization.backward_rules import Rule, signal_rule
from striate.visualization.fourier_pictures import FourierPictures, colour_matrix
from striate.visualization.layers import find_layer, layer_output
from striate.visualization.random_views import random_view
from striate.visualization.units import Unit, starting_signal

STEPS = 128
_LEARNING_RATE, _FASTEST = 8.0, 0.2  # the first divided by the steps, at most the second
_NOISE = 0.01
_MARGIN = (
    10  # the picture is made larger by its size over this on each side, so that its rim is seen as often as its middle
)
_WINDOW, _GROWTH = 16, 0.01  # it has converged where so many steps add less than this share of all that was gained


@with_gradients
def maximize(
    model: nn.Module,
    *,
    layer: str,
    unit: Unit | Sequence[Unit],
    size: int | tuple[int, int] | None = None,
    steps: int = STEPS,
    seed: int = 0,
    movement: float = 1.0,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    reverse_channels: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Tensor:
    """Finds pictures that excite units most: from faint noise, by steps along the gradient.

    The network runs only as far as the layer, once a step for all units together; no picture has to do with another, so that each is what
    it would be alone, but for rounding, which many steps magnify. One that has stopped to gain is finished before the others.

    Args:
        model: Any network; mode, weights, gradients and hooks are left as they were.
        layer: As `deconvnet` takes it; `"head"` for a class.
        unit: A map, all of it (the mean of its places); a place (map, row, column); or a list of these, a picture each.
        size: Side of the picture, or (height, width), in pixels; None: what the network is made for.
        steps: How many steps to take at most.
        seed: Draws the noise and the movements reproducibly.
        movement: How far the picture is moved, turned and scaled before each step; 1: by up to a twentieth of its shorter side, 7
            degrees and 7 %; 0: not at all.
        mean: What the network's input has subtracted from each channel, where pixels go from 0 to 1; None: what the
            network of the catalogue is made for.
        std: What it is divided by; taken for the channels' deviations, from which the decorrelated colours follow.
        reverse_channels: Whether the network takes blue, green, red.
        progress: Called with the number of steps that are done. What it raises ends the work between two steps.

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
    size = _size(model, size)
    units = list(unit) if isinstance(unit, Sequence) and not isinstance(unit, tuple) else [unit]
    if not units:
        raise UsageError("name at least one unit to maximize, got an empty list")
    _check(steps=(steps, 1))
    if isinstance(movement, bool) or not (isinstance(movement, int | float) and 0 <= movement < math.inf):
        raise UsageError(f"movement must be a number of at least 0, got {movement!r}")
    weight = next((tensor for tensor in model.parameters() if tensor.is_floating_point()), shift)
    colours = colour_matrix(scale.flatten().tolist(), reverse=reverse_channels).to(weight.device)
    shift, scale = shift.to(weight.device), scale.to(weight.device)
    margins = tuple(side // _MARGIN for side in size)
    pictures = FourierPictures(size[0] + 2 * margins[0], size[1] + 2 * margins[1], colours)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(pictures.spectrum_shape, generator=generator) * _NOISE
    spectra = [noise.to(weight.device, copy=True).requires_grad_() for _ in units]
    optimizer = EagerAdam(spectra, lr=min(_LEARNING_RATE / steps, _FASTEST))
    answers: list[list[float]] = [[] for _ in units]
    left = list(range(len(units)))  # that have not converged
    with held_still(model), torch.enable_grad():
        for step in range(steps):
            pixels = pictures.pixels(torch.stack([spectra[place] for place in left]))
            seen = random_view(pixels, size, generator, movement=movement)
            images = ((seen.detach() - shift) / scale).to(weight.dtype, memory_format=torch.channels_last)
            pull, answered = _pull(model, images, layer, [units[place] for place in left])
            wish = (seen * _of_length_one(pull / scale)).sum()
            gradients = torch.autograd.grad(-wish, [spectra[place] for place in left])
            for place, gradient in zip(left, gradients, strict=True):
                spectra[place].grad = gradient
            optimizer.step()
            for place, answer in zip(left, answered, strict=True):
                answers[place].append(answer)
                if _has_converged(answers[place]):
                    spectra[place].grad = None  # which the optimizer passes over
            left = [place for place in left if spectra[place].grad is not None]
            if progress is not None:
                progress(step + 1 if left else steps)
            if not left:
                break
    with torch.no_grad():
        pixels = pictures.pixels(torch.stack(spectra))
        whole = pixels[:, :, margins[0] : margins[0] + size[0], margins[1] : margins[1] + size[1]]
        return ((whole - shift) / scale).float().cpu()


def _pull(model: nn.Module, images: Tensor, layer: str, units: Sequence[Unit]) -> tuple[Tensor, list[float]]:
    """The gradient of each picture's unit by its pixels, like `images`, and what each unit answered.

    Where it is 0, because the rectifiers on the way are silent, a signal that passes them all the same says where to go.
    """
    pull, answers = _sent_back(model, images, layer, units, "gradient")
    silent = (pull.flatten(1).abs().amax(dim=1) == 0).nonzero().flatten()
    if len(silent):
        chosen = [units[place] for place in silent.tolist()]
        pull[silent], _ = _sent_back(model, images[silent], layer, chosen, "deconvnet")
    return pull, answers.tolist()


def _sent_back(
    model: nn.Module, images: Tensor, layer: str, units: Sequence[Unit], rule: Rule
) -> tuple[Tensor, Tensor]:
    images = images.detach().requires_grad_()
    with signal_rule(model, rule) as settle:
        maps = layer_output(model, images, layer)
        settle(maps)
        chosen = starting_signal(maps, units, layer=layer, strongest=None)
        answers = (maps * chosen).flatten(1).sum(dim=1) / chosen.flatten(1).sum(dim=1)
        pull = torch.autograd.grad(answers.sum(), images, materialize_grads=True, allow_unused=True)[0]
    return pull, answers.detach()


def _has_converged(answers: Sequence[float]) -> bool:
    """Whether the last steps gained little of all that was gained; told now and then, from three windows of steps on."""
    if len(answers) < 3 * _WINDOW or len(answers) % _WINDOW:
        return False
    now, before = (sum(part) / _WINDOW for part in (answers[-_WINDOW:], answers[-2 * _WINDOW : -_WINDOW]))
    return now - before <= _GROWTH * abs(now - answers[0])


def _of_length_one(gradients: Tensor) -> Tensor:
    """Each picture's gradient, its length left out: units answer in scales that have nothing to do with pixels."""
    lengths = gradients.flatten(1).norm(dim=1).clamp(min=torch.finfo(gradients.dtype).tiny)
    short: Tensor = gradients / lengths[:, None, None, None]
    return short


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
