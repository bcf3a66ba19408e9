"""The arithmetic of normalisations: by statistics from training or of the picture itself, local response normalisation, softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from striate.nn import LocalResponseNormalization
from striate.seeing.arithmetic.asked import Asked, NotToldError, Operand, maps_of, place_window
from striate.seeing.arithmetic.unit_arithmetic import Line, Told, Window
from striate.seeing.arithmetic.windows import seen, vector_window


def batch_normalisation(
    asked: Asked,
    input: Operand,  # noqa: A002
    running_mean: Operand | None,
    running_var: Operand | None,
    weight: Operand | None = None,
    bias: Operand | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Told:
    """A number less its map's mean, over the root of its variance; then the map's scale and shift."""
    channel = asked.unit[0]
    if training or running_mean is None or running_var is None:
        return _by_own_statistics(asked, input, [channel], weight, bias, eps, "batch normalisation")
    x = float(input.numbers[(0, *asked.unit)])
    mean, variance = float(running_mean.numbers[channel]), float(running_var.numbers[channel])
    gamma = 1.0 if weight is None else float(weight.numbers[channel])
    beta = 0.0 if bias is None else float(bias.numbers[channel])
    deviation = math.sqrt(variance + eps)
    normal = (x - mean) / deviation
    y = gamma * normal + beta
    return Told(
        operation="batch normalisation",
        formula="y = γ · (x − μ) / √(σ² + ε) + β",
        windows=(place_window(input, asked.unit),),
        lines=(
            Line("x", "what comes in", x),
            Line("μ", "mean of the map, measured in training", mean),
            Line("σ²", "variance of the map, measured in training", variance),
            Line("ε", "keeps the root from zero", eps),
            Line("n", "(x − μ) / √(σ² + ε)", normal),
            Line("γ", "scale of the map", gamma),
            Line("β", "shift of the map", beta),
            Line("y", "γ·n + β", y),
        ),
        result=y,
        scale=abs(gamma / deviation) * (abs(x) + abs(mean)) + abs(beta),
    )


def _by_own_statistics(
    asked: Asked,
    inputs: Operand,
    channels: Sequence[int],
    weight: Operand | None,
    bias: Operand | None,
    eps: float,
    operation: str,
) -> Told:
    """A number less the mean of some maps of the same picture, over the root of their variance; then a scale and a shift of its map."""
    maps = maps_of(inputs)
    window, _ = seen(inputs.source, maps, channels, range(maps.shape[1]), range(maps.shape[2]))
    channel = asked.unit[0]
    gamma, beta = (None if one is None else float(one.numbers[channel]) for one in (weight, bias))
    return _centred(float(maps[asked.unit]), window, gamma, beta, eps, operation)


def _centred(x: float, window: Window, gamma: float | None, beta: float | None, eps: float, operation: str) -> Told:
    values = window.values.astype(float)
    mean, variance = float(values.mean()), float(values.var())
    scale, shift = 1.0 if gamma is None else gamma, 0.0 if beta is None else beta
    deviation = math.sqrt(variance + eps)
    normal = (x - mean) / deviation
    y = scale * normal + shift
    return Told(
        operation=operation,
        formula="y = γ · (x − μ) / √(σ² + ε) + β",
        windows=(window,),
        lines=(
            Line("x", "what comes in", x),
            Line("μ", "mean of the window", mean),
            Line("σ²", "variance of the window", variance),
            Line("ε", "keeps the root from zero", eps),
            Line("n", "(x − μ) / √(σ² + ε)", normal),
            Line("γ", "scale", scale),
            Line("β", "shift", shift),
            Line("y", "γ·n + β", y),
        ),
        result=y,
        scale=abs(scale / deviation) * (abs(x) + float(np.abs(values).mean())) + abs(shift),
        note="mean and variance are those of this picture",
    )


def group_normalisation(
    asked: Asked,
    input: Operand,  # noqa: A002
    num_groups: int,
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
) -> Told:
    """Normalisation by the statistics of a group of maps."""
    size = input.shape[1] // num_groups
    first = asked.unit[0] // size * size
    return _by_own_statistics(asked, input, range(first, first + size), weight, bias, eps, "group normalisation")


def layer_normalisation(
    asked: Asked,
    input: Operand,  # noqa: A002
    normalized_shape: Sequence[int],
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
) -> Told:
    """Normalisation by the statistics of all numbers along the last dimensions."""
    kept = len(asked.unit) - len(normalized_shape)
    if kept < 0:
        raise NotToldError("normalises over pictures")
    values, own = input.numbers[(0, *asked.unit[:kept])], asked.unit[kept:]
    gamma, beta = (None if one is None else float(one.numbers[own]) for one in (weight, bias))
    return _centred(float(values[own]), vector_window(input, values), gamma, beta, eps, "layer normalisation")


def _local_response(
    asked: Asked,
    inputs: Operand,
    before: int,
    after: int,
    alpha: float,
    beta: float,
    k: float,
    said: str,
) -> Told:
    maps, (channel, row, column) = maps_of(inputs), asked.unit
    channels = range(max(0, channel - before), min(len(maps), channel + after + 1))
    values = maps[channels.start : channels.stop, row, column].reshape(-1, 1, 1)
    terms = values.astype(float) ** 2
    x, total = float(maps[channel, row, column]), float(terms.sum())
    divisor = k + alpha * total
    y = x * divisor**-beta
    window = Window(
        source=inputs.source, values=values, channels=tuple(channels), rows=(row,), columns=(column,), terms=terms
    )
    return Told(
        operation="local response normalisation",
        formula=f"y = x / (k + {said} · Σ_c x_c²)^β",
        windows=(window,),
        lines=(
            Line("x", "what comes in", x),
            Line("s", "Σ x_c² over the neighbouring maps", total),
            Line("k", "added to the sum", k),
            Line(said, "what the sum is multiplied by", alpha),
            Line("β", "the power", beta),
            Line("d", f"k + {said}·s", divisor),
            Line("y", "x / d^β", y),
        ),
        result=y,
        scale=abs(y),
    )


def local_response(asked: Asked, module: LocalResponseNormalization, inputs: Operand) -> Told:
    """A number over a power of the squares of its neighbours in other maps, as the papers have it."""
    half = module.size // 2
    alpha, said = (module.alpha / module.size, "α/n") if module.alpha_divided_by_size else (module.alpha, "α")
    return _local_response(asked, inputs, half, half, alpha, module.beta, module.k, said)


def local_response_of_torch(
    asked: Asked,
    input: Operand,  # noqa: A002
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
) -> Told:
    """The same as torch has it: α over the number of maps."""
    return _local_response(asked, input, size // 2, (size - 1) // 2, alpha / size, beta, k, "α/n")


def softmax(asked: Asked, input: Operand, dim: int | None = None, *arguments: Any, **named: Any) -> Told:  # noqa: A002
    """A number's exponential over the sum of those of all."""
    if input.tensor.ndim != 2 or dim not in (1, -1):
        raise NotToldError("is a softmax of something else than a vector")
    values, (unit,) = input.numbers[0].astype(float), asked.unit
    greatest = float(values.max())
    powers = np.exp(values - greatest)
    total, y = float(powers.sum()), float(powers[unit] / powers.sum())
    window = vector_window(input, input.numbers[0])
    return Told(
        operation="softmax",
        formula="y = e^(x − m) / Σ_i e^(x_i − m)",
        windows=(replace(window, terms=powers.reshape(-1, 1, 1)),),
        lines=(
            Line("x", "what comes in", float(values[unit])),
            Line("m", "the greatest of all", greatest),
            Line("s", "Σ e^(x_i − m)", total),
            Line("y", "e^(x − m) / s", y),
        ),
        result=y,
        scale=1.0,
    )
