"""The optimizer of a recipe."""

from __future__ import annotations

import torch
from torch import nn

from striate.training.recipe import OptimizerConfig


def create_optimizer(network: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """SGD with Nesterov momentum or AdamW, fused, over four groups: head or not, decayed or not.

    Weight decay is for the kernels and matrices: what has one dimension or none (norms, biases, coefficients) is not decayed.
    Each group carries `peak`, its own peak learning rate, which the schedule scales.

    Args:
        network: A network of the catalogue; its `head` learns `config.head_multiplier` times faster.
        config: The optimizer's settings.
    """
    head = {id(parameter) for parameter in network.head.parameters()} if isinstance(network.head, nn.Module) else set()
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in network.parameters():
        if parameter.requires_grad:
            groups.setdefault((id(parameter) in head, parameter.ndim > 1), []).append(parameter)
    settings = []
    for (in_head, decayed), parameters in groups.items():
        peak = config.learning_rate * (config.head_multiplier if in_head else 1.0)
        decay = config.weight_decay if decayed else 0.0
        settings.append({"params": parameters, "lr": peak, "peak": peak, "weight_decay": decay})
    if config.name == "adamw":
        return torch.optim.AdamW(settings, betas=(config.momentum, 0.999), fused=True)
    return torch.optim.SGD(settings, lr=0.1, momentum=config.momentum, nesterov=config.momentum > 0, fused=True)


def scale_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> float:
    """Sets every group to `factor` times its peak, and answers the first group's rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
    return float(optimizer.param_groups[0]["lr"])
