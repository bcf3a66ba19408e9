"""What is minimised, counted and timed for a task."""

import pytest
import torch
from torch.nn import functional

from striate.training import Targets, create_loss
from striate.training.objectives import OBJECTIVES
from striate.training.recipe import LossConfig

SINGLE_LABEL = OBJECTIVES["single_label"]
LOGITS = torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [0.0, 0.0, 1.0]])
LABELS = torch.tensor([0, 2, 2])


def test_the_loss_is_the_one_that_the_recipe_names():
    config, targets = LossConfig(label_smoothing=0.3), Targets(LABELS)
    weights = torch.tensor([0.5, 1.0, 2.0])
    found = SINGLE_LABEL.loss(config, weights)(LOGITS, targets)
    assert torch.equal(found, create_loss(config, weights)(LOGITS, targets))


def test_the_held_out_loss_is_the_plain_cross_entropy_of_every_picture():
    found = SINGLE_LABEL.held_out(LOGITS, Targets(LABELS))
    assert torch.equal(found, functional.cross_entropy(LOGITS, LABELS, reduction="sum"))


def test_right_answers_are_those_with_the_largest_logit():
    right = SINGLE_LABEL.right(LOGITS, Targets(LABELS))
    assert right.dtype == torch.int64 and right.shape == () and int(right) == 2


def test_a_mixed_picture_is_right_where_what_it_mostly_shows_is_answered():
    mixed = Targets(LABELS, others=torch.tensor([1, 1, 0]), shares=torch.tensor([0.4, 0.4, 0.6]))
    assert int(SINGLE_LABEL.right(LOGITS, mixed)) == 2  # its classes are 1, 1 and 2


def test_the_probe_is_the_cross_entropy_of_the_first_class():
    logits = torch.tensor([[0.0, 0.0], [0.0, torch.log(torch.tensor(3.0))]])
    expected = (torch.log(torch.tensor(2.0)) + torch.log(torch.tensor(4.0))) / 2
    assert float(SINGLE_LABEL.probe(logits)) == pytest.approx(float(expected))
