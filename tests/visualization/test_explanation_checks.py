"""Checks of explanations: known failures are seen to fail, and what is sound passes."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization import (
    METHODS,
    ExplanationCheck,
    check_explanation,
    check_explanations,
    explain,
    grad_cam,
    integrated_gradients,
)
from striate.visualization.explanation_checks import Completeness, Redrawing
from striate.visualization.pixel_curves import PixelCurves


def edges(model, images, targets):
    """A map that knows nothing of the network."""
    return (images - images.roll(1, dims=3)).abs().amax(dim=1)


@pytest.fixture(scope="module")
def network():
    return create_model("lenet5", seed=0)


@pytest.fixture(scope="module")
def images():
    return torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))


def test_edges_are_no_explanation(network, images):
    check = check_explanation(network, images, edges)
    assert (check.method, check.passed, check.pictures) == ("edges", False, 2)
    assert check.similarity == pytest.approx(1)
    assert check.warnings[0] == (
        "The map hardly depends on what the network has learned: with new weights in all of its layers it stays "
        "alike (rank correlation 1.00; from 0.8 on it fails)."
    )
    assert [found.layers for found in check.redrawings] == [
        "the last layer with weights",
        "the later half of its layers",
        "all of its layers",
    ]
    assert [found.modules for found in check.redrawings] == [1, 3, 6]
    assert check.redrawings[0].structural_similarity == pytest.approx(1)


def test_all_methods_at_once_say_what_each_says_alone(network, images):
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    heard = []
    together = check_explanations(
        network, images, target=[3, 4], progress=lambda done, total: heard.append((done, total))
    )
    assert list(together) == list(METHODS)
    assert heard == [(number + 1, 7) for number in range(7)]
    for method in ("grad_cam", "guided_backpropagation"):
        alone = check_explanation(network, images, method, target=[3, 4])
        assert alone.to_dict() == together[method].to_dict()
    assert network.training
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
    for check in together.values():
        json.loads(check.to_json())
        assert 0 <= check.curves.deletion_area <= 1
    assert together["integrated_gradients"].completeness is not None
    assert together["saliency"].completeness is None


def test_a_seed_decides_and_the_global_generator_does_not(network, images):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = check_explanation(network, images[:1], "grad_cam", seed=4)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert check_explanation(network, images[:1], "grad_cam", seed=4).to_dict() == first.to_dict()
    assert check_explanation(network, images[:1], "grad_cam", seed=5).redrawings != first.redrawings


def test_a_map_that_was_made_before_is_the_one_that_is_tested(network, images):
    heat = grad_cam(network, images)
    assert check_explanation(network, images, "grad_cam", heat=heat).to_dict() == (
        check_explanation(network, images, "grad_cam").to_dict()
    )
    assert check_explanations(network, images, ["grad_cam"], heats={"grad_cam": heat})["grad_cam"].passed in (
        True,
        False,
    )


def test_units_of_a_layer_are_tested_by_redrawing_alone(network, images):
    check = check_explanation(network, images, "deconvnet", layer="c3", unit=5)
    assert (check.curves, check.moved, check.probability) == (None, (), None)
    assert check.redrawings[0].layers == "the last layer with weights up to c3"
    assert [found.modules for found in check.redrawings] == [1, 3]  # c1, s2 and c3 hold weights
    numbers = check_explanation(network, images, "gradient", layer="f6", unit=[3, (9,)])
    assert -1 <= numbers.similarity <= 1
    json.loads(check.to_json())


def test_completeness(network, images):
    check = check_explanation(network, images[:1], "integrated_gradients", target=7)
    with torch.no_grad():
        network.eval()
        gained = (network(images[:1]) - network(torch.zeros(1, 1, 32, 32)))[0, 7].item()
        network.train()
    assert check.completeness.expected == pytest.approx(gained, rel=1e-5)
    total = integrated_gradients(network, images[:1], target=7).sum().item()
    assert check.completeness.total == pytest.approx(total, rel=1e-4)
    assert check.completeness.error < 0.001


class Dead(nn.Module):
    """Nothing in a picture speaks for anything."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 2, 1)
        nn.init.constant_(self.maps.bias, -100.0)

    def forward(self, images):
        return self.maps(images).relu().mean(dim=(2, 3))


def test_an_empty_map_is_said_to_be_empty():
    check = check_explanation(Dead(), torch.rand(1, 1, 8, 8), "grad_cam", layer="maps")
    assert (check.empty, check.passed) == (1, False)
    assert check.warnings == ("The map is empty: by this method nothing in the picture speaks for the answer.",)
    two = check_explanation(Dead(), torch.rand(2, 1, 8, 8), "grad_cam", layer="maps")
    assert two.warnings[0].startswith("The maps of 2 of 2 pictures are empty: ")


def test_a_network_without_weights():
    check = check_explanation(nn.Flatten(), torch.rand(1, 1, 4, 4), "saliency")
    assert (check.redrawings, check.similarity) == ((), None)


def made(**changed):
    parts = {
        "method": "saliency",
        "redrawings": (Redrawing("the last layer with weights", 1, 0.25, 0.5),),
        "curves": PixelCurves((1.0, 0.0, 0.0), (0.0, 1.0, 1.0)),
        "moved": (PixelCurves((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)),),
        "completeness": None,
        "probability": 0.9,
        "empty": 0,
        "pictures": 1,
    }
    return ExplanationCheck(**(parts | changed))


def test_what_passes_has_nothing_to_warn_of():
    check = made()
    assert (check.passed, check.warnings, check.similarity, check.moved_gain) == (True, (), 0.25, -0.5)
    assert str(check) == (
        "saliency: passed; 0.25 alike with new weights in the last layer with weights; deletion 0.250, insertion 0.750; "
        "their difference 0.500 (moved -0.500)"
    )


def test_each_failure_has_its_sentence():
    curves = PixelCurves((1.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    assert made(curves=curves).warnings == (
        "The map marks what matters no better than the same map moved elsewhere: insertion less deletion is -0.500, moved "
        "-0.500.",
    )
    check = made(completeness=Completeness(total=5.0, expected=10.0))
    assert check.warnings == (
        "The map is not complete: it adds up to 5, and the logit changes by 10; take more steps.",
    )
    assert "completeness off by 50.0%" in str(check)
    assert "FAILED" in str(check)


def test_completeness_without_measure_goes_as_json():
    assert Completeness(1.0, 0.0).error == math.inf
    assert Completeness(0.0, 0.0).error == 0
    assert json.loads(json.dumps(made(completeness=Completeness(1.0, 0.0)).to_dict()))["completeness"]["error"] is None


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"method": "saliency", "unit": 3}, "a unit is of a layer that is not the head, for deconvnet, "
         "guided_backpropagation, gradient; give a target"),
        ({"method": lambda model, images, targets: images}, "<lambda> must give heat of shape (2, 32, 32), a number for "
         "each pixel; got (2, 1, 32, 32)"),
        ({"method": "saliency", "heat": torch.zeros(2, 8, 8)}, "saliency must give heat of shape (2, 32, 32), a number for "
         "each pixel; got (2, 8, 8)"),
        ({"method": lambda model, images, targets: images[:, 0] * math.nan}, "<lambda> gives numbers that are not finite; "
         "does the network itself answer finite ones?"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(network, images, asked, message):
    with pytest.raises(UsageError) as caught:
        check_explanation(network, images, **asked)
    assert str(caught.value) == message


def test_a_wrong_method_has_the_close_match(network, images):
    with pytest.raises(UnknownNameError, match="unknown method 'gradcam'; did you mean 'grad_cam'"):
        check_explanation(network, images, "gradcam")
    with pytest.raises(UsageError, match="saliency explains classes, not units of a layer"):
        explain(network, images, "saliency", targets=[0, 0], units=[1, 1])


@pytest.mark.slow
def test_on_a_trained_network_known_failures_fail_and_the_others_pass(real_data):
    """MobileNetV2 with published weights and a photograph: what Adebayo et al. found, and DeconvNet likewise."""
    from PIL import Image

    weights = real_data("weights/mobilenet_v2_imagenet_torchvision_names.pth")
    network = create_model("mobilenet_v2_tf", num_classes=1000, seed=0)
    network.load_state_dict(torch.load(weights, weights_only=True))
    with Image.open(real_data("photos/dog.jpg")) as photo:
        square = photo.convert("RGB").crop((0, 0, min(photo.size), min(photo.size))).resize((224, 224))
    image = torch.from_numpy(np.array(square)).permute(2, 0, 1)[None] / 127.5 - 1
    methods = ("deconvnet", "guided_backpropagation", "saliency", "grad_cam", "occlusion")
    checks = check_explanations(network, image, methods, target=258)
    similarity = [checks[method].similarity for method in methods]
    assert min(similarity[:2]) > 0.95
    assert max(similarity[2:]) < 0.7
    assert [method for method in methods if checks[method].passed] == ["saliency", "grad_cam", "occlusion"]
