"""Deciding how a run goes: what the user asked for, and, of all the rest, what suits the data."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

import torch

from striate.augmentation import AugmentationPolicy, class_changing, read_policy, with_principal_colours
from striate.data import Dataset, load_data
from striate.data.facts import DataFacts, PixelSample, data_facts
from striate.data.preparation import prepare_data
from striate.data.splitting import keep_training_pictures
from striate.deciding.batch_size import choose_batch_size
from striate.deciding.decided import Decided, settings_of
from striate.deciding.early_refusals import (
    check_descent,
    check_fit,
    check_resizing,
    draft,
    refuse_early,
    refuse_other_kind,
    refuse_other_task,
)
from striate.deciding.foreseen_input import prepare_ahead
from striate.deciding.judge import CallJudge, Judge, SampleJudge
from striate.deciding.run_plan import RunPlan, RunSettings
from striate.deciding.stated_decisions import note_unused, state_decisions
from striate.deciding.task_choice import as_asked, check_learnable
from striate.deciding.time_fit import TimedRun, plan_time
from striate.deciding.training_request import AUTO, TrainingRequest, ask_recipe
from striate.deciding.transfer_choice import ask_transfer, choose_transfer, fit_alone, is_head_alone
from striate.deciding.weights_fit import choose_size, choose_twin
from striate.encodings import DEFAULT_KIND, Encoding
from striate.errors import UsageError
from striate.models import CutNetwork, Network, Row, create_model, cut_behind, model_row
from striate.pixels import Preprocessing
from striate.sealing.cut_figures import cut_figures
from striate.table_reading import read_dataclass
from striate.tasks.rule_wish import check_wish, wish
from striate.training import (
    Decision,
    Recipe,
    choose_model,
    choose_precision,
    choose_recipe,
    merge,
    parse_duration,
    read_settings,
    scratch_warning,
)
from striate.training.batches import batch_sizes
from striate.training.defaults import ENLARGED, LEAST_SIDE, suit_rate
from striate.training.device import choose_device
from striate.training.first_pictures import SAMPLED, needs_pictures
from striate.training.objectives import OBJECTIVES
from striate.training.probes import probe_images
from striate.training.recipe import TransferConfig
from striate.watching import NoteKeeper, Watcher
from striate.weights import StartingWeights
from striate.weights.input_rule import AskedInput, InputRule, input_rule, input_side
from striate.weights.matching import row_like
from striate.weights.naming import twins_of
from striate.weights.starting_weights import are_published, find_weights, recognised, start_from

OF_THE_RECIPE = ("recipe", "epochs", "loss", "batch size", "augmentation", "first layer", "learning rate")
"""Decisions that `Deciding.choose_network` makes of training alone."""


class Deciding:
    """A run while it is decided: what was asked for, and the answers so far.

    Each method answers one question and appends what it decided. They are called in the order in which they stand here; a
    verb that is no training goes as far as it needs: a sheet of augmentation to `choose_augmentation`, advice to `suit_weights`.

    Args:
        request: What was said.
        watcher: Hears how it goes; decisions are told by `plan`.
        begun: `time.monotonic()` at which the time limit began; None: now.
        call_judge: Who says what trained weights know of the pictures.

    Raises:
        UsageError: If something that was asked for makes no sense.
    """

    sequential: ClassVar[bool] = False
    """Whether strings are read, by a network that answers at every place of a line."""

    data: Dataset
    """Its names alone: known after `check_request`."""
    starting: StartingWeights | None = None
    """The weights that training starts from; None: new ones."""
    dataset: Dataset
    """Checked, with splits, as are `facts`, `sample` and `judge`: known after `read_data`."""
    facts: DataFacts
    sample: PixelSample
    judge: Judge
    row: Row
    """Known after `choose_network`, as are `recipe` and `network`."""
    recipe: Recipe
    network: Network
    head_is_new: bool = True
    """Whether the weights had no head for these classes."""
    preprocessing: Preprocessing
    """Known after `choose_input`."""
    timed: TimedRun | None = None
    """How the run fits its time limit, if it has one."""

    def __init__(
        self,
        request: TrainingRequest,
        watcher: Watcher,
        *,
        begun: float | None = None,
        call_judge: CallJudge = SampleJudge,
    ) -> None:
        self.request = request
        self.watcher = NoteKeeper(watcher)
        self.begun = time.monotonic() if begun is None else begun
        self.limit = parse_duration(request.time_limit) if request.time_limit is not None else None
        self.device = choose_device(request.device)
        self.asked = ask_recipe(request)
        self.wish = ask_transfer(request, self.asked)
        self.decisions: list[Decision] = []
        self._call_judge = call_judge
        self._row_is_free = False  # it was told by the weights, which a twin may suit better

    def check_request(self) -> None:
        """Refuses what cannot be done with any data, and finds the data's names; published weights name a network."""
        request = self.request
        used = request.weights is not None and self.wish.kind != "scratch"
        if used and are_published(request.weights or "") and "model" not in self.asked:
            why = "it has published weights and trains on a processor"
            self.decisions.append(Decision("model", "mobilenet_v2", why))
            self.asked["model"] = "mobilenet_v2"
        if request.vectors is not None:
            raise UsageError("--vectors goes with networks for sentences, such as textcnn_static")
        refuse_other_kind(request.data, self.asked.get("model"), DEFAULT_KIND)
        refuse_other_task(request, self.asked.get("model"), sequential=self.sequential)
        refuse_early(request, self.wish, model=self.asked.get("model"), limit=self.limit)
        if "model" in self.asked:
            check_descent(Recipe.from_dict(self.asked), draft(self.asked["model"]), pretrained=used)
        data, task = request.data, self.asked.get("task")
        found = data if isinstance(data, Dataset) else load_data(data, root=request.root, task=task)
        self.data = as_asked(found, task, request.classifier)
        self.asked["task"] = self.data.task.name
        check_wish(wish(request.abstain), self.data.task)

    def read_weights(self) -> None:
        """Finds the weights that training starts from, if it does, and refuses those of another network."""
        weights, model = self.request.weights, self.asked.get("model")
        if weights is None:
            return
        if self.wish.kind == "scratch":
            self.watcher.note("the weights are not used: training from scratch draws new ones")
            return
        self.starting = find_weights(weights, model or "", watcher=self.watcher)
        if model is None and (found := row_like(self.starting.file.tensors)) is not None:
            self.decisions.append(Decision("model", found, "the weights are this network's"))
            self.asked["model"] = model = found
            self.starting = recognised(self.starting, found)
            self._row_is_free = True
        if model is not None:
            check_fit(self.starting, model)

    def read_data(self, *, most: int | None = None) -> None:
        """Checks and splits the pictures.

        Args:
            most: Training pictures that are kept at most, drawn by the seed; None: all.
        """
        seed, root = self.asked["seed"], self.request.root
        ahead = None
        if most is None:
            ahead = prepare_ahead(self.data, self.asked.get("model"), self.starting, size=self.request.size)
        dataset = prepare_data(self.data, seed=seed, root=root, watcher=self.watcher, ahead=ahead)
        self.dataset = dataset if most is None else keep_training_pictures(dataset, most, seed=seed)
        self.facts = data_facts(self.dataset)
        self.sample = PixelSample(self.dataset)
        self.judge = self._call_judge(self.dataset, seed=seed, watcher=self.watcher)

    def choose_network(self, defaults: Mapping[str, Any] | None = None) -> None:
        """Chooses the network and its recipe, and builds it with its initial weights.

        Args:
            defaults: What a verb's recipe has that training's has not; what was asked for lies over it.
        """
        self._choose_row()
        self._choose_recipe(defaults or {})
        channels, starting = 3 if self.facts.colour else 1, self.starting
        self.network = create_model(
            self.row.name,
            num_classes=self.dataset.task.width(self.dataset.classes),
            in_channels=channels if starting is None else max(channels, self.row.in_channels),
            init=self.recipe.initialization,
            seed=self.recipe.seed,
        )
        check_resizing(self.recipe, self.network)
        check_descent(self.recipe, self.network, pretrained=starting is not None)
        if starting is not None:
            self.head_is_new, decision = start_from(self.network, starting, self.row)
            self.decisions.append(decision)
            return
        if needs_pictures(self.network):
            why = f"of {min(SAMPLED, self.facts.training_pictures)} training pictures, drawn by the seed, before the first step"
            self.decisions.append(Decision("first layer", "whitens patches", why))
        if "learning_rate" not in self.asked.get("optimizer", {}):
            self.recipe, decisions = suit_rate(self.recipe, self.network)
            self.decisions += decisions

    def _choose_row(self) -> None:
        if "model" not in self.asked:
            self.decisions.append(choose_model(self.facts))
            self.asked["model"] = self.decisions[-1].value
        self.row = model_row(self.asked["model"])

    def _choose_recipe(self, defaults: Mapping[str, Any]) -> None:
        chosen, decisions = choose_recipe(self.facts, self.row, pretrained=self.starting is not None)
        self.decisions += decisions
        suited = OBJECTIVES[self.dataset.task.name].recipe
        self.recipe = Recipe.from_dict(merge(chosen, suited, defaults, self.asked))
        check_learnable(self.row, self.recipe)
        if self.starting is None and self.recipe.transfer.kind != "scratch":
            # The file of a run that started from weights: what of it is for weights alone is left out.
            self.recipe = dataclasses.replace(
                self.recipe, transfer=TransferConfig(), fit_head_first=False, freeze_statistics=False
            )

    def choose_input(self, *, colours: bool = True) -> None:
        """Decides how pictures become the network's input: as its weights expect, or as suits the pictures.

        Args:
            colours: Whether the pictures' mean and deviation are measured where nothing says them, which takes a while.
        """
        rule = self._input_rule(self.row, self.network, sample=self.sample if colours else None)
        self.preprocessing = rule.preprocessing
        self.decisions += rule.decisions

    def _input_rule(self, row: Row, network: Network, *, sample: PixelSample | None) -> InputRule:
        asked = AskedInput(self.request.size, self.request.mean, self.request.std)
        return input_rule(row, network, self.starting, asked, facts=self.facts, sample=sample)

    def choose_augmentation(self) -> None:
        """Takes the policy that was asked for, if one was, and measures the pictures' own colours where it needs them."""
        policy, drawn = self.recipe.augmentation, self.facts.drawn
        if self.request.augment is not None:
            named = dataclasses.asdict(read_policy(self.request.augment, drawn=drawn))
            changed = read_settings(self.request.settings).get("augmentation", {})
            policy = read_dataclass(AugmentationPolicy, merge(named, changed), "augmentation.")
        for warning in class_changing(policy, drawn=drawn):
            self.watcher.note(warning)
        if policy.needs_principal_colours:
            policy = with_principal_colours(policy, self.sample.pixels(self.preprocessing))
        self.recipe = dataclasses.replace(self.recipe, augmentation=policy)

    def suit_weights(self) -> None:
        """Measures which row and which size suit weights of which nothing is known, where nobody named the row or said how to learn."""
        starting = self.starting
        guessed = (self.wish.kind == AUTO or self._row_is_free) and self.judge.able
        if starting is None or starting.published is not None or not guessed:
            return
        self._suit_row(starting)
        if self.request.size is not None or self.network.fixed_size:
            return
        larger = input_side(self.facts, self.row, self.network, enlarged=ENLARGED, least=LEAST_SIDE)
        self.preprocessing, decision = choose_size(
            self.network, self.preprocessing, larger, self.recipe, judge=self.judge
        )
        self.decisions += [] if decision is None else [decision]

    def _suit_row(self, starting: StartingWeights) -> None:
        twins = twins_of(self.row.name, self.network.state_dict().keys(), starting.file.tensors)
        if not twins:
            return

        def prepare(name: str, twin: Network) -> Preprocessing:
            return self._input_rule(model_row(name), twin, sample=self.sample).preprocessing

        network, decision = choose_twin(
            self.network, twins, starting, self.preprocessing, self.recipe, judge=self.judge, prepare=prepare
        )
        if decision is None:
            return
        self.network, self.row = network, model_row(decision.value)
        self.recipe = dataclasses.replace(self.recipe, model=decision.value)
        self.decisions.append(decision)
        self.choose_input()  # a row's own mean and deviation, where nobody says others

    def choose_transfer(self) -> None:
        """Brings the network to its device, and decides what of trained weights learns on."""
        self.to_device()
        if self.starting is None:
            if is_head_alone(self.network) and "epochs" not in self.asked.get("schedule", {}):
                self.recipe, decision = fit_alone(self.recipe)
                self.decisions.append(decision)
            if warning := scratch_warning(self.facts, self.row, pretrained=False):
                self.watcher.note(warning)
            return
        choice = choose_transfer(
            self.wish,
            self.recipe,
            self.asked,
            self.network,
            self.preprocessing,
            head_is_new=self.head_is_new,
            limit=self.limit,
            judge=self.judge,
        )
        self.recipe = choice.recipe
        self.decisions += choice.decisions
        self._cut_network()
        if self.head_alone:
            note_unused(self.request, self.recipe, self.watcher)

    def _cut_network(self) -> None:
        """Takes off what comes after the last stage that a head is fitted to."""
        cut = cut_behind(self.network, self.recipe.transfer.head_stages)
        if isinstance(cut, CutNetwork):
            figures = cut_figures(cut, self.row.name, self.preprocessing.size)
            value = f"{self.row.name} behind {cut.stages[-1]}"
            self.decisions.append(Decision("cut", value, figures.what_is_left))
        self.network = cut

    def to_device(self) -> Network:
        """The network, brought to its device."""
        self.network = self.network.to(self.device).to(memory_format=torch.channels_last)
        return self.network

    @property
    def head_alone(self) -> bool:
        """Whether the head is fitted and nothing else learns, so that no step is taken."""
        return self.recipe.transfer.kind == "head"

    def choose_precision(self) -> None:
        """Takes the faster of the number formats, where none was asked for."""
        if "precision" in self.asked or self.head_alone:
            return
        count = min(self.recipe.batch_size, self.facts.training_pictures)
        images = probe_images(self.network, self.preprocessing.size, count=count)
        precision, why = choose_precision(self.network, images, OBJECTIVES[self.recipe.task].probe)
        self.recipe = dataclasses.replace(self.recipe, precision=precision)
        self.decisions.append(Decision("precision", precision, why))

    def choose_batch_size(self) -> None:
        """Measures which batch size is fastest of those that memory holds, where that was asked for."""
        if self.request.batch_size != AUTO or self.head_alone:
            return
        self.recipe, decisions = choose_batch_size(
            self.network,
            self.recipe,
            self.preprocessing.size,
            training_pictures=self.facts.training_pictures,
            scale_rate="learning_rate" not in self.asked.get("optimizer", {}),
            watcher=self.watcher,
        )
        self.decisions += decisions

    def fit_time(self) -> None:
        """Measures what fits the time limit, if there is one, and makes pictures smaller where that is free and needed."""
        if self.limit is None:
            return
        self.timed = plan_time(
            self.begun + self.limit,
            self.network,
            self.recipe,
            self.preprocessing,
            self.dataset,
            size_is_free=self.request.size is None and not self.network.fixed_size,
        )
        self.preprocessing = self.timed.preprocessing or self.preprocessing
        self.decisions += self.timed.decisions

    @property
    def encoding(self) -> Encoding:
        """How what is given becomes the network's input."""
        return self.preprocessing

    @property
    def total_steps(self) -> int:
        """Steps of gradient descent: those of the epochs, or as many of them as fit the time limit."""
        steps = self.recipe.schedule.epochs * len(batch_sizes(self.facts.training_pictures, self.recipe.batch_size))
        return steps if self.timed is None else min(steps, self.timed.steps)

    def plan(self, unsaid: Collection[str] = ()) -> Decided:
        """The run as it was decided; the watcher hears every decision, as it stands in the end, but those that are unsaid."""
        decisions = state_decisions(
            self.decisions,
            self.request,
            self.asked,
            self.recipe,
            training_pictures=self.facts.training_pictures,
            total_steps=self.total_steps,
            many=self.dataset.plural,
        )
        for decision in decisions:
            if decision.what not in unsaid:
                self.watcher.decision(decision)
        notes, classes = tuple(self.watcher.notes), self.dataset.classes
        plan = RunPlan(self._settings(), self.recipe, self.encoding, classes, tuple(decisions), notes)
        return Decided(plan, self.dataset, self.network, None if self.timed is None else self.timed.plan)

    def _settings(self) -> RunSettings:
        return settings_of(
            self.request,
            self.dataset,
            None if self.starting is None else self.starting.file.sha256,
            device=str(self.device),
            total_steps=0 if self.head_alone else self.total_steps,
        )
