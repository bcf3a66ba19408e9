import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.errors import UsageError
from striate.initialization import Scheme, initialize
from striate.inspection import network_signal
from striate.inspection.signal import LEARNING_RATE
from striate.inspection.signal_recorder import dead_share, moments
from striate.models import VGG, create_model
from striate.models.vgg import TABLE_1, VGGConfig


def batch(count=8, channels=3, side=32, classes=4):
    """Pictures that differ in colour and at low frequencies, as photographs do."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(count, channels, 4, 4, generator=generator)
    images = functional.interpolate(coarse, size=(side, side), mode="bilinear")
    return images + 0.1 * torch.randn(images.shape, generator=generator), torch.arange(count) % classes


def deep(gain, depth=19):
    """VGG-19's layers, narrow, drawn by He's rule times `gain`."""
    column = {19: "E", 11: "A"}[depth]
    network = VGG(
        VGGConfig(kernels=TABLE_1[column], widths=(8, 8, 16, 32, 32), dense_width=64), num_classes=4, in_channels=3
    )
    initialize(network, Scheme("normal", gain=gain * 2**0.5), seed=0)
    return network


def layer_named(signal, name):
    return next(layer for layer in signal.layers if layer.name == name)


def test_figures_by_hand():
    """Two pictures of two numbers through a dense layer, a ReLU and a dense layer."""
    network = nn.Sequential(nn.Linear(2, 3, bias=False), nn.ReLU(), nn.Linear(3, 2, bias=False))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
        network[2].weight.copy_(torch.tensor([[1.0, 0.0, 5.0], [0.0, 1.0, 5.0]]))
    images, labels = torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([0, 1])
    signal = network_signal(network, images, labels, scheme="mine")
    hidden = [2, 0, -2, 0, 4, -4]
    first, relu, last = signal.layers
    assert [layer.name for layer in signal.layers] == ["0", "1", "2"]
    assert (first.mean, first.variance) == pytest.approx((0, sum(x * x for x in hidden) / 6))
    assert relu.dead == pytest.approx(1 / 3) and first.dead is None and relu.is_activation
    # Logits (2, 0) and (0, 4); less their means over the pictures (1, -2) and (-1, 2).
    wrong = 1 / (1 + math.exp(3))
    assert signal.loss == pytest.approx(math.log(1 + math.exp(-3)), rel=1e-5)
    assert signal.spread == pytest.approx(math.sqrt((1 + 4 + 1 + 4) / 4))
    # The mean is subtracted, so a logit's gradient is that of the centred logits less its mean over the pictures.
    by_logits = torch.tensor([[-wrong, wrong], [wrong, -wrong]]) / 2
    assert last.gradient_variance == pytest.approx(float(by_logits.square().mean()), rel=1e-5)
    by_last = by_logits.T @ torch.tensor([[2.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    assert last.pull == pytest.approx(float((by_last.norm() / network[2].weight.norm()).detach()), rel=1e-5)
    by_hidden = (by_logits @ network[2].weight.detach()) * torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert first.gradient_mean == pytest.approx(float(by_hidden.mean()), rel=1e-5)
    by_first = by_hidden.T @ images
    assert first.pull == pytest.approx(float((by_first.norm() / network[0].weight.norm()).detach()), rel=1e-5)
    assert signal.rate == pytest.approx(signal.loss / float(by_first.square().sum() + by_last.square().sum()), rel=1e-5)
    assert signal.plateau == pytest.approx(2 / (LEARNING_RATE * (first.pull + last.pull)))


def test_the_gradient_is_torch_s_own():
    network = create_model("lenet5_relu", seed=0)
    images, labels = batch(6, 1, 32, 10)
    signal = network_signal(network, images, labels)
    logits = network(images)
    functional.cross_entropy(logits - logits.mean(0), labels).backward()
    pulls = [
        float(parameter.grad.norm() / parameter.detach().norm())
        for parameter in network.parameters()
        if parameter.ndim > 1
    ]
    assert [layer.pull for layer in signal.weighted] == pytest.approx(pulls, rel=1e-4)


def test_layers_and_activations_are_met_in_order():
    signal = network_signal(create_model("lenet5", seed=0), *batch(4, 1, 32))
    assert [(layer.name, layer.kind) for layer in signal.layers][:6] == [
        ("c1.convolution", "Conv2d"),
        ("c1.squash", "ScaledTanh"),
        ("s2.subsampling", "Subsampling"),
        ("s2.squash", "ScaledTanh"),
        ("c3.convolution", "PartialConv2d"),
        ("c3.squash", "ScaledTanh"),
    ]
    assert signal.layers[-1].kind == "EuclideanRBF" and signal.layers[-1].pull is None
    assert layer_named(signal, "s2.subsampling").shape == (6, 14, 14)
    assert layer_named(signal, "s2.subsampling").pull is None  # coefficients are no kernels


class OfFunctions(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.matrix = nn.Parameter(torch.randn(3, 4))

    def forward(self, images):
        maps = functional.relu(self.norm(self.convolution(images)))
        maps = torch.relu_(functional.conv2d(maps, torch.ones(4, 4, 1, 1)))
        return functional.linear(maps.mean((2, 3)), self.matrix)


def test_functions_outside_modules_are_met():
    signal = network_signal(OfFunctions(), *batch(4, 1, 8, 3))
    assert [(layer.name, layer.is_activation) for layer in signal.layers] == [
        ("convolution", False),
        ("relu", True),
        ("conv2d", False),
        ("relu #2", True),
        ("linear", False),
    ]
    assert [layer.dead is not None for layer in signal.layers] == [False, True, False, True, False]
    assert layer_named(signal, "convolution").normalized
    assert not layer_named(signal, "linear").normalized


class OfFunctionsAlone(nn.Module):
    def __init__(self, call):
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(3, 16))
        self.call = call

    def forward(self, images):
        return self.call(images.flatten(1), self.matrix)


def test_weights_of_no_module_pull_too():
    signal = network_signal(OfFunctionsAlone(functional.linear), *batch(4, 1, 4, 3))
    assert signal.layers[0].pull is None and 0 < signal.plateau < 1000
    with pytest.raises(UsageError) as error:
        network_signal(OfFunctionsAlone(lambda images, matrix: images @ matrix.T), *batch(4, 1, 4, 3))
    assert str(error.value) == "OfFunctionsAlone calls no layer and no activation function that is known here"


def test_a_module_that_changes_its_input_in_place():
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(inplace=True), nn.Linear(8, 2))
    other = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 2))
    other.load_state_dict(network.state_dict())
    signals = [network_signal(one, *batch(4, 1, 4, 2)) for one in (network, other)]
    assert signals[0] == signals[1]
    assert signals[0].layers[0].mean < signals[0].layers[1].mean


def test_dead_units():
    maps = torch.zeros(2, 4, 3, 3)
    maps[0, 1, 2, 2], maps[1, 2, 0, 0] = 1, 1
    assert dead_share(maps) == 0.5
    assert dead_share(torch.zeros(3)) is None


def test_moments_of_what_single_precision_cannot_square():
    values = torch.tensor([1.0, 3.0])
    for scale in (1.0, 1e-30, 1e30):
        mean, variance = moments(values * scale)
        assert mean == pytest.approx(2 * scale, rel=1e-6) and variance == pytest.approx(scale**2, rel=1e-6)
    assert moments(torch.zeros(3)) == (0, 0)
    assert all(math.isnan(value) for value in moments(torch.tensor([1.0, math.inf])))
    assert moments(torch.tensor([1.0, 3.0], dtype=torch.bfloat16)) == pytest.approx((2, 1))


def state_of(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def hooks_of(network):
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules())


@pytest.mark.parametrize("raises", [False, True])
def test_the_network_is_left_as_it_was(raises):
    network = create_model("mobilenet_v2_x0_35_tf", num_classes=4, seed=0)
    network.features[3].eval()
    before, modes = state_of(network), [module.training for module in network.modules()]
    generator = torch.random.get_rng_state()
    images, labels = batch(4)
    if raises:
        with pytest.raises(UsageError):
            network_signal(network, images, labels + 10)
    else:
        network_signal(network, images, labels)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert [module.training for module in network.modules()] == modes
    assert all(parameter.grad is None for parameter in network.parameters())
    assert hooks_of(network) == 0
    assert torch.equal(torch.random.get_rng_state(), generator)


def test_auxiliary_heads_are_met():
    signal = network_signal(create_model("googlenet_bn", num_classes=4, seed=0), *batch(4))
    assert layer_named(signal, "aux1.fc1").pull > 0
    assert layer_named(signal, "aux1.fc2").gradient_variance > 0


@pytest.mark.parametrize(
    ("gain", "outcome", "words"),
    [
        (1.0, "trains", "will train: from features.0 to classifier.6 the variance goes from "),
        (0.7, "slow", "will start slowly: from features.0 to classifier.6 the variance goes from "),
        (0.35, "fails", "will not train: from features.0 to classifier.6 the variance goes from "),
        (1.7, "slow", "needs an unusually small learning rate: from features.0 to classifier.6"),
        (6.0, "fails", "will not train: from features.0 to classifier.6 the variance goes from "),
    ],
)
def test_the_verdict_on_a_deep_plain_network(gain, outcome, words):
    signal = network_signal(deep(gain), *batch(8))
    assert (signal.outcome, signal.verdict[: len(words)]) == (outcome, words)


def test_batch_norm_trains_from_any_scheme():
    network = create_model("plain20", num_classes=4, seed=0)
    for scheme in ("paper", "he_normal", "lecun_uniform:gain=0.1", "xavier_uniform:gain=5"):
        initialize(network, scheme, seed=0)
        signal = network_signal(network, *batch(8))
        assert signal.outcome == "trains", scheme
        assert all(layer.normalized for layer in signal.weighted[:-1])


def stacked(activation, depth, gain):
    layers = [nn.Flatten()]
    for place in range(depth):
        layers += [nn.Linear(64 if place else 3 * 64, 64), activation()]
    network = nn.Sequential(*layers, nn.Linear(64, 4))
    initialize(network, Scheme("normal", gain=gain), seed=0)
    return network


@pytest.mark.parametrize(
    ("activation", "depth", "gain", "outcome"),
    [
        (nn.Sigmoid, 2, 1, "trains"),
        (nn.Sigmoid, 10, 1, "fails"),
        (nn.Tanh, 10, 1, "trains"),
        (nn.Tanh, 10, 0.1, "fails"),
    ],
)
def test_other_activation_functions(activation, depth, gain, outcome):
    assert network_signal(stacked(activation, depth, gain), *batch(8, 3, 8)).outcome == outcome


def falls(network, images, labels, *, rate, steps):
    """Loss before and after training on a batch, by plain gradient descent, without dropout."""
    network.eval()
    losses = []
    for _ in range(steps + 1):
        loss = functional.cross_entropy(network(images), labels)
        losses.append(loss.item())
        network.zero_grad(set_to_none=False)
        loss.backward()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter -= rate * parameter.grad
    return losses[0], losses[-1]


def test_what_is_said_comes_true_for_a_narrow_network():
    images, labels = batch(8)
    signal = network_signal(deep(1.0), images, labels)
    assert signal.outcome == "trains"
    before, after = falls(deep(1.0), images, labels, rate=signal.rate / 100, steps=60)
    assert after < 0.5 * before
    assert network_signal(deep(0.35), images, labels).outcome == "fails"
    for rate in (0.05, 1.0):
        before, after = falls(deep(0.35), images, labels, rate=rate, steps=40)
        assert after == pytest.approx(before, abs=1e-4) == pytest.approx(math.log(4), abs=1e-4)


@pytest.mark.slow
def test_what_is_said_comes_true_for_vgg19():
    """Plain VGG-19, at its smallest input: He's rule trains, LeCun's uniform one with a small gain does not."""
    images, labels = batch(20, classes=10)
    network = create_model("vgg19", num_classes=10, init="he_normal", seed=0)
    signal = network_signal(network, images, labels, scheme="he_normal")
    assert signal.outcome == "trains" and signal.verdict.startswith("will train: ")
    before, after = falls(network, images, labels, rate=signal.rate / 20, steps=10)
    assert after < 0.8 * before
    initialize(network, "lecun_uniform:gain=0.5", seed=0)
    signal = network_signal(network, images, labels, scheme="lecun_uniform:gain=0.5")
    assert signal.outcome == "fails" and signal.verdict.startswith("will not train: ")
    before, after = falls(network, images, labels, rate=0.1, steps=6)
    assert after == pytest.approx(before, abs=1e-3) == pytest.approx(math.log(10), abs=1e-3)


def test_dead_classes_are_said():
    network = create_model("allcnn_c", num_classes=8, init="he_normal", seed=0)
    signal = network_signal(network, *batch(8, classes=8))
    dead = signal.layers[-1].dead
    if dead:
        assert f"{dead:.0%} of output.relu is dead, and the classes" in signal.verdict
    with torch.no_grad():
        network.output.convolution.bias[:2] = -100
    signal = network_signal(network, *batch(8, classes=8))
    assert signal.layers[-1].dead >= 0.25
    assert f"but {signal.layers[-1].dead:.0%} of output.relu is dead" in signal.verdict


def test_a_network_of_the_dead():
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 2))
    with torch.no_grad():
        network[1].bias.fill_(-100)
    signal = network_signal(network, *batch(4, 1, 4, 2))
    assert signal.outcome == "fails" and signal.plateau == signal.rate == math.inf
    assert signal.verdict == "will not train: every unit of 2 is dead, and no gradient reaches the weights"
    assert signal.to_dict()["plateau"] is None


def test_a_network_that_overflows():
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Linear(8, 2))
    with torch.no_grad():
        network[1].weight.fill_(3e38)
    signal = network_signal(network, *batch(4, 1, 4, 2))
    assert signal.outcome == "fails"
    assert signal.verdict == "will not train: the signal grows beyond all numbers, at 1"


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(16, 2)

    def forward(self, images):
        return self.dense(images.flatten(1)), None


@pytest.mark.parametrize(
    ("network", "images", "labels", "message"),
    [
        (
            nn.Linear(4, 2),
            torch.zeros(1, 4),
            torch.zeros(1, dtype=torch.int64),
            "a signal is measured on two pictures or more, (N, C, H, W), and a label for each, (N,), got (1, 4) and (1,)",
        ),
        (
            nn.Linear(4, 2),
            torch.zeros(3, 4),
            torch.tensor([0, 1, 2]),
            "labels must be from 0 to 1, because the network has 2 classes, got 0 to 2",
        ),
        (
            Pair(),
            torch.zeros(2, 1, 4, 4),
            torch.tensor([0, 1]),
            "Pair must answer logits (N, classes) for pictures, got tuple",
        ),
        (
            nn.Conv2d(1, 2, 3),
            torch.zeros(2, 1, 4, 4),
            torch.tensor([0, 1]),
            "Conv2d must answer logits (N, classes) for pictures, got (2, 2, 2, 2)",
        ),
        (
            nn.Linear(4, 2).requires_grad_(False),
            torch.zeros(2, 4),
            torch.tensor([0, 1]),
            "Linear has no trainable weights, so there is no gradient to measure",
        ),
    ],
)
def test_wrong_usage(network, images, labels, message):
    with pytest.raises(UsageError) as error:
        network_signal(network, images, labels)
    assert str(error.value) == message
