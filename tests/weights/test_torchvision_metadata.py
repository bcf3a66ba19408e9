"""Torchvision's metadata, read from its source, are what it answers when it is asked."""

import pytest

import striate.weights.torchvision_metadata
from striate.errors import WeightsError
from striate.weights import PUBLISHED
from striate.weights.torchvision_metadata import from_import, from_source, read_metadata

ENTRIES = sorted({(entry.model, entry.weights) for entry in PUBLISHED.values()})


@pytest.mark.parametrize(("model", "weights"), ENTRIES)
def test_the_source_says_what_torchvision_answers(model, weights):
    assert from_source(model, weights) == from_import(model, weights)


def test_other_entries():
    assert from_source("resnet50", "IMAGENET1K_V1") == from_import("resnet50", "IMAGENET1K_V1")
    assert from_source("mobilenet_v2", "IMAGENET1K_V1") == from_import("mobilenet_v2", "IMAGENET1K_V1")


@pytest.mark.parametrize(
    "error", [OSError, SyntaxError, LookupError, AttributeError, StopIteration, ValueError, TypeError]
)
def test_a_source_that_is_not_as_expected(error, monkeypatch):
    def refuse(model, weights):
        raise error

    monkeypatch.setattr(striate.weights.torchvision_metadata, "from_source", refuse)
    assert read_metadata("resnet18", "IMAGENET1K_V1") == from_import("resnet18", "IMAGENET1K_V1")


@pytest.mark.parametrize("model", ["mobilenet_v2", "mobilenet_v9"])
def test_a_torchvision_that_does_not_know_them(model):
    with pytest.raises(WeightsError) as error:
        read_metadata(model, "IMAGENET1K_V9")
    assert str(error.value) == (
        f"torchvision does not know the weights IMAGENET1K_V9 of {model}; upgrade it: pip install --upgrade torchvision"
    )
