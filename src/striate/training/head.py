"""Fitting a new head to the features of a trained network, before anything else learns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from striate.models import Network
from striate.training.inputs import Examples, Inputs, prefetched, prepare_inputs
from striate.training.loop import StoppedError

Progress = Callable[[str, int, int], None]

INVERSE_REGULARISATION = 0.1
"""scikit-learn's C; between 0.01 and 1 the accuracy on features of trained networks hardly depends on it."""


def fit_head(
    network: Network,
    examples: Examples,
    *,
    device: torch.device,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> float:
    """Sets the head to the logistic regression of the labels on the network's features, and answers its training accuracy.

    A new head starts at random; were the whole network trained with it at once, its large gradients would first spoil the features.

    Args:
        network: Its head must be one `nn.Linear`; everything else is left as it is.
        examples: The training pictures.
        device: Where the network is.
        progress: Told how far it is.
        stop: Asked before every batch; once it answers True, the work ends.

    Raises:
        StoppedError: When `stop` said so; the head is as it was.

    Source: Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution" (2022), section 3 (LP-FT).
    """
    from sklearn.linear_model import LogisticRegression

    head = network.head
    if not isinstance(head, nn.Linear):
        raise TypeError(f"the head is a {type(head).__name__}, expected Linear")
    features = compute_features(network, examples, device=device, progress=progress, stop=stop)
    labels = examples.labels
    # Features of one scale, so that the regularisation means the same for every network.
    mean, deviation = features.mean(axis=0), features.std() + 1e-6
    scaled = (features - mean) / deviation
    regression = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=500).fit(scaled, labels)
    weights, biases = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # scikit-learn keeps one row for two classes
        weights, biases = np.concatenate([-weights, weights]) / 2, np.concatenate([-biases, biases]) / 2
    with torch.no_grad():
        weight = torch.from_numpy(weights / deviation).to(head.weight)
        head.weight.copy_(weight)
        head.bias.copy_(torch.from_numpy(biases - (weights / deviation) @ mean).to(head.bias))
    return float(regression.score(scaled, labels))


def compute_features(
    network: Network,
    examples: Examples,
    *,
    device: torch.device,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    batch_size: int = 64,
) -> npt.NDArray[np.float64]:
    """The features of every picture, in evaluation mode: (n, d)."""
    was_training = network.training
    network.eval()
    count = len(examples.labels)
    batches = np.split(np.arange(count), np.arange(batch_size, count, batch_size))
    rows = []

    def prepare(positions: npt.NDArray[np.int64]) -> Inputs:
        return prepare_inputs(examples, positions, device=device)

    try:
        with torch.inference_mode(), prefetched(prepare, batches, device) as prepared:
            for inputs in prepared:
                if stop is not None and stop():
                    raise StoppedError
                rows.append(network.features(inputs.images).float().cpu().numpy())
                if progress is not None:
                    progress("features", int(inputs.positions[-1]) + 1, count)
    finally:
        network.train(was_training)
    return np.concatenate(rows).astype(np.float64)
