"""How well a classifier knows what it does not know: unlike pictures, conformal sets, calibration, on the user's kind of bundle.

Everything is computed from one pass of the sealed engine over each folder. Three classes at a time are held out for what is near: a new
head is fitted to the others' features, as `striate train --transfer head` does.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.stats import betabinom
from sklearn.metrics import roc_auc_score

import striate
from striate.data.known_classes import labels_of
from striate.evaluation import expected_calibration_error, softmax
from striate.evaluation.conformal import conformal_rank, conformal_sets, conformal_thresholds
from striate.evaluation.familiarity import energy, feature_distance, unfamiliarity, unit_rows, usual_scores
from striate.runtime import Classifier
from striate.transfer.head import one_scale
from striate.transfer.regression import logistic_regression

if TYPE_CHECKING:
    from pathlib import Path

    from .materials import Materials

NAME = "numbers"
FAR = "flowers5"
FAR_EVERY = 5
DRAWS = 10
"""Of three classes that are held out."""
COVERAGES = (0.9, 0.95, 0.99)
SPLITS = 200
FORMATS = ("fp32", "bf16", "int8")
LOST = 0.01
"""The share of validation pictures beyond the limit."""
Array = npt.NDArray[Any]


def answers(classifier: Classifier, dataset: striate.Dataset, rows: Sequence[int]) -> tuple[Array, Array]:
    """Logits and features of some pictures of a data set."""
    parts = []
    for start in range(0, len(rows), 64):
        read = [dataset.pictures.read(int(row)) for row in rows[start : start + 64]]
        pixels = np.stack([classifier.contract.preprocessing.encode(picture) for picture in read])
        parts.append(classifier.answers_to_pixels(pixels))
    logits, features = zip(*parts, strict=True)
    return np.concatenate(logits), np.concatenate(features)


def area(usual: Array, unlike: Array) -> float:
    """How often a usual picture scores lower than an unlike one (AUROC)."""
    return float(roc_auc_score(np.r_[np.zeros(len(usual)), np.ones(len(unlike))], np.r_[usual, unlike]))


def mahalanobis(features: Array, known: Array, labels: Array) -> Array:
    """The squared distance from the nearest class mean, with one covariance (Lee et al. 2018), a tenth of it the mean variance."""
    means = np.stack([known[labels == place].mean(0) for place in np.unique(labels)])
    left = np.concatenate([known[labels == place] - mean for place, mean in zip(np.unique(labels), means, strict=True)])
    covariance = left.T @ left / len(left)
    covariance = 0.9 * covariance + 0.1 * np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
    inverse = np.linalg.inv(covariance)
    return np.min([(((features - mean) @ inverse) * (features - mean)).sum(1) for mean in means], axis=0)


def scores_of(known: Array, labels: Array, usual: tuple[Array, Array], asked: tuple[Array, Array]) -> dict[str, Array]:
    """What each way says of (logits, features), the higher the more unlike."""
    bank = unit_rows(known)
    logits, features = asked
    return {
        "largest probability": -softmax(logits).max(1),
        "largest logit": -logits.max(1),
        "energy": -energy(logits),
        "Mahalanobis distance": mahalanobis(features, known, labels),
        "fifth nearest neighbour": feature_distance(features, bank),
        "fifth nearest neighbour and energy": unfamiliarity(
            energy(logits), features, bank, usual_scores(energy(usual[0]), usual[1], bank)
        ),
    }


def compare(known: Array, labels: Array, usual: tuple[Array, Array], unlike: tuple[Array, Array]) -> dict[str, float]:
    """AUROC of each way."""
    inside, outside = (scores_of(known, labels, usual, asked) for asked in (usual, unlike))
    return {name: area(inside[name], outside[name]) for name in inside}


def near(known: Array, labels: Array, asked: Array, true: Array, *, draws: int) -> dict[str, float]:
    """The mean AUROC where three classes are held out, over draws of them."""
    three = list(itertools.combinations(np.unique(labels).tolist(), 3))
    np.random.default_rng(1).shuffle(three)
    found: dict[str, list[float]] = {}
    for held in three[:draws]:
        kept, inside = ~np.isin(labels, held), ~np.isin(true, held)
        scaled = one_scale(np.concatenate([known[kept], asked]), each=False)
        head = logistic_regression(0.1, None, iterations=200)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logits = head.fit(scaled[: kept.sum()], labels[kept]).decision_function(scaled[kept.sum() :])
        parts = ((logits[rows], asked[rows]) for rows in (inside, ~inside))
        for name, value in compare(known[kept], labels[kept], *parts).items():
            found.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def adaptive_sets(probabilities: Array, labels: Array | None, threshold: float) -> Array:
    """Adaptive prediction sets (APS, Romano et al. 2020) without randomising: scores of the true class, or sets."""
    order = np.argsort(-probabilities, axis=1)
    mass = np.take_along_axis(
        np.cumsum(np.take_along_axis(probabilities, order, 1), axis=1), np.argsort(order, axis=1), 1
    )
    return mass[np.arange(len(labels)), labels] if labels is not None else mass <= threshold


def sets(probabilities: Array, labels: Array, coverage: float, *, splits: int) -> dict[str, Any]:
    """Coverage and size of both kinds of sets, over splits of the pictures in two."""
    generator, half = np.random.default_rng(0), len(labels) // 2
    rank, fresh = conformal_rank(half, coverage), len(labels) - half
    exact = betabinom(fresh, rank, half + 1 - rank)
    low, high = exact.ppf(0.005), exact.ppf(0.995)
    rows: dict[str, list[tuple[int, float]]] = {"LAC": [], "APS": []}
    for _ in range(splits):
        order = generator.permutation(len(labels))
        one, other = order[:half], order[half:]
        thresholds = conformal_thresholds(probabilities[one], labels[one], coverage)
        mass = np.sort(adaptive_sets(probabilities[one], labels[one], 0))[rank - 1]
        found = {
            "LAC": conformal_sets(probabilities[other], thresholds if thresholds is not None else np.ones(1)),
            "APS": adaptive_sets(probabilities[other], None, float(mass)),
        }
        for name, inside in found.items():
            rows[name].append((int(inside[np.arange(fresh), labels[other]].sum()), float(inside.sum(1).mean())))
    return {
        name: {
            "coverage": float(np.mean([count for count, _ in of]) / fresh),
            "size": float(np.mean([size for _, size in of])),
            "inside the 99 % band": float(np.mean([low <= count <= high for count, _ in of])),
        }
        for name, of in rows.items()
    }


def measure(materials: Materials) -> dict[str, Any]:
    """All that this part tells, as JSON types."""
    run, dataset, far = materials.run, striate.load_data(materials.imagenette), striate.load_data(materials.data / FAR)
    classifier = striate.load(run)
    places = labels_of(dataset, classifier.classes)
    training, validation = dataset.indices("train"), dataset.indices("val")
    _, known = answers(classifier, dataset, training.tolist())
    usual = answers(classifier, dataset, validation.tolist())
    unlike = answers(classifier, far, list(range(0, len(far), FAR_EVERY)))
    labels, true = places[training], places[validation]
    probabilities = classifier.probabilities(usual[0])
    some = answers(striate.load(run, engine="torch"), dataset, validation[:64].tolist())
    bank = unit_rows(known)
    expected = usual_scores(energy(usual[0]), usual[1], bank)
    pair = [
        unfamiliarity(energy(logits), features, bank, expected)
        for logits, features in ((usual[0][:64], usual[1][:64]), some)
    ]
    return {
        "pictures": {"training": len(training), "validation": len(validation), "far": len(unlike[0])},
        "far": compare(known, labels, usual, unlike),
        "near": near(known, labels, usual[1], true, draws=DRAWS),
        "calibration error": expected_calibration_error(probabilities, true),
        "calibration error at temperature 1": expected_calibration_error(softmax(usual[0]), true),
        "sets": {str(coverage): sets(probabilities, true, coverage, splits=SPLITS) for coverage in COVERAGES},
        "score: torch and OpenVINO differ by": float(np.abs(pair[0] - pair[1]).max()),
        "formats": formats(
            materials.quantized, (dataset, validation.tolist()), (far, range(0, len(far), FAR_EVERY)), bank, usual
        ),
    }


def formats(
    bundle: Path,
    familiar: tuple[striate.Dataset, list[int]],
    unlike: tuple[striate.Dataset, Sequence[int]],
    bank: Array,
    usual: tuple[Array, Array],
) -> dict[str, dict[str, float]]:
    """What each number format makes of the score whose limit was chosen in fp32, at the price of `LOST` of the validation pictures."""
    usual_score = usual_scores(energy(usual[0]), usual[1], bank)
    limit = float(np.quantile(unfamiliarity(energy(usual[0]), usual[1], bank, usual_score), 1 - LOST))
    found = {}
    for precision in FORMATS:
        classifier = striate.load(bundle, precision=precision)
        asked = [answers(classifier, *part) for part in (familiar, unlike)]
        inside, outside = (unfamiliarity(energy(logits), features, bank, usual_score) for logits, features in asked)
        found[precision] = {
            "far": area(inside, outside),
            "validation beyond": float((inside > limit).mean()),
            "far beyond": float((outside > limit).mean()),
        }
    return found


def section(result: Mapping[str, Any]) -> str:
    """What was measured, as Markdown."""
    count, error = result["pictures"], "calibration error"
    lines = [
        "## What a classifier knows of its answers",
        "",
        f"MobileNetV2 with a new head on imagenette, {count['training']:,} training and {count['validation']:,} validation pictures "
        "([abstaining.md](abstaining.md) says how each figure is used). How often a validation picture is called less unlike (AUROC) than "
        f"{count['far']:,} pictures of flowers (far), and than those of three classes that were held out (near, the mean of {DRAWS} draws "
        "of three):",
        "",
        "| score | far | near |",
        "|---|---|---|",
        *(f"| {name} | {value:.3f} | {result['near'][name]:.3f} |" for name, value in result["far"].items()),
        "",
        f"The score of a picture is the same in torch and in OpenVINO to {result['score: torch and OpenVINO differ by']:.0e}. In other "
        f"number formats, with what is usual and the limit of fp32, beyond which {LOST:.0%} of the validation pictures are:",
        "",
        "| format | far | validation pictures beyond the limit | far pictures beyond it |",
        "|---|---|---|---|",
        *(
            f"| {name} | {row['far']:.4f} | {row['validation beyond']:.1%} | {row['far beyond']:.1%} |"
            for name, row in result["formats"].items()
        ),
        "",
        f"Conformal sets, {SPLITS} splits of the validation pictures in two halves; the band is that of the Beta-binomial distribution:",
        "",
        "| asked for | sets | cover | classes in a set | splits in the 99 % band |",
        "|---|---|---|---|---|",
        *(
            f"| {float(asked):.0%} | {name} | {row['coverage']:.2%} | {row['size']:.2f} | {row['inside the 99 % band']:.1%} |"
            for asked, both in result["sets"].items()
            for name, row in both.items()
        ),
        "",
        f"Expected calibration error (15 bins): {result[error]:.3f} with the temperature that was fitted, "
        f"{result[f'{error} at temperature 1']:.3f} without.",
        "",
    ]
    return "\n".join(lines)
