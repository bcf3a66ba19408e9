from __future__ import annotations

import pytest

from striate.data.dataset import TEST, TRAIN, VAL
from striate.data.split_names import means_unlabelled, split_code

SPELLINGS = {
    TRAIN: "train Train TRAIN training Training training_set TrainSet train-set train_data trainingData seg_train "
    "images_train train2017 img.train train_images",
    VAL: "val valid VALIDATION validation_set valid_set dev Dev dev-set development eval evaluation eval_set seg_val val2017",
    TEST: "test TEST Testing test_set testing_set testset seg_test Test-Data test_images image_test",
}


@pytest.mark.parametrize("code", SPELLINGS)
def test_common_spellings(code: int) -> None:
    assert {name: split_code(name) for name in SPELLINGS[code].split()} == dict.fromkeys(SPELLINGS[code].split(), code)
    assert split_code(" training set ") == TRAIN
    assert split_code("ｔｅｓｔ") == TEST  # full width, as Japanese and Chinese keyboards write it


def test_what_only_looks_like_one() -> None:
    names = [
        "trains",
        "trainer",
        "contest",
        "testament",
        "devil",
        "value",
        "medieval",
        "set",
        "images",
        "test2",
        "",
        "-",
    ]
    assert [name for name in names if split_code(name) is not None] == []


def test_a_name_cannot_make_it_take_long() -> None:
    assert split_code("dataset" * 36 + "x") is None  # would be hours, were every way to read it tried


def test_unlabelled() -> None:
    assert [
        name for name in ("seg_pred", "Unlabeled", "predictions", "predator", "labelled") if means_unlabelled(name)
    ] == [
        "seg_pred",
        "Unlabeled",
        "predictions",
    ]
