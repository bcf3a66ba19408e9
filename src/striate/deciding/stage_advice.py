"""Advice on a network with trained weights, from a sample of its training pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from striate.choosing import by_share
from striate.data import Dataset, open_store
from striate.data.examples import SplitExamples
from striate.errors import UsageError
from striate.inspection.inspection import inspect_network
from striate.models import Network
from striate.pixels import Preprocessing
from striate.training import Recipe, time_step
from striate.training.precision import computes_bf16_natively
from striate.training.probes import probe_images, probe_loss
from striate.transfer import Advice, compute_outputs, output_shapes, score_stages, split_vectors, stage_vectors
from striate.transfer import advise as advise_by_scores
from striate.watching import Watcher

MOST_PICTURES = 600
"""Pictures that the stages are judged by; more take longer and say the same."""

PROBE_PICTURES = 8


def advise_training(
    network: Network,
    examples: SplitExamples,
    recipe: Recipe,
    *,
    name: str,
    training_pictures: int,
    device: torch.device,
    time_budget: float | None,
    watcher: Watcher,
) -> Advice:
    """The advice for a network with trained weights and a sample of its training pictures; the network is not trained.

    Args:
        network: On its device.
        examples: Up to about 600 training pictures. All of them in order are the ones that a head is fitted to, whose
            features are then found in the cache.
        recipe: How it would be trained.
        name: What to call the network.
        training_pictures: How many there are in all.
        device: Where the network is.
        time_budget: Seconds that the training itself may take; `None`: whatever it takes.
        watcher: Hears how it goes.
    """
    part = stage_vectors(network, examples.preprocessing.size)
    vectors = compute_outputs(part, examples, recipe=recipe, device=device, progress=watcher.task)
    features = split_vectors(network, vectors, output_shapes(part, device))
    watcher.task("comparing stages", 0, 1)
    scores = score_stages(features, examples.labels, seed=recipe.seed)
    watcher.task("comparing stages", 1, 1)
    classes = len(examples.dataset.classes)
    advice = advise_by_scores(scores, training_pictures=training_pictures, classes=classes, network=name)
    if advice.kind == "head":  # which takes next to no time
        return advice
    watcher.task("timing a step", 0, 1)
    images = probe_images(network, examples.preprocessing.size, count=min(PROBE_PICTURES, len(examples.labels)))
    precision = "bf16" if computes_bf16_natively(device) else "fp32"
    seconds = time_step(network, images, probe_loss, precision) / len(images)
    watcher.task("timing a step", 1, 1)
    shape = (network.in_channels, *examples.preprocessing.size)
    return advise_by_scores(
        scores,
        training_pictures=training_pictures,
        classes=classes,
        network=name,
        seconds_per_picture=seconds,
        stage_shares={stage.name: stage.macs_share for stage in inspect_network(network, shape).stages},
        time_budget=time_budget,
    )


def sample_examples(
    dataset: Dataset, preprocessing: Preprocessing, *, most: int, seed: int, watcher: Watcher
) -> SplitExamples:
    """The pictures of `sample_rows`, prepared.

    Where those are all training pictures, the store is the one that training opens, so that nothing is decoded twice.
    """
    rows = sample_rows(dataset, most=most, seed=seed)
    if len(rows) == len(dataset.indices("train")):
        return SplitExamples.of(
            dataset, open_store(dataset, preprocessing, progress=watcher.task), preprocessing, "train"
        )
    sample = dataset.select(rows)
    store = open_store(sample, preprocessing, progress=watcher.task)
    return SplitExamples(sample, store, preprocessing, np.arange(len(rows)), sample.labels.astype(np.int64))


def can_be_judged(dataset: Dataset) -> bool:
    """Whether two classes have two training pictures at least, which the scores of stages need."""
    return int((np.bincount(dataset.labels[dataset.indices("train")]) > 1).sum()) >= 2


def sample_rows(dataset: Dataset, *, most: int, seed: int) -> npt.NDArray[np.int64]:
    """Training pictures of all classes, of each as many as is its share but two at least: all of them where they are few.

    Args:
        dataset: With splits.
        most: About how many.
        seed: Draws them.

    Returns:
        (n,) rows of the data set, in order.

    Raises:
        UsageError: `most` is less than 2.
    """
    if most < 2:
        raise UsageError(f"a sample needs 2 pictures at least, got {most}")
    rows = dataset.indices("train")
    if len(rows) <= most:
        return rows
    return rows[by_share(dataset.labels[rows], most, seed=seed, least=2)]
