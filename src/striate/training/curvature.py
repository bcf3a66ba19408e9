"""How much the loss bends in each weight: the diagonal of its Gauss-Newton matrix, sent back through a network layer by layer.

With h(t) the second derivative of the loss by t, and a the weighted sum that a unit squashes to x = f(a):

    h(a_i) = f'(a_i)^2 h(x_i)        h(x_j) = sum over i of w_ij^2 h(a_i)        h(w_ij) = h(a_i) x_j^2

which is a backward pass with squared weights, squared slopes and squared inputs. What the terms with f'' would add is left out, as
Gauss and Newton do, so that nothing is negative; so are mixed derivatives by two units of a layer. A weight that many connections
share has the sum of what each of them would have. The output layer of a network is part of the loss where it has nothing to learn, as
LeNet-5's distances have not: the loss's exact second derivatives by what comes before it are what is sent back.

Source: LeCun et al. 1998, Appendix C, Eq. 24 to 31.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from striate.augmentation import permutation
from striate.errors import UsageError
from striate.hooks import Replacement, evaluating, replace_outputs
from striate.models import Network
from striate.nn import PartialConv2d, ScaledTanh, Subsampling
from striate.training.batches import pictures_at_once
from striate.training.inputs import Examples, ReadyExamples, Targets, prepare_inputs
from striate.training.levenberg_marquardt import DiagonalLevenbergMarquardt
from striate.training.losses import Loss
from striate.training.recipe import Recipe
from striate.training.state import TrainingState

SAMPLED = 500
"""Training pictures that the curvature is the mean of, as the paper has it."""

BEFORE = -2
"""Less an epoch's number, it stands for that epoch in the draw of its sample; -1 is that of `first_pictures`."""

WEIGHTED_SUMS = (nn.Linear, nn.Conv2d, PartialConv2d, Subsampling)
"""Layers whose outputs are sums of inputs times weights."""
SQUASHINGS = (nn.Tanh, nn.Sigmoid, nn.ReLU, ScaledTanh)
"""Functions of each value by itself."""
SELECTIONS = (nn.MaxPool2d, nn.Flatten, nn.Identity)
"""Layers that pass some inputs on as they are; what comes back goes where they came from."""


FROM_SCRATCH = "optimizer 'diagonal_levenberg_marquardt' trains whole networks from random weights; take sgd or adamw for trained ones"

Back: TypeAlias = Callable[[nn.Module, Tensor, Tensor, dict[Tensor, Tensor]], Tensor]
"""From a layer, its inputs, what comes back to its outputs, and the sums of its weights, to what goes back to the inputs."""


def check_curvature(network: Network) -> None:
    """Refuses a network with layers that the rule above does not reach.

    Raises:
        UsageError: It has some.

    Example:
        >>> from striate.models import create_model
        >>> check_curvature(create_model("lenet5"))
    """
    known = (*WEIGHTED_SUMS, *SQUASHINGS, *SELECTIONS)
    fixed = set(network.head.modules()) if _fixed_head(network) else set()
    leaves = [
        module for module in network.modules() if module not in fixed and not any(True for _ in module.children())
    ]
    if unknown := sorted({type(module).__name__ for module in leaves if not isinstance(module, known)}):
        raise UsageError(
            f"optimizer 'diagonal_levenberg_marquardt' sends second derivatives back through weighted sums, squashing functions and "
            f"the maximum of windows, and {type(network).__name__} has {', '.join(unknown)}; train it with sgd or adamw, or take lenet5"
        )


def renew_curvature(
    state: TrainingState, recipe: Recipe, training: Examples | ReadyExamples, loss: Loss, *, device: torch.device
) -> None:
    """Measures the curvature of a network's weights and hands it to the optimizer; others than Levenberg-Marquardt need none.

    Args:
        state: At the start of an epoch; its weights and epoch decide what comes out, so that a resume finds the same.
        recipe: Its seed draws the sample.
        training: The training pictures, of which up to 500 are drawn, unchanged by augmentation.
        loss: What is minimised.
        device: Where the network is.

    Raises:
        UsageError: A layer of the network is none of those that are known, or the first part of it is frozen.
    """
    optimizer = state.optimizer
    if not isinstance(optimizer, DiagonalLevenbergMarquardt):
        return
    if state.after:
        raise UsageError(FROM_SCRATCH)
    rows = np.sort(permutation(recipe.seed, BEFORE - state.epoch, len(training.labels))[:SAMPLED])
    sums: dict[str, Tensor] = {}
    size = pictures_at_once(state.network.input_size)
    for part in np.split(rows, np.arange(size, len(rows), size)):
        inputs = prepare_inputs(training, part, device=device)
        for name, values in curvature_sums(state.network, inputs.images, inputs.targets, loss):
            sums[name] = sums[name] + values if name in sums else values
    parameters = dict(state.network.named_parameters())
    optimizer.take_curvature((parameters[name], values / len(rows)) for name, values in sums.items())


def curvature_sums(network: Network, images: Tensor, targets: Targets, loss: Loss) -> Iterator[tuple[str, Tensor]]:
    """The names of a network's parameters, each with the second derivatives of the pictures' losses, summed over the pictures.

    Args:
        network: One that `check_curvature` lets pass.
        images: (N, C, H, W) float, normalised.
        targets: Of the N pictures.
        loss: Their mean loss.

    Raises:
        UsageError: A layer of the network is none of those that are known.
    """
    check_curvature(network)
    sums: dict[Tensor, Tensor] = {}
    replacements: Mapping[nn.Module, Replacement] = {
        module: _replacement(module, sums)
        for module in network.modules()
        if isinstance(module, (*WEIGHTED_SUMS, *SQUASHINGS))
    }
    with torch.enable_grad(), evaluating(network):
        pixels = images.detach().clone().requires_grad_()
        with replace_outputs(replacements):  # not in the backward pass, which calls the layers again
            answers = network.features(pixels) if _fixed_head(network) else network(pixels)
        ends = answers.detach().requires_grad_()
        logits = network.head(ends) if _fixed_head(network) else ends
        torch.autograd.grad(answers, pixels, second_derivatives(loss(logits, targets) * len(images), ends))
    for name, parameter in network.named_parameters():
        if parameter in sums:
            yield name, sums[parameter]


def second_derivatives(total: Tensor, ends: Tensor) -> Tensor:
    """(N, C) float, the second derivative of a sum over N pictures by each of (N, C) values that it is a function of; 0 where negative.

    Example:
        >>> values = torch.tensor([[1.0, 2.0]], requires_grad=True)
        >>> second_derivatives((values**3).sum(), values)
        tensor([[ 6., 12.]])
    """
    slopes = torch.autograd.grad(total, ends, create_graph=True)[0]
    columns = [
        torch.autograd.grad(slope.sum(), ends, retain_graph=True)[0][:, place]
        for place, slope in enumerate(slopes.unbind(1))
    ]
    return torch.stack(columns, dim=1).clamp(min=0)


def _fixed_head(network: Network) -> bool:
    """Whether the output layer has nothing to learn."""
    return not any(True for _ in network.head.parameters())


def _replacement(module: nn.Module, sums: dict[Tensor, Tensor]) -> Replacement:
    back = _weighted_sum_back if isinstance(module, WEIGHTED_SUMS) else _squashing_back

    def replace(inputs: Sequence[object], output: Tensor) -> Tensor:
        answer: Tensor = _SentBack.apply(inputs[0], output.detach(), module, back, sums)
        return answer

    return replace


class _SentBack(torch.autograd.Function):
    """What a layer answered, with a backward pass that sends second derivatives to its inputs and adds up those of its weights."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, output: Tensor, module: nn.Module, back: Back, sums: dict[Tensor, Tensor]
    ) -> Tensor:
        ctx.save_for_backward(inputs)
        ctx.module, ctx.back, ctx.sums = module, back, sums
        return output.clone()

    @staticmethod
    def backward(ctx: Any, *curvature: Tensor) -> tuple[Tensor, None, None, None, None]:
        (inputs,) = ctx.saved_tensors
        with torch.enable_grad():
            return ctx.back(ctx.module, inputs.detach(), curvature[0], ctx.sums), None, None, None, None


def _weighted_sum_back(module: nn.Module, inputs: Tensor, curvature: Tensor, sums: dict[Tensor, Tensor]) -> Tensor:
    """Through squared weights to the inputs; with squared inputs to the weights, each connection's added to its weight's."""
    parameters = dict(module.named_parameters())
    squares = {name: parameter.detach().square() for name, parameter in parameters.items()}
    variables = inputs.clone().requires_grad_()
    (before,) = torch.autograd.grad(functional_call(module, squares, (variables,)), variables, curvature)
    copies = {name: parameter.detach().clone().requires_grad_() for name, parameter in parameters.items()}
    answers = functional_call(module, copies, (inputs.square(),))
    found = torch.autograd.grad(answers, list(copies.values()), curvature)
    for parameter, values in zip(parameters.values(), found, strict=True):
        sums[parameter] = sums[parameter] + values if parameter in sums else values
    return before


def _squashing_back(module: nn.Module, inputs: Tensor, curvature: Tensor, sums: dict[Tensor, Tensor]) -> Tensor:
    """By the square of the slope."""
    variables = inputs.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(module.forward(variables).sum(), variables)
    return slopes.square() * curvature
