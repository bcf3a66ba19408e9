"""Binary cross-entropy of several labels a picture, and what weighs rare ones."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from striate.errors import UsageError
from striate.training.inputs import Targets
from striate.training.label_losses import MOST_WEIGHT, create_label_loss, label_weights
from striate.training.objectives import OBJECTIVES, create_binary_loss
from striate.training.recipe import LossConfig

PLAIN = LossConfig(label_smoothing=0.0)
LOGITS = torch.tensor([[0.5, -1.0, 2.0], [0.0, 1.0, -2.0]])
LABELS = torch.tensor([[1, 0, 1], [0, 0, 1]])


def test_it_is_torchs_summed_over_labels_and_averaged_over_pictures():
    each = functional.binary_cross_entropy_with_logits(LOGITS, LABELS.float(), reduction="none")
    assert float(create_label_loss(PLAIN)(LOGITS, Targets(LABELS))) == pytest.approx(float(each.sum() / 2), abs=1e-6)


def test_smoothing_moves_targets_towards_a_half():
    loss = create_label_loss(LossConfig(label_smoothing=0.2))(LOGITS, Targets(LABELS))
    wanted = functional.binary_cross_entropy_with_logits(LOGITS, LABELS * 0.8 + 0.1, reduction="sum") / 2
    assert float(loss) == pytest.approx(float(wanted), abs=1e-6)


def test_a_mixed_picture_has_the_loss_of_both_by_their_shares():
    others, shares = LABELS.flip(0), torch.tensor([0.75, 0.5])
    mixed = create_label_loss(PLAIN)(LOGITS, Targets(LABELS, others, shares))
    wanted = LABELS * shares[:, None] + others * (1 - shares[:, None])  # the loss is linear in its targets
    soft = functional.binary_cross_entropy_with_logits(LOGITS, wanted, reduction="sum") / 2
    assert float(mixed) == pytest.approx(float(soft), abs=1e-6)


def test_presence_of_a_rare_label_weighs_as_much_as_its_absence():
    labels = np.array([[1, 1, 0, 0]] + [[1, 0, 0, 0]] * 199 + [[0, 0, 0, 0]] * 200)
    assert label_weights(labels, 4).tolist() == [1.0, MOST_WEIGHT, 1.0, 1.0]
    assert label_weights(np.array([[1], [0], [0]]), 1).tolist() == [2.0]
    weighted = create_label_loss(PLAIN, torch.tensor([3.0]))(torch.zeros(1, 1), Targets(torch.ones(1, 1)))
    assert float(weighted) == pytest.approx(3 * np.log(2), abs=1e-6)


def test_the_papers_loss_of_one_label_is_refused():
    with pytest.raises(
        UsageError, match=r"^the loss 'lenet_map' is of one label a picture; with several it is 'cross_"
    ):
        create_label_loss(LossConfig(name="lenet_map"))


def test_a_set_of_labels_is_right_where_all_are():
    objective = OBJECTIVES["multi_label"]
    assert int(objective.right(torch.tensor([[1.0, -1.0, 1.0], [1.0, -1.0, 1.0]]), Targets(LABELS))) == 1
    others, shares = torch.ones_like(LABELS), torch.tensor([0.4, 0.6])
    assert (
        int(objective.right(torch.ones(2, 3), Targets(LABELS, others, shares))) == 1
    )  # the first shows mostly the other
    summed = functional.binary_cross_entropy_with_logits(LOGITS, LABELS.float(), reduction="sum")
    assert float(objective.held_out(LOGITS, Targets(LABELS))) == pytest.approx(float(summed), abs=1e-6)


def test_one_logit_of_two_classes_is_learnt_by_binary_cross_entropy():
    logits, labels = torch.tensor([[0.7], [-2.0], [0.1]]), torch.tensor([1, 0, 0])
    wanted = functional.binary_cross_entropy_with_logits(logits[:, 0], labels.float())
    assert float(create_binary_loss(PLAIN)(logits, Targets(labels))) == pytest.approx(float(wanted), abs=1e-6)
    objective = OBJECTIVES["two_class_sigmoid"]
    assert int(objective.right(logits, Targets(labels))) == 2
    assert objective.weights(np.array([0, 0, 0, 1]), 1).tolist() == [pytest.approx(2 / 3), 2.0]
