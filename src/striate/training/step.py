"""One step of gradient descent, whole or in parts, and what is left of it when it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from striate.errors import TrainingError, UsageError
from striate.hooks import watch_outputs
from striate.training.averaging import WeightAverage, average_decay
from striate.training.batches import part_sizes
from striate.training.inputs import Inputs
from striate.training.losses import Loss
from striate.training.memory import ran_out_of_memory, release_memory
from striate.training.objectives import OBJECTIVES
from striate.training.precision import autocast
from striate.training.recipe import Recipe
from striate.training.state import TrainingState

Forward = Callable[[Tensor], tuple[Tensor, Sequence[Tensor]]]
"""From images to the logits, and those of auxiliary heads."""


@dataclass(frozen=True)
class Outcome:
    """What a step came to; on the device, so that nobody need wait for it."""

    loss: Tensor
    """() float: the mean loss of the head's own answers."""
    correct: Tensor
    """() int64: pictures that were answered right."""
    finite: Tensor
    """() bool: whether this step's loss is finite; else the step changed no weight."""


class Stepper:
    """Takes steps of gradient descent, and of the average.

    Auxiliary heads learn too, with the weight that the network states; what is answered is the head's own loss, which can
    be compared with validation's. A loss that is not finite changes no weight.

    Where memory does not hold the batch, it is worked in parts of half the size, whose gradients are added up: weights, statistics,
    optimizer and draws are as if the attempt had not been made. The smaller size stays, in `state.micro_batch`. The gradient is
    the whole batch's, but for batch norm, whose statistics are each part's own, and dropout, whose draws are others.

    Args:
        state: What is trained, in place.
        recipe: How.
        loss: What is minimised.
        deferred: Whether the processor never waits for the device: then no step changes a weight from the first on whose loss is
            not finite, and that can be read later. Else the loss is looked at before the weights are changed.
        note: Told when batches are worked in smaller parts.
    """

    def __init__(
        self,
        state: TrainingState,
        recipe: Recipe,
        loss: Loss,
        *,
        deferred: bool = False,
        note: Callable[[str], None] | None = None,
    ) -> None:
        self.state, self.recipe, self.loss, self._note = state, recipe, loss, note
        network = state.network
        # Looked up once: walking through a network costs as much as a small network's step.
        self._parameters = list(network.parameters())
        self._statistics = list(network.buffers())
        self._before = [torch.empty_like(buffer) for buffer in self._statistics]
        self._average = WeightAverage(state.averaged, network)
        self._forward = forward_of(state, compiled=recipe.compile)
        self._right = OBJECTIVES[recipe.task].right
        self._failed = torch.zeros((), device=self._parameters[0].device) if deferred else None
        state.enter_training(recipe)
        check_batch(recipe, network)

    @property
    def deferred(self) -> bool:
        """Whether figures are read later."""
        return self._failed is not None

    def take(self, inputs: Inputs) -> Outcome:
        """One step.

        Args:
            inputs: The batch.

        Raises:
            TrainingError: If memory does not hold the smallest part of it either.
        """
        state, recipe = self.state, self.recipe
        if not state.network.training:
            state.enter_training(recipe)
        with torch.no_grad():
            copy_all(self._before, self._statistics)
        outcome = self._forward_and_backward(inputs)
        if not self.deferred and not bool(outcome.finite):
            state.optimizer.zero_grad(set_to_none=True)
            return outcome
        if recipe.optimizer.gradient_clip:
            nn.utils.clip_grad_norm_(self._parameters, recipe.optimizer.gradient_clip)
        if self._failed is not None:
            # What torch's GradScaler sets: fused optimizers leave the weights alone where it is 1.
            state.optimizer.found_inf = self._failed  # type: ignore[attr-defined]
        state.optimizer.step()
        state.network.constrain()
        state.optimizer.zero_grad(set_to_none=True)
        span = recipe.averaging.span * state.total_steps
        self._average.update(average_decay(step=state.step, span_steps=span))
        return outcome

    def _forward_and_backward(self, inputs: Inputs) -> Outcome:
        """Gradients of the batch, in smaller parts each time that memory does not hold one."""
        while True:
            try:
                return self._add_gradients(inputs)
            except (MemoryError, RuntimeError) as error:
                if not ran_out_of_memory(error):
                    raise
                reason = str(error).partition("\n")[0] or type(error).__name__
                # What the attempt left in memory hangs on the error: it is freed at the end of this block.
            self._undo()
            state = self.state
            state.micro_batch = smaller_micro_batch(state, inputs, reason)
            if self._note is not None:
                self._note(
                    f"memory does not hold a step of {len(inputs.positions)} pictures: from here on batches are worked in parts "
                    f"of {state.micro_batch}, and their gradients are added up; the batch size stays {self.recipe.batch_size}"
                    + (", but batch norm sees each part by itself" if learns_statistics(state.network) else "")
                )

    def _add_gradients(self, inputs: Inputs) -> Outcome:
        """Forward and backward, in parts of `state.micro_batch`; the gradients are those of the mean over the batch."""
        state, recipe = self.state, self.recipe
        seed_dropout(recipe, state.step)
        count = len(inputs.positions)
        sums: list[Tensor] = []
        start = 0
        for size in part_sizes(count, state.micro_batch or count):
            targets = inputs.targets.part(start, start + size)
            with autocast(inputs.images.device, recipe.precision):
                logits, auxiliary = self._forward(inputs.images[start : start + size])
            own = self.loss(logits.float(), targets)
            total = own
            for answer in auxiliary:
                total = total + state.network.auxiliary_weight * self.loss(answer.float(), targets)
            finite = torch.isfinite(total.detach())
            if self._failed is not None:
                self._failed.copy_(torch.maximum(self._failed, (~finite).float()))
            elif not bool(finite):
                return Outcome(total.detach(), torch.zeros((), dtype=torch.int64, device=total.device), finite)
            share = size / count
            (total if size == count else total * share).backward()  # type: ignore[no-untyped-call]
            correct = self._right(logits.detach(), targets)
            part = [own.detach() if size == count else own.detach() * share, correct, finite]
            sums = part if not sums else [sums[0] + part[0], sums[1] + part[1], sums[2] & part[2]]
            start += size
        return Outcome(*sums)

    def _undo(self) -> None:
        """Forgets an attempt: no gradient is left, the statistics are as they were, and memory is handed back."""
        self.state.optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            copy_all(self._statistics, self._before)
        release_memory()


def copy_all(to: list[Tensor], tensors: list[Tensor]) -> None:
    """Copies tensors onto others, in one call."""
    if to:
        torch._foreach_copy_(to, tensors)


def forward_of(state: TrainingState, *, compiled: bool) -> Forward:
    """The pass of a batch through what is run; compiled by torch at the first call, and once more for a smaller last batch."""
    forward: Forward = state.network.forward_with_auxiliary
    if state.after:
        part = state.running_part(state.network)

        def forward(maps: Tensor) -> tuple[Tensor, Sequence[Tensor]]:
            return part(maps), ()

    return cast(Forward, torch.compile(forward, dynamic=False)) if compiled else forward


def seed_dropout(recipe: Recipe, step: int) -> None:
    """Dropout is drawn from (seed, step) alone, so that a resumed run draws the same."""
    torch.manual_seed((recipe.seed * 1_000_003 + step) % 2**63)


def learns_statistics(network: nn.Module) -> bool:
    """Whether a batch norm of the network takes its statistics from the batch."""
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training for module in network.modules())


def check_batch(recipe: Recipe, network: nn.Module) -> None:
    """Refuses steps of one picture where batch norm would take its statistics from it.

    Args:
        recipe: Its batch size.
        network: In training mode.

    Raises:
        UsageError: A batch norm would.
    """
    if recipe.batch_size == 1 and not recipe.freeze_statistics and learns_statistics(network):
        raise UsageError(
            f"batch_size must be 2 or more for {recipe.model}, whose batch norm learns nothing from one picture, got 1"
        )


def smaller_micro_batch(state: TrainingState, inputs: Inputs, reason: str) -> int:
    """Half of the part that did not fit.

    Args:
        state: Whose parts.
        inputs: The batch.
        reason: What was said when it did not fit.

    Raises:
        TrainingError: If that was the smallest.
    """
    smallest = 2 if learns_statistics(state.network) else 1
    tried = max(part_sizes(len(inputs.positions), state.micro_batch or len(inputs.positions)))
    if tried <= smallest or state.micro_batch == smallest:
        extent = " x ".join(map(str, inputs.images.shape[2:] or inputs.images.shape[1:]))
        pictures = "1 picture" if tried == 1 else f"{tried} pictures"
        raise TrainingError(
            f"the memory of {inputs.images.device} does not hold a step of {pictures} of {extent} ({reason}); "
            "use a smaller network, a smaller --size, or free some memory"
        )
    return max(smallest, tried // 2)


def describe_failure(
    state: TrainingState,
    recipe: Recipe,
    inputs: Inputs,
    *,
    place: str,
    step: int,
    micro_batch: int,
    keys: Sequence[str],
) -> str:
    """Says where a loss that is not finite comes from: the first layer whose output is not finite, and the batch.

    Args:
        state: Whose network has the weights that it had at that step.
        recipe: The recipe.
        inputs: That step's.
        place: Where it was, in words.
        step: Steps taken before it, which dropout is drawn from.
        micro_batch: Pictures that went through at once; 0 for the whole batch.
        keys: The pictures' names.
    """
    culprits: list[str] = []

    def look(name: str, module: nn.Module, output: Tensor) -> None:
        if not culprits and not bool(torch.isfinite(output).all()):
            culprits.append(f"{name} ({type(module).__name__})")

    seed_dropout(recipe, step)
    images, forward = inputs.images, forward_of(state, compiled=False)
    ends = np.cumsum(part_sizes(len(images), micro_batch or len(images)))[:-1].tolist()
    with torch.no_grad(), watch_outputs(state.network, look), autocast(images.device, recipe.precision):
        for part in torch.tensor_split(images, ends):
            forward(part)
    layer = (
        f"the first layer whose output is not finite is {culprits[0]}" if culprits else "every layer's output is finite"
    )
    shown = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
    return f"the loss is not finite at {place}: {layer}; the batch holds {shown}"
