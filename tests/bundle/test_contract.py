import json

import pytest

from striate.bundle import Contract, PrecisionTerms
from striate.bundle.contract import Architecture, canonical_json, digest_of
from striate.errors import BundleError
from striate.pixels import Preprocessing

PREPROCESSING = Preprocessing(colour="grey", resize="exact", resize_size=(28, 28), mean=(0.1,), std=(0.3,))


def contract(**changes):
    fields = {
        "architecture": Architecture("lenet5", 2, 1),
        "classes": ("猫", "dog"),
        "preprocessing": PREPROCESSING,
        "precisions": {"fp32": PrecisionTerms(1e-4, 1.0, 20)},
        "metrics": {"val": {"accuracy": 0.5}},
        "data": {"name": "pets"},
        "versions": {"striate": "0.1.0"},
        "files": {"model.safetensors": "ab"},
    }
    return Contract(**(fields | changes))


def read(**changes):
    """The contract as it is read from the disk."""
    return Contract.from_dict(json.loads(json.dumps(contract(**changes).to_dict())))


def resealed(**changes):
    table = contract().to_dict()
    del table["digest"]
    table |= changes
    return table | {"digest": digest_of(table)}


def test_a_contract_survives_json():
    assert Contract.from_dict(json.loads(json.dumps(contract().to_dict()))) == contract()


def test_canonical_json_is_the_same_for_equal_values():
    assert canonical_json({"b": 1, "a": [1.5, "é"]}) == canonical_json({"a": [1.5, "é"], "b": 1})
    assert canonical_json({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()


def test_any_change_shows_in_the_digest():
    table = contract().to_dict()
    table["classes"] = ["dog", "猫"]
    with pytest.raises(BundleError, match=r"^contract.json was changed after it was sealed"):
        Contract.from_dict(table)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 3}, "the bundle has schema 3, this version of Striate reads the schemas 1 and 2"),
        ({"schema": True}, "contract.json makes no sense: schema must be a whole number, got True"),
        ({"task": "boxes"}, "the bundle's task is 'boxes', expected 'single_label'"),
        ({"classes": ["cat"]}, "the contract names 1 classes (1 different ones) for a network with 2 outputs"),
        ({"classes": ["cat", "cat"]}, "the contract names 2 classes (1 different ones) for a network with 2 outputs"),
        ({"extra": 1}, "contract.json does not have the fields it should (missing or unknown: extra)"),
        ({"architecture": {"model": "lenet5"}}, "contract.json makes no sense: "),
        ({"preprocessing": {}}, "contract.json makes no sense: "),
        ({"precisions": {"fp32": 3}}, "contract.json makes no sense: "),
        ({"files": []}, "contract.json makes no sense: files must be a table, got []"),
        ({"files": {"a": 1}}, "contract.json makes no sense: files.a must be a text, got 1"),
        ({"metrics": {"val": 3}}, "contract.json makes no sense: metrics.val must be a table, got 3"),
        (
            {"calibration": {"temperature": "1"}},
            "contract.json makes no sense: calibration.temperature must be a number",
        ),
        (
            {"calibration": {}},
            "the contract's calibration must hold a temperature and a number of pictures, and no more",
        ),
        ({"precisions": {}}, "the contract states no terms for fp32, which every bundle computes in"),
        ({"classes": "ab"}, "contract.json makes no sense: classes must be a list, got 'ab'"),
    ],
)
def test_contracts_that_make_no_sense(changes, message):
    with pytest.raises(BundleError) as caught:
        Contract.from_dict(resealed(**changes))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (PrecisionTerms(1e308), "tolerance for fp32 is 1e+308; expected above 0 and at most 0.0005"),
        (PrecisionTerms(0.0), "tolerance for fp32 is 0; expected above 0 and at most 0.0005"),
        (PrecisionTerms(1e-4, 1.5, 20), "agreement in fp32 is 1.5; expected 0 to 1"),
        (PrecisionTerms(1e-4, 1.0, 0), "agreement in fp32 was measured on 0 pictures; expected at least 1"),
        (PrecisionTerms(1e-4, None, 5), "agreement in fp32 was measured on 5 pictures; expected at least 1"),
        (PrecisionTerms(1e-4, 1.0, 20, 1e9), "fp32 is 1e+09 times as fast as fp32; expected above 0 and at most 1,000"),
        (PrecisionTerms(1e-4, 1.0, 20, -1.0), "fp32 is -1 times as fast as fp32; expected above 0 and at most 1,000"),
    ],
)
def test_every_term_has_a_range(terms, message):
    with pytest.raises(BundleError) as caught:
        read(precisions={"fp32": terms})
    assert message in str(caught.value)


@pytest.mark.parametrize(("precision", "largest"), [("bf16", 0.1), ("fp16", 0.02), ("int8", 0.5)])
def test_each_number_format_has_its_own_tolerance(precision, largest):
    fp32 = PrecisionTerms(5e-4)
    read(precisions={"fp32": fp32, precision: PrecisionTerms(largest)})
    with pytest.raises(BundleError, match=rf"tolerance for {precision} is .*; expected above 0 and at most {largest}"):
        read(precisions={"fp32": fp32, precision: PrecisionTerms(largest * 1.01)})
    with pytest.raises(BundleError, match=r"^the contract has terms for 'fp31'; expected fp32, bf16, fp16, int8$"):
        read(precisions={"fp32": fp32, "fp31": fp32})


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"accuracy": []}, "[] for 'accuracy'; expected a number from 0 to 1"),
        ({"accuracy": True}, "True for 'accuracy'; expected a number from 0 to 1"),
        ({"f1_macro": -0.1}, "-0.1 for 'f1_macro'; expected a number from 0 to 1"),
        ({"expected_calibration_error": 1.5}, "1.5 for 'expected_calibration_error'; expected a number from 0 to 1"),
        ({"accuracy_interval": [0.5]}, "[0.5] for 'accuracy_interval'; expected two numbers from 0 to 1"),
        ({"accuracy_interval": 0.5}, "0.5 for 'accuracy_interval'; expected two numbers from 0 to 1"),
        ({"accuracy_interval": [0.5, 2]}, "[0.5, 2] for 'accuracy_interval'; expected two numbers from 0 to 1"),
        ({"count": 2.5}, "2.5 for 'count'; expected a whole number from 0"),
        ({"top_k": [3]}, "[3] for 'top_k'; expected a whole number from 0"),
        ({"log_loss": -1}, "-1 for 'log_loss'; expected a number from 0"),
        ({"log_loss_uncalibrated": 10**400}, "for 'log_loss_uncalibrated'; expected a number from 0"),
        ({"fingerprint": 3}, "3 for 'fingerprint'; expected a text"),
    ],
)
def test_figures_are_numbers_that_can_be(figures, message):
    with pytest.raises(BundleError, match=r"^the contract's metrics of 'test' have ") as caught:
        read(metrics={"test": figures})
    assert message in str(caught.value)


@pytest.mark.parametrize("temperature", [0, -1, 0.009, 10_001, 1e308, 10**400])
def test_a_temperature_has_a_range(temperature):
    with pytest.raises(BundleError, match=r"^the contract's temperature is .*; expected 0.01 to 10,000$"):
        read(calibration={"temperature": temperature, "pictures": 0})


@pytest.mark.parametrize("pictures", [-1, 2.5, 10**13])
def test_the_temperature_is_fitted_on_a_number_of_pictures(pictures):
    with pytest.raises(
        BundleError, match=r"^the contract's temperature was fitted on .* pictures; expected a whole number from 0$"
    ):
        read(calibration={"temperature": 2.0, "pictures": pictures})
    assert read(calibration={"temperature": 2, "pictures": 50}).temperature == 2.0
    assert contract().calibration_pictures == 0


def test_prepared_pictures_have_a_largest_size():
    rule = Preprocessing(colour="grey", resize="exact", resize_size=(4097, 4096), mean=(0.1,), std=(0.3,))
    with pytest.raises(BundleError, match=r"makes pictures of 4097 x 4096 pixels; expected at most 16,777,216 pixels$"):
        contract(preprocessing=rule)


@pytest.mark.parametrize("value", [float("nan"), "\ud800", {1, 2}])
def test_what_json_does_not_have_is_refused(value):
    table = contract().to_dict() | {"data": {"name": value}}
    with pytest.raises(BundleError, match=r"^contract.json is not made of JSON's values: "):
        Contract.from_dict(table)


def test_preprocessing_must_suit_the_network():
    with pytest.raises(BundleError, match="preprocessing makes 1 channels, its network takes 3"):
        contract(architecture=Architecture("lenet5", 2, 3))
