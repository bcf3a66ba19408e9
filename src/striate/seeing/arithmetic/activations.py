"""The arithmetic of what makes each number from one other: activations, and other functions of one number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from striate.nn import ScaledTanh
from striate.seeing.arithmetic.asked import Asked, Operand, place_window
from striate.seeing.arithmetic.unit_arithmetic import Line, Told


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x), which does not overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _gelu(x: float, approximate: str = "none") -> float:
    if approximate == "tanh":
        return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))


def _softplus(x: float, beta: float = 1.0, threshold: float = 20.0) -> float:
    return x if beta * x > threshold else math.log1p(math.exp(beta * x)) / beta


def _clamped(x: float, min: float | None = None, max: float | None = None) -> float:  # noqa: A002
    x = x if min is None or x >= min else float(min)
    return x if max is None or x <= max else float(max)


@dataclass(frozen=True)
class OfOneNumber:
    """A function of one number."""

    operation: str
    formula: str
    function: Callable[..., float]
    """Called with the number and the function's other arguments, `inplace` left out."""
    activation: bool = True


ACTIVATIONS: Mapping[str, OfOneNumber] = MappingProxyType(
    {
        "relu": OfOneNumber("ReLU", "y = max(0, x)", lambda x: max(0.0, x)),
        "relu6": OfOneNumber("ReLU6", "y = min(max(0, x), 6)", lambda x: min(max(0.0, x), 6.0)),
        "hardtanh": OfOneNumber(
            "clipping",
            "y = min(max(l, x), h)",
            lambda x, min_val=-1.0, max_val=1.0: _clamped(x, min_val, max_val),
        ),
        "sigmoid": OfOneNumber("sigmoid", "y = 1 / (1 + e^−x)", sigmoid),
        "tanh": OfOneNumber("tanh", "y = tanh x", math.tanh),
        "silu": OfOneNumber("SiLU", "y = x / (1 + e^−x)", lambda x: x * sigmoid(x)),
        "gelu": OfOneNumber("GELU", "y = x · Φ(x)", _gelu),
        "hardswish": OfOneNumber(
            "hard swish", "y = x · min(max(0, x + 3), 6) / 6", lambda x: x * min(max(0.0, x + 3), 6.0) / 6
        ),
        "hardsigmoid": OfOneNumber(
            "hard sigmoid", "y = min(max(0, x + 3), 6) / 6", lambda x: min(max(0.0, x + 3), 6.0) / 6
        ),
        "leaky_relu": OfOneNumber(
            "leaky ReLU",
            "y = x where x > 0, else a·x",
            lambda x, negative_slope=0.01: x if x > 0 else negative_slope * x,
        ),
        "elu": OfOneNumber(
            "ELU",
            "y = x where x > 0, else a·(e^x − 1)",
            lambda x, alpha=1.0: x if x > 0 else alpha * math.expm1(x),
        ),
        "softplus": OfOneNumber("softplus", "y = ln(1 + e^x)", _softplus),
        "softsign": OfOneNumber("softsign", "y = x / (1 + |x|)", lambda x: x / (1 + abs(x))),
        "mish": OfOneNumber("Mish", "y = x · tanh(ln(1 + e^x))", lambda x: x * math.tanh(_softplus(x))),
        "neg": OfOneNumber("change of sign", "y = −x", lambda x: -x, activation=False),
        "abs": OfOneNumber("absolute value", "y = |x|", abs, activation=False),
        "square": OfOneNumber("square", "y = x²", lambda x: x * x, activation=False),
        "sqrt": OfOneNumber("square root", "y = √x", math.sqrt, activation=False),
        "rsqrt": OfOneNumber("inverse square root", "y = 1 / √x", lambda x: 1 / math.sqrt(x), activation=False),
        "exp": OfOneNumber("exponential", "y = e^x", math.exp, activation=False),
        "log": OfOneNumber("logarithm", "y = ln x", math.log, activation=False),
        "reciprocal": OfOneNumber("reciprocal", "y = 1 / x", lambda x: 1 / x, activation=False),
        "clamp": OfOneNumber("clipping", "y = min(max(l, x), h)", _clamped, activation=False),
    }
)
"""By the name under which torch calls the function."""


def of_one_number(entry: OfOneNumber) -> Callable[..., Told]:
    """The rule of a function of one number."""

    def rule(asked: Asked, input: Operand, *arguments: Any, **named: Any) -> Told:  # noqa: A002
        named.pop("inplace", None)
        plain = [value for value in arguments if not isinstance(value, bool)]
        x = float(input.numbers[(0, *asked.unit)])
        six = entry is ACTIVATIONS["hardtanh"] and [*plain, *named.values()] == [0, 6]  # how torch calls ReLU6
        return _told(ACTIVATIONS["relu6"] if six else entry, asked, input, x, entry.function(x, *plain, **named))

    return rule


def scaled_tanh(asked: Asked, module: ScaledTanh, inputs: Operand) -> Told:
    """LeNet-5's squashing function."""
    x = float(inputs.numbers[(0, *asked.unit)])
    y = module.amplitude * math.tanh(module.slope * x)
    entry = OfOneNumber("scaled tanh", f"y = {module.amplitude:g} · tanh({module.slope:.6g} · x)", math.tanh)
    return _told(entry, asked, inputs, x, y)


def identity(asked: Asked, input: Operand, *arguments: Any, **named: Any) -> Told:  # noqa: A002
    """What does nothing when the network answers, such as dropout."""
    x = float(input.numbers[(0, *asked.unit)])
    entry = OfOneNumber("dropout", "y = x", float)
    return _told(entry, asked, input, x, x, "dropout does nothing when a network answers")


def _told(entry: OfOneNumber, asked: Asked, source: Operand, x: float, y: float, note: str = "") -> Told:
    return Told(
        operation=entry.operation,
        formula=entry.formula,
        windows=(place_window(source, asked.unit),),
        lines=(Line("x", "what comes in", x), Line("y", entry.formula.removeprefix("y = "), y)),
        result=y,
        scale=max(abs(x), abs(y)),
        note=note,
    )
