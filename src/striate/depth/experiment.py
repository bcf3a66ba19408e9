"""The degradation experiment while it runs: four networks that learn in turns, by one recipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from striate.choosing import evenly
from striate.data import open_store
from striate.data.examples import SplitExamples
from striate.depth.depth_plan import DepthPlan
from striate.depth.depth_result import PICTURE, DepthResult, NetworkRow, describe_verdict, judge
from striate.durable_writing import write_durably
from striate.errors import TrainingError
from striate.inspection import gradient_norms
from striate.interruption import interruptible
from striate.models import Network, create_model
from striate.report.depth_picture import NetworkCurve, draw_depth
from striate.row_writing import json_line
from striate.training import EpochResult, StepReport, StoppedError, TrainingState, fit
from striate.training.batches import batch_sizes
from striate.training.inputs import Targets
from striate.training.objectives import OBJECTIVES
from striate.training.run_folder import write_history
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
        width = self._plan.dataset.task.width(self._plan.dataset.classes)
        network = create_model(name, num_classes=width, in_channels=channels, seed=self._plan.recipe.seed)
        network = network.to(self._plan.device).to(memory_format=torch.channels_last)
        state = TrainingState.begin(network, self._plan.recipe, total_steps=steps)
        return Contestant(name, residual=place >= 2, deep=place % 2 == 1, state=state)

    def carry_out(self) -> DepthResult:
        """Trains in turns to the end, or until time is up or a signal comes; writes after every round."""
        device = self._plan.device
        cards = [device] if device.type == "cuda" else []
        with interruptible() as signals, torch.random.fork_rng(devices=cards):
            turns = [self._learn(contestant, stop=signals.stopped) for contestant in self._contestants]
            try:
                for contestant in self._contestants:
                    self._measure(contestant)
                for _ in range(self._plan.recipe.schedule.epochs):
                    if self._time_is_up():
                        break
                    for contestant, turn in zip(self._contestants, turns, strict=True):
                        contestant.results.append(next(turn))
                        self._tell(contestant)
                        self._measure(contestant)
                    self._write(last=False)
            except StoppedError:
                self._write(last=True)
                raise signals.interrupted(
                    f"interrupted in epoch {self._ended + 1}; the curves so far are in {self._folder}"
                ) from None
            finally:
                for turn in turns:
                    turn.close()
        self._write(last=True)
        return self._conclude()

    def _learn(self, contestant: Contestant, *, stop: Callable[[], bool]) -> Generator[EpochResult, None, None]:
        results = fit(
            contestant.state,
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
            raise TrainingError(f"{contestant.name}: {error}; try a lower --set optimizer.learning_rate") from error

    def _count_step(self, report: StepReport) -> None:
        self._watcher.task("training", sum(contestant.state.step for contestant in self._contestants), self._steps)

    def _tell(self, contestant: Contestant) -> None:
        result = contestant.results[-1]
        held_out = (
            f", validation error {percent(1 - result.val_accuracy)}" if result.val_loss == result.val_loss else ""
        )
        self._watcher.finding(
            f"{contestant.name} epoch {result.epoch}",
            f"training error {percent(1 - result.train_accuracy)}{held_out}",
            f"{result.pictures_per_second:,.0f} pictures/s",
        )

    def _measure(self, contestant: Contestant) -> None:
        """The gradient of a fixed batch in every convolution and dense layer."""
        positions = evenly(len(self._training.labels), PROBE_PICTURES)
        normalised = self._plan.preprocessing.normalise(self._training.pixels(positions))
        images = torch.from_numpy(normalised).to(self._plan.device, memory_format=torch.channels_last)
        labels = torch.from_numpy(self._training.labels[positions]).to(self._plan.device)
        held_out = OBJECTIVES[self._plan.recipe.task].held_out
        norms = gradient_norms(
            contestant.network,
            images,
            labels,
            loss=lambda logits, targets: held_out(logits, Targets(targets)) / len(logits),
        )
        weighty = {name: norms[name] for name, module in contestant.network.named_modules() if _is_weighty(module)}
        contestant.gradients.append(
            {
                "network": contestant.name,
                "epoch": len(contestant.results),
                "step": contestant.state.step,
                "norms": weighty,
            }
        )

    def _time_is_up(self) -> bool:
        """Whether the next round would probably end after the deadline; the first is always begun."""
        if self._deadline is None or not self._ended:
            return False
        round_seconds = max(
            sum(contestant.results[i].seconds for contestant in self._contestants) for i in range(self._ended)
        )
        if time.monotonic() + round_seconds < self._deadline:
            return False
        self._watcher.note(f"the time is up after {self._ended} of {self._plan.recipe.schedule.epochs} epochs")
        return True

    @property
    def _ended(self) -> int:
        """Epochs that all networks have ended."""
        return min(len(contestant.results) for contestant in self._contestants)

    def _write(self, *, last: bool) -> None:
        rows = [
            {"network": contestant.name, "residual": contestant.residual, "deep": contestant.deep, **result.to_dict()}
            for contestant in self._contestants
            for result in contestant.results
        ]
        write_history(self._folder, rows)
        lines = [json_line(row) for contestant in self._contestants for row in contestant.gradients]
        write_durably(self._folder / GRADIENTS, b"".join(lines))
        if last or time.monotonic() - self._drawn > SECONDS_BETWEEN_PICTURES:
            columns = {
                head: [_curve(contestant) for contestant in self._contestants if contestant.residual == residual]
                for head, residual in (("plain", False), ("residual", True))
            }
            title = f"{self._plan.dataset.name}: {len(self._training.labels):,} training pictures, one recipe for all"
            write_durably(self._folder / PICTURE, draw_depth(title, columns))
            self._drawn = time.monotonic()

    def _conclude(self) -> DepthResult:
        rows = []
        for contestant in self._contestants:
            result = contestant.results[self._ended - 1]
            rows.append(
                NetworkRow(
                    name=contestant.name,
                    residual=contestant.residual,
                    deep=contestant.deep,
                    parameters=sum(parameter.numel() for parameter in contestant.network.parameters()),
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


def _curve(contestant: Contestant) -> NetworkCurve:
    return NetworkCurve(
        name=contestant.name,
        deep=contestant.deep,
        train_error=[1 - result.train_accuracy for result in contestant.results],
        val_error=[
            1 - result.val_accuracy if result.val_accuracy == result.val_accuracy else None
            for result in contestant.results
        ],
        gradients=[(row["epoch"], list(row["norms"].values())) for row in contestant.gradients],
    )


def _is_weighty(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d | nn.Linear)
