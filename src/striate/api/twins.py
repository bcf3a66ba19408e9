"""Which of two rows a file of weights was trained for, where both take it: measured, because the file does not say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from striate.api.examples import SplitExamples
from striate.api.preparation import start_from
from striate.api.stage_advice import sample_rows
from striate.api.starting_weights import StartingWeights
from striate.api.watching import Watcher
from striate.data import Dataset, open_store
from striate.models import Network, create_model, model_row
from striate.pixels import Preprocessing
from striate.training import Decision, Recipe
from striate.transfer import StageScore, compute_outputs, output_shapes, score_stages, split_vectors, stage_vectors

MOST_PICTURES = 300

CLEARLY = 0.01
"""How much more evidence a picture, in nats, a row's features must give. TensorFlow's MobileNetV2 with its own padding gives
0.03 more than without it, on three data sets."""


def choose_twin(
    network: Network,
    twins: Sequence[str],
    starting: StartingWeights,
    preprocessing: Preprocessing,
    dataset: Dataset,
    recipe: Recipe,
    *,
    watcher: Watcher,
) -> tuple[Network, Decision | None]:
    """The network, or a twin with the same weights if its features separate the classes clearly better; and why.

    Args:
        network: With the weights.
        twins: Other rows that take them.
        starting: The weights.
        preprocessing: How pictures become its input.
        dataset: With splits.
        recipe: The recipe so far; its model is the network's row.
        watcher: Hears how it goes.
    """
    sample = dataset.select(sample_rows(dataset, most=MOST_PICTURES, seed=recipe.seed))
    store = open_store(sample, preprocessing, progress=watcher.task)
    examples = SplitExamples(sample, store, preprocessing, np.arange(len(sample)), sample.labels.astype(np.int64))
    best, own = network, score_vector(network, examples, recipe, watcher)
    chosen, score = recipe.model, own
    for name in twins:
        twin = create_model(
            name,
            num_classes=network.num_classes,
            in_channels=network.in_channels,
            init=recipe.initialization,
            seed=recipe.seed,
        )
        start_from(twin, starting, model_row(name))
        other = score_vector(twin, examples, recipe, watcher)
        if other.logme > max(own.logme + CLEARLY, score.logme) and other.accuracy >= own.accuracy:
            best, chosen, score = twin, name, other
    if chosen == recipe.model:
        return network, None
    why = (
        f"these weights fit {chosen} too, which computes otherwise with them (padding, strides), and its features separate "
        f"the classes better: LogME {score.logme:.3f} against {own.logme:.3f}, a head {score.accuracy:.1%} against "
        f"{own.accuracy:.1%}; name a way of learning, such as --transfer head, to keep {recipe.model}"
    )
    return best, Decision("model", chosen, why)


def score_vector(network: Network, examples: SplitExamples, recipe: Recipe, watcher: Watcher) -> StageScore:
    """How well the vector before the head separates the classes."""
    device = torch.device("cpu")
    part = stage_vectors(network, examples.preprocessing.size)
    rows = compute_outputs(part, examples, recipe=recipe, device=device, progress=watcher.task)
    vectors = split_vectors(network, rows, output_shapes(part, device))
    return score_stages({"features": vectors["features"]}, examples.labels, seed=recipe.seed)[0]
