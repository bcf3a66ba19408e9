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
        ({"schema": 2}, "the bundle has schema 2, this version of Striate reads schema 1"),
        ({"task": "boxes"}, "the bundle's task is 'boxes', expected 'single_label'"),
        ({"classes": ["cat"]}, "the contract names 1 classes (1 different ones) for a network with 2 outputs"),
        ({"classes": ["cat", "cat"]}, "the contract names 2 classes (1 different ones) for a network with 2 outputs"),
        ({"extra": 1}, "contract.json does not have the fields it should (missing or unknown: extra)"),
        ({"architecture": {"model": "lenet5"}}, "contract.json makes no sense: "),
        ({"preprocessing": {}}, "contract.json makes no sense: "),
        ({"precisions": {"fp32": 3}}, "contract.json makes no sense: "),
        ({"files": []}, "contract.json makes no sense: "),
    ],
)
def test_contracts_that_make_no_sense(changes, message):
    with pytest.raises(BundleError) as caught:
        Contract.from_dict(resealed(**changes))
    assert str(caught.value).startswith(message)


def test_preprocessing_must_suit_the_network():
    with pytest.raises(BundleError, match="preprocessing makes 1 channels, its network takes 3"):
        contract(architecture=Architecture("lenet5", 2, 3))
