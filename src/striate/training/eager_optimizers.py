"""torch's optimizers without torch's compiler, which their methods load only to tell it to leave them alone.

Loading it (`torch._dynamo`, and with it inductor, triton and sympy) takes two seconds and 150 MB of every process that takes a step.
Here no optimizer is compiled, also where `compile = true` compiles the network.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch


class Eager(torch.optim.Optimizer):
    """Those methods that torch decorates for its compiler, without their decorators."""

    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)
    state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)


class EagerSGD(Eager, torch.optim.SGD):
    """`torch.optim.SGD`, to the last bit."""

    _step = inspect.unwrap(torch.optim.SGD.step)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step; `closure` is not called."""
        self._step()


class EagerAdam(Eager, torch.optim.Adam):
    """`torch.optim.Adam`, to the last bit."""

    _step = inspect.unwrap(torch.optim.Adam.step)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step; `closure` is not called."""
        self._step()


class EagerAdamW(EagerAdam, torch.optim.AdamW):
    """`torch.optim.AdamW`, to the last bit."""
