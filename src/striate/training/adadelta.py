"""Adadelta, for which rows of a table that a step does not touch cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from striate.training.eager_optimizers import Eager

EPSILON = 1e-6


class Adadelta(Eager):
    """The steps that follow from past gradients and past steps alone.

        g2 = rho g2 + (1 - rho) gradient^2        step = sqrt(d2 + e) / sqrt(g2 + e) gradient
        d2 = rho d2 + (1 - rho) step^2            weight = weight - rate step

    A row without a gradient takes no step, and its two averages shrink by rho. For a sparse gradient, such as an embedding's with
    `sparse=True`, that is made up for when the row is next touched, as a power of rho: what comes out is `torch.optim.Adadelta`'s but
    for rounding, at the cost of the rows that a batch has.

    Args:
        parameters: Parameters, or groups of them with their `lr`.
        lr: What steps are multiplied with.
        rho: What is kept of the averages.

    Example:
        >>> weight = torch.nn.Parameter(torch.ones(2))
        >>> optimizer = Adadelta([weight], lr=1.0)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> round(float(1 - weight[0].detach()), 6)  # sqrt(1e-6) / sqrt(0.05 + 1e-6)
        0.004472

    Source: Zeiler 2012, "ADADELTA" (arXiv:1212.5701), Algorithm 1.
    """

    found_inf: Tensor | None = None
    """Where it is 1, a step changes nothing, as torch's fused optimizers have it."""

    def __init__(self, parameters: Any, *, lr: float = 1.0, rho: float = 0.95) -> None:
        super().__init__(parameters, {"lr": lr, "rho": rho, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step; `closure` is not called."""
        if self.found_inf is not None and bool(self.found_inf):
            return
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["gradients"], state["steps"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
                if parameter.grad.is_sparse:
                    self._step_rows(parameter, state, group)
                else:
                    gradient = parameter.grad
                    if group["weight_decay"]:
                        gradient = gradient + group["weight_decay"] * parameter
                    step = _advance(gradient, state["gradients"], state["steps"], group["rho"])
                    parameter.add_(step, alpha=-group["lr"])

    def _step_rows(self, parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """A step of the rows that the batch has; the others' averages are made up for later."""
        gradient = parameter.grad.coalesce()  # type: ignore[union-attr]
        rows = gradient.indices()[0]
        if "taken" not in state:
            state["taken"] = torch.zeros((), dtype=torch.int64, device=parameter.device)
            state["touched"] = torch.zeros(len(parameter), dtype=torch.int64, device=parameter.device)
        state["taken"] += 1
        waited = state["taken"] - state["touched"][rows] - 1
        shrunk = (group["rho"] ** waited.to(parameter.dtype)).unsqueeze(1)
        gradients, steps = state["gradients"][rows] * shrunk, state["steps"][rows] * shrunk
        step = _advance(gradient.values(), gradients, steps, group["rho"])
        state["gradients"][rows], state["steps"][rows] = gradients, steps
        state["touched"][rows] = state["taken"]
        parameter.index_add_(0, rows, step, alpha=-group["lr"])


def _advance(gradient: Tensor, gradients: Tensor, steps: Tensor, rho: float) -> Tensor:
    """The step, after which both averages are new, in place."""
    gradients.mul_(rho).addcmul_(gradient, gradient, value=1 - rho)
    step = (steps + EPSILON).sqrt_().div_((gradients + EPSILON).sqrt_()).mul_(gradient)
    steps.mul_(rho).addcmul_(step, step, value=1 - rho)
    return step
