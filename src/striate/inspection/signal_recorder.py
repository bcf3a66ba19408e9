"""Meeting what layers and activation functions answer, and the gradients that come back to them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from striate.initialization import StatesFans
from striate.nn import EuclideanRBF, ScaledTanh

NORMALIZATIONS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.SyncBatchNorm,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.LocalResponseNorm,
)
WEIGHTED = nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d
# Functions that are listed where a network calls them without a module.
LAYER_FUNCTIONS = frozenset(f"{name}{axes}d" for name in ("conv", "conv_transpose") for axes in (1, 2, 3)) | {"linear"}
NORMALIZING_FUNCTIONS = frozenset({"batch_norm", "instance_norm", "group_norm", "layer_norm"})
RELU_FUNCTIONS = frozenset({"relu", "relu_", "relu6"})
ACTIVATION_FUNCTIONS = RELU_FUNCTIONS | {
    "elu", "gelu", "hardsigmoid", "hardswish", "leaky_relu", "mish", "selu", "sigmoid", "silu", "softplus", "tanh",
}  # fmt: skip


@dataclass
class Met:
    """A layer that ran, before the gradient has come back to it."""

    name: str
    kind: str
    is_activation: bool
    shape: tuple[int, ...]
    answered: tuple[float, float]
    dead: float | None
    weights: tuple[str, ...]  # names of its own parameters
    gradient: tuple[float, float] | None = None
    normalized: bool = False

    def came_back(self, gradient: Tensor) -> None:
        """Takes the gradient's mean and variance."""
        self.gradient = moments(gradient)


class Recorder(TorchFunctionMode):
    """Meets the answers of layers and activation functions, of modules and of functions called outside them.

    Args:
        watch: As `watch_gradients` gives it.
    """

    def __init__(self, watch: Callable[[Tensor, Callable[[Tensor], None]], None]) -> None:
        super().__init__()
        self.met: list[Met] = []
        self._watch = watch
        self._scopes: list[tuple[str, str]] = []  # names and roles of the modules that are running
        self._names: Counter[str] = Counter()
        self._answers: dict[int, tuple[Tensor, Met]] = {}  # what was met, by the identity of what it answered

    def enter(self, name: str, module: nn.Module) -> None:
        """A module begins to run."""
        self._scopes.append((name, _role(module)))

    def leave(self, name: str, module: nn.Module, output: object) -> None:
        """A module has run."""
        _, role = self._scopes.pop()
        if role in ("layer", "activation") and not self._inside() and isinstance(output, Tensor):
            own = tuple(f"{name}.{own}" if name else own for own, _ in module.named_parameters())
            is_relu = isinstance(module, nn.ReLU | nn.ReLU6)
            self._note(name, type(module).__name__, role == "activation", output, is_relu, own)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs a function of torch, and meets what it answers if it is one that is listed."""
        answer = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in NORMALIZING_FUNCTIONS and args and id(args[0]) in self._answers:
            self._answers[id(args[0])][1].normalized = True
        is_activation = name in ACTIVATION_FUNCTIONS
        if (is_activation or name in LAYER_FUNCTIONS) and not self._inside() and isinstance(answer, Tensor):
            kind = name.rstrip("_")
            path = f"{self._scopes[-1][0]}.{kind}".lstrip(".") if self._scopes else kind
            self._note(path, kind, is_activation, answer, name in RELU_FUNCTIONS, ())
        return answer

    def _inside(self) -> bool:
        return any(role != "open" for _, role in self._scopes)

    def _note(
        self, name: str, kind: str, is_activation: bool, output: Tensor, is_relu: bool, weights: tuple[str, ...]
    ) -> None:
        self._names[name] += 1
        if self._names[name] > 1:  # a module that runs again
            name = f"{name} #{self._names[name]}"
        met = Met(
            name,
            kind,
            is_activation,
            tuple(output.shape[1:]),
            moments(output),
            dead_share(output) if is_relu else None,
            weights,
        )
        self.met.append(met)
        self._answers[id(output)] = (output, met)
        self._watch(output, met.came_back)


def _role(module: nn.Module) -> str:
    """Layer or activation: to be met. closed: neither, nor is anything inside. open: what it calls is met."""
    if next(module.children(), None) is not None:
        return "open"
    home = type(module).__module__
    if home == "torch.nn.modules.activation" or isinstance(module, ScaledTanh):
        return "activation"
    if isinstance(module, NORMALIZATIONS):
        return "closed"
    known = isinstance(module, WEIGHTED | EuclideanRBF | StatesFans) or home.startswith(("torch.nn.", "striate.nn."))
    if not known:
        return "open"
    has_own = next(module.parameters(recurse=False), None) is not None
    return "layer" if has_own or isinstance(module, EuclideanRBF) else "closed"


def moments(values: Tensor) -> tuple[float, float]:
    """Mean and variance of all numbers, also where their squares are too small or too large for single precision.

    Both are NaN where one of the numbers is not finite.

    Example:
        >>> "mean {:.2g}, variance {:.2g}".format(*moments(torch.tensor([1e-30, 3e-30])))
        'mean 2e-30, variance 1e-60'
    """
    values = values.detach()
    largest = float(values.abs().amax()) if values.numel() else 0.0
    if not math.isfinite(largest):
        return math.nan, math.nan
    if largest == 0:
        return 0.0, 0.0
    scaled = values.float() / largest
    mean = scaled.mean(dtype=torch.float64)
    variance = (scaled - mean.float()).square().mean(dtype=torch.float64)
    return float(mean) * largest, float(variance) * largest**2


def dead_share(maps: Tensor) -> float | None:
    """The share of a ReLU's units, each a map or a number of a vector, that are 0 for every picture and at every place.

    Args:
        maps: (N, units, ...) float of 0 and more; the answer is None where there is no axis of units.

    Example:
        >>> dead_share(torch.tensor([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]]))
        0.5
    """
    if maps.ndim < 2:
        return None
    units = maps.detach().movedim(1, 0).flatten(1)
    return float((units == 0).all(dim=1).double().mean())
