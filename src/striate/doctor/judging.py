"""The labels of an audit, judged by heads on the features of trained weights."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from striate.data import Progress, open_store
from striate.data.examples import SplitExamples
from striate.doctor.audit import Audit
from striate.doctor.label_errors import UNLIKELY
from striate.evaluation.label_errors import find_label_errors
from striate.models import Network, maxima_of
from striate.nn import StandardizedLinear
from striate.pixels import Preprocessing
from striate.training import Recipe
from striate.transfer import compute_outputs, output_shapes, split_vectors, stage_vectors
from striate.transfer.frozen_outputs import vectors_before_head
from striate.transfer.out_of_fold import answer_out_of_fold

Vectors: TypeAlias = npt.NDArray[np.float32]

LEAST_CHANCE = 1e-6
"""Of a label, where the log loss is taken."""
FEWEST_TO_COMPARE = 50
"""Pictures that a network was trained on, and others, from which on it is looked whether it has learnt labels by heart."""


class Judged(NamedTuple):
    """What came of judging labels."""

    audit: Audit
    """With `label_errors`."""
    until: str = ""
    """The last stage that judged, where what follows has learnt labels by heart."""


class _Answers(NamedTuple):
    """What heads say of pictures that they were not fitted to."""

    rows: npt.NDArray[np.int64]
    chances: npt.NDArray[np.float32]


def judge_labels(
    audit: Audit,
    network: Network,
    preprocessing: Preprocessing,
    recipe: Recipe,
    *,
    seen: npt.NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
) -> Judged:
    """The audit with `label_errors`: by heads that are fitted to the features of two thirds of the usable pictures, in turn.

    A network that has learnt labels by heart has the wrong ones in its features too: heads then say the label of a picture that it was
    trained on more surely than those of others. While that shows, by a standard error of the log loss, one more stage is left out.

    Args:
        audit: Of pictures of two classes at least.
        network: With trained weights, left as it is.
        preprocessing: How pictures become its input.
        recipe: Its seed draws the folds.
        seen: (n,) which of the usable pictures the network has learnt the labels of; None: of none.
        progress: Told how far it is.
    """
    dataset = audit.usable
    labels = dataset.labels.astype(np.int64)
    store = open_store(dataset, preprocessing, progress=progress)
    examples = SplitExamples(dataset, store, preprocessing, np.arange(len(dataset)), labels)
    device = next(network.parameters()).device
    stages: tuple[str, ...] = ()
    if seen is not None and min(seen.sum(), (~seen).sum()) >= FEWEST_TO_COMPARE:
        part, stages = stage_vectors(network, preprocessing.size), network.stages
    else:
        part = vectors_before_head(network, preprocessing.size)
    features = compute_outputs(part, examples, recipe=recipe, device=device, progress=progress)
    if progress is not None:
        progress("judging labels", 0, 1)
    vectors = split_vectors(network, features, output_shapes(part, device)) if stages else {"features": features}
    each = isinstance(network.head, StandardizedLinear)
    for until in ("", *reversed(stages)):
        found = _answered(
            _up_to(until, vectors, stages), labels, len(dataset.classes), each or bool(until), recipe.seed
        )
        if not stages or seen is None or not _by_heart(found, labels, seen):
            break
    errors = find_label_errors(labels[found.rows], found.chances, unlikely=UNLIKELY)
    if progress is not None:
        progress("judging labels", 1, 1)
    rows = audit.usable_rows[found.rows[errors.rows]]
    return Judged(dataclasses.replace(audit, label_errors=dataclasses.replace(errors, rows=rows)), until)


def _up_to(until: str, vectors: dict[str, Vectors], stages: tuple[str, ...]) -> Vectors:
    """What the stages until one say, side by side; the vector before the head where none is named."""
    if not until:
        return vectors["features"]
    named = [name for stage in stages[: stages.index(until) + 1] for name in (stage, maxima_of(stage))]
    return np.concatenate([vectors[name] for name in named if name in vectors], axis=1)


def _answered(features: Vectors, labels: npt.NDArray[np.int64], classes: int, each: bool, seed: int) -> _Answers:
    return _Answers(*answer_out_of_fold(features, labels, classes=classes, each=each, balanced=False, seed=seed))


def _by_heart(found: _Answers, labels: npt.NDArray[np.int64], seen: npt.NDArray[np.bool_]) -> bool:
    """Whether labels that were learnt are told more surely than others, by more than a standard error."""
    own = found.chances[np.arange(len(found.rows)), labels[found.rows]]
    losses = -np.log(np.maximum(own.astype(np.float64), LEAST_CHANCE))
    learnt, others = losses[seen[found.rows]], losses[~seen[found.rows]]
    if min(len(learnt), len(others)) < FEWEST_TO_COMPARE:
        return False
    error = np.sqrt(learnt.var() / len(learnt) + others.var() / len(others))
    return bool(others.mean() - learnt.mean() > error)
