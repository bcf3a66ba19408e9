"""Every way of seeing works where torch.inference_mode() or torch.no_grad() is entered, and gives what it gives elsewhere."""

import dataclasses
import inspect as reading
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import striate
from striate import visualization
from striate.errors import UsageError
from striate.inspection import effective_field, gradient_norms

IMAGES = torch.randn(2, 1, 12, 12, generator=torch.Generator().manual_seed(0))


def network_of():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 3)
    ).eval()


WAYS = {
    "deconvnet": lambda network, images: visualization.deconvnet(network, images, layer="3", unit=1),
    "guided_backpropagation": lambda network, images: visualization.guided_backpropagation(
        network, images, layer="3", unit=1
    ),
    "gradient": lambda network, images: visualization.gradient(network, images, layer="head", unit=1),
    "saliency": lambda network, images: visualization.saliency(network, images),
    "integrated_gradients": lambda network, images: visualization.integrated_gradients(
        network, images, steps=4, baseline=images.flip(0)
    ),
    "grad_cam": lambda network, images: visualization.grad_cam(network, images, layer="3"),
    "occlusion": lambda network, images: visualization.occlusion(network, images, patch=6, stride=6),
    "feature_maps": lambda network, images: visualization.feature_maps(network, images, layer="3"),
    "filters": lambda network, images: visualization.filters(network),
    "maximize": lambda network, images: visualization.maximize(
        network, layer="head", unit=1, steps=3, size=12, mean=[0], std=[1]
    ),
    "explain": lambda network, images: visualization.explain(network, images, "saliency", targets=[1, 1]),
    "check_explanation": lambda network, images: visualization.check_explanation(
        network, images[:1], "saliency", target=1
    ).to_dict(),
    "check_explanations": lambda network, images: {
        name: check.to_dict()
        for name, check in visualization.check_explanations(network, images[:1], ["saliency"], target=1).items()
    },
    "top_patches": lambda network, images: visualization.top_patches(network, [images], layer="3").activations,
    "top_patches_of_layers": lambda network, images: [
        found.activations for found in visualization.top_patches_of_layers(network, [images], layers=["3"]).values()
    ],
    "hierarchy": lambda network, images: [
        level.layer for level in visualization.hierarchy(network, [images], lambda rows: images[rows], layers=["3"])
    ],
    "list_layers": lambda network, images: visualization.list_layers(network),
    "last_maps_layer": lambda network, images: visualization.last_maps_layer(network, images),
    "receptive_boxes": lambda network, images: visualization.receptive_boxes(network, (1, 12, 12), layer="3").field,
    "effective_field": lambda network, images: effective_field(network, (1, 12, 12), layer="3").importance,
    "gradient_norms": lambda network, images: gradient_norms(network, images, torch.tensor([0, 1])),
}
OF_WORDS = {"word_occlusion", "word_integrated_gradients", "explain_words", "check_word_explanation", "top_phrases"}
ELSEWHERE = {"layer_output", "strongest_maps", "maps_through_training"} | OF_WORDS
"""A forward pass, a sort, what is made of `feature_maps` and the epochs of a run, and those of words (`test_word_explanations.py`)."""


def test_every_public_way_is_tried():
    functions = {name for name in visualization.__all__ if reading.isfunction(getattr(visualization, name))}
    assert functions - ELSEWHERE == set(WAYS) - {"effective_field", "gradient_norms"}


def plain(value):
    """Values that can be compared."""
    if isinstance(value, Tensor):
        assert not value.is_inference() and not value.requires_grad
        return value.tolist()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if dataclasses.is_dataclass(value):
        return plain({part.name: getattr(value, part.name) for part in dataclasses.fields(value)})
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items() if "seconds" not in str(key)}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
@pytest.mark.parametrize("name", WAYS)
def test_it_gives_what_it_gives_elsewhere(name, mode):
    expected = plain(WAYS[name](network_of(), IMAGES))
    with mode():
        found = WAYS[name](network_of(), IMAGES.clone())
        assert plain(found) == expected
        assert torch.is_inference_mode_enabled() == (mode is torch.inference_mode) and not torch.is_grad_enabled()


def test_a_network_that_was_made_in_inference_mode_can_be_seen_into_later():
    with torch.inference_mode():
        network = network_of()
    expected = visualization.saliency(network_of(), IMAGES)
    assert torch.equal(visualization.saliency(network, IMAGES), expected)
    assert next(network.parameters()).is_inference()


def test_the_verb_works_in_inference_mode_too():
    picture = np.random.default_rng(0).integers(0, 255, (32, 32), np.uint8)
    with torch.inference_mode():
        seen = striate.visualize("lenet5", picture, method="saliency", seed=0)
    assert np.array_equal(seen.pixels, striate.visualize("lenet5", picture, method="saliency", seed=0).pixels)


@pytest.mark.parametrize("name", [name for name in WAYS if name != "gradient_norms"])
def test_a_script_is_refused_in_one_sentence(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        script = torch.jit.script(network_of())
    with pytest.raises(
        UsageError, match=r"^Sequential is a TorchScript module, whose layers cannot be seen; take the "
    ):
        WAYS[name](script, IMAGES)


def test_a_compiled_network_is_seen_as_what_it_was_made_of():
    found = visualization.deconvnet(torch.compile(network_of()), IMAGES, layer="3", unit=1)
    assert torch.equal(found, visualization.deconvnet(network_of(), IMAGES, layer="3", unit=1))
