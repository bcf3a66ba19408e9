"""Heads on stages are compared as they would be fitted, and the last vector keeps its place unless another is better beyond noise."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler

from striate.transfer.regression import STRENGTHS
from striate.transfer.stage_heads import HeadScore, choose_head, head_candidates, score_heads


def drawn(seed=0, count=90, width=8, signal=1.0):
    labels = np.arange(count) % 3
    noise = np.random.default_rng(seed).normal(size=(count, width))
    return (noise + signal * np.eye(3, width)[labels]).astype(np.float32), labels


def head(name, losses, *, macs=1, width=4, accuracy=0.9):
    losses = np.asarray(losses, float)
    return HeadScore(tuple(name.split("+")), width, macs, accuracy, float(losses.mean()), losses)


def test_scores_are_scikit_learns_on_pictures_that_were_not_fitted():
    features, labels = drawn(width=400)
    (score,) = score_heads({"late": features}, labels, [("late",)], {"late": 7}, seed=3)
    scaled = StandardScaler().fit_transform(features.astype(float))
    folds = StratifiedKFold(3, shuffle=True, random_state=3)
    expected = min(
        log_loss(labels, cross_val_predict(model, scaled, labels, cv=folds, method="predict_proba"))
        for model in (LogisticRegression(C=strength, max_iter=5000, tol=1e-8) for strength in STRENGTHS)
    )
    assert score.log_loss == pytest.approx(expected, abs=1e-3)
    assert score.losses.shape == (90,) and score.losses.mean() == pytest.approx(score.log_loss)
    assert (score.width, score.macs, score.transfer) == (400, 7, "head:late")


def test_stages_together_stand_side_by_side():
    features, labels = drawn()
    parts = {"a": features[:, :3], "b": features[:, 3:], "features": features}
    macs = {"a": 1, "b": 2, "features": 3}
    both, joined = (
        score_heads(parts | {"ab": features}, labels, [names], macs | {"ab": 2})[0] for names in (("a", "b"), ("ab",))
    )
    assert np.allclose(both.losses, joined.losses) and both.macs == 2 and both.width == 8


def test_classes_too_small_for_three_folds_leave_nothing_to_compare():
    features, _ = drawn(count=5)
    assert score_heads({"a": features}, np.array([0, 0, 1, 1, 2]), [("a",)], {"a": 1}) == ()
    kept = score_heads({"a": features}, np.array([0, 0, 0, 1, 1]), [("a",)], {"a": 1})
    assert kept == ()


def test_noise_does_not_move_the_head_from_the_last_vector():
    """Of twelve draws of stages that all say the same, the last vector is left in few."""
    moved = 0
    for seed in range(12):
        features, labels = drawn(seed, signal=1.5)
        jitter = np.random.default_rng(1000 + seed).normal(size=(3, *features.shape)).astype(np.float32)
        vectors = {name: features + 0.3 * noise for name, noise in zip(("a", "b", "features"), jitter, strict=True)}
        scores = score_heads(vectors, labels, [("a",), ("b",), ("features",)], dict.fromkeys(vectors, 1), seed=seed)
        moved += choose_head(scores).transfer != "head"
    assert moved <= 5


def test_the_cheapest_of_those_as_good_as_any_is_taken():
    generator = np.random.default_rng(0)
    hard = generator.uniform(0.5, 1.5, size=400)
    best = head("b+c", hard * 0.5, macs=9)
    near = head("b", hard * 0.5 + generator.normal(0, 0.2, 400), macs=5)
    early = head("a", hard * 0.8, macs=2)
    last = head("features", hard, macs=10, accuracy=0.8)
    assert choose_head([early, near, best, last]) is near
    assert choose_head([early, best, last]) is best
    assert choose_head([early, last]) is early
    assert choose_head([head("a", hard * 1.1), last]) is last
    # A lower loss with no more right answers is no reason to leave the last vector.
    assert choose_head([head("a", hard * 0.8, accuracy=0.8), last]) is last


def test_what_is_compared():
    names = head_candidates(["a", "b", "c", "d"])
    assert names == (
        *(("a",), ("b",), ("c",), ("d",)),
        *(("a", "b", "c"), ("b", "c", "d")),
        ("a", "b", "c", "features"),
        ("features",),
    )
