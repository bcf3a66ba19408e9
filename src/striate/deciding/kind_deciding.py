"""Deciding how a run goes on what is neither augmented nor shrunk, such as sentences: fewer questions than pictures ask."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch

from striate.choosing import evenly
from striate.data import Dataset, load_data
from striate.data.facts import DataFacts
from striate.data.preparation import prepare_data
from striate.deciding.decided import Decided
from striate.deciding.deciding import Deciding
from striate.deciding.early_refusals import check_descent, refuse_other_kind, refuse_other_task
from striate.deciding.task_choice import check_loss
from striate.deciding.time_fit import LARGEST_RESERVE, LEAST_RESERVE, RESERVE_OF_A_PICTURE, TimedRun, decide_steps
from striate.deciding.training_request import AUTO, TrainingRequest
from striate.encodings import named_encoding
from striate.errors import UsageError
from striate.models import create_model, model_row
from striate.tasks import DEFAULT_TASK
from striate.training import Decision, Recipe, TimePlan, choose_precision, merge, time_step
from striate.training.batches import batch_sizes
from striate.training.defaults import describe_steps
from striate.training.objectives import OBJECTIVES
from striate.training.recipe import read_shipped_recipe
from striate.watching import Watcher


class KindDeciding(Deciding):
    """A run while it is decided, on what becomes the network's input by an encoding that is made of the data.

    A kind's class says what stands below, and writes `choose_input` and `encoding`.
    """

    kind: ClassVar[str]
    """What is given: a name of `striate.encodings`."""
    called: ClassVar[str] = ""
    """What several of it are called, where the kind does not say."""
    excluded: ClassVar[tuple[str, ...]] = ("weights", "mean", "std", "augment", "size", "metric", "classifier")
    """Fields of a request that can be said only of pictures, each of one class or several."""
    tasks: ClassVar[tuple[str | None, ...]] = (None, DEFAULT_TASK)
    """What can be asked."""
    default_model: ClassVar[str]
    """The network where none was named, and why."""
    default_model_why: ClassVar[str]
    recipe_name: ClassVar[str]
    """Of the recipes that are shipped, and why."""
    recipe_why: ClassVar[str]

    @classmethod
    def decide(cls, request: TrainingRequest, *, watcher: Watcher, begun: float) -> Decided:
        """Reads the data, and decides everything that was not said.

        Args:
            request: What was said.
            watcher: Hears how it goes, and every decision.
            begun: `time.monotonic()` at which the time limit began.

        Raises:
            UsageError: If something that was asked for makes no sense.
            DataError: If the data cannot be used.
        """
        deciding = cls(request, watcher, begun=begun)
        deciding.check_request()
        deciding.read_data()
        deciding.choose_input()
        deciding.choose_network()
        deciding.to_device()
        deciding.choose_precision()
        deciding.fit_time()
        return deciding.plan()

    def check_request(self) -> None:
        """Refuses what cannot be done with anything of this kind."""
        request = self.request
        refuse_other_kind(request.data, self.asked.get("model"), self.kind)
        refuse_other_task(request, self.asked.get("model"), sequential=self.sequential)
        plural = self.called or named_encoding(self.kind).plural
        given = [name for name in self.excluded if getattr(request, name) is not None]
        if request.transfer not in (None, AUTO, "scratch"):
            given.append("transfer")
        if request.task not in self.tasks:
            given.append("task")
        if given:
            verb = "is" if len(given) == 1 else "are"
            raise UsageError(
                f"{' and '.join(f'--{name}' for name in given)} {verb} for pictures{' of classes' * bool(self.called)}; {plural} are "
                "trained on without"
            )
        if request.batch_size == AUTO:
            raise UsageError(f"--batch-size auto times pictures; for {plural} give a number, or leave it out")
        data = request.data
        self.data = data if isinstance(data, Dataset) else load_data(data, root=request.root, task=request.task)

    def read_data(self, *, most: int | None = None) -> None:
        """Checks and splits what is given."""
        self.dataset = prepare_data(self.data, seed=self.asked["seed"], root=None, watcher=self.watcher)
        self.facts = DataFacts(len(self.dataset.indices("train")), len(self.dataset.classes), 0, False)

    def choose_network(self, defaults: Mapping[str, Any] | None = None) -> None:
        """Chooses the network and its recipe, and builds it with its initial weights."""
        if "model" not in self.asked:
            self.asked["model"] = self.default_model
            self.decisions.append(Decision("model", self.default_model, self.default_model_why))
        self.row = model_row(self.asked["model"])
        self._choose_recipe(defaults or {})
        self.network = create_model(
            self.row.name,
            num_classes=self.dataset.task.width(self.dataset.classes),
            in_channels=self.encoding.channels,
            init=self.recipe.initialization,
            seed=self.recipe.seed,
        )
        check_descent(self.recipe, self.network, pretrained=False)

    def _choose_recipe(self, defaults: Mapping[str, Any]) -> None:
        count = self.facts.training_pictures
        table = read_shipped_recipe(self.recipe_name)
        views, fewest, most = table.pop("epochs_from")["views_fewest_most"]
        epochs = min(most, max(fewest, round(views / count)))
        table.setdefault("schedule", {})["epochs"] = epochs
        self.decisions.append(Decision("recipe", self.recipe_name, self.recipe_why))
        why = f"the recipe wants about {views:,} looks, in {fewest} to {most} epochs"
        self.decisions.append(Decision("epochs", str(epochs), why))
        size = int(table["batch_size"])
        while size > 8 and count < 8 * size:
            size //= 2
        if size != table["batch_size"]:
            table["batch_size"] = size
            why = describe_steps(count, size).replace("pictures", named_encoding(self.kind).plural)
            self.decisions.append(Decision("batch size", str(size), why))
        self.recipe = Recipe.from_dict(merge(table, defaults, {"task": self.dataset.task.name}, self.asked))
        check_loss(self.recipe)

    def _probe(self) -> torch.Tensor:
        """Training items to time a step with, ready for the network."""
        rows = self.dataset.indices("train")
        rows = rows[evenly(len(rows), self.recipe.batch_size)]
        encoded = np.stack([self.encoding.encode(self.dataset.pictures.read(int(row))) for row in rows])
        return torch.from_numpy(self.encoding.ready(encoded)).to(self.device)

    def choose_precision(self) -> None:
        """Takes the faster of the number formats, where none was asked for."""
        if "precision" in self.asked:
            return
        precision, why = choose_precision(self.network, self._probe(), OBJECTIVES[self.recipe.task].probe)
        self.recipe = dataclasses.replace(self.recipe, precision=precision)
        self.decisions.append(Decision("precision", precision, why))

    def fit_time(self) -> None:
        """Measures how many steps fit the time limit, if there is one.

        Raises:
            UsageError: If not a single one fits.
        """
        if self.limit is None:
            return
        probe, deadline = self._probe(), self.begun + self.limit
        seconds = time_step(self.network, probe, OBJECTIVES[self.recipe.task].probe, self.recipe.precision, steps=2)
        counts = {name: len(self.dataset.indices(name)) for name in ("train", "val", "test")}
        forward = seconds / len(probe) / 3
        reserve = (
            LEAST_RESERVE + 1.5 * forward * (counts["val"] + counts["test"]) + RESERVE_OF_A_PICTURE * len(self.dataset)
        )
        left = max(0.0, deadline - time.monotonic())
        plan = TimePlan(
            deadline,
            reserve=min(reserve, LARGEST_RESERVE * left),
            step_seconds=seconds,
            validation_seconds=forward * (counts["val"] or counts["test"]),
        )
        per_epoch = len(batch_sizes(counts["train"], self.recipe.batch_size))
        steps = plan.steps_left(steps_per_epoch=per_epoch, batch=0)
        if steps < 1:
            raise UsageError(
                f"the time limit leaves no time to train after {plan.reserve:.0f} s for sealing and evaluating; give more time"
            )
        decision = decide_steps(steps, self.recipe.schedule.epochs * per_epoch, per_epoch, seconds)
        self.timed = TimedRun(plan, None, steps, [decision])
        self.decisions.append(decision)
