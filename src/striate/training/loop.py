"""The training loop: a generator over epochs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.augmentation import AugmentationPolicy, augment
from striate.errors import TrainingError
from striate.hooks import watch_outputs
from striate.models import Network
from striate.training.averaging import average_decay, update_average
from striate.training.batches import batch_sizes, epoch_batches
from striate.training.losses import Loss, create_loss
from striate.training.optimizers import scale_learning_rate
from striate.training.precision import autocast
from striate.training.recipe import Recipe
from striate.training.schedule import learning_rate_factor, warmup_steps
from striate.training.state import Tally, TrainingState
from striate.training.time_limit import TimePlan

LOOKAHEAD = 2
"""Batches that are prepared while the network works on one."""


class Examples(Protocol):
    """Labelled pictures, ready for the network but for augmentation."""

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """(n,) class indices."""

    @property
    def samples(self) -> npt.NDArray[np.int64]:
        """(n,) what a sample is known by in random draws: its index in the data set."""

    def images(self, positions: npt.NDArray[np.int64]) -> Tensor:
        """(k, C, H, W) float32, normalised, of the pictures at these positions 0..n-1."""

    def key(self, position: int) -> str:
        """The picture's name, for messages."""


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
    """What a watcher is told after each step; loss and accuracy are means over the epoch so far."""

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
    training: Examples,
    validation: Examples,
    *,
    device: torch.device,
    plan: TimePlan | None = None,
    watch: Callable[[StepReport], None] | None = None,
    stop: Callable[[], bool] | None = None,
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
        watch: Called after every step.
        stop: Asked before every step; once it answers True, the loop ends.

    Raises:
        StoppedError: When `stop` said so. The state is whole, in mid-epoch.
        TrainingError: If the loss is not finite; go on from the last checkpoint.
    """
    loss = create_loss(recipe.loss)
    sizes = batch_sizes(len(training.labels), recipe.batch_size)
    warmup = warmup_steps(recipe.schedule, steps_per_epoch=len(sizes), total_steps=state.total_steps)
    while not state.finished or state.batch:  # the last step may be taken, and its epoch not yet validated
        batches = epoch_batches(len(training.labels), recipe.batch_size, seed=recipe.seed, epoch=state.epoch)
        with prefetched(training, batches[state.batch :]) as prepared:
            for positions, images in prepared:
                if state.finished:
                    break
                if stop is not None and stop():
                    raise StoppedError
                start = time.perf_counter()
                factor = learning_rate_factor(
                    recipe.schedule, step=state.step, progress=state.progress, warmup_steps=warmup
                )
                state.tally.learning_rate = scale_learning_rate(state.optimizer, factor)
                labels = torch.from_numpy(training.labels[positions]).to(device)
                inputs = to_device(images, device)
                if recipe.augmentation.moves:
                    inputs = augment_batch(inputs, recipe, state.epoch, training.samples[positions])
                value, correct = take_step(state, recipe, loss, inputs, labels)
                if not np.isfinite(value):
                    keys = [training.key(int(position)) for position in positions]
                    raise TrainingError(describe_failure(state, recipe, inputs, keys))
                state.advance()
                seconds = time.perf_counter() - start
                count_step(state.tally, value, correct, len(positions), seconds)
                if watch is not None:
                    watch(report_step(state, len(sizes)))
                if plan is not None:
                    plan.observe_step(seconds)
                    left = plan.steps_left(steps_per_epoch=len(sizes), batch=state.batch)
                    state.total_steps = min(state.total_steps, state.step + left)
        start = time.perf_counter()
        val_loss, val_accuracy = validate(state.averaged, validation, device=device, stop=stop)
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


def take_step(state: TrainingState, recipe: Recipe, loss: Loss, images: Tensor, labels: Tensor) -> tuple[float, int]:
    """One step of gradient descent, and of the average; answers the loss and the number of pictures that were right.

    Auxiliary heads learn too, with the weight that the network states; what is answered is the head's own loss, which can
    be compared with validation's. A loss that is not finite changes no weight, and is answered itself.
    """
    network = training_mode(state.network, recipe)
    # Dropout is drawn from (seed, step) alone, so that a resumed run draws the same.
    torch.manual_seed((recipe.seed * 1_000_003 + state.step) % 2**63)
    with autocast(images.device, recipe.precision):
        logits, auxiliary = network.forward_with_auxiliary(images)
    own = loss(logits.float(), labels)
    total = own
    for answer in auxiliary:
        total = total + network.auxiliary_weight * loss(answer.float(), labels)
    if not np.isfinite(value := float(total.detach())):
        return value, 0
    total.backward()  # type: ignore[no-untyped-call]
    if recipe.optimizer.gradient_clip:
        nn.utils.clip_grad_norm_(network.parameters(), recipe.optimizer.gradient_clip)
    state.optimizer.step()
    state.optimizer.zero_grad(set_to_none=True)
    span = recipe.averaging.span * state.total_steps
    update_average(state.averaged, network, average_decay(step=state.step, span_steps=span))
    return float(own.detach()), int((logits.detach().argmax(1) == labels).sum())


def training_mode(network: Network, recipe: Recipe) -> Network:
    """The network in training mode, its batch norms in evaluation mode where the recipe freezes their statistics."""
    network.train()
    if recipe.freeze_statistics:
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
    return network


def augment_batch(images: Tensor, recipe: Recipe, epoch: int, samples: npt.NDArray[np.int64]) -> Tensor:
    """Moves each picture by its own draw; the layout in memory stays channels-last."""
    policy: AugmentationPolicy = recipe.augmentation
    warped = augment(images, policy, seed=recipe.seed, epoch=epoch, indices=samples)
    return warped.contiguous(memory_format=torch.channels_last)


def to_device(images: Tensor, device: torch.device) -> Tensor:
    """The pictures on the device, channels last."""
    return images.to(device, non_blocking=True, memory_format=torch.channels_last)


def count_step(tally: Tally, loss: float, correct: int, pictures: int, seconds: float) -> None:
    """Adds a step to the epoch's sums."""
    tally.loss += loss * pictures
    tally.correct += correct
    tally.pictures += pictures
    tally.seconds += seconds


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


class prefetched:  # noqa: N801 - used like a function
    """A context manager over (positions, images) of batches that a thread prepares ahead."""

    def __init__(self, examples: Examples, batches: Sequence[npt.NDArray[np.int64]]) -> None:
        self._examples = examples
        self._batches = batches
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="striate-batches")

    def __enter__(self) -> Iterator[tuple[npt.NDArray[np.int64], Tensor]]:
        return self._prepared()

    def __exit__(self, *failure: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _prepared(self) -> Iterator[tuple[npt.NDArray[np.int64], Tensor]]:
        waiting: list[Future[Tensor]] = []
        for index, positions in enumerate(self._batches):
            while len(waiting) < LOOKAHEAD and index + len(waiting) < len(self._batches):
                waiting.append(self._pool.submit(self._examples.images, self._batches[index + len(waiting)]))
            yield positions, waiting.pop(0).result()


def validate(
    network: nn.Module,
    examples: Examples,
    *,
    device: torch.device,
    batch_size: int = 64,
    stop: Callable[[], bool] | None = None,
) -> tuple[float, float]:
    """Mean cross-entropy and accuracy in fp32, in evaluation mode; NaN without pictures."""
    count = len(examples.labels)
    if count == 0:
        return float("nan"), float("nan")
    network.eval()
    total, correct = 0.0, 0
    batches = np.split(np.arange(count), np.arange(batch_size, count, batch_size))
    with torch.inference_mode(), prefetched(examples, batches) as prepared:
        for positions, images in prepared:
            if stop is not None and stop():
                raise StoppedError
            logits = network(to_device(images, device)).float()
            labels = torch.from_numpy(examples.labels[positions]).to(device)
            total += float(functional.cross_entropy(logits, labels, reduction="sum"))
            correct += int((logits.argmax(1) == labels).sum())
    return total / count, correct / count


def describe_failure(state: TrainingState, recipe: Recipe, images: Tensor, keys: Sequence[str]) -> str:
    """Says where a loss that is not finite comes from: the first layer whose output is not finite, and the batch."""
    culprits: list[str] = []

    def look(name: str, module: nn.Module, output: Tensor) -> None:
        if not culprits and not bool(torch.isfinite(output).all()):
            culprits.append(f"{name} ({type(module).__name__})")

    torch.manual_seed((recipe.seed * 1_000_003 + state.step) % 2**63)
    with torch.no_grad(), watch_outputs(state.network, look), autocast(images.device, recipe.precision):
        state.network.forward_with_auxiliary(images)
    layer = (
        f"the first layer whose output is not finite is {culprits[0]}" if culprits else "every layer's output is finite"
    )
    shown = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
    return (
        f"the loss is not finite at epoch {state.epoch + 1}, batch {state.batch + 1} (step {state.step + 1}): {layer}; "
        f"the batch holds {shown}"
    )
