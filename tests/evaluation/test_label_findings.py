"""What is worth knowing of several labels a picture."""

import numpy as np

from striate.evaluation.label_findings import judge_label_scores
from striate.evaluation.label_scores import score_labels


def test_labels_that_are_found_by_chance_or_that_few_have_are_told():
    generator = np.random.default_rng(0)
    targets = generator.random((200, 3)) < np.array([0.3, 0.3, 0.02])
    probabilities = np.where(targets, 0.9, 0.1)
    probabilities[:, 1] = 0.5
    lost, few = judge_label_scores(score_labels(probabilities, targets, ["cat", "dog", "owl"]), "test", remedy="train")
    share = targets[:, 1].mean()
    assert (
        lost.text == (f"hardly found on test: 'dog' (average precision {share:.3f}, {share:.3f} by chance); train")
        and lost.severity == "warning"
    )
    assert (
        few.text == ("fewer than 10 pictures of test have the label 'owl': what is measured of it is mostly luck")
        and few.severity == "note"
    )


def test_nothing_is_said_of_labels_that_are_found():
    targets = np.tile([[True, False], [False, True]], (20, 1))
    assert judge_label_scores(score_labels(targets * 0.8 + 0.1, targets, ["cat", "dog"]), "test", remedy="") == ()
