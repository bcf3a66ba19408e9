"""What a backward pass still meets when all calls that could be caught were: read from the graph that autograd keeps.

The graph has every operation, whoever called it: a script, an operator of torch's dispatcher, a function with a gradient of
its own. Rectifiers among them are held by hooks on their nodes; what could be one and is not known is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import Node

_RECTIFIERS = {
    "Relu",
    "LeakyRelu",
    "Elu",
    "Celu",
    "Selu",
    "Gelu",
    "Silu",
    "Mish",
    "Hardswish",
    "Softplus",
    "RreluWithNoise",
    "PreluKernel",
}
_BOUNDED = {"ClampMin": "min", "Clamp": "min", "Hardtanh": "min_val", "Threshold": "threshold"}
_CHOICES = {"Where", "Maximum", "Minimum", "MaskedFill", "Fmax", "Fmin", "IndexPut"}
_OWN = ("_PassedSignal", "_RectifiedSignal")


def hold_what_is_left(tensors: Sequence[Tensor], *, deconvnet: bool) -> tuple[str, ...]:
    """Rectifies the signal at each rectifier of the graph that no call was caught for.

    Args:
        tensors: Where the backward pass begins.
        deconvnet: The signal passes whatever the input was; else where the gradient does.

    Returns:
        The names of operations that may be rectifiers and keep their gradient, such as `"where"`, each once.
    """
    unknown: dict[str, None] = {}
    for node, is_own in _nodes([tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]):
        if is_own:
            continue
        name = _name(node)
        if name in _RECTIFIERS or _is_zero_bound(node, name):
            # Bounded from above, a gate, has two bounds and keeps its gradient.
            node.register_prehook(_rectified)
            if deconvnet:
                node.register_hook(_passed)
        elif issubclass(type(node), torch.autograd.function.BackwardCFunction):
            unknown[f"{type(node).__name__.removesuffix('Backward')}, a function with a gradient of its own"] = None
        elif name in _BOUNDED and _is_bounded_by_tensors(node):
            unknown[f"{_words(name)} by a tensor"] = None
        elif name in _CHOICES and not _is_bound(node, name):
            unknown[_words(name)] = None
        elif name == "Mul" and _by_a_mask(node):
            unknown["a product with a mask"] = None
        elif "DifferentiableGraph" in name:
            unknown["a script"] = None
    return tuple(unknown)


def _nodes(roots: Sequence[Node]) -> Iterator[tuple[Node, bool]]:
    """Every node, and whether it is one of the rules' own or what stands right below such a one."""
    waiting, seen = list(roots), set(roots)
    held: set[Node] = set()
    while waiting:
        node = waiting.pop()
        own = type(node).__name__.startswith(_OWN)
        yield node, own or node in held
        for below, _ in node.next_functions:
            if below is None:
                continue
            if own:
                held.add(below)
            if below not in seen:
                seen.add(below)
                waiting.append(below)


def _name(node: Node) -> str:
    """The operation's name as autograd writes it, such as `MaskedFill` of `MaskedFillBackward0`."""
    return re.sub(r"Backward\d*$", "", node.name().split("::")[-1])


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _is_zero_bound(node: Any, name: str) -> bool:
    """Whether it is a ReLU by its bounds: clamped or cut at 0, and nowhere else."""
    if name not in _BOUNDED:
        return False
    above = getattr(node, "_saved_max", None) if name == "Clamp" else getattr(node, "_saved_max_val", None)
    bound = getattr(node, f"_saved_{_BOUNDED[name]}", None)
    return isinstance(bound, int | float) and bound == 0 and (above is None or name == "Hardtanh")


def _is_bounded_by_tensors(node: Any) -> bool:
    bounds = (getattr(node, f"_saved_{side}", None) for side in ("min", "max"))
    return any(isinstance(bound, Tensor) and bound.numel() > 1 for bound in bounds)


def _is_bound(node: Node, name: str) -> bool:
    """Whether the greater or lesser is taken of a tensor and a constant: that has no choice of signals, it clips."""
    return name == "Minimum" and any(below is None for below, _ in node.next_functions)


def _by_a_mask(node: Any) -> bool:
    """Whether one factor is a constant of noughts and ones."""
    if all(below is not None for below, _ in node.next_functions):
        return False
    for factor in (node._saved_self, node._saved_other):
        if isinstance(factor, Tensor) and not factor.requires_grad and factor.numel() > 1:
            ones = factor == 1
            return bool((ones | (factor == 0)).all()) and bool(ones.any()) and not bool(ones.all())
    return False


def _rectified(signals: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    return tuple(signal if signal is None else signal.clamp(min=0) for signal in signals)


def _passed(answers: tuple[Tensor | None, ...], signals: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    return (signals[0], *answers[1:])
