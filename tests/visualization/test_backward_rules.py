"""The three rules at one rectifier, whatever it is and however it is written."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.models import create_model
from striate.nn import LocalResponseNormalization, SqueezeExcitation
from striate.visualization import deconvnet, gradient, guided_backpropagation

RULES = {"deconvnet": deconvnet, "guided": guided_backpropagation, "gradient": gradient}


class Calls(nn.Module):
    """Calls a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, inputs):
        return self.function(inputs)


def between(rectifier, first, last):
    """A factor, the rectifier, a factor."""
    network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), rectifier, nn.Conv2d(1, 1, 1, bias=False))
    nn.init.constant_(network[0].weight, first)
    nn.init.constant_(network[2].weight, last)
    return network


RELUS = {
    "module": nn.ReLU(),
    "module in place": nn.ReLU(inplace=True),
    "relu6": nn.ReLU6(),
    "relu6 in place": nn.ReLU6(inplace=True),
    "functional": Calls(functional.relu),
    "functional in place": Calls(lambda inputs: functional.relu(inputs, inplace=True)),
    "functional in place by place": Calls(lambda inputs: functional.relu(inputs, True)),
    "functional relu_": Calls(functional.relu_),
    "functional named": Calls(lambda inputs: functional.relu(input=inputs)),
    "functional relu6": Calls(functional.relu6),
    "torch": Calls(torch.relu),
    "torch relu_": Calls(torch.relu_),
    "method": Calls(lambda inputs: inputs.relu()),
    "method relu_": Calls(lambda inputs: inputs.relu_()),
    "method relu_, its answer not used": Calls(lambda inputs: (inputs.relu_(), inputs)[1]),
    "hardtanh": nn.Hardtanh(0, 6),
    "hardtanh in place": nn.Hardtanh(0, 6, inplace=True),
    "clamp": Calls(lambda inputs: torch.clamp(inputs, min=0)),
    "clamp by place": Calls(lambda inputs: inputs.clamp(0.0)),
    "clamp_": Calls(lambda inputs: inputs.clamp_(min=0)),
    "clip": Calls(lambda inputs: inputs.clip(0, None)),
    "clamp_min": Calls(lambda inputs: torch.clamp_min(inputs, 0)),
    "clamp_min_, its answer not used": Calls(lambda inputs: (inputs.clamp_min_(0.0), inputs)[1]),
    "threshold": nn.Threshold(0, 0),
    "threshold in place": nn.Threshold(0, 0, inplace=True),
    "threshold in place by place": Calls(lambda inputs: functional.threshold(inputs, 0.0, 0.0, True)),
    "threshold_": Calls(lambda inputs: functional.threshold_(inputs, 0.0, 0.0)),
    "torch threshold": Calls(lambda inputs: torch.threshold(inputs, threshold=0.0, value=0.0)),
}


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        # The signal at the ReLU is `last`, its input is `first`.
        (2, 3, {"deconvnet": 6, "guided": 6, "gradient": 6}),
        (2, -3, {"deconvnet": 0, "guided": 0, "gradient": -6}),
        (-2, 3, {"deconvnet": -6, "guided": 0, "gradient": 0}),
        (-2, -3, {"deconvnet": 0, "guided": 0, "gradient": 0}),
    ],
)
@pytest.mark.parametrize("relu", RELUS.values(), ids=RELUS)
def test_the_rules_at_a_relu(relu, first, last, expected):
    network = between(relu, first, last)
    answers = {name: rule(network, torch.ones(1, 1, 1, 1), layer="head").item() for name, rule in RULES.items()}
    assert answers == expected


@pytest.mark.parametrize(
    "rectifier",
    [
        nn.SiLU(),
        nn.SiLU(inplace=True),
        nn.GELU(),
        nn.ELU(),
        nn.CELU(inplace=True),
        nn.SELU(inplace=True),
        nn.LeakyReLU(0.1),
        nn.LeakyReLU(0.1, inplace=True),
        nn.PReLU(init=0.1),
        nn.Mish(),
        nn.Hardswish(inplace=True),
        nn.Softplus(),
        Calls(lambda inputs: functional.leaky_relu(inputs, 0.1, True)),
    ],
    ids=str,
)
def test_smooth_and_leaky_ones_are_rectifiers_too(rectifier):
    images = torch.ones(1, 1, 1, 1)
    for first in (2.0, -0.5):
        slope = slope_of(rectifier, first)
        up, down = between(rectifier, first, 3.0), between(rectifier, first, -3.0)
        assert deconvnet(up, images, layer="head").item() == 3 * first
        assert deconvnet(down, images, layer="head").item() == 0
        assert gradient(down, images, layer="head").item() == pytest.approx(-3 * slope * first, rel=1e-5)
        assert guided_backpropagation(up, images, layer="head").item() == pytest.approx(3 * slope * first, rel=1e-5)
        assert guided_backpropagation(down, images, layer="head").item() == 0


def slope_of(rectifier, at):
    """The rectifier's own derivative."""
    point = torch.full((1, 1, 1, 1), at, requires_grad=True)
    return torch.autograd.grad(rectifier(point.clone()).sum(), point)[0].item()


OTHERS = {
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
    "hardtanh": nn.Hardtanh(),
    "softsign": nn.Softsign(),
    "exp": Calls(torch.exp),
    "clamp elsewhere": Calls(lambda inputs: inputs.clamp(min=-1)),
    "clamp by a tensor": Calls(lambda inputs: inputs.clamp(min=torch.tensor(-1.0))),
    "clamp from above": Calls(lambda inputs: inputs.clamp(max=0)),
    "gate": Calls(lambda inputs: (inputs + 3).clamp(0, 6) / 6),
    "threshold elsewhere": nn.Threshold(-1, 0),
    "threshold to another value": nn.Threshold(-1, -1),
}


@pytest.mark.parametrize("function", OTHERS.values(), ids=OTHERS)
def test_other_functions_keep_their_gradient(function):
    network = between(function, -0.5, -3)
    answers = {name: rule(network, torch.ones(1, 1, 1, 1), layer="head") for name, rule in RULES.items()}
    assert answers["gradient"].item() != 0
    assert torch.equal(answers["deconvnet"], answers["gradient"])
    assert torch.equal(answers["guided"], answers["gradient"])


def test_one_rectifier_used_twice_and_in_place():
    shared = nn.ReLU(inplace=True)
    own = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 3, 3), nn.ReLU())
    torch.manual_seed(0)
    for layer in (own[0], own[2]):
        nn.init.normal_(layer.weight)
    twin = nn.Sequential(own[0], shared, own[2], shared)
    images = torch.randn(2, 2, 8, 8)
    for rule in RULES.values():
        expected = rule(own, images, layer="head", strongest=None, start="activation")
        assert expected.any()
        assert torch.equal(rule(twin, images, layer="head", strongest=None, start="activation"), expected)


@pytest.mark.parametrize(("name", "theirs", "size"), [("resnet18", "resnet18", 48), ("alexnet_owt", "alexnet", 80)])
def test_torchvision_s_shared_relus_in_place_are_caught(name, theirs, size):
    from torchvision import models

    torch.manual_seed(0)
    twin = models.get_model(theirs, weights=None, num_classes=7).eval()
    network = create_model(name, num_classes=7).eval()
    network.load_state_dict(twin.state_dict(), strict=True)
    assert any(module.inplace for module in twin.modules() if isinstance(module, nn.ReLU))
    images = torch.randn(1, 3, size, size)
    for rule in RULES.values():
        ours, other = (rule(model, images, layer="head", unit=2) for model in (network, twin))
        assert ours.any()
        torch.testing.assert_close(other, ours, atol=1e-5 * ours.abs().max().item(), rtol=1e-4)


NORMALISATIONS = {
    "module": LocalResponseNormalization(3, alpha=0.5),
    "torch's": nn.LocalResponseNorm(3, alpha=0.5),
    "functional": Calls(lambda inputs: functional.local_response_norm(inputs, 3, alpha=0.5)),
}


@pytest.mark.parametrize("normalisation", NORMALISATIONS.values(), ids=NORMALISATIONS)
def test_deconvnet_passes_local_response_normalisation_through(normalisation):
    torch.manual_seed(0)
    before, after = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 2, 3)
    network, without = nn.Sequential(before, normalisation, after), nn.Sequential(before, nn.Identity(), after)
    images = torch.rand(1, 3, 9, 9)
    expected = deconvnet(without, images, layer="head", unit=(1, 2, 2))
    assert torch.equal(deconvnet(network, images, layer="head", unit=(1, 2, 2)), expected)
    for rule in (gradient, guided_backpropagation):
        assert not torch.allclose(rule(network, images, layer="head", unit=(1, 2, 2)), expected, rtol=0.01)


def test_deconvnet_holds_the_gates_of_squeeze_and_excitation():
    torch.manual_seed(0)
    block = SqueezeExcitation(4, 2).eval()
    images = torch.rand(1, 4, 3, 3)
    gates = (block(images) / images).detach()
    signal = torch.zeros_like(images)
    signal[0, 1, 2, 0] = 1
    assert torch.allclose(deconvnet(block, images, layer="head", unit=(1, 2, 0)), gates * signal)
    assert (gradient(block, images, layer="head", unit=(1, 2, 0)) != 0).all()  # every pixel moves the gates


def test_the_answers_stay_the_same_under_every_rule():
    """What the layer answers decides where the signal starts; the rules may not change it."""
    from striate.hooks import held_still
    from striate.visualization.backward_rules import signal_rule

    for name in ("alexnet_owt", "efficientnet_b0", "mobilenet_v2"):
        network = create_model(name, num_classes=5, seed=0).eval()
        images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            logits = network(images)
        for rule in RULES:
            with held_still(network), signal_rule(network, rule):
                assert torch.equal(network(images.clone().requires_grad_()).detach(), logits)


def test_the_gradient_is_that_of_finite_differences():
    network = create_model("lenet5", seed=0).double()
    generator = torch.Generator().manual_seed(0)
    images, direction = (torch.randn(1, 1, 32, 32, generator=generator, dtype=torch.float64) for _ in range(2))
    step = 1e-5
    still = copy.deepcopy(network).eval()
    with torch.no_grad():
        ahead, behind = still(images + step * direction)[0, 3], still(images - step * direction)[0, 3]
    slope = (gradient(network, images, layer="head", unit=3) * direction).sum().item()
    assert abs(slope) > 1e-3
    assert slope == pytest.approx(((ahead - behind) / (2 * step)).item(), rel=1e-6)


@pytest.mark.parametrize("clipped", [nn.ReLU6(), nn.ReLU6(inplace=True), nn.Hardtanh(0, 6), Calls(functional.relu6)])
def test_a_clipped_unit_is_still_guided(clipped):
    """The strongest units of a ReLU6 are those that it clips; their gradient is 0."""
    images = torch.tensor([[[[7.0, -1.0, 2.0]]]])
    network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), clipped)
    nn.init.constant_(network[0].weight, 2.0)
    every = {"layer": "1", "strongest": None}
    assert guided_backpropagation(network, images, **every).flatten().tolist() == [2.0, 0.0, 2.0]
    assert gradient(network, images, **every).flatten().tolist() == [0.0, 0.0, 2.0]


@pytest.mark.parametrize("name", ["clamp", "threshold", "functional"])
def test_no_signal_is_guided_where_the_input_was_0(name):
    """A clamp's own gradient passes there."""
    images = torch.tensor([[[[0.0, 2.0]]]])
    answer = guided_backpropagation(nn.Sequential(RELUS[name]), images, layer="head", strongest=None)
    assert answer.flatten().tolist() == [0.0, 1.0]
