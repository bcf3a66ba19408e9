"""Whether two ways to run a network answer the same, by hand; and the pictures that are made to try it on."""

import numpy as np
import pytest

from striate.sealing.agreement import answers_of, largest_difference, pictures_like, share_alike
from striate.tasks import SINGLE_LABEL


@pytest.mark.parametrize("temperature", [0.5, 1.0, 20.0])
def test_the_share_of_answers_that_are_the_same(temperature):
    logits = np.array([[0.0, 2.0, 1.0], [3.0, 2.0, 1.0], [0.0, 0.0, 4.0], [5.0, 1.0, 0.0]], np.float32)
    answers = answers_of(logits, SINGLE_LABEL, {"temperature": temperature})
    assert answers.tolist() == [1, 0, 2, 0]
    assert share_alike(SINGLE_LABEL, answers, np.array([1, 0, 2, 1])) == 0.75


def test_logits_that_are_not_finite_come_to_an_answer_without_a_warning():
    logits = np.array([[np.inf, 0.0], [np.nan, 1.0]], np.float32)
    assert answers_of(logits, SINGLE_LABEL, {"temperature": 1.0}).shape == (2,)


def test_made_pictures_are_many_and_repeat():
    originals = [np.random.default_rng(0).integers(0, 256, (30, 50, channels)).astype(np.uint8) for channels in (3, 3)]
    made = pictures_like(originals, 20)
    assert all(np.array_equal(one, two) for one, two in zip(made, pictures_like(originals, 20), strict=True))
    assert len({one.shape for one in made}) > 15 and all(one.dtype == np.uint8 for one in made)
    assert pictures_like([np.zeros((1, 1, 1), np.uint8)], 3)[2].shape[2] == 1


def test_answers_that_are_not_finite_differ_endlessly():
    table = np.array([[0.0, 1.0]])
    assert largest_difference(table, np.array([[np.nan, 1.0]])) == np.inf
    assert largest_difference(table, np.zeros((1, 3))) == np.inf
    assert largest_difference(table, np.array([[0.0, 0.75]])) == 0.25
