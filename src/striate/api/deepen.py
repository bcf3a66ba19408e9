"""`striate.deepen`: the degradation experiment, plain networks against residual ones at two depths."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from striate.choosing import evenly
from striate.data import Dataset, open_store
from striate.data.examples import SplitExamples
from striate.depth.depth_plan import DepthPlan, plan_depth
from striate.depth.depth_result import PICTURE, DepthResult, NetworkRow, describe_verdict, judge
from striate.durable_writing import write_durably
from striate.errors import Interrupted, TrainingError
from striate.inspection import gradient_norms
from striate.interruption import interruptible
from striate.models import Network, create_model
from striate.report.depth_picture import NetworkCurve, draw_depth
from striate.row_writing import json_line
from striate.runs.run import check_output, create_run_folder, write_history
from striate.training import EpochResult, StepReport, StoppedError, TrainingState, fit, parse_duration
from striate.training.batches import batch_sizes
from striate.training.memory import keep_freed_memory
from striate.training.run_folder import RECIPE
from striate.watching import Watcher
from striate.wording import percent

GRADIENTS = "gradients.jsonl"
PROBE_PICTURES = 64
"""Gradients are measured on so many training pictures, always the same, without augmentation."""
SECONDS_BETWEEN_PICTURES = 15.0


@dataclass
class Contestant:
    """One network while it learns."""

    name: str
    residual: bool
    deep: bool
    state: TrainingState
    results: list[EpochResult] = field(default_factory=list)
    gradients: list[dict[str, Any]] = field(default_factory=list)

    @property
    def network(self) -> Network:
        """What learns."""
        return self.state.network


def deepen(
    data: str | Path | Dataset,
    *,
    pair: tuple[str, str] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    size: int | None = None,
    pictures: int | None = None,
    seed: int = 0,
    precision: str | None = None,
    device: str = "auto",
    time_limit: str | float | None = None,
    settings: Sequence[str] = (),
    root: str | Path | None = None,
    output: str | Path | None = None,
    watcher: Watcher | None = None,
) -> DepthResult:
    """Trains plain and residual networks at two depths with one recipe, and says what depth did to each kind.

    Initial weights come from the same seed; order, augmentation and learning rate are the same for all four, and they take
    turns epoch by epoch, so that whenever it ends they have learnt equally long. The folder holds a picture, `metrics.jsonl`
    (a row a network and epoch), `gradients.jsonl` (the gradient's norm in each layer, before the first step and after each
    epoch) and `recipe.toml`.

    Args:
        data: What `striate.train` takes.
        pair: The shallow and the deep plain network; the residual ones are their twins with shortcuts that have no
            parameters. By default plain20 and plain56 for small pictures, plain18 and plain34 for others.
        epochs: Passes over the training pictures; by default 10, or with a time limit what fits it.
        batch_size: Pictures a step.
        size: Side of the networks' input in pixels; by default that of the pictures, to a multiple of 16.
        pictures: Learn from so many pictures at most, drawn by the seed.
        seed: Decides everything random.
        precision: `"fp32"` or `"bf16"`; by default the faster one here.
        device: `"auto"`, `"cpu"`, `"cuda"` or `"cuda:1"`.
        time_limit: Seconds, or text such as `"10m"`, after which no epoch is begun.
        settings: Assignments such as `"optimizer.learning_rate=0.05"`.
        root: Where the local copy of a built-in set is.
        output: The folder, which must not exist; by default `runs/<data>-deepen`, numbered if that is taken.
        watcher: Hears how it goes.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.
        TrainingError: If a loss is not finite.
        Interrupted: If a signal ended it; the curves so far are kept.

    Source: He et al., "Deep Residual Learning for Image Recognition" (2015), sections 4.1 and 4.2.
    """
    begun = time.monotonic()
    watcher = watcher or Watcher()
    deadline = begun + parse_duration(time_limit) if time_limit is not None else None
    if output is not None:
        check_output(Path(output))
    plan = plan_depth(
        data,
        pair=pair,
        epochs=epochs,
        batch_size=batch_size,
        size=size,
        pictures=pictures,
        seed=seed,
        precision=precision,
        device=device,
        deadline=deadline,
        settings=settings,
        root=root,
        watcher=watcher,
    )
    folder = create_run_folder(output, data_name=plan.dataset.name, model="deepen")
    write_durably(folder / RECIPE, plan.to_toml().encode())
    keep_freed_memory()
    return Experiment(folder, plan, watcher, deadline).carry_out()


class Experiment:
    """The four networks, learning in turns.

    Args:
        folder: Where to write.
        plan: What was decided.
        watcher: Hears how it goes.
        deadline: `time.monotonic()` after which no round is begun that would end much later.
    """

    def __init__(self, folder: Path, plan: DepthPlan, watcher: Watcher, deadline: float | None) -> None:
        self._folder, self._plan, self._watcher, self._deadline = folder, plan, watcher, deadline
        self._drawn = time.monotonic()
        store = open_store(plan.dataset, plan.preprocessing, progress=watcher.task)
        self._training, self._validation = (
            SplitExamples.of(plan.dataset, store, plan.preprocessing, name) for name in ("train", "val")
        )
        if not len(self._validation.labels):
            self._validation = SplitExamples.of(plan.dataset, store, plan.preprocessing, "test")
        steps = len(batch_sizes(len(self._training.labels), plan.recipe.batch_size)) * plan.recipe.schedule.epochs
        self._steps = steps * 4
        self._contestants = [self._enter(name, place, steps) for place, name in enumerate(plan.networks)]

    def _enter(self, name: str, place: int, steps: int) -> Contestant:
        channels = self._plan.preprocessing.channels
        network = create_model(
            name, num_classes=len(self._plan.dataset.classes), in_channels=channels, seed=self._plan.recipe.seed
        )
        network = network.to(self._plan.device).to(memory_format=torch.channels_last)
        state = TrainingState.begin(network, self._plan.recipe, total_steps=steps)
        return Contestant(name, residual=place >= 2, deep=place % 2 == 1, state=state)

    def carry_out(self) -> DepthResult:
        """Trains in turns to the end, or until time is up or a signal comes; writes after every round."""
        device = self._plan.device
        cards = [device] if device.type == "cuda" else []
        with interruptible() as signals, torch.random.fork_rng(devices=cards):
            turns = [self._learn(one, stop=lambda: signals.received is not None) for one in self._contestants]
            try:
                for one in self._contestants:
                    self._measure(one)
                for _ in range(self._plan.recipe.schedule.epochs):
                    if self._time_is_up():
                        break
                    for one, turn in zip(self._contestants, turns, strict=True):
                        one.results.append(next(turn))
                        self._tell(one)
                        self._measure(one)
                    self._write(last=False)
            except StoppedError:
                self._write(last=True)
                raise Interrupted(
                    f"interrupted in epoch {self._ended + 1}; the curves so far are in {self._folder}",
                    signals.received or 2,
                ) from None
            finally:
                for turn in turns:
                    turn.close()
        self._write(last=True)
        return self._conclude()

    def _learn(self, one: Contestant, *, stop: Callable[[], bool]) -> Generator[EpochResult, None, None]:
        results = fit(
            one.state,
            self._plan.recipe,
            self._training,
            self._validation,
            device=self._plan.device,
            watch=self._count_step,
            stop=stop,
        )
        try:
            yield from results
        except TrainingError as error:
            raise TrainingError(f"{one.name}: {error}; try a lower --set optimizer.learning_rate") from error

    def _count_step(self, report: StepReport) -> None:
        self._watcher.task("training", sum(one.state.step for one in self._contestants), self._steps)

    def _tell(self, one: Contestant) -> None:
        result = one.results[-1]
        held_out = (
            f", validation error {percent(1 - result.val_accuracy)}" if result.val_loss == result.val_loss else ""
        )
        self._watcher.finding(
            f"{one.name} epoch {result.epoch}",
            f"training error {percent(1 - result.train_accuracy)}{held_out}",
            f"{result.pictures_per_second:,.0f} pictures/s",
        )

    def _measure(self, one: Contestant) -> None:
        """The gradient of a fixed batch in every convolution and dense layer."""
        positions = evenly(len(self._training.labels), PROBE_PICTURES)
        normalised = self._plan.preprocessing.normalise(self._training.pixels(positions))
        images = torch.from_numpy(normalised).to(self._plan.device, memory_format=torch.channels_last)
        labels = torch.from_numpy(self._training.labels[positions]).to(self._plan.device)
        norms = gradient_norms(one.network, images, labels)
        weighty = {name: norms[name] for name, module in one.network.named_modules() if _is_weighty(module)}
        one.gradients.append({"network": one.name, "epoch": len(one.results), "step": one.state.step, "norms": weighty})

    def _time_is_up(self) -> bool:
        """Whether the next round would probably end after the deadline; the first is always begun."""
        if self._deadline is None or not self._ended:
            return False
        round_seconds = max(sum(one.results[i].seconds for one in self._contestants) for i in range(self._ended))
        if time.monotonic() + round_seconds < self._deadline:
            return False
        self._watcher.note(f"the time is up after {self._ended} of {self._plan.recipe.schedule.epochs} epochs")
        return True

    @property
    def _ended(self) -> int:
        """Epochs that all networks have ended."""
        return min(len(one.results) for one in self._contestants)

    def _write(self, *, last: bool) -> None:
        rows = [
            {"network": one.name, "residual": one.residual, "deep": one.deep, **result.to_dict()}
            for one in self._contestants
            for result in one.results
        ]
        write_history(self._folder, rows)
        lines = [json_line(row) for one in self._contestants for row in one.gradients]
        write_durably(self._folder / GRADIENTS, b"".join(lines))
        if last or time.monotonic() - self._drawn > SECONDS_BETWEEN_PICTURES:
            columns = {
                head: [_curve(one) for one in self._contestants if one.residual == residual]
                for head, residual in (("plain", False), ("residual", True))
            }
            title = f"{self._plan.dataset.name}: {len(self._training.labels):,} training pictures, one recipe for all"
            write_durably(self._folder / PICTURE, draw_depth(title, columns))
            self._drawn = time.monotonic()

    def _conclude(self) -> DepthResult:
        rows = []
        for one in self._contestants:
            result = one.results[self._ended - 1]
            rows.append(
                NetworkRow(
                    name=one.name,
                    residual=one.residual,
                    deep=one.deep,
                    parameters=sum(own.numel() for own in one.network.parameters()),
                    train_error=1 - result.train_accuracy,
                    val_error=1 - result.val_accuracy if result.val_accuracy == result.val_accuracy else None,
                )
            )
        count = len(self._training.labels)
        plain, residual = (
            judge(rows[place].train_error, rows[place + 1].train_error, pictures=count) for place in (0, 2)
        )
        return DepthResult(
            folder=self._folder,
            networks=tuple(rows),
            epochs=self._ended,
            training_pictures=count,
            validation_pictures=len(self._validation.labels),
            plain_gap=plain,
            residual_gap=residual,
            verdict=describe_verdict(rows, plain, residual),
        )


def _curve(one: Contestant) -> NetworkCurve:
    return NetworkCurve(
        name=one.name,
        deep=one.deep,
        train_error=[1 - result.train_accuracy for result in one.results],
        val_error=[
            1 - result.val_accuracy if result.val_accuracy == result.val_accuracy else None for result in one.results
        ],
        gradients=[(row["epoch"], list(row["norms"].values())) for row in one.gradients],
    )


def _is_weighty(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d | nn.Linear)
