"""What judges labels is not what has learnt them by heart."""

import dataclasses

import numpy as np
import pytest

import striate
from striate.doctor.judging import _Answers, _by_heart, _up_to

LABELS = np.arange(200) % 2
SEEN = np.arange(200) < 100


def answers(learnt, others):
    """Heads that give the labels of pictures these chances, all alike but for a little."""
    own = np.where(SEEN, learnt, others) + np.linspace(-0.01, 0.01, 200)
    chances = np.where(LABELS[:, None] == np.arange(2), own[:, None], 1 - own[:, None])
    return _Answers(np.arange(200), chances.astype(np.float32))


def test_labels_are_learnt_by_heart_where_they_are_told_more_surely_than_others():
    assert _by_heart(answers(0.9, 0.8), LABELS, SEEN)
    assert not _by_heart(answers(0.8, 0.8), LABELS, SEEN) and not _by_heart(answers(0.8, 0.9), LABELS, SEEN)
    found = answers(0.9, 0.8)
    few = np.r_[0:100, 100:149]  # pictures of classes with fewer than three are not judged
    assert not _by_heart(_Answers(few, found.chances[few]), LABELS, SEEN)


def test_the_stages_until_one_stand_side_by_side():
    vectors = {name: np.full((3, 2), place) for place, name in enumerate(("a", "a maximum", "b", "features"))}
    assert _up_to("", vectors, ("a", "b")).tolist() == [[3, 3]] * 3
    assert _up_to("a", vectors, ("a", "b")).tolist() == [[0, 0, 1, 1]] * 3
    assert _up_to("b", vectors, ("a", "b")).tolist() == [[0, 0, 1, 1, 2, 2]] * 3


@pytest.mark.slow
def test_a_run_that_has_learnt_wrong_labels_by_heart_still_finds_them(tmp_path):
    digits, generator = striate.load_data("digits"), np.random.default_rng(0)
    changed = np.sort(generator.permutation(len(digits.labels))[:90])
    labels = digits.labels.copy()
    labels[changed] = (labels[changed] + generator.integers(1, 10, 90)) % 10
    noisy = dataclasses.replace(digits, labels=labels)
    striate.train(noisy, model="lenet5_relu", epochs=150, output=tmp_path / "run")
    found = striate.check(noisy, weights=tmp_path / "run")
    assert "since what follows has learnt labels by heart" in found.labels_judged_by
    places = {digits.pictures.key(row): row for row in range(len(labels))}
    suspects = [places[one.files[0]] for one in found.findings if one.kind.endswith("label-error")]
    assert np.isin(suspects[:90], changed).mean() >= 0.8  # by the vector before the head alone 26 of 90 are found
