"""All that changes while a network trains."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from striate.models import Network
from striate.training.optimizers import create_optimizer
from striate.training.recipe import Recipe


@dataclass
class Tally:
    """Sums over the pictures of the epoch so far."""

    loss: float = 0.0
    correct: int = 0
    pictures: int = 0
    seconds: float = 0.0
    learning_rate: float = 0.0
    """Of the last step."""


@dataclass
class TrainingState:
    """A network in training, its average, its optimizer, and the place in the run.

    Every random draw comes from (seed, epoch, sample) or (seed, step), so there are no generators to keep.
    """

    network: Network
    averaged: Network
    optimizer: torch.optim.Optimizer
    total_steps: int
    epoch: int = 0
    """The epoch in progress, from 0."""
    batch: int = 0
    """Batches of that epoch that are done."""
    step: int = 0
    """Steps taken in all."""
    progress: float = 0.0
    """Share of the run that lies behind; the schedule follows it."""
    micro_batch: int = 0
    """Pictures that go through the network at once, where memory does not hold a whole batch; 0 where it does."""
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def begin(cls, network: Network, recipe: Recipe, *, total_steps: int) -> TrainingState:
        """A state at the first step; the network is trained in place, its average is a copy."""
        averaged = copy.deepcopy(network).eval().requires_grad_(False)
        micro_batch = -(-recipe.batch_size // recipe.accumulate) if recipe.accumulate > 1 else 0
        optimizer = create_optimizer(network, recipe.optimizer)
        return cls(network, averaged, optimizer, total_steps, micro_batch=micro_batch)

    @property
    def finished(self) -> bool:
        """Whether every planned step was taken."""
        return self.step >= self.total_steps

    def advance(self) -> None:
        """Counts a step; what is left of the run is spread evenly over the steps that are left, even if their number changed."""
        left = self.total_steps - self.step
        self.progress = 1.0 if left <= 1 else self.progress + (1 - self.progress) / left
        self.step += 1
        self.batch += 1

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor that a resume needs, by name; the tensors themselves, not copies."""
        for name, tensor in self.network.state_dict().items():
            yield f"network.{name}", tensor
        for name, tensor in self.averaged.state_dict().items():
            yield f"average.{name}", tensor
        for name, parameter in self.network.named_parameters():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                if isinstance(value, Tensor):
                    yield f"optimizer.{key}.{name}", value

    @torch.no_grad()
    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Takes over the tensors of `tensors()` of another state, in place."""
        for prefix, module in (("network.", self.network), ("average.", self.averaged)):
            module.load_state_dict(
                {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
            )
        parameters = dict(self.network.named_parameters())
        self.optimizer.state.clear()
        for full_name, tensor in tensors.items():
            kind, _, rest = full_name.partition(".")
            if kind == "optimizer":
                key, _, name = rest.partition(".")
                # The layout in memory follows the parameter's, as in a run that was never interrupted.
                like = torch.empty_like(parameters[name]) if tensor.ndim else torch.empty_like(tensor)
                self.optimizer.state[parameters[name]][key] = like.copy_(tensor)
