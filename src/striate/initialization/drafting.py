"""Networks as drafts: all of their structure and none of their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

# What initialisers do to a tensor in place. A draft has no values, so there is nothing to do; and torch would load its
# compiler to find that out, which takes seconds.
DRAWING = frozenset(
    [
        "normal_",
        "uniform_",
        "trunc_normal_",
        "constant_",
        "zeros_",
        "ones_",
        "eye_",
        "dirac_",
        "xavier_uniform_",
        "xavier_normal_",
        "kaiming_uniform_",
        "kaiming_normal_",
        "orthogonal_",
        "sparse_",
        "fill_",
        "zero_",
        "copy_",
        "add_",
        "sub_",
        "mul_",
        "div_",
        "clamp_",
        "erfinv_",
        "exponential_",
    ]
)
MAKING = frozenset({"empty", "zeros", "ones", "full", "tensor", "arange", "rand", "randn", "eye", "linspace"})


class drafting(TorchFunctionMode):  # noqa: N801 - it is used as a function: `with drafting():`
    """A context in which modules are built on the meta device and their initialisation is left out.

    Example:
        >>> with drafting():
        ...     layer = torch.nn.Linear(1000, 1000)
        >>> layer.weight.is_meta
        True
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Makes tensors on the meta device, and leaves them as they are made."""
        arguments = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        target = args[0] if args else arguments.get("tensor")
        if name in DRAWING and isinstance(target, Tensor) and target.is_meta:
            return target
        if name in MAKING and arguments.get("device") is None:
            arguments["device"] = torch.device("meta")
        return func(*args, **arguments)
