import dataclasses
import math

import pytest
import torch
from torch import nn

from striate.errors import UsageError
from striate.initialization import drafting
from striate.models import create_model, model_row
from striate.models.vgg import TABLE_1, VARIANTS, VGG
from striate.nn import LocalResponseNormalization

# The letters of Table 1, and the depth that it names: layers with weights.
LETTERS = {"vgg11": "A", "vgg11_lrn": "A", "vgg13": "B", "vgg16_c": "C", "vgg16": "D", "vgg19": "E"}
LETTERS |= {"vgg11_bn": "A", "vgg13_bn": "B", "vgg16_bn": "D", "vgg19_bn": "E"}
DEPTHS = {"A": 11, "B": 13, "C": 16, "D": 16, "E": 19}
WIDTHS = (4, 6, 8, 8, 8)  # of a narrow network of the same layers
DENSE = 16


def narrow(name, *, num_classes=5, in_channels=3, seed=0):
    config = dataclasses.replace(VARIANTS[name], widths=WIDTHS, dense_width=DENSE)
    torch.manual_seed(seed)
    return VGG(config, num_classes=num_classes, in_channels=in_channels)


def on_meta(name):
    with drafting():
        return create_model(name).eval()


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("name", VARIANTS)
def test_depth(name):
    weighted = [module for module in on_meta(name).modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert len(weighted) == DEPTHS[LETTERS[name]]
    assert VARIANTS[name].kernels == TABLE_1[LETTERS[name]]


# What each layer of Table 1 has, by arithmetic: (kernel² * maps in + 1) * maps out.
@pytest.mark.parametrize(
    ("name", "convolutions"),
    [
        ("vgg11", [1792, 73856, 295168, 590080, 1180160, 2359808, 2359808, 2359808]),
        ("vgg13", [1792, 36928, 73856, 147584, 295168, 590080, 1180160, 2359808, 2359808, 2359808]),
        (
            "vgg16_c",
            [1792, 36928, 73856, 147584, 295168, 590080, 65792, 1180160, 2359808, 262656, 2359808, 2359808, 262656],
        ),
        (
            "vgg16",
            [1792, 36928, 73856, 147584, 295168, 590080, 590080, 1180160, *[2359808] * 5],
        ),
    ],
)
def test_parameters_of_each_layer(name, convolutions):
    layers = [module for module in on_meta(name).modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert [size(layer) for layer in layers] == [*convolutions, 102_764_544, 16_781_312, 4_097_000]


@pytest.mark.parametrize("name", VARIANTS)
def test_each_convolution_keeps_the_size_and_has_its_relu(name):
    layers = list(narrow(name).features)
    for place, layer in enumerate(layers):
        if isinstance(layer, nn.Conv2d):
            assert layer.padding == (layer.kernel_size[0] // 2,) * 2
            followers = layers[place + 1 : place + 3]
            assert isinstance(followers[1 if name.endswith("_bn") else 0], nn.ReLU)
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in layers) == 5


def test_c_has_1x1_convolutions_and_nothing_else_has():
    for name in VARIANTS:
        kernels = [module.kernel_size for module in narrow(name).modules() if isinstance(module, nn.Conv2d)]
        assert kernels.count((1, 1)) == (3 if name == "vgg16_c" else 0)
        assert set(kernels) <= {(1, 1), (3, 3)}


def test_response_normalisation_in_a_lrn_alone():
    for name in VARIANTS:
        places = [
            place for place, layer in enumerate(narrow(name).features) if isinstance(layer, LocalResponseNormalization)
        ]
        assert places == ([2] if name == "vgg11_lrn" else [])
    layer = narrow("vgg11_lrn").features[2]
    assert (layer.size, layer.alpha, layer.beta, layer.k) == (5, 1e-4, 0.75, 2.0)
    assert not layer.alpha_divided_by_size


@pytest.mark.parametrize("name", VARIANTS)
def test_forward_is_its_parts(name):
    network = narrow(name).eval()
    images = torch.randn(2, 3, 64, 64)
    logits, vectors = network(images), network.features(images)
    assert logits.shape == (2, 5)
    assert vectors.shape == (2, network.feature_width) == (2, DENSE)
    assert (vectors >= 0).all()
    assert torch.equal(network.head(vectors), logits)
    assert torch.equal(network.forward_head(network.forward_features(images)), logits)
    assert network.forward_features(images).shape == (2, WIDTHS[-1], 2, 2)


@pytest.mark.parametrize("name", VARIANTS)
def test_gradient_reaches_every_parameter(name):
    network = narrow(name, seed=1).train()
    logits = network(torch.randn(8, 3, 64, 64))
    (logits * torch.randn_like(logits)).sum().backward()
    assert [path for path, parameter in network.named_parameters() if not parameter.grad.any()] == []


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (97, 64), (224, 224)])
@pytest.mark.parametrize("in_channels", [1, 4])
def test_sizes_and_channels(size, in_channels):
    network = narrow("vgg11", in_channels=in_channels).eval()
    assert network(torch.randn(1, in_channels, *size)).shape == (1, 5)


def test_too_small():
    with pytest.raises(UsageError) as error:
        narrow("vgg11")(torch.zeros(1, 3, 32, 31))
    assert str(error.value) == (
        "VGG takes a float tensor of shape (N, 3, height, width) with pictures of at least 32 x 32 pixels, "
        "got 32 x 31 pixels; enlarge them"
    )


def test_at_the_paper_s_size_the_averaging_changes_nothing():
    network = narrow("vgg11").eval()
    maps = network.forward_features(torch.randn(1, 3, 224, 224))
    assert maps.shape[2:] == (7, 7)
    assert torch.equal(network.avgpool(maps), maps)


def test_replace_head():
    network = narrow("vgg16").eval()
    images = torch.randn(2, 3, 32, 32)
    before = network.features(images)
    network.replace_head(7, seed=0)
    assert network(images).shape == (2, 7)
    assert torch.equal(network.features(images), before)
    assert network.head is network.classifier[6]


def test_dropout_behind_both_hidden_layers():
    network = narrow("vgg11").train()
    kinds = [type(layer).__name__ for layer in network.classifier]
    assert kinds == ["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    assert [layer.p for layer in network.classifier if isinstance(layer, nn.Dropout)] == [0.5, 0.5]
    images = torch.randn(2, 3, 32, 32)
    assert not torch.equal(network(images), network(images))


def test_initialisation_of_the_paper_s_rows():
    network = narrow("vgg16")
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            area = math.prod(module.kernel_size) if isinstance(module, nn.Conv2d) else 1
            bound = math.sqrt(6 / (area * sum(module.weight.shape[:2])))
            assert 0.8 * bound < module.weight.abs().max().item() <= bound
            assert not module.bias.any()


def test_initialisation_of_the_rows_with_batch_norm():
    network = narrow("vgg16_bn")
    convolution = network.features[40]
    assert isinstance(convolution, nn.Conv2d)
    assert convolution.weight.std().item() == pytest.approx(math.sqrt(2 / (9 * 8)), rel=0.1)
    assert network.classifier[0].weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert not network.head.bias.any()


@pytest.mark.parametrize("name", ["vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"])
def test_torchvision_s_names_and_shapes(name):
    from torchvision import models

    with drafting():
        theirs = models.get_model(name, weights=None)
    ours = on_meta(name)
    assert [(key, tensor.shape) for key, tensor in ours.state_dict().items()] == [
        (key, tensor.shape) for key, tensor in theirs.state_dict().items()
    ]


@pytest.mark.parametrize("name", ["vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"])
@pytest.mark.parametrize("shape", [(224, 224), (97, 130)])
def test_torchvision_s_logits_on_a_narrow_network(name, shape):
    from torchvision.models import vgg

    torch.manual_seed(0)
    letter = vgg.cfgs[LETTERS[name]]
    narrowed = dict(zip((64, 128, 256, 512), (4, 6, 8, 8), strict=True))
    layers = [narrowed.get(entry, entry) for entry in letter]
    with drafting():
        theirs = vgg.VGG(nn.Identity(), init_weights=False)
    theirs.features = vgg.make_layers(layers, batch_norm=name.endswith("_bn"))
    theirs.classifier[0] = nn.Linear(8 * 49, DENSE)
    theirs.classifier[3] = nn.Linear(DENSE, DENSE)
    theirs.classifier[6] = nn.Linear(DENSE, 5)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.2)
            module.running_mean.normal_(0.0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    ours = narrow(name)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    images = torch.randn(2, 3, *shape)
    with torch.no_grad():
        expected, answers = theirs.eval()(images), ours.eval()(images)
    assert (answers - expected).abs().max().item() < 1e-4 * expected.abs().max().item()


def test_a_row_s_own_sizes():
    row = model_row("vgg16")
    assert (row.year, row.num_classes, row.in_channels, row.input_size) == (2014, 1000, 3, (224, 224))
