"""Two classes by one logit: the answers of a softmax over 0 and that logit."""

import numpy as np
import pytest

from striate.evaluation import fit_temperature, softmax
from striate.tasks import TWO_CLASS_SIGMOID as TASK

LOGITS = np.array([[2.0], [-1.0], [0.5]])


def test_the_one_logit_is_of_the_second_class():
    assert TASK.width(("cat", "dog")) == 1 and TASK.outputs(("cat", "dog")) == ("dog",)


def test_probabilities_are_of_both_classes():
    found = TASK.probabilities(LOGITS, {"temperature": 2.0})
    assert found[:, 1] == pytest.approx(1 / (1 + np.exp(-LOGITS[:, 0] / 2)))
    assert found == pytest.approx(softmax(np.concatenate([np.zeros((3, 1)), LOGITS], axis=1), 2.0))
    assert TASK.decide(found).tolist() == [1, 0, 1]


def test_its_temperature_is_that_of_two_logits():
    logits, labels = np.repeat(LOGITS, 20, axis=0), np.array([1] * 15 + [0] * 45)
    assert TASK.fit_temperature(logits, labels) == fit_temperature(np.concatenate([0 * logits, logits], axis=1), labels)
