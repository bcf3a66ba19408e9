"""The only place that registers and removes forward and backward hooks, and that changes a network's mode for a while.

A hook is always held by a context manager, so that a network is left as it was found, even when the code in between raises.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor, nn

from striate.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")

Watcher = Callable[[str, nn.Module, Tensor], None]
Replacement = Callable[[tuple[object, ...], Tensor], Tensor]


def looked_into(network: nn.Module) -> nn.Module:
    """The network as its modules can be watched: of what `torch.compile` gives, what it was given.

    Raises:
        UsageError: It is a TorchScript module.

    Example:
        >>> network = nn.ReLU()
        >>> looked_into(torch.compile(network)) is network
        True
    """
    if isinstance(network, torch.jit.ScriptModule):
        raise UsageError(
            f"{network.original_name} is a TorchScript module, whose layers cannot be seen; "
            "take the torch.nn.Module that it was made from"
        )
    given = getattr(network, "_orig_mod", None)
    return given if isinstance(given, nn.Module) else network


def with_gradients(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, which can differentiate also where `torch.inference_mode()` or `torch.no_grad()` is entered.

    A network among its arguments is one that `looked_into` has looked into; what was made in inference mode is copied for it.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch.inference_mode(False), torch.enable_grad():
            given = [_differentiable(value) for value in args]
            named = {name: _differentiable(value) for name, value in kwargs.items()}
            return function(*given, **named)  # type: ignore[arg-type]

    return run


def _differentiable(value: object) -> object:
    """A network or a tensor; a copy of it if it was made in inference mode, so that nothing can be differentiated by way of it."""
    if isinstance(value, nn.Module):
        network = looked_into(value)
        tensors = (*network.parameters(), *network.buffers())
        return copy.deepcopy(network) if any(tensor.is_inference() for tensor in tensors) else network
    return value.clone() if isinstance(value, Tensor) and value.is_inference() else value


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Puts a network into evaluation mode; afterwards each of its modules is in the mode that it was in.

    Example:
        >>> network = nn.Sequential(nn.Dropout(), nn.ReLU().eval())
        >>> with evaluating(network):
        ...     network.training
        False
        >>> [module.training for module in network]
        [True, False]
    """
    before = [
        (module, module.training) for module in network.modules() if hasattr(module, "training")
    ]  # frozen scripts
    try:
        try:
            network.eval()
        except NotImplementedError:  # of what torch.export gives
            for module, _ in before:
                module.training = False
        yield
    finally:
        for module, training in before:
            module.training = training


@contextmanager
def held_still(network: nn.Module) -> Iterator[None]:
    """Evaluation mode, and no gradient for any parameter: only inputs are differentiated by. Afterwards all is as it was.

    Example:
        >>> network = nn.Linear(2, 2)
        >>> with held_still(network):
        ...     network.training, network.weight.requires_grad
        (False, False)
        >>> network.training, network.weight.requires_grad
        (True, True)
    """
    before = [(parameter, parameter.requires_grad) for parameter in network.parameters()]
    try:
        with evaluating(network):
            network.requires_grad_(False)
            yield
    finally:
        for parameter, wanted in before:
            parameter.requires_grad_(wanted)


@contextmanager
def watch_calls(
    network: nn.Module,
    entering: Callable[[str, nn.Module], None],
    leaving: Callable[[str, nn.Module, object], None],
) -> Iterator[None]:
    """Calls `entering(name, module)` before and `leaving(name, module, output)` after every call of every module.

    Args:
        network: The network to watch, itself included: its own name is `""`.
        entering: Called with the module's dotted name and the module.
        leaving: Called with the same and what the module answered; not called where the module raises.

    Example:
        >>> import torch
        >>> seen = []
        >>> network = nn.Sequential(nn.Linear(2, 3))
        >>> with watch_calls(network, lambda name, module: seen.append(name), lambda name, module, output: None):
        ...     _ = network(torch.zeros(1, 2))
        >>> seen
        ['', '0']
    """
    with watch_calls_and_inputs(network, lambda name, module, inputs: entering(name, module), leaving):
        yield


@contextmanager
def watch_calls_and_inputs(
    network: nn.Module,
    entering: Callable[[str, nn.Module, tuple[object, ...]], None],
    leaving: Callable[[str, nn.Module, object], None],
) -> Iterator[None]:
    """As `watch_calls`, with what each module was called with, by position and then by name: `entering(name, module, inputs)`.

    Example:
        >>> import torch
        >>> seen = []
        >>> network = nn.Sequential(nn.Linear(2, 3))
        >>> watched = watch_calls_and_inputs(
        ...     network, lambda name, module, inputs: seen.append((name, inputs[0].shape[1])), lambda name, module, output: None
        ... )
        >>> with watched:
        ...     _ = network(torch.zeros(1, 2))
        >>> seen
        [('', 2), ('0', 2)]
    """
    handles = []
    try:
        for name, module in network.named_modules():
            if isinstance(module, torch.jit.ScriptModule):
                continue  # it takes no hooks; what it calls belongs to the module around it
            handles.append(module.register_forward_pre_hook(_entering_hook(name, entering), with_kwargs=True))
            handles.append(module.register_forward_hook(_leaving_hook(name, leaving)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _entering_hook(
    name: str, entering: Callable[[str, nn.Module, tuple[object, ...]], None]
) -> Callable[[nn.Module, tuple[object, ...], dict[str, object]], None]:
    return lambda module, inputs, named: entering(name, module, (*inputs, *named.values()))


def _leaving_hook(
    name: str, leaving: Callable[[str, nn.Module, object], None]
) -> Callable[[nn.Module, tuple[object, ...], object], None]:
    return lambda module, inputs, output: leaving(name, module, output)


@contextmanager
def watch_outputs(network: nn.Module, watcher: Watcher) -> Iterator[None]:
    """Calls `watcher(name, module, output)` after every leaf module that returns a tensor, in the order they run.

    Args:
        network: The network to watch; only modules without children are watched.
        watcher: Called with the module's dotted name, the module and its output.

    Example:
        >>> import torch
        >>> seen = []
        >>> with watch_outputs(nn.Sequential(nn.Linear(2, 3)), lambda name, module, output: seen.append((name, output.shape))):
        ...     pass
        >>> seen
        []
    """

    def hook(name: str) -> Callable[[nn.Module, tuple[object, ...], object], None]:
        def watch(module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
            if isinstance(output, Tensor):
                watcher(name, module, output)

        return watch

    handles = [
        module.register_forward_hook(hook(name))
        for name, module in network.named_modules()
        if next(module.children(), None) is None
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def watch_gradients() -> Iterator[Callable[[Tensor, Callable[[Tensor], None]], None]]:
    """Gives a function `watch(tensor, watcher)`, after which a backward pass that reaches the tensor calls `watcher`.

    The watcher is called with the gradient of what is differentiated by the tensor as it was when `watch` was called, also
    where an operation in place changes the tensor later. Tensors that need no gradient are passed over.

    Example:
        >>> import torch
        >>> inputs, seen = torch.tensor([1.0, 2.0], requires_grad=True), []
        >>> with watch_gradients() as watch:
        ...     squares = inputs**2
        ...     watch(squares, lambda gradient: seen.append(gradient.tolist()))
        ...     (3 * squares).sum().backward()
        >>> seen
        [[3.0, 3.0]]
    """
    handles = []

    def watch(tensor: Tensor, watcher: Callable[[Tensor], None]) -> None:
        def hook(gradient: Tensor) -> None:
            watcher(gradient)

        if tensor.requires_grad:
            handles.append(tensor.register_hook(hook))  # type: ignore[no-untyped-call]

    try:
        yield watch
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def replace_outputs(replacements: Mapping[nn.Module, Replacement]) -> Iterator[None]:
    """Puts something else in the place of what modules answer.

    Args:
        replacements: From a module to a function of its positional inputs and its output that gives the new output.

    Example:
        >>> import torch
        >>> network = nn.Sequential(nn.ReLU())
        >>> with replace_outputs({network[0]: lambda inputs, output: output + 1}):
        ...     network(torch.tensor([-2.0, 2.0]))
        tensor([1., 3.])
    """

    def hook(replace: Replacement) -> Callable[[nn.Module, tuple[object, ...], Tensor], Tensor]:
        return lambda module, inputs, output: replace(inputs, output)

    handles = [module.register_forward_hook(hook(replace)) for module, replace in replacements.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Reached(BaseException):  # no error: code on the way may catch Exception
    """Ends a run of a network at the module whose output was wanted."""

    def __init__(self, output: object) -> None:
        self.output = output


def run_until(network: nn.Module, module: nn.Module, *inputs: Tensor) -> object:
    """What a module answers when the network runs; the rest of the network does not run. None if it is never called.

    Where the network calls the module more than once, it is the first answer.

    Args:
        network: The network.
        module: One of its modules, or the network itself.
        inputs: What the network is called with.

    Example:
        >>> import torch
        >>> network = nn.Sequential(nn.Linear(2, 3), nn.Linear(5, 5))  # the second would refuse
        >>> run_until(network, network[0], torch.zeros(1, 2)).shape
        torch.Size([1, 3])
    """

    def reach(called: nn.Module, arguments: tuple[object, ...], output: object) -> None:
        raise _Reached(output)

    handle = module.register_forward_hook(reach)
    try:
        network(*inputs)
    except _Reached as reached:
        return reached.output
    finally:
        handle.remove()
    return None
