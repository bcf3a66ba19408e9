"""Writes label_errors.npz: what the package cleanlab 2.9.0 finds among labels that were changed at random.

Run it by hand in an environment that has that package and scikit-learn.
"""

from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues

generator = np.random.default_rng(0)
kept = {}
for number, (count, classes, spread) in enumerate([(300, 3, 1.0), (400, 7, 2.5), (200, 2, 0.7), (500, 10, 4.0)]):
    truth = generator.integers(0, classes, count)
    labels = np.where(generator.random(count) < 0.1, generator.integers(0, classes, count), truth)
    logits = generator.normal(size=(count, classes)) + spread * np.eye(classes)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = find_label_issues(
        labels, probabilities, filter_by="confident_learning", return_indices_ranked_by="self_confidence", n_jobs=1
    )
    kept |= {
        f"labels/{number}": labels.astype(np.uint8),
        f"probabilities/{number}": probabilities.astype(np.float32),
        f"found/{number}": found.astype(np.int32),
    }
np.savez_compressed(Path(__file__).with_name("label_errors.npz"), **kept)
