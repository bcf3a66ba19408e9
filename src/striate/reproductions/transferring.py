"""The method `transfer`: a network with trained weights learns other pictures, as much of it as the arm's recipe says."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from striate.durable_writing import scratch_folder
from striate.errors import UsageError
from striate.models import CutNetwork, Network, maxima_of
from striate.reproductions.experiment import Arm
from striate.reproductions.learning import answered_wrong, read_recipe, steps_of, take_steps
from striate.reproductions.networks import build_network
from striate.reproductions.sources import HeldPictures
from striate.reproductions.work import Measured, Work
from striate.table_reading import read_dataclass
from striate.training import KeptMaps, Recipe
from striate.transfer import (
    compute_outputs,
    fit_head,
    maps_of,
    output_shapes,
    score_heads,
    split_vectors,
    stage_vectors,
)
from striate.transfer.frozen_outputs import forget_compiled, vectors_before_head
from striate.transfer.partial_training import PartialTraining, begin_state
from striate.weights import load_weights, read_weights

ASKED = 300
"""Of so many training pictures it is asked, at most, how many are learnt."""
MEASURES = frozenset({"error", "train_error", "gap", "seconds", "elapsed", "stages"})


@dataclass(frozen=True, kw_only=True)
class TransferOptions:
    """What the method asks of an arm; what learns is told by its recipe's table `transfer`."""

    weights: str = ""
    """A file below the folder of data; empty: the network is newly drawn."""
    earlier: bool = False
    """Whether the head is put on an earlier stage: the one whose head does best on training pictures, by cross-validation."""


def read_options(arm: Arm) -> TransferOptions:
    """The options of an arm.

    Raises:
        UsageError: One is unknown or of another type, or they do not fit what learns.
    """
    options = read_dataclass(TransferOptions, arm.options, "options.", what="experiment")
    kind = arm.recipe.get("transfer", {}).get("kind", "scratch")
    if (kind == "scratch") != (not options.weights):
        raise UsageError(f"weights are for what does not learn from scratch, got {options.weights!r} for {kind!r}")
    if options.earlier and kind != "head":
        raise UsageError(f"earlier is for a head that learns alone, got the kind {kind!r}")
    return options


def transfer(work: Work) -> Measured:
    """Trains what the arm says, and measures it.

    The time is that of everything but reading pictures and weights; what is frozen is run once, and that counts too.

    Raises:
        StoppedError: A signal came.
        DataError: There is no local copy of the weights.
    """
    session, options = work.session, read_options(work.arm)
    training, testing = session.pictures(work, work.experiment.pictures)
    recipe = read_recipe(work)
    network = build_network(
        work.arm,
        num_classes=work.classes,
        in_channels=training.array.shape[-1],
        size=training.size,
        seed=work.seed,
    )
    if options.weights:
        load_weights(network, read_weights(session.weights(options.weights)).tensors, row=work.arm.model)
    network = network.to(session.device).to(memory_format=torch.channels_last)
    stages = network.stages
    forget_compiled()  # what another arm compiled would be taken for nothing
    elapsed, begun = time.perf_counter(), time.process_time()
    with scratch_folder("reproduce") as folder:
        learnt = _learn(network, recipe, training, work, folder, earlier=options.earlier)
    seconds, elapsed = time.process_time() - begun, time.perf_counter() - elapsed
    wrong = answered_wrong(learnt, testing, session.device)
    train_error = float(answered_wrong(learnt, training.part(ASKED), session.device).mean())
    values = {"error": float(wrong.mean()), "train_error": train_error, "gap": float(wrong.mean()) - train_error}
    values |= {"seconds": seconds, "elapsed": elapsed, "stages": float(1 + stages.index(learnt.stages[-1]))}
    return Measured(values, {"error": wrong})


def _learn(
    network: Network, recipe: Recipe, training: HeldPictures, work: Work, folder: Path, *, earlier: bool
) -> Network:
    """The network that has learnt: a new head is fitted first, unless all is learnt from scratch."""
    device, stop = work.session.device, work.session.stop
    if recipe.transfer.kind != "scratch":
        if earlier:
            network = _cut(network, recipe, training, work, folder)
        part = vectors_before_head(network, training.size)
        seen = np.array(compute_outputs(part, training, recipe=recipe, device=device, cache_folder=folder, stop=stop))
        fit_head(network, seen, training.labels, seed=recipe.seed)
    if recipe.transfer.kind == "head":
        return network
    state = begin_state(PartialTraining.of(network, recipe), total_steps=steps_of(recipe, len(training.labels)))
    examples: HeldPictures | KeptMaps = training
    if recipe.transfer.kind == "stages":
        state.after = network.stages[-1 - recipe.transfer.trainable_stages]
        frozen = maps_of(network, state.after, training.size)
        maps = compute_outputs(frozen, training, recipe=recipe, device=device, cache_folder=folder, stop=stop)
        examples = KeptMaps(training.labels, training.samples, [maps], training.key)
    take_steps(state, recipe, examples, work)
    return state.averaged


def _cut(network: Network, recipe: Recipe, training: HeldPictures, work: Work, folder: Path) -> Network:
    """The network cut behind that one of its earlier stages whose head does best on training pictures that it was not fitted to."""
    part, session = stage_vectors(network, training.size), work.session
    rows = compute_outputs(part, training, recipe=recipe, device=session.device, cache_folder=folder, stop=session.stop)
    named = split_vectors(network, rows, output_shapes(part, session.device))
    earlier = [(stage, maxima_of(stage)) for stage in network.stages[:-1]]
    scores = score_heads(named, training.labels, earlier, dict.fromkeys(named, 0), seed=recipe.seed)
    stage = min(scores, key=lambda score: score.log_loss).stages[0]
    session.watcher.note(f"{work.name}, seed {work.seed}: the head is on {stage}")
    return CutNetwork(network, [stage])
