"""The labels of an audit, judged by heads on the features of trained weights."""

from __future__ import annotations

import dataclasses

import numpy as np

from striate.data import Progress, open_store
from striate.data.examples import SplitExamples
from striate.doctor.audit import Audit
from striate.doctor.label_errors import UNLIKELY
from striate.evaluation.label_errors import find_label_errors
from striate.models import Network
from striate.nn import StandardizedLinear
from striate.pixels import Preprocessing
from striate.training import Recipe
from striate.transfer import compute_outputs
from striate.transfer.frozen_outputs import vectors_before_head
from striate.transfer.out_of_fold import answer_out_of_fold


def judge_labels(
    audit: Audit, network: Network, preprocessing: Preprocessing, recipe: Recipe, *, progress: Progress | None = None
) -> Audit:
    """The audit with `label_errors`: by heads that are fitted to the features of two thirds of the usable pictures, in turn.

    Args:
        audit: Of pictures of two classes at least.
        network: With trained weights, left as it is.
        preprocessing: How pictures become its input.
        recipe: Its seed draws the folds.
        progress: Told how far it is.
    """
    dataset = audit.usable
    labels = dataset.labels.astype(np.int64)
    store = open_store(dataset, preprocessing, progress=progress)
    examples = SplitExamples(dataset, store, preprocessing, np.arange(len(dataset)), labels)
    device = next(network.parameters()).device
    part = vectors_before_head(network, preprocessing.size)
    features = compute_outputs(part, examples, recipe=recipe, device=device, progress=progress)
    if progress is not None:
        progress("judging labels", 0, 1)
    rows, chances = answer_out_of_fold(
        features,
        labels,
        classes=len(dataset.classes),
        each=isinstance(network.head, StandardizedLinear),
        balanced=False,
        seed=recipe.seed,
    )
    found = find_label_errors(labels[rows], chances, unlikely=UNLIKELY)
    if progress is not None:
        progress("judging labels", 1, 1)
    return dataclasses.replace(audit, label_errors=dataclasses.replace(found, rows=audit.usable_rows[rows[found.rows]]))
