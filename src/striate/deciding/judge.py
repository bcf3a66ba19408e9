"""What trained weights know of new classes, judged by a sample of the training pictures."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from striate.choosing import by_share
from striate.data import Dataset, open_store
from striate.data.examples import SplitExamples
from striate.data.store import kept_store
from striate.errors import UsageError
from striate.inspection.inspection import inspect_network
from striate.models import Network, maxima_of
from striate.pixels import Preprocessing
from striate.training import Recipe, time_step
from striate.training.objectives import OBJECTIVES
from striate.training.precision import computes_bf16_natively
from striate.training.probes import probe_images
from striate.transfer import (
    Advice,
    HeadScore,
    StageScore,
    advise,
    compute_outputs,
    head_candidates,
    output_shapes,
    score_heads,
    score_stages,
    split_vectors,
    stage_vectors,
)
from striate.watching import Watcher

MOST_PICTURES = 600
"""Pictures that the stages are judged by; more take longer and say the same."""

FEWER_PICTURES = 300
"""Pictures that two networks, or two sizes of the input, are compared by."""

MANY_PICTURES = 2_000
"""Pictures that a learning curve is made of."""

ENOUGH_OTHERS = 100
"""With fewer validation pictures, training pictures that are held out tell more."""

PROBE_PICTURES = 8

Vectors = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]


class Judge(Protocol):
    """Says how well the features of a network separate the classes."""

    @property
    def able(self) -> bool:
        """Whether there are pictures enough to judge by."""

    def score(self, network: Network, preprocessing: Preprocessing, recipe: Recipe) -> StageScore:
        """How well the vector before the head separates the classes."""

    def advise(
        self, network: Network, preprocessing: Preprocessing, recipe: Recipe, *, time_budget: float | None
    ) -> Advice:
        """What of the network should learn."""


class SampleJudge:
    """The judge by a sample of the training pictures; the sample is drawn once, and prepared once for each input.

    Args:
        dataset: With splits.
        seed: Draws the sample, and the folds that heads are validated by.
        watcher: Hears how it goes.
    """

    def __init__(self, dataset: Dataset, *, seed: int, watcher: Watcher) -> None:
        self._dataset = dataset
        self._seed = seed
        self._watcher = watcher
        self._examples: dict[tuple[Preprocessing, int], SplitExamples] = {}

    @property
    def able(self) -> bool:
        """Whether two classes have two training pictures at least, which the scores of stages need.

        Of several labels it takes one that two pictures have and two lack.
        """
        labels = self._dataset.labels[self._dataset.indices("train")]
        counts = self._dataset.task.support(labels, len(self._dataset.classes))
        if self._dataset.task.several:
            return bool((np.minimum(counts, len(labels) - counts) > 1).any())
        return int((counts > 1).sum()) >= 2

    def score(self, network: Network, preprocessing: Preprocessing, recipe: Recipe) -> StageScore:
        """How well the vector before the head separates the classes, by about 300 pictures; computed on the processor.

        Args:
            network: With trained weights, left as it is.
            preprocessing: How pictures become its input.
            recipe: How it would be trained.
        """
        examples = self.examples(preprocessing, most=FEWER_PICTURES)
        vectors = self.vectors(network, examples, recipe, torch.device("cpu"))
        return score_stages(
            {"features": vectors["features"]}, examples.labels, seed=self._seed, task=self._dataset.task
        )[0]

    def advise(
        self, network: Network, preprocessing: Preprocessing, recipe: Recipe, *, time_budget: float | None
    ) -> Advice:
        """What of a network with trained weights should learn, by about 600 pictures; the network is not trained.

        Where the sample is all training pictures, their features are the ones that a head is fitted to, and then found in the cache.

        Args:
            network: On its device.
            preprocessing: How pictures become its input.
            recipe: How it would be trained; its model is what the network is called.
            time_budget: Seconds that the training itself may take; `None`: whatever it takes.
        """
        examples, device = self.examples(preprocessing, most=MOST_PICTURES), next(network.parameters()).device
        features = self.vectors(network, examples, recipe, device)
        self._watcher.task("comparing stages", 0, 1)
        means = {name: features[name] for name in (*network.stages, "features")}
        scores = score_stages(means, examples.labels, seed=self._seed, task=self._dataset.task)
        stages = inspect_network(network, (network.in_channels, *preprocessing.size)).stages
        heads = self._score_heads(network, features, examples.labels, recipe, {row.name: row.macs for row in stages})
        self._watcher.task("comparing stages", 1, 1)
        pictures, classes = len(self._dataset.indices("train")), len(self._dataset.classes)
        chance = float((examples.labels > 0).mean()) if self._dataset.task.several else None
        advice = advise(
            scores, training_pictures=pictures, classes=classes, network=recipe.model, heads=heads, chance=chance
        )
        if advice.kind == "head":  # which takes next to no time
            return advice
        self._watcher.task("timing a step", 0, 1)
        seconds = seconds_per_picture(
            network, preprocessing, recipe.task, count=min(PROBE_PICTURES, len(examples.labels))
        )
        self._watcher.task("timing a step", 1, 1)
        return advise(
            scores,
            heads=heads,
            chance=chance,
            training_pictures=pictures,
            classes=classes,
            network=recipe.model,
            seconds_per_picture=seconds,
            stage_shares={stage.name: stage.macs_share for stage in stages},
            time_budget=time_budget,
        )

    def _score_heads(
        self,
        network: Network,
        features: dict[str, npt.NDArray[np.float32]],
        labels: npt.NDArray[np.int64],
        recipe: Recipe,
        macs: dict[str, int],
    ) -> tuple[HeadScore, ...]:
        """Heads on each stage, on some together and on the last vector; `macs` are each stage's own."""
        pooled, so_far = {"features": features["features"]}, 0
        until = {"features": sum(macs.values())}
        for stage in network.stages:
            parts = [features[name] for name in (stage, maxima_of(stage)) if name in features]
            pooled[stage] = np.concatenate(parts, axis=1)
            until[stage] = so_far = so_far + macs[stage]
        candidates = head_candidates(network.stages)
        balanced = recipe.balance != "none"
        return score_heads(
            pooled, labels, candidates, until, balanced=balanced, seed=self._seed, task=self._dataset.task
        )

    def examples(self, preprocessing: Preprocessing, *, most: int) -> SplitExamples:
        """The pictures of `sample_rows`, prepared.

        Where those are all training pictures, the store is the one that training opens, so that nothing is decoded twice.
        """
        if (preprocessing, most) not in self._examples:
            self._examples[preprocessing, most] = self._prepare(preprocessing, most)
        return self._examples[preprocessing, most]

    def _prepare(self, preprocessing: Preprocessing, most: int) -> SplitExamples:
        dataset, rows = self._dataset, sample_rows(self._dataset, most=most, seed=self._seed)
        if len(rows) == len(dataset.indices("train")):
            store = open_store(dataset, preprocessing, progress=self._watcher.task)
            return SplitExamples.of(dataset, store, preprocessing, "train")
        if (kept := kept_store(dataset, preprocessing)) is not None:
            return SplitExamples(dataset, kept, preprocessing, rows, dataset.labels[rows].astype(np.int64))
        sample = dataset.select(rows)
        store = open_store(sample, preprocessing, progress=self._watcher.task)
        return SplitExamples(sample, store, preprocessing, np.arange(len(rows)), sample.labels.astype(np.int64))

    def vectors(
        self, network: Network, examples: SplitExamples, recipe: Recipe, device: torch.device
    ) -> dict[str, npt.NDArray[np.float32]]:
        """The pooled maps of each stage and the vector before the head, (n, d) each."""
        part = stage_vectors(network, examples.preprocessing.size)
        rows = compute_outputs(part, examples, recipe=recipe, device=device, progress=self._watcher.task)
        return split_vectors(network, rows, output_shapes(part, device))


def frozen_features(
    dataset: Dataset, network: Network, preprocessing: Preprocessing, recipe: Recipe, *, watcher: Watcher
) -> tuple[Vectors, Vectors]:
    """The vectors before the head, (n, d), of up to `MANY_PICTURES` training pictures, and their labels (n,); and of the others.

    The others are the validation pictures, where there are as many as `ENOUGH_OTHERS`, else none.

    Args:
        dataset: With splits.
        network: On its device, with trained weights.
        preprocessing: How pictures become its input.
        recipe: Its seed draws the pictures.
        watcher: Hears how it goes.
    """
    judge = SampleJudge(dataset, seed=recipe.seed, watcher=watcher)
    examples = judge.examples(preprocessing, most=MANY_PICTURES)
    device = next(network.parameters()).device
    known = judge.vectors(network, examples, recipe, device)["features"], examples.labels
    if len(dataset.indices("val")) < ENOUGH_OTHERS:
        return known, (known[0][:0], known[1][:0])
    store = open_store(dataset, preprocessing, progress=watcher.task)
    others = SplitExamples.of(dataset, store, preprocessing, "val")
    return known, (judge.vectors(network, others, recipe, device)["features"], others.labels)


class CallJudge(Protocol):
    """Calls a judge to a data set."""

    def __call__(self, dataset: Dataset, /, *, seed: int, watcher: Watcher) -> Judge:
        """The judge; arguments as `SampleJudge` takes them."""


def seconds_per_picture(network: Network, preprocessing: Preprocessing, task: str, *, count: int) -> float:
    """Seconds that a training step takes for a picture, measured with so many at once in the device's own precision."""
    images = probe_images(network, preprocessing.size, count=count)
    precision = "bf16" if computes_bf16_natively(images.device) else "fp32"
    return time_step(network, images, OBJECTIVES[task].probe, precision) / len(images)


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
    return rows[by_share(dataset.task.strata(dataset.labels[rows]), most, seed=seed, least=2)]
