"""Which rule tells the arithmetic of which function of torch, and of which layer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from torch import nn

from striate.inspection.moving import VIEWS
from striate.nn import (
    EuclideanRBF,
    LocalResponseNormalization,
    MinPool2d,
    PartialConv2d,
    SamePaddingConv2d,
    Scale,
    ScaledTanh,
    StandardizedLinear,
    Subsampling,
    ZeroPaddedIdentity,
)
from striate.seeing.arithmetic import activations, combining, normalisations, windows
from striate.seeing.arithmetic.asked import Rule

LAYERS: Mapping[type[nn.Module], Rule] = MappingProxyType(
    {
        SamePaddingConv2d: windows.same_padding,
        PartialConv2d: windows.partial_convolution,
        StandardizedLinear: windows.standardized_dense,
        EuclideanRBF: windows.distance,
        Subsampling: windows.subsampling,
        MinPool2d: windows.min_pooling,
        LocalResponseNormalization: normalisations.local_response,
        ScaledTanh: activations.scaled_tanh,
        Scale: combining.scale,
        ZeroPaddedIdentity: combining.zero_padded,
    }
)
"""Layers that are told as a whole, though they run several functions. Of any other, each function is told."""

MOVING = frozenset(
    {"flip", "roll", "index_select", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "repeat", "tile"}
)
"""Functions that are no views, and change no number either."""

SUM = combining.arithmetic_of_two("sum", "+", lambda a, b: a + b)
DIFFERENCE = combining.arithmetic_of_two("difference", "−", lambda a, b: a - b)
PRODUCT = combining.arithmetic_of_two("product", "·", lambda a, b: a * b)
QUOTIENT = combining.arithmetic_of_two("quotient", "/", lambda a, b: a / b)
POWER = combining.arithmetic_of_two("power", "^", combining.power)
GREATER = combining.arithmetic_of_two("the greater of two", "or", max)
LESS = combining.arithmetic_of_two("the less of two", "or", min)


def _functions() -> Mapping[str, Rule]:
    rules: dict[str, Rule] = {
        "conv2d": windows.convolution,
        "linear": windows.dense,
        "max_pool2d": windows.max_pooling,
        "avg_pool2d": windows.average_pooling,
        "adaptive_avg_pool2d": windows.adaptive_average_pooling,
        "adaptive_max_pool2d": windows.adaptive_max_pooling,
        "mean": windows.reduction("average"),
        "amax": windows.reduction("max"),
        "amin": windows.reduction("min"),
        "batch_norm": normalisations.batch_normalisation,
        "group_norm": normalisations.group_normalisation,
        "layer_norm": normalisations.layer_normalisation,
        "local_response_norm": normalisations.local_response_of_torch,
        "softmax": normalisations.softmax,
        "dropout": activations.identity,
        "dropout2d": activations.identity,
        "cat": combining.concatenation,
        "concat": combining.concatenation,
        "concatenate": combining.concatenation,
        "pad": combining.padding,
    }
    for name, entry in activations.ACTIVATIONS.items():
        rules[name] = activations.of_one_number(entry)
    rules["__neg__"] = rules["neg"]
    for rule, names in (
        (SUM, ("add", "__add__", "__radd__", "__iadd__")),
        (DIFFERENCE, ("sub", "subtract", "__sub__", "__isub__")),
        (combining.reflected(DIFFERENCE), ("__rsub__", "rsub")),
        (PRODUCT, ("mul", "multiply", "__mul__", "__rmul__", "__imul__")),
        (QUOTIENT, ("div", "divide", "true_divide", "__truediv__", "__itruediv__")),
        (combining.reflected(QUOTIENT), ("__rtruediv__", "__rdiv__")),
        (POWER, ("pow", "__pow__")),
        (GREATER, ("maximum",)),
        (LESS, ("minimum",)),
    ):
        rules.update(dict.fromkeys(names, rule))
    for name in VIEWS | MOVING:
        rules[name] = combining.moved({"flatten": "flattening", "__getitem__": "selection"}.get(name, "rearrangement"))
    return MappingProxyType(rules)


FUNCTIONS = _functions()
"""By the name under which torch calls the function; forms in place without their underscore."""


def rule_of_layer(module: nn.Module | None) -> Rule | None:
    """The rule of a layer that is told as a whole; None of any other."""
    return next((LAYERS[kind] for kind in type(module).__mro__ if kind in LAYERS), None)
