"""All that changes while a network trains."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from striate.models import Network, split_after
from striate.training.optimizers import create_optimizer
from striate.training.recipe import Recipe
from striate.training.resizing import side_share


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
    side: float = 1.0
    """The side of the pictures of the epoch in progress, as a share of the full one; see `ResizingConfig`."""
    micro_batch: int = 0
    """Pictures that go through the network at once, where memory does not hold a whole batch; 0 where it does."""
    tally: Tally = field(default_factory=Tally)
    after: str = ""
    """The stage whose kept maps are the inputs: only what follows it is run. Empty where pictures are."""
    set_mode: Callable[[Network], object] = nn.Module.train
    """Brings the network into training mode, but for what is frozen."""

    @classmethod
    def begin(
        cls,
        network: Network,
        recipe: Recipe,
        *,
        total_steps: int,
        rates: Mapping[str, float] | None = None,
        set_mode: Callable[[Network], object] = nn.Module.train,
        after: str = "",
    ) -> TrainingState:
        """A state at the first step; the network is trained in place, its average is a copy.

        Args:
            network: What is trained: those of its parameters that require gradients.
            recipe: How.
            total_steps: How many steps are planned.
            rates: By the names of parameters, how many times as fast each learns, where that is not 1.
            set_mode: Brings the network into training mode, but for what is frozen.
            after: The stage whose kept maps are the inputs, if any.
        """
        averaged = copy.deepcopy(network).eval().requires_grad_(False)
        micro_batch = -(-recipe.batch_size // recipe.accumulate) if recipe.accumulate > 1 else 0
        optimizer = create_optimizer(network, recipe.optimizer, rates)
        return cls(network, averaged, optimizer, total_steps, micro_batch=micro_batch, after=after, set_mode=set_mode)

    def enter_training(self, recipe: Recipe) -> None:
        """The network in training mode, its batch norms in evaluation mode where the recipe freezes their statistics."""
        self.set_mode(self.network)
        if recipe.freeze_statistics:
            for module in self.network.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def begin_epoch(self, recipe: Recipe, *, batches: int) -> None:
        """Settles what holds for the epoch at whose start the state is: the size of pictures, and which parameters still learn.

        The size is that of the epoch's end, so that the last epoch has the full one.

        Args:
            recipe: How.
            batches: Of an epoch.
        """
        for name, epochs in self.network.learning_epochs.items():
            if self.epoch >= epochs:
                self.network.get_parameter(name).requires_grad_(False)
        if not self.batch:
            left = max(1, self.total_steps - self.step)
            progress = self.progress + (1 - self.progress) * min(1.0, batches / left)
            self.side = side_share(recipe.resizing, progress=progress)

    def running_part(self, network: Network) -> nn.Module:
        """What of the network, or of its average, the inputs go through: all of it, or what follows the frozen part."""
        return split_after(network, self.after)[1] if self.after else network

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
                of_shape = tensor.shape == parameters[name].shape
                like = torch.empty_like(parameters[name]) if of_shape else torch.empty_like(tensor)
                self.optimizer.state[parameters[name]][key] = like.copy_(tensor)
