"""How well features separate classes: the evidence of a linear model, and a head's cross-validated accuracy."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError
from striate.evaluation.label_scores import mean_average_precision
from striate.tasks import USUAL_TASK, Targets, Task
from striate.transfer.regression import fit_regression, label_chances, stratified_folds

Floats = npt.NDArray[np.float64]

FOLDS = 3
INVERSE_REGULARISATION = 10.0  # scikit-learn's C for vectors of length 1; from 3 to 30 it matters little
MOST_STEPS = 1000
CONVERGED = 1e-9  # nats a picture that a step may still add to the evidence
LEAST_SHARE = 1e-12  # directions in which features vary less than this share of the most hold nothing but rounding
LEAST_NOISE = 1e-9  # of labels of 0 and 1; without a floor a model that hits them all would be infinitely sure


@dataclass(frozen=True)
class StageScore:
    """How well the features of one stage, or those before the head, separate the classes."""

    stage: str
    width: int
    logme: float  # nats a picture and class
    accuracy: float  # in 0..1: share of pictures told right, or mean average precision of several labels
    pictures: int  # on how many it was measured


def logme(features: npt.NDArray[np.floating], labels: Targets) -> float:
    """The logarithm of maximum evidence: how probable the labels are under the best linear model on the features.

    For each class a Bayesian ridge regression predicts 1 for its pictures and 0 for others. Its evidence, the
    probability of the labels with the weights integrated out, is maximised over the precisions of prior (alpha) and
    noise (beta); the score is the mean over classes of its logarithm, divided by the number of pictures. It needs no
    training and no held-out pictures, and cannot be driven up by features that merely are many.

    With the eigenvalues s² of FᵀF, z = Uᵀy, gamma = Σ beta s² / (alpha + beta s²), m the weights and r the residual:
    alpha ← gamma / m·m, beta ← (n - gamma) / r·r, until the evidence stays.

    Args:
        features: (n, d) finite; any n and d. A factor common to all, or a rotation, changes nothing.
        labels: (n,) class numbers; at least two differ. Or (n, labels) of 0 and 1, of which those count that some pictures have and
            some lack.

    Returns:
        Nats a picture and class: higher is better; comparable between features of the same pictures alone.

    Raises:
        UsageError: The shapes do not fit, a feature is not finite, or all labels are the same.

    Example:
        >>> features = np.array([[-1.0, 0.0], [-1.0, 0.1], [1.0, 0.0], [1.0, 0.1]] * 5)
        >>> along = logme(features[:, :1], np.array([0, 0, 1, 1] * 5))
        >>> across = logme(features[:, 1:], np.array([0, 0, 1, 1] * 5))
        >>> along > across
        True

    Source: You et al., "LogME: Practical Assessment of Pre-trained Models for Transfer Learning" (2021), equation 2 and
        Algorithms 1 to 3; the iteration is MacKay's, "Bayesian Interpolation" (1992).
    """
    features, _, targets = _checked(features, labels)
    variances, spread, rest = _directions(features, targets)
    alpha, beta = _maximise(variances, spread, rest, features.shape)
    return float(_evidence(variances, spread, rest, features.shape, alpha, beta).mean() / len(features))


def linear_accuracy(
    features: npt.NDArray[np.floating],
    labels: Targets,
    *,
    seed: int = 0,
    task: Task = USUAL_TASK,
) -> float:
    """The accuracy of a new head on pictures it has not seen: logistic regression, cross-validated in three folds.

    Of several labels it is the mean average precision of a head a label, over those that some pictures have and some lack.

    Args:
        features: (n, d) finite.
        labels: (n,) class numbers; at least two classes have two pictures or more. A class with one is left out, and
            one with two is in two folds of the three. Or (n, labels) of 0 and 1.
        seed: Draws the folds.
        task: Says which answers are right.

    Returns:
        Share in 0..1.

    Raises:
        UsageError: The shapes do not fit, a feature is not finite, or fewer than two classes have two pictures.

    Example:
        >>> features = np.array([[0.0], [0.1], [0.2], [1.0], [1.1], [1.2]])
        >>> linear_accuracy(features, np.array([0, 0, 0, 1, 1, 1]))
        1.0
    """
    # Products of this size are slower by several threads than by one, which wait for one another: five times on two cores.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    features, classes, targets = _checked(features, labels)
    if labels.ndim == 2:
        return _label_precision(_of_length_one(features), targets > 0, seed=seed)
    counts = np.bincount(classes)
    kept = counts[classes] > 1
    if (counts > 1).sum() < 2:
        raise UsageError("the accuracy of a head needs two classes of at least two pictures each; add pictures")
    features, classes = features[kept], classes[kept]
    scaled = _of_length_one(features)
    head = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=200, tol=1e-3)
    folds = StratifiedKFold(min(FOLDS, int(counts[counts > 1].min())), shuffle=True, random_state=seed)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # accuracy settles before the weights do
        return float(task.same(cross_val_predict(head, scaled, classes, cv=folds), classes).mean())


def accuracy_of(chances: npt.NDArray[np.floating[Any]], targets: Targets, task: Task) -> float:
    """The share of pictures that are told right; where they have several labels, the mean average precision of these.

    Args:
        chances: (n, classes) probabilities.
        targets: (n,) class numbers, or (n, classes) of 0 and 1.
        task: Says which answers are right.

    Example:
        >>> accuracy_of(np.array([[0.9, 0.2], [0.1, 0.3]]), np.array([[1, 0], [0, 1]]), USUAL_TASK)
        1.0
    """
    if targets.ndim == 2:
        return mean_average_precision(chances, np.asarray(targets, bool))
    return float(task.same(task.decide(chances), targets).mean())


def _of_length_one(features: Floats) -> Floats:
    """A vector has length 1 in the mean, so that the regularisation means the same for every width."""
    centred = features - features.mean(axis=0)
    scaled: Floats = centred / max(float(np.sqrt((centred**2).sum(axis=1).mean())), 1e-30)
    return scaled


def _label_precision(scaled: Floats, targets: npt.NDArray[np.bool_], *, seed: int) -> float:
    from threadpoolctl import threadpool_limits

    chances = np.zeros(targets.shape)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # accuracy settles before the weights do
        for known, held in stratified_folds(targets, seed=seed):
            few = scaled[known].astype(np.float32)
            model = fit_regression(few, targets[known], INVERSE_REGULARISATION, None, iterations=200)
            chances[held] = label_chances(model, scaled[held].astype(np.float32))
    return mean_average_precision(chances, targets)


def score_stages(
    stage_features: Mapping[str, npt.NDArray[np.floating]],
    labels: Targets,
    *,
    seed: int = 0,
    task: Task = USUAL_TASK,
) -> tuple[StageScore, ...]:
    """Both figures for every stage, in order. Features that are those of the stage before are not scored again.

    Args:
        stage_features: (n, d) for each stage, of the same pictures.
        labels: (n,) class numbers, or (n, labels) of 0 and 1.
        seed: Draws the folds of the cross-validation.
        task: Says which answers of a head are right.

    Raises:
        UsageError: As `logme` and `linear_accuracy`.
    """
    scores: list[StageScore] = []
    last: npt.NDArray[np.floating] | None = None
    for stage, features in stage_features.items():
        if last is not None and np.array_equal(last, features):
            scores.append(replace(scores[-1], stage=stage))
        else:
            accuracy = linear_accuracy(features, labels, seed=seed, task=task)
            scores.append(StageScore(stage, features.shape[1], logme(features, labels), accuracy, len(features)))
        last = features
    return tuple(scores)


def _checked(features: npt.NDArray[np.floating], labels: Targets) -> tuple[Floats, npt.NDArray[np.int64], Floats]:
    """Features in float64, classes from 0 without gaps, and (n, classes) targets of 0 and 1: of labels those that are told apart."""
    if features.ndim != 2 or labels.ndim > 2 or labels.shape[:1] != features.shape[:1]:
        raise UsageError(
            f"features must have the shape (pictures, width) and labels (pictures,), got {features.shape} and {labels.shape}"
        )
    if not np.isfinite(features).all():
        raise UsageError("the features hold NaN or infinity; the network's weights or the pictures are damaged")
    if labels.ndim == 2:
        support = np.asarray(labels, bool).sum(axis=0)
        told = (support > 0) & (support < len(labels))
        if not told.any():
            raise UsageError("separability needs a label that some pictures have and some lack; there is none")
        return features.astype(np.float64), np.zeros(len(labels), np.int64), np.asarray(labels, np.float64)[:, told]
    known, classes = np.unique(labels, return_inverse=True)
    if len(known) < 2:
        raise UsageError(f"separability needs pictures of at least two classes, got {len(known)}")
    return features.astype(np.float64), classes.astype(np.int64), np.eye(len(known))[classes]


def _directions(features: Floats, targets: Floats) -> tuple[Floats, Floats, Floats]:
    """Squared singular values (k,), squared parts of the targets along them (k, classes), and beyond them (classes,).

    By the smaller of the two Gram matrices, which takes a fraction of the time of a singular value decomposition.
    """
    from threadpoolctl import threadpool_limits

    count, width = features.shape
    scale = np.sqrt((features**2).mean())
    if scale == 0:
        return np.zeros(0), np.zeros((0, targets.shape[1])), (targets**2).sum(axis=0)
    features = features / scale
    with threadpool_limits(1):
        values, vectors = np.linalg.eigh(features @ features.T if count <= width else features.T @ features)
    kept = values > LEAST_SHARE * max(count, width) * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    along = vectors.T @ targets if count <= width else vectors.T @ (features.T @ targets) / np.sqrt(values)[:, None]
    spread = along**2
    return values, spread, np.maximum((targets**2).sum(axis=0) - spread.sum(axis=0), 0.0)


def _maximise(variances: Floats, spread: Floats, rest: Floats, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """The precisions of prior and noise with the largest evidence, (classes,) each, by the fixed-point iteration."""
    count = shape[0]
    alpha, beta = np.ones(len(rest)), np.ones(len(rest))
    if not len(variances):
        return alpha, count / np.maximum(rest, LEAST_NOISE)
    before = _evidence(variances, spread, rest, shape, alpha, beta)
    for _ in range(MOST_STEPS):
        shrunk, weights, residual = _posterior(variances, spread, rest, alpha, beta)
        gamma = shrunk.sum(axis=0)
        # Towards useless features alpha grows without end; the evidence has its limit long before this one.
        alpha = np.minimum(gamma / np.maximum(weights, 1e-300), 1e12)
        beta = np.maximum(count - gamma, LEAST_NOISE) / np.maximum(residual, LEAST_NOISE * count)
        after = _evidence(variances, spread, rest, shape, alpha, beta)
        if np.abs(after - before).max() < CONVERGED * count:
            break
        before = after
    return alpha, beta


def _posterior(
    variances: Floats, spread: Floats, rest: Floats, alpha: Floats, beta: Floats
) -> tuple[Floats, Floats, Floats]:
    """How far each direction is determined by the data (k, classes); m·m and r·r (classes,)."""
    shrunk = beta * variances[:, None] / (alpha + beta * variances[:, None])
    weights = (shrunk**2 * spread / variances[:, None]).sum(axis=0)
    residual = ((1 - shrunk) ** 2 * spread).sum(axis=0) + rest
    return shrunk, weights, residual


def _evidence(
    variances: Floats, spread: Floats, rest: Floats, shape: tuple[int, ...], alpha: Floats, beta: Floats
) -> Floats:
    """The logarithm of the evidence of each class (classes,): equation 2 of LogME."""
    count, width = shape
    if not len(variances):
        return count / 2 * np.log(beta / (2 * np.pi)) - beta / 2 * rest
    _, weights, residual = _posterior(variances, spread, rest, alpha, beta)
    determinant = np.log(alpha + beta * variances[:, None]).sum(axis=0) + (width - len(variances)) * np.log(alpha)
    answer: Floats = (
        count / 2 * np.log(beta / (2 * np.pi))
        + width / 2 * np.log(alpha)
        - beta / 2 * residual
        - alpha / 2 * weights
        - determinant / 2
    )
    return answer
