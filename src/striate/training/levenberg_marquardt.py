"""The optimizer that LeNet-5 was trained by in 1998: a learning rate of its own for each weight, from the loss's curvature there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from striate.training.eager_optimizers import Eager


class DiagonalLevenbergMarquardt(Eager):
    """Stochastic diagonal Levenberg-Marquardt: gradient descent by `lr / (damping + curvature)`, weight by weight.

        weight = weight - lr / (damping + curvature) gradient

    Where the loss bends much in a weight steps are short, and where it is flat they are long; the damping keeps them from becoming
    too long. Nothing is remembered of past gradients. The curvature is given from outside, by `take_curvature`, and holds until the
    next time; until the first it is 0.

    Args:
        parameters: Parameters, or groups of them with their `lr`.
        lr: The paper's eta.
        damping: The paper's mu, above 0.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0, 1.0]))
        >>> optimizer = DiagonalLevenbergMarquardt([weight], lr=0.1, damping=0.5)
        >>> optimizer.take_curvature([(weight, torch.tensor([0.0, 9.5]))])
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> [round(value, 2) for value in weight.tolist()]  # 0.1 / (0.5 + 0) and 0.1 / (0.5 + 9.5)
        [0.8, 0.99]

    Source: LeCun et al. 1998, Appendix C, Eq. 23.
    """

    found_inf: Tensor | None = None
    """Where it is 1, a step changes nothing, as torch's fused optimizers have it."""

    def __init__(self, parameters: Any, *, lr: float = 5e-4, damping: float = 0.02) -> None:
        super().__init__(parameters, {"lr": lr, "damping": damping, "weight_decay": 0.0})

    @torch.no_grad()
    def take_curvature(self, curvature: Iterable[tuple[Tensor, Tensor]]) -> None:
        """From now on steps are divided by these.

        Args:
            curvature: Parameters of the optimizer, each with the second derivative of the loss by each of its values, 0 or more.
        """
        given = {id(parameter): values for parameter, values in curvature}
        for group in self.param_groups:
            for parameter in group["params"]:
                values = given.get(id(parameter), torch.zeros_like(parameter))
                self.state[parameter]["divisor"] = values + group["damping"]

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step; `closure` is not called."""
        if self.found_inf is not None and bool(self.found_inf):
            return
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            if not parameters:
                continue
            for parameter in parameters:
                if "divisor" not in self.state[parameter]:
                    self.state[parameter]["divisor"] = torch.full_like(parameter, group["damping"])
            gradients = [parameter.grad for parameter in parameters]
            if group["weight_decay"]:
                gradients = list(torch._foreach_add(gradients, parameters, alpha=group["weight_decay"]))
            divisors = [self.state[parameter]["divisor"] for parameter in parameters]
            torch._foreach_addcdiv_(parameters, gradients, divisors, value=-group["lr"])
