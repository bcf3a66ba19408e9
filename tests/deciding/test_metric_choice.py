"""What classifiers are chosen by: accuracy, or balanced accuracy where classes are uneven and the rare one has pictures enough."""

import numpy as np
import pytest

from striate.data import ArrayPictures, Dataset
from striate.deciding.metric_choice import choose_metric, wants_balance
from striate.errors import UnknownNameError
from striate.evaluation.selection_metrics import SELECTION_METRICS


def held_out(train, val):
    """A data set with so many training and validation pictures of each class."""
    labels = np.concatenate([np.repeat(np.arange(len(counts)), counts) for counts in (train, val)]).astype(np.int32)
    pictures = ArrayPictures(np.zeros((len(labels), 4, 4), np.uint8), [f"p/{place}" for place in range(len(labels))])
    splits = np.repeat([1, 2], [sum(train), sum(val)]).astype(np.uint8)
    data = Dataset("p", "p", tuple(map(str, range(len(train)))), pictures, labels, splits)
    assert [np.bincount(data.labels[data.indices(split)]).tolist() for split in ("train", "val")] == [train, val]
    return data


@pytest.mark.parametrize(
    ("train", "val", "value", "why"),
    [
        ([50, 149], [5, 15], "accuracy", "the classes are about even"),
        (
            [150, 50],
            [15, 5],
            "balanced_accuracy",
            "the largest class has 150 pictures, the smallest 50: every class counts the same",
        ),
        (
            [9000, 40],
            [900, 4],
            "accuracy",
            "the largest class has 9,000 pictures, the smallest 40, of which 4 pictures for validation: "
            "too few to weigh the classes alike",
        ),
    ],
)
def test_what_suits_the_classes(train, val, value, why):
    decision = choose_metric(held_out(train, val))
    assert (decision.what, decision.value, decision.why) == ("metric", value, why)


def test_what_was_asked_for_is_taken():
    assert choose_metric(held_out([90, 10], [9, 5]), "log_loss").value == "log_loss"
    with pytest.raises(UnknownNameError, match="unknown metric 'acuracy'; did you mean 'accuracy'"):
        choose_metric(held_out([90, 10], [9, 5]), "acuracy")


def test_uneven_classes_are_made_up_for_where_each_counts_the_same():
    uneven, even = held_out([90, 10], [9, 5]), held_out([29, 10], [9, 5])
    wanted = {metric: wants_balance(uneven, metric) for metric in SELECTION_METRICS}
    assert wanted == {"accuracy": False, "balanced_accuracy": True, "f1_macro": True, "log_loss": False}
    assert not any(wants_balance(even, metric) for metric in SELECTION_METRICS)
