"""Deciding how a run goes: what the user asked for, and, of all the rest, what suits the data."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import torch
from torch import nn

from striate.augmentation import AugmentationPolicy, class_changing, read_policy, with_principal_colours
from striate.data import Dataset, load_data
from striate.data.facts import data_facts, sample_pixels
from striate.data.preparation import prepare_data
from striate.deciding.batch_size import choose_batch_size
from striate.deciding.early_refusals import check_fit, refuse_early
from striate.deciding.run_plan import RunPlan, RunSettings
from striate.deciding.stage_advice import can_be_judged
from striate.deciding.stated_decisions import state_decisions
from striate.deciding.time_limit import plan_time
from striate.deciding.training_request import AUTO, TrainingRequest, ask_recipe
from striate.deciding.transfer_choice import ask_transfer, choose_transfer
from striate.deciding.weights_fit import choose_size, choose_twin
from striate.models import Network, Row, create_model, model_row
from striate.pixels import Preprocessing
from striate.table_reading import read_dataclass
from striate.training import (
    DataFacts,
    Decision,
    Recipe,
    TimePlan,
    choose_model,
    choose_precision,
    choose_recipe,
    merge,
    parse_duration,
    read_settings,
    scratch_warning,
)
from striate.training.batches import batch_sizes
from striate.training.defaults import ENLARGED, LEAST_SIDE, WITHOUT_BATCH_NORM
from striate.training.device import choose_device
from striate.training.probes import probe_images, probe_loss
from striate.training.recipe import TransferConfig
from striate.watching import NoteKeeper, Watcher
from striate.weights import StartingWeights
from striate.weights.input_rule import AskedInput, input_rule, input_side
from striate.weights.naming import twins_of
from striate.weights.starting_weights import are_published, find_weights, start_from


@dataclass(frozen=True)
class Decided:
    """A run that can be carried out."""

    plan: RunPlan
    dataset: Dataset
    network: Network
    """With its initial weights, on its device."""
    time_plan: TimePlan | None
    """The deadline to keep, if there is one."""


def decide(request: TrainingRequest, *, watcher: Watcher, begun: float, unsaid: Collection[str] = ()) -> Decided:
    """Reads the data and the weights, and decides everything that was not said.

    Args:
        request: What was said.
        watcher: Hears how it goes, and every decision.
        begun: `time.monotonic()` at which the time limit began.
        unsaid: Decisions that the caller does not carry out, such as `epochs`, and the watcher does not hear.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.
        WeightsError: If the weights cannot be read or do not fit.
    """
    watcher = NoteKeeper(watcher)
    limit = parse_duration(request.time_limit) if request.time_limit is not None else None
    device = choose_device(request.device)
    asked = ask_recipe(request)
    wish = ask_transfer(request, asked)
    decisions: list[Decision] = []
    used = request.weights is not None and wish.kind != "scratch"
    if used and are_published(request.weights or "") and "model" not in asked:
        decisions.append(Decision("model", "mobilenet_v2", "it has published weights and trains on a processor"))
        asked["model"] = decisions[-1].value
    refuse_early(request, wish, model=asked.get("model"), limit=limit)
    data = (
        request.data if isinstance(request.data, Dataset) else load_data(request.data, root=request.root)
    )  # names alone
    starting = None
    if wish.kind == "scratch" and request.weights is not None:
        watcher.note("the weights are not used: training from scratch draws new ones")
    elif request.weights is not None:
        starting = find_weights(request.weights, asked.get("model", ""), watcher=watcher)
        if "model" in asked:
            check_fit(starting, asked["model"])
    dataset = prepare_data(data, seed=asked["seed"], root=request.root, watcher=watcher)
    facts = data_facts(dataset)
    if "model" not in asked:
        decisions.append(choose_model(facts))
        asked["model"] = decisions[-1].value
    row = model_row(asked["model"])
    chosen, reasons = choose_recipe(facts, row, pretrained=starting is not None)
    decisions += reasons
    recipe = Recipe.from_dict(merge(chosen, asked))
    if starting is None and recipe.transfer.kind != "scratch":
        # The file of a run that started from weights: what of it is for weights alone is left out.
        recipe = dataclasses.replace(recipe, transfer=TransferConfig(), fit_head_first=False, freeze_statistics=False)
    channels = 3 if facts.colour else 1
    if starting is not None:
        channels = max(channels, row.in_channels)
    network = create_model(
        row.name,
        num_classes=len(dataset.classes),
        in_channels=channels,
        init=recipe.initialization,
        seed=recipe.seed,
    )
    if starting is None and "learning_rate" not in asked.get("optimizer", {}):
        recipe, reasons = suit_rate(recipe, network)
        decisions += reasons
    head_is_new = True
    if starting is not None:
        head_is_new, decision = start_from(network, starting, row)
        decisions.append(decision)
    preprocessing, reasons = choose_input(request, dataset, facts, row, network, starting)
    decisions += reasons
    recipe = choose_augmentation(request, recipe, facts, preprocessing, dataset, watcher)
    guessed = wish.kind == AUTO and can_be_judged(dataset)
    if starting is not None and starting.published is None and guessed:
        network, preprocessing, reasons = suit_weights(
            request, starting, facts, row, network, preprocessing, dataset, recipe, watcher
        )
        recipe = dataclasses.replace(
            recipe, model=next((reason.value for reason in reasons if reason.what == "model"), recipe.model)
        )
        decisions += reasons
    if warning := scratch_warning(facts, row, pretrained=starting is not None):
        watcher.note(warning)
    network = network.to(device).to(memory_format=torch.channels_last)
    if starting is not None:
        choice = choose_transfer(
            wish,
            recipe,
            asked,
            network,
            preprocessing,
            dataset,
            head_is_new=head_is_new,
            seconds=None if limit is None else begun + limit - time.monotonic(),
            watcher=watcher,
        )
        recipe, reasons = choice.recipe, choice.decisions
        decisions += reasons
    head_alone = recipe.transfer.kind == "head"
    if head_alone:
        note_unused(request, recipe, watcher)
    if "precision" not in asked and not head_alone:
        images = probe_images(network, preprocessing.size, count=min(recipe.batch_size, facts.training_pictures))
        precision, why = choose_precision(network, images, probe_loss)
        recipe = dataclasses.replace(recipe, precision=precision)
        decisions.append(Decision("precision", precision, why))
    if request.batch_size == AUTO and not head_alone:
        recipe, reasons = choose_batch_size(
            network,
            recipe,
            preprocessing.size,
            training_pictures=facts.training_pictures,
            scale_rate="learning_rate" not in asked.get("optimizer", {}),
            watcher=watcher,
        )
        decisions += reasons
    total_steps = recipe.schedule.epochs * len(batch_sizes(facts.training_pictures, recipe.batch_size))
    time_plan = None
    if limit is not None:
        size_is_free = request.size is None and not network.fixed_size
        timed = plan_time(begun + limit, network, recipe, preprocessing, dataset, size_is_free=size_is_free)
        time_plan, preprocessing, total_steps = timed.plan, timed.preprocessing, min(total_steps, timed.steps)
        decisions += timed.decisions
    settings = RunSettings(
        data=dataset.location,
        root=str(Path(request.root).absolute()) if request.root is not None else "",
        data_name=dataset.name,
        device=str(device),
        weights=run_weights(request.weights) if starting is not None else "",
        weights_sha256=starting.file.sha256 if starting is not None else "",
        total_steps=0 if head_alone else total_steps,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        tensorboard=request.tensorboard,
        threads=torch.get_num_threads(),
    )
    decisions = state_decisions(
        decisions, request, asked, recipe, training_pictures=facts.training_pictures, total_steps=total_steps
    )
    for decision in decisions:
        if decision.what not in unsaid:
            watcher.decision(decision)
    plan = RunPlan(settings, recipe, preprocessing, dataset.classes, tuple(decisions), tuple(watcher.notes))
    return Decided(plan, dataset, network, time_plan)


def note_unused(request: TrainingRequest, recipe: Recipe, watcher: Watcher) -> None:
    """Says which options do nothing where the head alone learns."""
    drawn = recipe.transfer.draws > 1 or not recipe.augmentation.changes
    given = {
        "--epochs": request.epochs is not None,
        "--batch-size": request.batch_size is not None,
        "--augment": request.augment is not None and not drawn,
    }
    if unused := [option for option, is_given in given.items() if is_given]:
        verb = "is" if len(unused) == 1 else "are"
        watcher.note(
            f"{' and '.join(unused)} {verb} not used: the head alone is fitted at once to the pictures as they are"
            + ("; with --set transfer.draws=4 to changed ones too" if "--augment" in unused else "")
        )


def suit_rate(recipe: Recipe, network: Network) -> tuple[Recipe, list[Decision]]:
    """The recipe with a lower rate of SGD where the network has no batch norm."""
    normed = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())
    if normed or recipe.optimizer.name != "sgd" or recipe.optimizer.learning_rate <= WITHOUT_BATCH_NORM:
        return recipe, []
    optimizer = dataclasses.replace(recipe.optimizer, learning_rate=WITHOUT_BATCH_NORM)
    decision = Decision("learning rate", f"{WITHOUT_BATCH_NORM:g}", f"{recipe.model} has no batch norm")
    return dataclasses.replace(recipe, optimizer=optimizer), [decision]


def suit_weights(
    request: TrainingRequest,
    starting: StartingWeights,
    facts: DataFacts,
    row: Row,
    network: Network,
    preprocessing: Preprocessing,
    dataset: Dataset,
    recipe: Recipe,
    watcher: Watcher,
) -> tuple[Network, Preprocessing, list[Decision]]:
    """The row and the size of pictures that suit weights of which nothing is known."""

    def rule(name: str, twin: Network) -> tuple[Preprocessing, list[Decision]]:
        return choose_input(request, dataset, facts, model_row(name), twin, starting)

    decisions: list[Decision] = []
    if twins := twins_of(row.name, network.state_dict().keys(), starting.file.tensors):
        network, reason = choose_twin(
            network,
            twins,
            starting,
            preprocessing,
            dataset,
            recipe,
            watcher=watcher,
            prepare=lambda name, twin: rule(name, twin)[0],
        )
        if reason is not None:
            row = model_row(reason.value)
            preprocessing, reasons = rule(row.name, network)  # a row's own mean and deviation, where nobody says others
            decisions += [reason, *reasons]
    if request.size is None and not network.fixed_size:
        larger = input_side(facts, row, network, enlarged=ENLARGED, least=LEAST_SIDE)
        preprocessing, reason = choose_size(network, preprocessing, larger, dataset, recipe, watcher=watcher)
        decisions += [reason] if reason else []
    return network, preprocessing, decisions


def choose_augmentation(
    request: TrainingRequest,
    recipe: Recipe,
    facts: DataFacts,
    preprocessing: Preprocessing,
    dataset: Dataset,
    watcher: Watcher,
) -> Recipe:
    """The recipe with the policy that was asked for, if one was, and with the training pictures' own colours where it needs them."""
    policy = recipe.augmentation
    if request.augment is not None:
        named = dataclasses.asdict(read_policy(request.augment, drawn=facts.drawn))
        changed = read_settings(request.settings).get("augmentation", {})
        policy = read_dataclass(AugmentationPolicy, merge(named, changed), "augmentation.")
    for warning in class_changing(policy, drawn=facts.drawn):
        watcher.note(warning)
    if policy.needs_principal_colours:
        policy = with_principal_colours(policy, sample_pixels(dataset, preprocessing))
    return dataclasses.replace(recipe, augmentation=policy)


def choose_input(
    request: TrainingRequest,
    dataset: Dataset,
    facts: DataFacts,
    row: Row,
    network: Network,
    starting: StartingWeights | None,
) -> tuple[Preprocessing, list[Decision]]:
    """How pictures become the network's input: what its weights expect, or what suits the pictures."""
    asked = AskedInput(request.size, request.mean, request.std)
    rule = input_rule(row, network, starting, asked, facts=facts, dataset=dataset)
    return rule.preprocessing, list(rule.decisions)


def run_weights(weights: str | Path | None) -> str:
    """What a run's settings say of the weights that it started from."""
    if weights is None:
        return ""
    return str(weights) if are_published(weights) else str(Path(weights).absolute())
