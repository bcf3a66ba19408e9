"""What a tensor is as a function of another, number by number: so that a rectifier is known however it is written.

`torch.maximum(t, 0)`, `t * (t > 0)`, `torch.where`, `masked_fill`, `(t + |t|) / 2`: none of their operations is a rectifier, and
together they are one. So every operation that makes each number from the one at its own place is also done with some numbers
from -40 to 40 in the tensor's place. What comes out is the function that the network has written, up to there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from striate.inspection.counting import CountingMode, tensors_in
from striate.inspection.operations import broadcast

_POINTS = torch.tensor([-40, -20, -10, -6, -3, -1, -0.5, -0.1, 0, 0.1, 0.5, 1, 3, 6, 10, 20, 40], dtype=torch.float64)
_AT = {point: place for place, point in enumerate(_POINTS.tolist())}


@dataclass(frozen=True)
class Form:
    """A tensor as a function of its root."""

    root: Tensor
    version: int  # of the root: what is changed in place is another tensor
    values: Tensor  # of the function at each of the points
    replay: Callable[[Tensor], Tensor]  # the function itself, of the root or what stands for it
    is_new: bool = False  # the call made another function of it

    @property
    def slope(self) -> float:
        """What the function comes to for large numbers if it is a rectifier, leaky and smooth ones too; else 0.

        It grows evenly above, at most a third as fast below, and goes from one to the other at 0.
        """
        if self.values.dtype == torch.bool:
            return 0.0

        def between(first: float, last: float) -> float:
            return float(self.values[_AT[last]] - self.values[_AT[first]]) / (last - first)

        above, below, middle = between(20, 40), between(-40, -20), between(-0.1, 0.1)
        even = abs(above - between(10, 20)) < 1e-3 * above and abs(below - between(-20, -10)) < 1e-3 * above
        turns = abs(below) < 0.35 * above and 0.3 * above < middle < 0.7 * above
        return round(above, 6) if even and turns else 0.0

    @property
    def is_relu(self) -> bool:
        """Whether it is a ReLU, or one times a number."""
        return bool(self.slope) and torch.equal(self.values.double(), self.slope * _POINTS.clamp(min=0))

    def derivative(self) -> Tensor:
        """That of the function at each number of the root; rectifiers in it count as they are, not as a rule has them."""
        root = self.root.detach().clone().requires_grad_()
        with torch.enable_grad():
            answer = self.replay(root)
        return torch.autograd.grad(answer.sum(), root)[0]


class Forms:
    """The forms of tensors, by the calls that made them."""

    def __init__(self) -> None:
        self._known = WeakTensorKeyDictionary()
        self._not_pointwise: set[tuple[Any, int]] = set()

    def remember(self, tensor: Tensor, form: Form) -> None:
        """Keeps a tensor's form as long as the tensor is there."""
        if tensor is not form.root:
            self._known[tensor] = (form, tensor._version)

    def forget(self, tensor: Tensor) -> None:
        """A tensor was changed in a way that is not known."""
        self._known.pop(tensor, None)  # type: ignore[no-untyped-call]

    def of(self, tensor: Tensor) -> Form | None:
        """A tensor's form: as it is known, or as its own root; None of one that needs no gradient."""
        form, version = self._known.get(tensor, (None, 0))  # type: ignore[no-untyped-call]
        if isinstance(form, Form) and (tensor._version, form.root._version) == (version, form.version):
            return form
        if not tensor.requires_grad:
            return None
        return Form(tensor, tensor._version, _POINTS, lambda root: root)

    def of_call(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], *, changes: bool
    ) -> Form | None:
        """What the answer of a call would be, or what becomes of its first argument if the call changes that.

        None where it is not a function of one tensor, number by number.
        """
        operands = list(tensors_in(args, kwargs))
        key = (func, len(operands))
        forms = [form for operand in operands if (form := self.of(operand)) is not None]
        if not forms or key in self._not_pointwise or any(form.root is not forms[0].root for form in forms):
            return None
        root = forms[0].root
        constants = [operand for operand in operands if self.of(operand) is None]
        try:
            if broadcast([root.shape, *(operand.shape for operand in constants)]) != tuple(root.shape):
                return None
        except ValueError:
            return None
        if not all(_is_one_number(constant) for constant in constants):
            return None
        given, named = self._probed(args), self._probed(dict(kwargs))
        try:
            with torch.no_grad(), CountingMode() as counting:
                answer = func(*given, **named)
        except Exception:  # whatever it asks for, numbers in a row are not that
            self._not_pointwise.add(key)
            return None
        answer = given[0] if changes else answer
        if not counting.pointwise or not isinstance(answer, Tensor) or answer.shape != _POINTS.shape:
            self._not_pointwise.add(key)
            return None
        is_new = not any(torch.equal(form.values, answer) for form in forms)
        return Form(root, forms[0].version, answer, self._replaying(func, args, kwargs, changes), is_new)

    def _replaying(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], changes: bool
    ) -> Callable[[Tensor], Tensor]:
        """The call as a function of the root; forms are those of now."""
        given, named = self._with_forms(args), self._with_forms(dict(kwargs))

        def replay(root: Tensor) -> Tensor:
            inputs = _replayed(given, root)
            if changes:
                inputs = (inputs[0].clone(), *inputs[1:])
            answer = func(*inputs, **_replayed(named, root))
            result: Tensor = inputs[0] if changes else answer
            return result

        return replay

    def _with_forms(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self.of(value) or value
        if isinstance(value, list | tuple):
            return type(value)(self._with_forms(part) for part in value)
        return {key: self._with_forms(part) for key, part in value.items()} if isinstance(value, dict) else value

    def _probed(self, value: Any) -> Any:
        """Arguments with the points in the tensors' place."""
        if isinstance(value, Tensor):
            form = self.of(value)
            if form is not None:
                return form.values.clone()
            one = value.detach().reshape(-1)[:1].cpu()
            return (one.double() if one.is_floating_point() else one).expand(_POINTS.shape).clone()
        if isinstance(value, list | tuple):
            return type(value)(self._probed(part) for part in value)
        if isinstance(value, dict):
            return {key: self._probed(part) for key, part in value.items()}
        return value


def _is_one_number(tensor: Tensor) -> bool:
    """Whether all numbers of a tensor are the same."""
    if tensor.numel() <= 1:
        return tensor.numel() == 1
    flat = tensor.detach().reshape(-1)
    return bool(flat[0] == flat[-1]) and bool((flat == flat[0]).all())


def _replayed(value: Any, root: Tensor) -> Any:
    if isinstance(value, Form):
        return value.replay(root)
    if isinstance(value, list | tuple):
        return type(value)(_replayed(part, root) for part in value)
    return {key: _replayed(part, root) for key, part in value.items()} if isinstance(value, dict) else value
