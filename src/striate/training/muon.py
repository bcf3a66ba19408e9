"""Muon: momentum whose step is made orthogonal, for the kernels of convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from striate.training.eager_optimizers import Eager

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the polynomial a x + b x^3 + c x^5, whose slope at 0 is steep: a few rounds bring singular values of 0.01 near 1."""
ROUNDS = 3
SGD_MOMENTUM = 0.85
"""Of what is no kernel of a convolution: biases and dense layers."""


class Muon(Eager):
    """Steps of one length in all directions for kernels of convolutions; for all else, SGD with Nesterov momentum 0.85.

        m = momentum m + gradient       kernel = kernel sqrt(maps) / |kernel|
        g = gradient + momentum m       kernel = kernel - rate orthogonal(g)

    A kernel's gradient is taken as a matrix of a row an output map. `orthogonalise` brings its singular values near 1, so that directions
    that are rarely asked for learn as fast as common ones. Before each step the kernel gets the norm sqrt(output maps): it
    keeps its size without weight decay, which it has none of. That fits convolutions that batch norm follows, to which a
    kernel's size is nothing.

    Args:
        parameters: Groups of parameters with their `lr`; those with `orthogonal` are kernels of convolutions, (maps, ...).
        lr: How far a step goes.
        momentum: Of the kernels.
        weight_decay: Added to the gradient of what is no kernel, times the weight.

    Example:
        >>> kernel = torch.nn.Parameter(torch.tensor([[3.0, 0.0], [0.0, 4.0]]).view(2, 2, 1, 1))
        >>> optimizer = Muon([{"params": [kernel], "orthogonal": True}], lr=0.1)
        >>> (kernel * torch.tensor([[1.0, 0.0], [0.0, 1.0]]).view(2, 2, 1, 1)).sum().backward()
        >>> optimizer.step()
        >>> kernel.detach().view(2, 2)  # 3 and 4 times sqrt(2) / 5, less 0.1 times a number near 1
        tensor([[0.7385, 0.0000],
                [0.0000, 1.0213]])

    Source: Jordan 2024, Muon: An optimizer for hidden layers in neural networks, and airbench94_muon.py: 94.01 % on CIFAR-10
        in 2.59 s on an A100, where SGD takes 3.83 s.
    """

    found_inf: Tensor | None = None
    """Where it is 1, a step changes nothing, as torch's fused optimizers have it."""

    def __init__(self, parameters: Any, *, lr: float = 0.24, momentum: float = 0.6, weight_decay: float = 0.0) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "orthogonal": False}
        super().__init__(parameters, defaults)

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
                    state["momentum_buffer"] = torch.zeros_like(parameter)
                orthogonal, gradient = group["orthogonal"], parameter.grad
                momentum = group["momentum"] if orthogonal else SGD_MOMENTUM
                if group["weight_decay"] and not orthogonal:
                    gradient = gradient.add(parameter, alpha=group["weight_decay"])
                state["momentum_buffer"].mul_(momentum).add_(gradient)
                step = gradient.add(state["momentum_buffer"], alpha=momentum)
                if orthogonal:
                    parameter.mul_(len(parameter) ** 0.5 / parameter.norm().clamp_min(1e-12))
                    step = orthogonalise(step.flatten(1)).reshape(step.shape)
                parameter.add_(step, alpha=-group["lr"])


def orthogonalise(matrix: Tensor, *, rounds: int = ROUNDS) -> Tensor:
    """About the nearest matrix of orthogonal rows or columns: the same singular vectors, with singular values near 1.

    Values above a hundredth of the matrix's norm come to 0.5 to 1.2 in five rounds; three are what the source has. Far smaller ones
    stay small.

    Args:
        matrix: (rows, columns) float.
        rounds: Each is three products of matrices.

    Returns:
        (rows, columns), of the same dtype.

    Source: Jordan 2024, Muon: Newton and Schulz's iteration, of degree five.
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    values = matrix.T if tall else matrix
    values = values / values.norm().clamp_min(1e-7)
    for _ in range(rounds):
        square = values @ values.T
        values = a * values + (b * square + c * square @ square) @ values
    answer: Tensor = values.T if tall else values
    return answer
