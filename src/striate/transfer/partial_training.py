"""Learning from trained weights: what stays frozen is run once, a new head is fitted first, and nothing leaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from striate.data.examples import AnyExamples, SplitExamples, of_pictures
from striate.models import CutNetwork, Network, maxima_of
from striate.nn import StandardizedLinear
from striate.training import KeptMaps, Recipe, TrainingState
from striate.transfer.freezing import FreezePlan, freeze, freeze_plan, set_training_mode
from striate.transfer.frozen_outputs import (
    compute_outputs,
    keep_outputs,
    maps_of,
    output_shapes,
    split_vectors,
    stage_vectors,
    vectors_before_head,
)
from striate.transfer.head import fit_head
from striate.transfer.out_of_fold import answer_out_of_fold
from striate.transfer.proof import fingerprint, prove_frozen
from striate.watching import Watcher

MAPS_BUDGET = 4 << 30
"""Bytes that the kept maps of a frozen part may take; beyond that its pictures go through it in every epoch."""


@dataclass
class PartialTraining:
    """A network, how it is trained, what of it learns, and what the rest was before."""

    network: Network
    recipe: Recipe
    plan: FreezePlan
    before: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, network: Network, recipe: Recipe) -> PartialTraining:
        """What of a network learns, by the recipe that it is trained by."""
        transfer = recipe.transfer
        stages, rate = transfer.trainable_stages, transfer.stage_rate
        return cls(network, recipe, freeze_plan(network, transfer.kind, trainable_stages=stages, stage_rate=rate))

    def set_mode(self, network: Network) -> None:
        """Training mode for what learns."""
        set_training_mode(network, self.plan)

    def remember(self) -> None:
        """Takes down what the frozen part is now."""
        self.before = fingerprint(self.network, self.plan)

    def prove(self, network: Network) -> int:
        """How many frozen tensors are byte for byte what they were.

        Raises:
            TrainingError: One is not.
        """
        return prove_frozen(self.before, fingerprint(network, self.plan))


def begin_state(partial: PartialTraining, *, total_steps: int) -> TrainingState:
    """The state before the first of so many steps; from here on only what the plan says can learn."""
    freeze(partial.network, partial.plan)
    return TrainingState.begin(
        partial.network,
        partial.recipe,
        total_steps=total_steps,
        rates=partial.plan.rates,
        set_mode=partial.set_mode,
    )


def fit_new_head(
    partial: PartialTraining,
    training: SplitExamples,
    *,
    device: torch.device,
    watcher: Watcher,
    stop: Callable[[], bool],
) -> None:
    """Fits the head to the features of the training pictures, and of as many draws of the augmentation as the recipe says."""
    network, recipe = partial.network, partial.recipe
    draws = [
        _head_inputs(partial, training, draw, device=device, watcher=watcher, stop=stop)
        for draw in range(recipe.transfer.draws)
    ]
    features = np.concatenate(draws)
    watcher.task("fitting the head", 0, 1)
    balanced = recipe.balance != "none"
    fit_head(network, features, training.labels, draws=len(draws), balanced=balanced, seed=recipe.seed)
    watcher.task("fitting the head", 1, 1)


def cross_validate_head(
    partial: PartialTraining,
    splits: Sequence[SplitExamples],
    *,
    device: torch.device,
    watcher: Watcher,
    stop: Callable[[], bool],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """What heads on these features answer to pictures that they were not fitted to, of all splits together.

    Args:
        partial: Of which the head alone learns; it is left as it is.
        splits: The pictures, as they are.
        device: Where.
        watcher: Hears how far it is.
        stop: Asked before every batch.

    Returns:
        (m,) labels, or (m, labels) of several, and (m, classes) probabilities, of the pictures that `answer_out_of_fold` answers; the
        same pictures whatever the network.

    Raises:
        StoppedError: When `stop` said so.
    """
    network, recipe = partial.network, partial.recipe
    found = [_head_inputs(partial, split, 0, device=device, watcher=watcher, stop=stop) for split in splits]
    labels = np.concatenate([split.labels for split in splits]).astype(np.int64)
    watcher.task("cross-validating the head", 0, 1)
    rows, chances = answer_out_of_fold(
        np.concatenate(found),
        labels,
        classes=network.num_classes,
        each=isinstance(network.head, StandardizedLinear),
        balanced=recipe.balance != "none",
        seed=recipe.seed,
    )
    watcher.task("cross-validating the head", 1, 1)
    return labels[rows], chances


def keep_for_other_heads(
    partial: PartialTraining,
    splits: Sequence[SplitExamples],
    heads: Sequence[Sequence[str]],
    *,
    device: torch.device,
) -> None:
    """Keeps what heads on other stages of the network take: the pass for the head on its last vector has shown that too.

    Args:
        partial: Of which the head alone learns; a cut network's pass shows no more than its own head takes, so nothing is kept.
        splits: Pictures that have been through it.
        heads: The stages of each of the other heads, as `CutNetwork` takes them.
        device: Where.
    """
    network, recipe = partial.network, partial.recipe
    if isinstance(network, CutNetwork) or not heads:
        return
    for examples in splits:
        size = examples.preprocessing.size
        part = stage_vectors(network, size)
        rows = compute_outputs(part, examples, recipe=recipe, device=device)
        named = split_vectors(network, rows, output_shapes(part, device))
        for stages in heads:
            with torch.random.fork_rng(devices=[]):  # a head is drawn that nobody uses
                cut = CutNetwork(network, stages)
            names = [name for stage in cut.head_stages for name in (stage, maxima_of(stage)) if name in named]
            own = np.concatenate([named[name] for name in names], axis=1)
            keep_outputs(vectors_before_head(cut, size), examples, own, recipe=recipe, device=device)


def _head_inputs(
    partial: PartialTraining,
    examples: SplitExamples,
    draw: int,
    *,
    device: torch.device,
    watcher: Watcher,
    stop: Callable[[], bool],
) -> npt.NDArray[np.float32]:
    """(n, d): what the head sees."""
    # The stages' vectors too, which the judge asked for; a cut network's are not its stages' any more.
    find_part = vectors_before_head if isinstance(partial.network, CutNetwork) else stage_vectors
    part = find_part(partial.network, examples.preprocessing.size)
    width = output_shapes(part, device)[-1][0]
    return compute_outputs(
        part, examples, recipe=partial.recipe, device=device, draw=draw, progress=watcher.task, stop=stop
    )[:, -width:]


def choose_inputs(
    partial: PartialTraining,
    training: AnyExamples,
    validation: AnyExamples,
    *,
    device: torch.device,
    watcher: Watcher,
    stop: Callable[[], bool],
) -> tuple[AnyExamples | KeptMaps, AnyExamples | KeptMaps, str]:
    """What the part that learns takes: pictures, or the maps of the last frozen stage, and which stage that is.

    Maps are computed once, of the pictures as they are and of a few draws of the augmentation, where there is room for them.
    """
    network, transfer = partial.network, partial.recipe.transfer
    frozen = len(network.stages) - transfer.trainable_stages
    if transfer.kind != "stages" or frozen == 0:
        return training, validation, ""
    training, validation = of_pictures(training), of_pictures(validation)
    stage = network.stages[frozen - 1]
    part = maps_of(network, stage, training.preprocessing.size)
    no_room = f"what {stage} says of the pictures is too much to keep"
    picture = 4 * int(np.prod(output_shapes(part, device)[0]))
    if picture * (len(training.labels) * transfer.draws + len(validation.labels)) > MAPS_BUDGET:
        watcher.note(f"{no_room}: they pass the frozen stages in every epoch")
        return training, validation, ""

    def keep(examples: SplitExamples, draws: int) -> KeptMaps:
        maps = [
            compute_outputs(
                part, examples, recipe=partial.recipe, device=device, draw=draw, progress=watcher.task, stop=stop
            )
            for draw in range(draws)
        ]
        return KeptMaps(examples.labels, examples.samples, maps, examples.key)

    try:
        return keep(training, transfer.draws), keep(validation, 1) if len(validation.labels) else validation, stage
    except MemoryError:
        watcher.note(f"{no_room}, neither on the disk nor in memory: they pass the frozen stages in every epoch")
        return training, validation, ""
