"""What torch makes of an operation that has no rule: its multiply-adds and element operations, with torch's own formulas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class LightMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A dispatch mode for which torch does not load its compiler, which takes longer than everything here."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch would load its compiler to keep it away from the mode, which takes longer than everything here."""
        return False


class CountingMode(LightMode):
    """Counts multiply-adds and element operations of what torch dispatches, with torch's own formulas."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.macs = 0
        self.elements = 0
        self.uncounted: Counter[str] = Counter()
        self.pointwise = True  # nothing but operations that make each number from the numbers at its own place

    def __torch_dispatch__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs an operation and counts it."""
        from torch.utils.flop_counter import flop_registry

        named = dict(kwargs or {})
        packet = func._overloadpacket
        if packet not in flop_registry and func not in torch._decomp.decomposition_table:
            with self:
                composed = func.decompose(*args, **named)
            if composed is not NotImplemented:
                return composed
        answer = func(*args, **named)
        tensors = list(tensors_in((answer,), {}))
        size = sum(tensor.numel() for tensor in tensors)
        if packet in flop_registry:
            self.macs += int(flop_registry[packet](*args, **named, out_val=answer)) // 2
            self.pointwise = False
        elif is_pointwise(func):
            self.elements += size
        elif func.is_view or str(packet) in FREE:
            self.pointwise &= str(packet) in IN_PLACE_OF_ITS_OWN
        elif str(packet) in REDUCTIONS:
            self.elements += sum(tensor.numel() for tensor in tensors_in(args, named))
            self.pointwise = False
        elif tensors:
            self.uncounted[str(packet)] += 1
            self.pointwise = False
        return answer


class PassingMode(LightMode):  # type: ignore[no-untyped-call]
    """Runs what torch dispatches. While it is entered, a function mode also meets what scripts and operators call.

    Args:
        passed: Called with the operation, what it was given and what it answered, after each.
    """

    def __init__(self, passed: Callable[[Any, tuple[Any, ...], Any], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passed = passed

    def __torch_dispatch__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs an operation."""
        answer = func(*args, **dict(kwargs or {}))
        self.passed(func, args, answer)
        return answer


def is_pointwise(func: Any) -> bool:
    """Whether an operation makes each number from the one at its own place; torch says it of the form that is not in place."""
    if torch.Tag.pointwise in func.tags:
        return True
    name = str(func._opname)
    twin = getattr(torch.ops.aten, name.rstrip("_"), None) if func.namespace == "aten" and name.endswith("_") else None
    overload = getattr(twin, func._overloadname, None)
    return overload is not None and torch.Tag.pointwise in overload.tags


def _aten(names: str) -> frozenset[str]:
    return frozenset(f"aten.{name}" for name in names.split())


IN_PLACE_OF_ITS_OWN = _aten(
    "scalar_tensor clone copy_ _to_copy detach alias lift_fresh fill_ zero_ arange empty zeros ones full empty_like zeros_like ones_like "
    "full_like new_empty new_zeros new_full empty_strided new_empty_strided"
)
"""Operations that cost nothing, and leave each number in its place."""

FREE = IN_PLACE_OF_ITS_OWN | _aten(
    "cat stack _unsafe_view _reshape_alias constant_pad_nd index_select gather roll flip repeat"
)
"""Operations that cost nothing."""

REDUCTIONS = _aten(
    "sum mean amax amin max min prod var std var_mean std_mean norm linalg_vector_norm argmax argmin any all logsumexp "
    "cumsum _softmax _log_softmax native_layer_norm native_group_norm"
)
"""Operations that cost one for each number that they are given."""


def tensors_in(args: Iterable[Any], named: Mapping[str, Any]) -> Iterator[Tensor]:
    """All tensors among arguments, also those in lists and dictionaries."""
    for value in (*args, *named.values()):
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from tensors_in(value, {})
        elif isinstance(value, dict):
            yield from tensors_in((), value)
