import copy
import math

import pytest
import torch
from torch import nn

from striate.errors import UnknownNameError, UsageError
from striate.initialization import (
    SCHEMES,
    Scheme,
    StatesFans,
    drafting,
    draw_layer,
    draw_layers,
    initialize,
    seeded,
)
from striate.models import create_model, list_models
from striate.models.catalog import FAMILIES
from striate.nn import EuclideanRBF, PartialConv2d, Subsampling

KINDS = {  # a layer, its fan-in and its fan-out
    "dense": (lambda: nn.Linear(90, 200), 90, 200),
    "1-d": (lambda: nn.Conv1d(40, 60, 5), 200, 300),
    "2-d": (lambda: nn.Conv2d(20, 40, 3, stride=2), 180, 360),
    "not square": (lambda: nn.Conv2d(20, 40, (1, 7)), 140, 280),
    "3-d": (lambda: nn.Conv3d(10, 20, 3), 270, 540),
    "grouped": (lambda: nn.Conv2d(40, 80, 3, groups=4), 90, 180),
    "depthwise": (lambda: nn.Conv2d(600, 600, 3, groups=600), 9, 9),
    "depthwise, with a multiplier": (lambda: nn.Conv2d(300, 600, 3, groups=300, bias=False), 9, 18),
    "transposed": (lambda: nn.ConvTranspose2d(20, 40, 3), 180, 360),
    "transposed and grouped": (lambda: nn.ConvTranspose2d(40, 80, 3, groups=4), 90, 180),
}


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_layer_has_the_formula_s_variance(kind, name):
    build, fan_in, fan_out = KINDS[kind]
    layer = build()
    initialize(layer, name, seed=2)
    assert layer.weight.var().item() == pytest.approx(SCHEMES[name].deviation(fan_in, fan_out) ** 2, rel=0.06)
    assert layer.weight.mean().item() == pytest.approx(
        0, abs=4 * layer.weight.std().item() / layer.weight.numel() ** 0.5
    )
    assert layer.bias is None or not layer.bias.any()


def test_without_groups_a_layer_is_what_torch_draws():
    layer = nn.Conv2d(3, 8, 3)
    initialize(layer, "he_uniform", seed=5)
    with seeded(5):
        assert torch.equal(nn.init.kaiming_uniform_(torch.empty(8, 3, 3, 3), nonlinearity="relu"), layer.weight)


def test_each_kernel_of_a_partial_convolution_has_its_own_fans():
    connections = [(0, 1, 2, 3), (0,), (0, 1)]  # map 0 is seen by all three
    layer = PartialConv2d(4, connections, 3)
    assert isinstance(layer, StatesFans)
    fans = [(fan_in, fan_out) for _, fan_in, fan_out in layer.weight_fans()]
    assert fans == [(36, 27), (36, 18), (36, 9), (36, 9), (9, 27), (18, 27), (18, 18)]
    wide = PartialConv2d(400, [tuple(range(400)), (0,)] * 50, 3)
    initialize(wide, "lecun_normal", seed=0)
    assert wide.weight[:400].var().item() == pytest.approx(1 / 3600, rel=0.1)
    ones = wide.weight[[*range(400, len(wide.weight), 401)]]
    assert ones.var().item() == pytest.approx(1 / 9, rel=0.15)
    assert not wide.bias.any()


def test_other_layers_are_as_new():
    norm, subsampling = nn.BatchNorm2d(3), Subsampling(4)
    prelu, rbf = nn.PReLU(), EuclideanRBF(torch.ones(2, 3))
    network = nn.Sequential(nn.Conv2d(3, 4, 1), norm, subsampling, prelu, nn.GroupNorm(2, 4), rbf, nn.Dropout())
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(7)
        norm.running_mean.fill_(7)
    initialize(network, "he_normal", seed=0)
    assert norm.weight.tolist() == [1, 1, 1] and norm.bias.tolist() == norm.running_mean.tolist() == [0, 0, 0]
    assert subsampling.coefficient.tolist() == [0.25] * 4 and not subsampling.bias.any()
    assert prelu.weight.item() == 0.25
    assert network[4].weight.tolist() == [1] * 4 and network[4].bias.tolist() == [0] * 4
    assert torch.equal(rbf.prototypes, torch.ones(2, 3))


def test_the_same_seed_draws_the_same_and_leaves_the_generator_alone():
    network, other = nn.Linear(3, 4), nn.Linear(3, 4)
    before = torch.random.get_rng_state()
    initialize(network, "xavier_uniform", seed=1)
    initialize(other, "xavier_uniform", seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(network.weight, other.weight)
    initialize(other, "xavier_uniform", seed=2)
    assert not torch.equal(network.weight, other.weight)
    initialize(other, "xavier_uniform")
    assert not torch.equal(torch.random.get_rng_state(), before)


def test_draws_do_not_depend_on_the_memory_format_or_what_is_frozen():
    plain = nn.Conv2d(3, 8, 3)
    other = copy.deepcopy(plain).to(memory_format=torch.channels_last).requires_grad_(False)
    for layer in (plain, other):
        initialize(layer, "he_normal", seed=0)
    assert torch.equal(plain.weight, other.weight)
    assert other.weight.is_contiguous(memory_format=torch.channels_last) and not other.weight.requires_grad


def test_other_precisions_are_rounded():
    single, half = nn.Linear(8, 8), nn.Linear(8, 8).bfloat16()
    for layer in (single, half):
        initialize(layer, "he_normal", seed=0)
    assert torch.equal(single.weight.bfloat16(), half.weight)


def test_a_network_without_values_stays_one():
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)).to("meta")
    initialize(network, "he_normal", seed=0)
    assert network[0].weight.is_meta


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))


class Halves(nn.Module):
    """Two matrices side by side, with fans of their own."""

    def __init__(self):
        super().__init__()
        self.matrix = nn.Parameter(torch.zeros(100, 104))

    def weight_fans(self):
        yield self.matrix[:, :4], 4, 100
        yield self.matrix[:, 4:], 100, 100


def test_a_layer_of_one_s_own_states_its_fans():
    layer = Halves()
    initialize(layer, "lecun_normal", seed=0)
    assert layer.matrix[:, :4].std().item() == pytest.approx(0.5, rel=0.1)
    assert layer.matrix[:, 4:].std().item() == pytest.approx(0.1, rel=0.1)


def test_a_layer_nobody_knows_is_refused_before_anything_is_drawn():
    network = nn.Sequential(nn.Linear(2, 2), Scale())
    before = network[0].weight.clone()
    with pytest.raises(UsageError) as error:
        initialize(network, "he_normal")
    assert str(error.value) == (
        "nobody says how 1 (Scale) is initialised, which has scale; give its class a method weight_fans() "
        "(see striate.initialization.StatesFans) or reset_parameters()"
    )
    assert torch.equal(network[0].weight, before)


def test_weights_made_of_other_parameters_are_refused():
    layer = torch.nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    with pytest.raises(UsageError) as error:
        initialize(nn.Sequential(layer), "he_normal")
    assert str(error.value) == (
        "the weight of 0 (ParametrizedLinear) is made of other parameters, as weight norm and pruning do; "
        "initialise the network before that"
    )


def test_layers_without_a_shape_are_refused():
    with pytest.raises(UsageError, match=r"LazyLinear has no shape yet; run the network once before it is initialised"):
        initialize(nn.LazyLinear(3), "he_normal")


def test_unknown_schemes_are_refused():
    with pytest.raises(UnknownNameError, match="unknown initialisation 'he'"):
        initialize(nn.Linear(2, 2), "he")


def test_draw_layer_and_draw_layers():
    convolution, dense = nn.Conv2d(4, 4, 1, groups=4), nn.Linear(100, 100, bias=False)
    draw_layer(convolution, Scheme("uniform"), bias=3.0)
    assert convolution.bias.tolist() == [3.0] * 4 and convolution.weight.abs().max() <= math.sqrt(3)
    draw_layers([nn.ReLU(), convolution, dense], SCHEMES["lecun_normal"])
    assert not convolution.bias.any()
    assert dense.weight.std().item() == pytest.approx(0.1, rel=0.05)


# The catalogue


CHEAP = ("lenet5", "lenet5_relu", "nin_cifar10", "allcnn_c", "resnet20", "mobilenet_v1_x0_25", "mobilenet_v2_x0_35_tf")
ROWS = [pytest.param(name, marks=() if name in CHEAP else pytest.mark.exhaustive) for name in list_models()]

FIRST = [next(iter(variants)) for _, variants in FAMILIES]
FAMILIES_ROWS = [
    pytest.param(name, marks=() if name in (*FIRST, *CHEAP) else pytest.mark.exhaustive) for name in list_models()
]


def state_of(network):
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


@pytest.mark.parametrize("name", ROWS)
def test_the_paper_s_rules_draw_what_the_constructor_draws(name):
    new = create_model(name, num_classes=7, in_channels=2, seed=3)
    network = create_model(name, num_classes=7, in_channels=2, seed=4)
    with torch.no_grad():
        for tensor in state_of(network).values():
            tensor.add_(1)
    initialize(network, "paper", seed=3)
    assert all(torch.equal(tensor, state_of(network)[path]) for path, tensor in state_of(new).items())


@pytest.mark.parametrize("name", ROWS)
def test_every_weight_of_a_row_has_the_formula_s_variance(name):
    network = create_model(name, seed=0, init="xavier_uniform")
    for path, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan_in = module.weight[0].numel()
            fan_out = module.weight.numel() // module.weight.shape[1] // getattr(module, "groups", 1)
            bound = math.sqrt(6 / (fan_in + fan_out))
            assert module.weight.abs().max().item() <= bound * (1 + 1e-6), path
            spread = max(0.02, 4 / module.weight.numel() ** 0.5)
            assert module.weight.var().item() == pytest.approx(bound**2 / 3, rel=spread), path
            assert module.bias is None or not module.bias.any(), path
        elif isinstance(module, nn.BatchNorm2d):
            assert (module.weight == 1).all() and not module.bias.any()


@pytest.mark.parametrize("name", FAMILIES_ROWS)
def test_every_row_says_how_it_is_initialised(name):
    with drafting():
        network = create_model(name)
    for scheme in SCHEMES:
        initialize(network, scheme)


def test_auxiliary_heads_are_drawn_too():
    network = create_model("googlenet_bn", num_classes=3, seed=0)
    before = network.aux1.fc2.weight.clone()
    initialize(network, "he_normal", seed=0)
    assert not torch.equal(network.aux1.fc2.weight, before)
    assert network.aux2.fc1.weight.var().item() == pytest.approx(2 / 2048, rel=0.05)


def test_a_new_head_keeps_the_paper_s_rules_working():
    network = create_model("resnet20", seed=0)
    network.replace_head(3, seed=1)
    initialize(network, "paper", seed=2)
    assert torch.equal(network.fc.weight, create_model("resnet20", num_classes=3, seed=2).fc.weight)


def test_networks_without_rules_of_their_own():
    with pytest.raises(UsageError) as error:
        initialize(nn.Sequential(nn.Linear(2, 2)), "paper")
    assert str(error.value) == (
        "Sequential has no rules of its own for its weights, which 'paper' stands for; "
        "name a scheme such as 'he_normal', or give it a method reset_parameters()"
    )


def test_a_network_with_other_layers_is_refused():
    network = create_model("resnet20", seed=0)
    network.fc = nn.Sequential(nn.Linear(64, 8), nn.Linear(8, 10))
    with pytest.raises(UsageError) as error:
        initialize(network, "paper")
    assert str(error.value) == (
        "ResNet has layers that its paper's rules say nothing of; "
        "name a scheme such as 'he_normal', or create the network anew"
    )


def test_the_rows_draw_what_they_always_drew():
    """Sums of what seed 3 draws, so that nothing changes them unawares."""
    sums = {
        name: sum(parameter.double().sum().item() for parameter in create_model(name, seed=3).parameters())
        for name in ("lenet5", "resnet20", "mobilenet_v1_x0_25")
    }
    assert sums == pytest.approx(
        {"lenet5": -1.6233857328942918, "resnet20": 616.7779507927899, "mobilenet_v1_x0_25": 2648.6074884077216}
    )
