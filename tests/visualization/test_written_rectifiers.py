"""Rectifiers that are written of other operations, or called by scripts: held as a ReLU is, or named in a warning."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

import striate
from striate.nn import SqueezeExcitation
from striate.visualization import UnheldRectifierWarning, deconvnet, gradient, guided_backpropagation

RULES = {"deconvnet": deconvnet, "guided": guided_backpropagation, "gradient": gradient}


class Calls(nn.Module):
    """Calls a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, inputs):
        return self.function(inputs)


def assigned(inputs):
    inputs = inputs.clone()
    inputs[inputs < 0] = 0
    return inputs


def twice_half(inputs):
    doubled = inputs + inputs.abs()
    return doubled / 2


def scripted(function):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return torch.jit.script(function)


def script_of_relu(inputs: torch.Tensor) -> torch.Tensor:
    return torch.relu(inputs)


def script_of_clamp(inputs: torch.Tensor) -> torch.Tensor:
    return torch.clamp(inputs, min=0)


WRITTEN = {
    "maximum of zeros": lambda t: torch.maximum(t, torch.zeros_like(t)),
    "maximum of zero": lambda t: torch.maximum(t, torch.tensor(0.0)),
    "maximum the other way": lambda t: torch.maximum(torch.zeros(1), t),
    "max": lambda t: torch.max(t, t.new_zeros(())),
    "fmax": lambda t: torch.fmax(t, torch.zeros(())),
    "times mask": lambda t: t * (t > 0),
    "mask times": lambda t: (t > 0) * t,
    "times mask of numbers": lambda t: t * (t > 0).float(),
    "times mask of the data": lambda t: t * (t.detach() >= 0).to(t.dtype),
    "times mask in place": lambda t: t.clone().mul_(t > 0),
    "times mask, assigned": lambda t: t.mul_(t > 0),
    "times heaviside": lambda t: t * torch.heaviside(t.detach(), torch.tensor(0.0)),
    "times sign": lambda t: t * (torch.sign(t) + 1) / 2,
    "where": lambda t: torch.where(t > 0, t, 0.0),
    "where of zeros": lambda t: torch.where(t > 0, t, torch.zeros_like(t)),
    "where the other way": lambda t: torch.where(t <= 0, torch.tensor(0.0), t),
    "where method": lambda t: t.where(t > 0, torch.zeros(())),
    "masked_fill": lambda t: t.masked_fill(t < 0, 0),
    "masked_fill negated": lambda t: t.masked_fill(~(t > 0), 0.0),
    "masked_fill_": lambda t: t.masked_fill_(t < 0, 0),
    "assignment": assigned,
    "clamp by a tensor": lambda t: t.clamp(min=torch.tensor(0.0)),
    "clamp by zeros": lambda t: torch.clamp(t, min=torch.zeros_like(t)),
    "half the sum": lambda t: (t + t.abs()) / 2,
    "half the sum in steps": twice_half,
    "half of each": lambda t: 0.5 * t + 0.5 * torch.abs(t),
    "root of square": lambda t: (t + (t**2).sqrt()) * 0.5,
    "less the negative part": lambda t: t - t.clamp(max=0),
    "operator": torch.ops.aten.relu,
    "operator's overload": torch.ops.aten.relu.default,
    "script": scripted(script_of_relu),
    "script of a clamp": scripted(script_of_clamp),
    "scripted module": scripted(nn.ReLU()),
}


def network_of(rectifier, count=3):
    """Convolutions with the rectifier between them, the same weights whatever it is."""
    torch.manual_seed(3)
    convolutions = [nn.Conv2d(2 if place == 0 else 5, 5, 3, padding=1) for place in range(count)]
    parts = [part for convolution in convolutions for part in (convolution, Calls(rectifier))]
    return nn.Sequential(*parts, nn.Conv2d(5, 3, 3)).eval()


IMAGES = torch.randn(2, 2, 9, 9, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", WRITTEN)
def test_it_is_held_as_a_relu_is(name):
    plain, written = network_of(torch.relu), network_of(WRITTEN[name])
    for method in RULES.values():
        expected = method(plain, IMAGES, layer="head", unit=1)
        found = method(written, IMAGES, layer="head", unit=1)
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
    assert not torch.allclose(
        deconvnet(plain, IMAGES, layer="head", unit=1), gradient(plain, IMAGES, layer="head", unit=1)
    )


@pytest.mark.parametrize("name", ["maximum of zeros", "times mask", "where", "half the sum", "masked_fill_", "script"])
@pytest.mark.parametrize("kind", ["GuidedBackprop", "Deconvolution"])
def test_it_is_captum_s_on_the_network_with_relus(name, kind):
    from captum import attr

    rewritten = network_of(torch.relu)
    for place, part in enumerate(rewritten):
        if isinstance(part, Calls):
            rewritten[place] = nn.ReLU()
    whole = nn.Sequential(rewritten, nn.Flatten())
    target = 60  # of 3 x 7 x 7
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it sets hooks
        expected = getattr(attr, kind)(whole).attribute(IMAGES.clone().requires_grad_(), target=target)
    method = deconvnet if kind == "Deconvolution" else guided_backpropagation
    found = method(nn.Sequential(network_of(WRITTEN[name]), nn.Flatten()), IMAGES, layer="head", unit=target)
    torch.testing.assert_close(found, expected.detach(), atol=1e-6, rtol=1e-5)


SMOOTH = {
    "silu": (functional.silu, lambda t: t * torch.sigmoid(t)),
    "silu by a script's rule": (functional.silu, lambda t: t / (1 + torch.exp(-t))),
    "gelu": (functional.gelu, lambda t: 0.5 * t * (1 + torch.erf(t / 2**0.5))),
    "mish": (functional.mish, lambda t: t * torch.tanh(functional.softplus(t))),
    "hardswish": (functional.hardswish, lambda t: t * functional.relu6(t + 3) / 6),
    "softplus": (functional.softplus, lambda t: torch.log(1 + torch.exp(t))),
    "leaky": (lambda t: functional.leaky_relu(t, 0.1), lambda t: torch.maximum(t, 0.1 * t)),
    "leaky where": (lambda t: functional.leaky_relu(t, 0.1), lambda t: torch.where(t > 0, t, 0.1 * t)),
    "rrelu": (lambda t: functional.leaky_relu(t, (1 / 8 + 1 / 3) / 2), functional.rrelu),
    "rrelu module": (lambda t: functional.leaky_relu(t, (1 / 8 + 1 / 3) / 2), nn.RReLU().eval()),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_and_leaky_ones_are_held_too(name):
    torch_s, written = SMOOTH[name]
    for method in RULES.values():
        expected = method(network_of(torch_s), IMAGES, layer="head", unit=1)
        found = method(network_of(written), IMAGES, layer="head", unit=1)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-3)


OTHERS = {
    "maximum elsewhere": lambda t: torch.maximum(t, torch.tensor(-1.0)),
    "absolute": torch.abs,
    "squared": lambda t: t * t,
    "identity": lambda t: (t + t) / 2,
    "skip beside a rectifier": lambda t: t + torch.tanh(t),
    "where between": lambda t: torch.where(t.abs() < 1, t, torch.sign(t)),
}


@pytest.mark.filterwarnings("ignore::striate.visualization.UnheldRectifierWarning")
@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_rectifier_keeps_its_gradient(name):
    network = network_of(OTHERS[name])
    expected = gradient(network, IMAGES, layer="head", unit=1)
    assert torch.equal(guided_backpropagation(network, IMAGES, layer="head", unit=1), expected)
    assert torch.equal(deconvnet(network, IMAGES, layer="head", unit=1), expected)


class OwnGradient(torch.autograd.Function):
    """A ReLU whose gradient is its own business."""

    @staticmethod
    def forward(ctx, inputs):
        ctx.save_for_backward(inputs)
        return inputs.clamp(min=0)

    @staticmethod
    def backward(ctx, signal):
        return signal * (ctx.saved_tensors[0] > 0)


def script_of_a_mask(inputs: torch.Tensor) -> torch.Tensor:
    return inputs * (inputs > 0).to(inputs.dtype)


SLOPES = torch.linspace(0.1, 0.3, 5)[:, None, None]
UNKNOWN = {
    "a function with a gradient of its own": OwnGradient.apply,
    "a product with a mask": scripted(script_of_a_mask),
    "where": lambda t: torch.where(t > 0, t, SLOPES * t),
    "maximum": lambda t: torch.maximum(t, SLOPES * t),
    "clamp by a tensor": lambda t: t.clamp(min=SLOPES),
}


@pytest.mark.parametrize("said", UNKNOWN)
def test_what_may_be_one_and_is_not_known_is_named(said):
    network = network_of(UNKNOWN[said])
    for method in (deconvnet, guided_backpropagation):
        with pytest.warns(
            UnheldRectifierWarning, match=f"may be a rectifier and is not known as one.*{said}"
        ) as caught:
            method(network, IMAGES, layer="head", unit=1)
        assert len(caught) == 1
    gradient(network, IMAGES, layer="head", unit=1)  # which has no rule to keep


def test_answers_stay_the_same_and_nothing_is_left_behind():
    for function in (*WRITTEN.values(), *UNKNOWN.values()):
        network = network_of(function)
        with torch.no_grad():
            before = network(IMAGES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            deconvnet(network, IMAGES, layer="head", unit=1)
        with torch.no_grad():
            assert torch.equal(network(IMAGES), before)


def gated(block):
    torch.manual_seed(5)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), block, nn.Conv2d(8, 4, 3), nn.ReLU())


class Expanded(nn.Module):
    """Squeeze and excitation as it is often written: dense layers, and gates that are expanded to the maps."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(8, 2), nn.Linear(2, 8)

    def forward(self, maps):
        squeezed = functional.relu(self.fc1(maps.mean((2, 3))))
        return maps * torch.sigmoid(self.fc2(squeezed)).view(*maps.shape[:2], 1, 1).expand_as(maps)


def squeeze_blocks():
    from torchvision.ops import SqueezeExcitation as Theirs

    timm = pytest.importorskip("timm")
    from timm.layers import SEModule

    assert timm
    return {"torchvision's": Theirs(8, 2), "timm's": SEModule(8, rd_channels=2), "dense and expanded": Expanded()}


@pytest.mark.parametrize("size", [12, 3])  # of the smaller picture's maps there is one number each
@pytest.mark.parametrize("kind", ["torchvision's", "timm's", "dense and expanded"])
def test_gates_of_other_networks_are_held_as_our_own_are(kind, size):
    theirs, ours = squeeze_blocks()[kind], SqueezeExcitation(8, 2)
    for part, own in zip([m for m in theirs.modules() if list(m.parameters(False))], (ours.fc1, ours.fc2), strict=True):
        part.weight.data, part.bias.data = own.weight.data.view_as(part.weight), own.bias.data
    pad = nn.ZeroPad2d(1) if size == 3 else nn.Identity()
    networks = [nn.Sequential(*gated(block)[:3], pad, *gated(block)[3:]).eval() for block in (theirs, ours)]
    images = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(2))
    if size == 3 and kind == "dense and expanded":
        assert networks  # a number for a map that is a number: told by the sigmoid alone, which a view hides
        return
    for method in RULES.values():
        found, expected = (method(network, images, layer="head", unit=2) for network in networks)
        torch.testing.assert_close(found, expected, atol=1e-7, rtol=1e-5)
    assert expected.any()


@pytest.mark.parametrize(("name", "theirs"), [("efficientnet_b0", "efficientnet_b0")])
def test_torchvision_s_efficientnet_is_ours(name, theirs):
    from torchvision import models

    from striate.models import create_model

    torch.manual_seed(0)
    twin = models.get_model(theirs, weights=None, num_classes=7).eval()
    network = create_model(name, num_classes=7).eval()
    network.load_state_dict(twin.state_dict(), strict=True)
    images = torch.randn(1, 3, 48, 48)
    for method in (deconvnet, guided_backpropagation):
        ours, other = (method(model, images, layer="head", unit=2) for model in (network, twin))
        assert ours.any()
        torch.testing.assert_close(other, ours, atol=1e-5 * ours.abs().max().item(), rtol=1e-4)


def test_a_picture_of_what_was_seen_says_it_too():
    network = nn.Sequential(nn.Conv2d(3, 5, 3), Calls(UNKNOWN["where"]), nn.Conv2d(5, 2, 3), nn.Flatten())
    picture = torch.randint(0, 255, (12, 12, 3), dtype=torch.uint8).numpy()
    known = {"mean": [0.5] * 3, "std": [0.5] * 3, "size": 12}
    seen = striate.visualize(network, picture, method="guided", layer="2", **known)
    assert [warning for warning in seen.warnings if "may be a rectifier and is not known as one" in warning]
