"""The optimizer of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from striate.models import Network
from striate.training.adadelta import Adadelta
from striate.training.eager_optimizers import EagerAdamW, EagerSGD
from striate.training.levenberg_marquardt import DiagonalLevenbergMarquardt
from striate.training.muon import Muon
from striate.training.recipe import OptimizerConfig


def create_optimizer(
    network: Network, config: OptimizerConfig, rates: Mapping[str, float] | None = None
) -> torch.optim.Optimizer:
    """SGD with Nesterov momentum or AdamW, fused, Adadelta, Muon or Levenberg-Marquardt, over groups of one rate each, decayed or not.

    Weight decay is for the kernels and matrices: what has one dimension or none (norms, biases, coefficients) is not decayed. It is
    these, too, that learn `config.bias_multiplier` times faster. Each group carries `peak`, its own peak learning rate, which the
    schedule scales. Muon's orthogonal steps are for the kernels of convolutions that are no head; the rest learns by SGD.

    Args:
        network: A network of the catalogue; its head, and auxiliary heads, learn `config.head_multiplier` times faster.
        config: The optimizer's settings.
        rates: By the names of parameters, how many times as fast each learns, where that is not 1.
    """
    heads = (network.head_name, *network.auxiliary_head_names)
    groups: dict[tuple[float, bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            in_head = any(name.startswith(f"{head}.") for head in heads)
            rate = (config.head_multiplier if in_head else 1.0) * (rates or {}).get(name, 1.0)
            rate *= config.bias_multiplier if parameter.ndim <= 1 else 1.0
            orthogonal = config.name == "muon" and parameter.ndim == 4 and not in_head
            groups.setdefault((rate, parameter.ndim > 1, orthogonal), []).append(parameter)
    settings: list[dict[str, Any]] = []
    for (rate, decayed, orthogonal), parameters in groups.items():
        peak = config.learning_rate * rate
        decay = config.weight_decay if decayed else 0.0
        settings.append({"params": parameters, "lr": peak, "peak": peak, "weight_decay": decay, "kernels": decayed})
        if config.name == "muon":
            settings[-1]["orthogonal"] = orthogonal
    if config.name == "adadelta":
        # Of a batch's words alone gradients are made, where nothing looks at the whole gradient: clipping, and decay.
        for module in network.modules():
            if isinstance(module, nn.Embedding):
                module.sparse = not config.gradient_clip and not config.weight_decay
        return Adadelta(settings, rho=config.momentum)
    if config.name == "muon":
        return Muon(settings, momentum=config.momentum)
    if config.name == "diagonal_levenberg_marquardt":
        return DiagonalLevenbergMarquardt(settings, damping=config.damping)
    if config.name == "adamw":
        return EagerAdamW(settings, betas=(config.momentum, 0.999), fused=True)
    return EagerSGD(settings, lr=0.1, momentum=config.momentum, nesterov=config.momentum > 0, fused=True)


def scale_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> float:
    """Sets every group to `factor` times its peak, and answers the highest rate of kernels and matrices, or of all where none learn."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
    rates = [(bool(group.get("kernels", True)), float(group["lr"])) for group in optimizer.param_groups]
    return max(rates)[1]
