"""What a network does with one picture, step by step, with every number that each step took and gave."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from striate.errors import UsageError
from striate.hooks import evaluating, watch_calls_and_inputs
from striate.inspection.counting import tensors_in
from striate.inspection.function_names import function_name, is_in_place
from striate.inspection.moving import SAME
from striate.inspection.trace import MADE_LIKE
from striate.seeing.arithmetic.table import rule_of_layer
from striate.seeing.arithmetic.unit_arithmetic import INPUT

PARTS_OF_NAMES = {
    "iadd": "add",
    "radd": "add",
    "imul": "mul",
    "rmul": "mul",
    "isub": "sub",
    "rsub": "sub",
    "getitem": "part",
}
"""What steps are named after: one name for a function and its forms."""


@dataclass(frozen=True)
class Reference:
    """A kept tensor among a function's arguments, by its number."""

    number: int


@dataclass(frozen=True)
class Recorded:
    """A step as it ran."""

    name: str
    kind: str
    """The class of its module, or the name of its function."""
    base: str
    """The name of its function, as `FUNCTIONS` has it; of a layer that is told as a whole, its class."""
    module: nn.Module | None
    function: Callable[..., Any] | None
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]
    output: int
    part: int | None = None
    """Which of several tensors that the function answered."""
    scope: str = ""
    """The module that called it."""


@dataclass
class Scope:
    """A module that is running."""

    name: str
    module: nn.Module
    whole: bool
    """It is told as a whole, or is inside one that is."""
    inputs: tuple[Any, ...] = ()
    begin: int = 0


@dataclass
class Recording:
    """Steps in the order of the work, and the tensors that they took and gave."""

    values: list[Tensor] = field(default_factory=list)
    makers: list[str] = field(default_factory=list)
    steps: list[Recorded] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Memory of all kept tensors; what several share counts once."""
        return sum(_storages(self.values).values())


def _storages(tensors: Iterable[Tensor]) -> dict[int, int]:
    return {tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes() for tensor in tensors}


def record(network: nn.Module, picture: Tensor, most_bytes: int) -> Recording:
    """Runs the network once on one picture, in evaluation mode and without gradients.

    Raises:
        UsageError: The network does not run on the picture, or more than `most_bytes` would be kept.
    """
    recorder = Recorder(picture, most_bytes)
    try:
        with (
            torch.inference_mode(False),
            torch.no_grad(),
            evaluating(network),
            watch_calls_and_inputs(network, recorder.enter, recorder.leave),
            recorder,
        ):
            answer = network(picture)
    except UsageError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise UsageError(
            f"the network does not run on a picture of shape {tuple(picture.shape[1:])}: {' '.join(str(error).split())}"
        ) from error
    if not any(id(tensor) in recorder.current for tensor in tensors_in((answer,), {})):
        raise UsageError(
            f"what {type(network).__name__} answers is not made by functions that can be followed from the picture on; "
            "where a part of it is a script, take the module that it was made from"
        )
    return recorder.recording


class Recorder(TorchFunctionMode):
    """Catches what a network calls, outside the layers that are told as a whole, and keeps what that takes and gives."""

    def __init__(self, picture: Tensor, most_bytes: int) -> None:
        super().__init__()
        self.recording = Recording()
        self.current: dict[int, int] = {}  # by a tensor's identity; what is kept keeps it its own
        self.scopes: list[Scope] = []
        self.names: Counter[str] = Counter()
        self.most_bytes = most_bytes
        self.storages: dict[int, int] = {}
        self.picture = picture
        self._keep(picture, INPUT)

    # Modules

    def enter(self, name: str, module: nn.Module, inputs: tuple[object, ...]) -> None:
        """A module begins to run."""
        inside = bool(self.scopes) and self.scopes[-1].whole
        whole = inside or rule_of_layer(module) is not None
        taken = () if inside or not whole else self._referred(inputs)
        self.scopes.append(Scope(name, module, whole, taken, len(self.recording.steps)))

    def leave(self, name: str, module: nn.Module, output: object) -> None:
        """A module has run."""
        scope = self.scopes.pop()
        if self.scopes and self.scopes[-1].whole:
            return
        kind = type(module).__name__
        if scope.whole:
            if isinstance(output, Tensor) and any(isinstance(value, Reference) for value in scope.inputs):
                step = Recorded(self._named(name or kind), kind, kind, module, None, scope.inputs, {}, -1, scope=name)
                self._given(step, output)
            return
        steps = self.recording.steps[scope.begin :]
        single = next(module.children(), None) is None and bool(name)
        if single and len(steps) == 1 and steps[0].scope == name:
            # A layer of one function is called by its own name.
            self.names[steps[0].name] -= 1
            step = replace(steps[0], name=self._named(name), kind=kind, module=module)
            self.recording.steps[-1] = step
            self.recording.makers[step.output] = step.name

    def _named(self, name: str) -> str:
        self.names[name] += 1
        return name if self.names[name] == 1 else f"{name}_{self.names[name]}"

    # Functions

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Calls a function of torch, and keeps what it takes and gives if that depends on the picture."""
        named = dict(kwargs or {})
        known = [tensor for tensor in tensors_in(args, named) if id(tensor) in self.current]
        name = function_name(func)
        if not known or name in MADE_LIKE or (self.scopes and self.scopes[-1].whole):
            return func(*args, **named)
        changes = _changes_its_argument(func, name, args, named)
        base = name.rstrip("_") if is_in_place(name) and not name.endswith("__") else name
        if base in SAME and not changes:
            answer = func(*args, **named)
            if isinstance(answer, Tensor) and answer is not args[0]:
                self._keep(answer, self.recording.makers[self.current[id(known[0])]])
            return answer
        arguments, by_name = self._referred(args), {key: self._refer(value) for key, value in named.items()}
        # What was referred to above stays as it is now.
        changed = self._before_a_change(named.get("out", args[0])) if changes else []
        answer = func(*args, **named)
        given = args[0] if name == "__setitem__" else answer
        tensors = list(tensors_in((given,), {}))
        scope = self.scopes[-1].name if self.scopes else ""
        called = base.strip("_")
        called = PARTS_OF_NAMES.get(called, called)
        for place, tensor in enumerate(tensors):
            step = Recorded(
                name=self._named(f"{scope}.{called}" if scope else called),
                kind=called,
                base=base,
                module=None,
                function=func,
                arguments=arguments,
                named=by_name,
                output=-1,
                part=None if isinstance(given, Tensor) else place,
                scope=scope,
            )
            self._given(step, tensor)
            changed = [other for other in changed if other is not tensor]
        for other in changed:
            self._keep(other, self.recording.steps[-1].name)
        return answer

    def _referred(self, values: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(self._refer(value) for value in values)

    def _refer(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            number = self.current.get(id(value))
            return value if number is None else Reference(number)
        if isinstance(value, list | tuple) and any(isinstance(part, Tensor) for part in value):
            return tuple(self._refer(part) for part in value)
        return value

    # Tensors

    def _given(self, step: Recorded, tensor: Tensor) -> None:
        self.recording.steps.append(replace(step, output=len(self.recording.values)))
        self._keep(tensor, step.name)

    def _keep(self, tensor: Tensor, maker: str) -> None:
        self.current[id(tensor)] = len(self.recording.values)
        self.recording.values.append(tensor)
        self.recording.makers.append(maker)
        self.storages.update(_storages([tensor]))
        kept = sum(self.storages.values())
        if kept > self.most_bytes:
            sides = " x ".join(map(str, self.picture.shape[2:]))
            raise UsageError(
                f"a walk keeps what every step takes and gives: with a picture of {sides} pixels that is more than "
                f"{self.most_bytes / 2**20:,.0f} MiB; give a smaller picture, or a larger most_bytes"
            )

    def _before_a_change(self, target: Tensor) -> list[Tensor]:
        """Keeps what a tensor was before it is changed in place; answers all that look at the same memory, which change with it."""
        memory = target.untyped_storage()._cdata
        changed = []
        for number, tensor in enumerate(self.recording.values):
            if tensor.untyped_storage()._cdata == memory:
                self.recording.values[number] = tensor.clone()
                self.storages.update(_storages([self.recording.values[number]]))
                if self.current.get(id(tensor)) == number:
                    changed.append(tensor)
        return changed


def _changes_its_argument(func: Callable[..., Any], name: str, args: tuple[Any, ...], named: Mapping[str, Any]) -> bool:
    if is_in_place(name) or name == "__setitem__" or named.get("out") is not None:
        return True
    if True not in [value for value in (*args[1:], *named.values()) if isinstance(value, bool)]:
        return False
    try:
        return inspect.signature(func).bind(*args, **named).arguments.get("inplace") is True
    except (TypeError, ValueError):
        return False
