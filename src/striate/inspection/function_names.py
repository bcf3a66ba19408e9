"""What functions of torch are called when a `TorchFunctionMode` catches them."""

from __future__ import annotations

from typing import Any

import torch

NOT_IN_PLACE = frozenset({"requires_grad_", "detach_"})


def function_name(func: Any) -> str:
    """The name under which rules know a function of torch, an operator of its dispatcher, or an attribute of a tensor.

    Example:
        >>> function_name(torch.nn.functional.relu), function_name(torch.Tensor.__add__), function_name(torch.Tensor.shape.__get__)
        ('relu', '__add__', 'shape')
    """
    name = str(getattr(func, "__name__", ""))
    if name == "__get__":
        return str(getattr(getattr(func, "__self__", None), "__name__", name))
    return name.split(".")[0] if isinstance(func, torch._ops.OpOverload) else name


def is_in_place(name: str) -> bool:
    """Whether a function of this name changes the tensor that it is given.

    Example:
        >>> is_in_place("relu_"), is_in_place("__iadd__"), is_in_place("add"), is_in_place("__invert__")
        (True, True, False, False)
    """
    if name.startswith("__i") and name.endswith("__"):
        return name not in ("__invert__", "__int__", "__index__", "__iter__")
    return name.endswith("_") and not name.endswith("__") and name not in NOT_IN_PLACE
