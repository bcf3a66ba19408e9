"""The training loop: a generator over epochs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from striate.errors import TrainingError
from striate.tasks import named_task
from striate.training.batches import Batch, batch_sizes, epoch_batches
from striate.training.curvature import renew_curvature
from striate.training.inputs import Examples, Inputs, ReadyExamples, prefetched, prepare_inputs, prepare_training_inputs
from striate.training.objectives import OBJECTIVES, Objective
from striate.training.optimizers import scale_learning_rate
from striate.training.recipe import Recipe
from striate.training.resizing import cost_ahead, resized
from striate.training.schedule import learning_rate_factor, warmup_steps
from striate.training.state import Tally, TrainingState
from striate.training.step import Outcome, Stepper, describe_failure
from striate.training.time_limit import TimePlan

STEPS_UNREAD = 20
"""On a GPU, losses are read after this many steps: to read one is to wait for it."""


@dataclass(frozen=True)
class EpochResult:
    """What an epoch came to; losses are means over pictures, accuracies shares in 0..1."""

    epoch: int
    """From 1."""
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    """At the epoch's last step."""
    seconds: float
    pictures_per_second: float
    step: int
    """Steps taken since the run began."""

    def to_dict(self) -> dict[str, Any]:
        """The row of `metrics.jsonl`."""
        return asdict(self)


@dataclass(frozen=True)
class StepReport:
    """What a watcher is told; loss and accuracy are means over the epoch so far."""

    epoch: int
    batch: int
    batches: int
    step: int
    total_steps: int
    pictures: int
    loss: float
    accuracy: float


class StoppedError(Exception):
    """The caller asked the loop to stop; the state is whole and can be saved."""


def fit(
    state: TrainingState,
    recipe: Recipe,
    training: Examples | ReadyExamples,
    validation: Examples | ReadyExamples,
    *,
    device: torch.device,
    plan: TimePlan | None = None,
    watch: Callable[[StepReport], None] | None = None,
    stop: Callable[[], bool] | None = None,
    note: Callable[[str], None] | None = None,
) -> Iterator[EpochResult]:
    """Trains from the state's place to its last step, and yields after each epoch, once the average was validated.

    Between two yields the state is at the start of an epoch. The last epoch may be a part of one, if a plan shortened the run.

    Args:
        state: What is trained, in place.
        recipe: How.
        training: Pictures to learn from; at least two.
        validation: Pictures to measure on; may be empty, then the figures are NaN.
        device: Where the network is.
        plan: A deadline to keep; it may lower `state.total_steps`, never raise it.
        watch: Called after every step; on a GPU after every `STEPS_UNREAD` steps, when their figures are read.
        stop: Asked before every step; once it answers True, the loop ends.
        note: Told what the user should know, such as that memory is short.

    Raises:
        StoppedError: When `stop` said so. The state is whole, in mid-epoch.
        TrainingError: If the loss is not finite, or memory does not hold a step; go on from the last checkpoint.
    """
    count = len(training.labels)
    strata, objective = named_task(recipe.task).strata(training.labels), OBJECTIVES[recipe.task]
    balanced = recipe.balance == "loss"
    weights = objective.weights(training.labels, state.network.num_classes).to(device) if balanced else None
    stepper = Stepper(state, recipe, objective.loss(recipe.loss, weights), deferred=device.type == "cuda", note=note)
    measured = state.running_part(state.averaged)
    sizes = batch_sizes(count, recipe.batch_size)
    warmup = warmup_steps(recipe.schedule, steps_per_epoch=len(sizes), total_steps=state.total_steps)
    even = strata if recipe.balance == "sampler" else None
    full = picture_size(training) if recipe.resizing.active else None
    while not state.finished or state.batch:  # the last step may be taken, and its epoch not yet validated
        batches = epoch_batches(count, recipe.batch_size, seed=recipe.seed, epoch=state.epoch, even=even)
        state.begin_epoch(recipe, batches=len(sizes))
        if not state.batch:
            renew_curvature(state, recipe, training, stepper.loss, device=device)
        size = None if full is None else resized(full, state.side, least=state.network.minimum_size)
        area = 1.0 if size is None or full is None else size[0] * size[1] / (full[0] * full[1])

        def prepare(batch: Batch, epoch: int = state.epoch, size: tuple[int, int] | None = size) -> Inputs:
            return prepare_training_inputs(training, batch, device=device, recipe=recipe, epoch=epoch, size=size)

        ledger = Ledger(stepper, training, prepare, batches)
        with prefetched(prepare, batches[state.batch :], device) as prepared:
            for inputs in prepared:
                if state.finished:
                    break
                if stop is not None and stop():
                    ledger.read()
                    raise StoppedError
                factor = learning_rate_factor(
                    recipe.schedule, step=state.step, progress=state.progress, warmup_steps=warmup
                )
                state.tally.learning_rate = scale_learning_rate(state.optimizer, factor)
                ledger.add(stepper.take(inputs), len(inputs.positions))
                state.advance()
                last = state.finished or state.batch == len(sizes)
                if stepper.deferred and not last and len(ledger.unread) < STEPS_UNREAD:
                    continue
                seconds, steps = ledger.read()
                if watch is not None:
                    watch(report_step(state, len(sizes)))
                if plan is not None:
                    for _ in range(steps):
                        plan.observe_step(seconds / steps / area)
                    # As many steps of full size; those of smaller pictures cost less.
                    left = plan.steps_left(steps_per_epoch=len(sizes), batch=state.batch)
                    left = int(left / cost_ahead(recipe.resizing, progress=state.progress))
                    state.total_steps = min(state.total_steps, state.step + left)
        start = time.perf_counter()
        val_loss, val_accuracy = validate(
            measured, validation, objective, device=device, batch_size=validation_batch(state), stop=stop
        )
        if plan is not None:
            plan.observe_validation(time.perf_counter() - start)
        tally, state.tally = state.tally, Tally()
        state.epoch, state.batch = state.epoch + 1, 0
        yield EpochResult(
            epoch=state.epoch,
            train_loss=tally.loss / tally.pictures,
            train_accuracy=tally.correct / tally.pictures,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            learning_rate=tally.learning_rate,
            seconds=tally.seconds,
            pictures_per_second=tally.pictures / max(tally.seconds, 1e-9),
            step=state.step,
        )


def picture_size(examples: Examples | ReadyExamples) -> tuple[int, int] | None:
    """(height, width) of stored pictures; None where there are none, or maps in their place."""
    if isinstance(examples, ReadyExamples) or not len(examples.labels):
        return None
    _, height, width, _ = examples.pixels(np.zeros(1, np.int64)).shape
    return height, width


def report_step(state: TrainingState, batches: int) -> StepReport:
    """The state's place in the run, for a watcher."""
    tally = state.tally
    return StepReport(
        epoch=state.epoch + 1,
        batch=state.batch,
        batches=batches,
        step=state.step,
        total_steps=state.total_steps,
        pictures=tally.pictures,
        loss=tally.loss / tally.pictures,
        accuracy=tally.correct / tally.pictures,
    )


class Ledger:
    """The figures of steps, entered as they are taken and read when somebody wants to know.

    Args:
        stepper: Who takes the steps.
        examples: The training pictures, for the names of a failed step's.
        prepare: Makes a batch's inputs once more.
        batches: All of the epoch.
    """

    def __init__(
        self,
        stepper: Stepper,
        examples: Examples | ReadyExamples,
        prepare: Callable[[Batch], Inputs],
        batches: Sequence[Batch],
    ) -> None:
        self.unread: list[Entry] = []
        self._stepper, self._examples, self._prepare, self._batches = stepper, examples, prepare, batches
        self._since = time.perf_counter()

    def add(self, outcome: Outcome, pictures: int) -> None:
        """Enters a step, before the state counts it.

        Raises:
            TrainingError: If its loss is not finite, where that is known already.
        """
        state = self._stepper.state
        self.unread.append(Entry(outcome, pictures, state.batch, state.step, state.micro_batch))
        if not self._stepper.deferred:
            self._check([bool(outcome.finite)])

    def read(self) -> tuple[float, int]:
        """Adds what was entered to the epoch's sums, and answers how many seconds and steps it is since the last time.

        Raises:
            TrainingError: If a loss is not finite.
        """
        tally, entries = self._stepper.state.tally, self.unread
        if entries:
            losses = torch.stack([entry.outcome.loss.double() for entry in entries]).tolist()
            correct = torch.stack([entry.outcome.correct for entry in entries]).tolist()
            if self._stepper.deferred:
                self._check(torch.stack([entry.outcome.finite for entry in entries]).tolist())
            for entry, loss, right in zip(entries, losses, correct, strict=True):
                tally.loss += loss * entry.pictures
                tally.correct += right
                tally.pictures += entry.pictures
        now = time.perf_counter()
        seconds, self._since, self.unread = now - self._since, now, []
        tally.seconds += seconds
        return seconds, len(entries)

    def _check(self, finite: list[bool]) -> None:
        if all(finite):
            return
        state, recipe = self._stepper.state, self._stepper.recipe
        # The first: from then on no weight was changed, so the network still answers what it answered then.
        failed = self.unread[finite.index(False)]
        inputs = self._prepare(self._batches[failed.batch])
        raise TrainingError(
            describe_failure(
                state,
                recipe,
                inputs,
                place=f"epoch {state.epoch + 1}, batch {failed.batch + 1} (step {failed.step + 1})",
                step=failed.step,
                micro_batch=failed.micro_batch,
                keys=[self._examples.key(int(position)) for position in inputs.positions],
            )
        )


@dataclass(frozen=True)
class Entry:
    """A step whose figures are not read yet."""

    outcome: Outcome
    pictures: int
    batch: int
    """Of the epoch, from 0."""
    step: int
    """Of the run, from 0."""
    micro_batch: int


def validation_batch(state: TrainingState) -> int:
    """Pictures that are validated at once: without gradients memory holds several times what a training step takes."""
    return min(64, 4 * state.micro_batch) if state.micro_batch else 64


def validate(
    network: nn.Module,
    examples: Examples | ReadyExamples,
    objective: Objective,
    *,
    device: torch.device,
    batch_size: int = 64,
    stop: Callable[[], bool] | None = None,
) -> tuple[float, float]:
    """Mean held-out loss and share of right answers in fp32, in evaluation mode; NaN without pictures."""
    count = len(examples.labels)
    if count == 0:
        return float("nan"), float("nan")
    network.eval()
    total = torch.zeros((), dtype=torch.float64, device=device)
    correct = torch.zeros((), dtype=torch.int64, device=device)
    batches = np.split(np.arange(count), np.arange(batch_size, count, batch_size))

    def prepare(positions: npt.NDArray[np.int64]) -> Inputs:
        return prepare_inputs(examples, positions, device=device)

    with torch.inference_mode(), prefetched(prepare, batches, device) as prepared:
        for inputs in prepared:
            if stop is not None and stop():
                raise StoppedError
            logits = network(inputs.images).float()
            total += objective.held_out(logits, inputs.targets)
            correct += objective.right(logits, inputs.targets)
    return float(total) / count, int(correct) / count
