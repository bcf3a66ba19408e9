import pickle

import pytest

import striate.errors
from striate.errors import (
    BundleError,
    DataError,
    ExportError,
    Interrupted,
    ItemError,
    PictureError,
    PictureSizeError,
    QuantizationError,
    StriateError,
    TrainingError,
    UnknownNameError,
    UsageError,
    WeightsError,
    closest,
)


def test_unknown_name_offers_the_closest():
    error = UnknownNameError("model", "resnet21", ["lenet5", "resnet20"], hint="(run `striate models`)")
    assert str(error) == "unknown model 'resnet21'; did you mean 'resnet20'? (run `striate models`)"


def test_unknown_name_lists_a_short_list_when_nothing_is_close():
    assert (
        str(UnknownNameError("engine", "xyz", ["openvino", "torch"])) == "unknown engine 'xyz'; known: openvino, torch"
    )


def test_a_long_list_is_cut_and_a_hint_stands_for_it():
    known = [f"z{number}" for number in range(40)]
    text = str(UnknownNameError("layer", "abc", known))
    assert text.startswith("unknown layer 'abc'; known: z0, z1, ") and text.endswith(", z29 and 10 more")
    assert str(UnknownNameError("layer", "abc", known, "(see --list)")) == "unknown layer 'abc' (see --list)"


@pytest.mark.parametrize(
    ("name", "known", "close"),
    [
        ("ResNet50", ["resnet50", "vgg16"], ["resnet50"]),
        ("pictures", ["features"], ["features"]),  # 10 of 16 characters
        ("photos", ["report", "runs", "src"], []),
        (
            "optimizer.lr",
            ["optimizer.name", "optimizer.momentum", "optimizer.weight_decay"],
            [],
        ),  # the table alone is alike
        ("optimizer.momentun", ["optimizer.name", "optimizer.momentum"], ["optimizer.momentum"]),
        ("foo", ["none", "light", "standard", "strong"], []),
    ],
)
def test_close_is_what_shares_most_of_its_characters(name, known, close):
    assert closest(name, known) == close


def test_exit_codes():
    assert StriateError("x").exit_code == 1
    assert TrainingError("x").exit_code == 1
    assert UsageError("x").exit_code == 2
    assert Interrupted("x", 2).exit_code == 130
    assert Interrupted("x", 15).exit_code == 143


def test_interrupted_is_no_error_of_the_usual_kind():
    with pytest.raises(KeyboardInterrupt):
        raise Interrupted("x")


EVERY_ERROR = [
    ItemError("line 3", "it has no word"),
    PictureError("a.jpg", "the file is empty"),
    PictureSizeError("a.jpg", "it has 200 pixels, more than the limit of 100"),
    UnknownNameError("model", "lenet6", ["lenet5", "vgg16"], hint="see them all"),
    Interrupted("terminated", 15),
    *(kind("one sentence") for kind in (StriateError, UsageError, DataError, WeightsError, BundleError, ExportError)),
    *(kind("one sentence") for kind in (QuantizationError, TrainingError)),
]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
def test_every_error_survives_the_way_from_one_process_to_another(error):
    """One that does not leaves `multiprocessing.Pool` waiting for ever."""
    other = pickle.loads(pickle.dumps(error))
    assert type(other) is type(error)
    assert (str(other), other.args, vars(other)) == (str(error), error.args, vars(error))


def test_no_error_was_forgotten():
    def below(kind):
        return {kind}.union(*map(below, kind.__subclasses__()))

    named = {kind for kind in vars(striate.errors).values() if isinstance(kind, type)}
    assert {type(error) for error in EVERY_ERROR} == (below(StriateError) & named) | {Interrupted}
