"""What is asked of the pictures, where data, task and classifier say different things."""

import dataclasses

import pytest

from striate.data import load_data
from striate.deciding.task_choice import as_asked, check_loss
from striate.errors import UsageError
from striate.tasks import MULTI_LABEL, SEQUENCE, TWO_CLASS_SIGMOID
from striate.training import Recipe


@pytest.fixture(scope="module")
def digits():
    return load_data("digits")


def test_two_classes_by_one_number(digits):
    two = digits.select((digits.labels < 2).nonzero()[0])
    two = dataclasses.replace(two, classes=digits.classes[:2])
    assert as_asked(two, None, "sigmoid").task is TWO_CLASS_SIGMOID


def test_a_softmax_is_of_one_class_also_where_strings_have_one_at_each_place(digits):
    several = dataclasses.replace(digits, task=MULTI_LABEL)
    with pytest.raises(
        UsageError, match="--classifier softmax is of one class a picture, and the pictures of 'digits' have several"
    ):
        as_asked(several, None, "softmax")


def test_strings_and_labels_are_two_things(digits):
    several = dataclasses.replace(digits, task=MULTI_LABEL)
    with pytest.raises(UsageError, match="was loaded as 'multi_label', and 'sequence' is asked for"):
        as_asked(several, "sequence", None)


@pytest.mark.parametrize(
    ("task", "loss", "said"),
    [
        (SEQUENCE.name, "cross_entropy", "the loss 'cross_entropy' is of classes; the loss of strings is 'ctc'"),
        ("single_label", "ctc", "the loss 'ctc' is of strings; of classes it is 'cross_entropy'"),
        ("multi_label", "ctc", "the loss 'ctc' is of strings; of classes it is 'cross_entropy'"),
        (
            "multi_label",
            "lenet_map",
            "the loss 'lenet_map' is of the most probable class; for sigmoids it is 'cross_entropy'",
        ),
    ],
)
def test_a_loss_suits_what_is_asked(task, loss, said):
    with pytest.raises(UsageError) as error:
        check_loss(Recipe.from_dict({"task": task, "loss": {"name": loss}}))
    assert str(error.value) == said
    check_loss(Recipe.from_dict({"task": SEQUENCE.name, "loss": {"name": "ctc"}}))
