import math

import pytest
import torch
from torch import nn

from striate.models import create_model
from striate.models.allcnn import ALL_CNN_C


def convolutions(network):
    return [module for module in network.modules() if isinstance(module, nn.Conv2d)]


def test_tables_1_and_2():
    network = create_model("allcnn_c")
    lines = [(layer.out_channels, layer.kernel_size[0], layer.stride[0]) for layer in convolutions(network)]
    assert lines == [
        *[(96, 3, 1), (96, 3, 1), (96, 3, 2)],
        *[(192, 3, 1), (192, 3, 1), (192, 3, 2)],
        *[(192, 3, 1), (192, 1, 1), (10, 1, 1)],
    ]
    assert [line.padding for block in ALL_CNN_C for line in block] == [1, 1, 1, 1, 1, 1, 0, 0]


def test_parameters_of_each_layer():
    counts = [
        sum(parameter.numel() for parameter in layer.parameters()) for layer in convolutions(create_model("allcnn_c"))
    ]
    assert counts == [
        *(9 * 3 * 96 + 96, 9 * 96 * 96 + 96, 9 * 96 * 96 + 96),
        *(9 * 96 * 192 + 192, 9 * 192 * 192 + 192, 9 * 192 * 192 + 192),
        *(9 * 192 * 192 + 192, 192 * 192 + 192, 192 * 10 + 10),
    ]
    assert sum(counts) == 1_369_738


def test_multiply_adds_of_each_layer(multiply_adds):
    assert multiply_adds("allcnn_c") == [
        *(32 * 32 * 9 * 3 * 96, 32 * 32 * 9 * 96 * 96, 16 * 16 * 9 * 96 * 96),
        *(16 * 16 * 9 * 96 * 192, 16 * 16 * 9 * 192 * 192, 8 * 8 * 9 * 192 * 192),
        *(6 * 6 * 9 * 192 * 192, 6 * 6 * 192 * 192, 6 * 6 * 192 * 10),
    ]


def test_nothing_but_convolutions():
    kinds = {type(module).__name__ for module in create_model("allcnn_c").modules() if not list(module.children())}
    assert kinds == {"Conv2d", "ReLU", "Dropout", "GlobalAveragePool2d"}


def test_relu_follows_every_convolution():
    kinds = [type(module) for module in create_model("allcnn_c").modules() if isinstance(module, nn.Conv2d | nn.ReLU)]
    assert kinds == [nn.Conv2d, nn.ReLU] * 9


def test_dropout():
    network = create_model("allcnn_c")
    found = {path: module.p for path, module in network.named_modules() if isinstance(module, nn.Dropout)}
    assert found == {"input_dropout": 0.2, "block1.dropout": 0.5, "block2.dropout": 0.5}
    images = torch.ones(1, 3, 64, 64)
    assert (network.input_dropout(images) == 0).float().mean().item() == pytest.approx(0.2, abs=0.03)


def test_the_average_is_over_six_by_six():
    network = create_model("allcnn_c", seed=0).eval()
    images = torch.randn(2, 3, 32, 32)
    maps = network.output.convolution(network.forward_features(images)).relu()
    assert maps.shape == (2, 10, 6, 6)
    assert torch.equal(network(images), maps.mean(dim=(2, 3)))


def test_a_vector_holds_all_maps():
    network = create_model("allcnn_c", seed=0).eval()
    vectors = network.features(torch.randn(2, 3, 32, 32))
    assert vectors.shape == (2, network.feature_width) == (2, 192 * 6 * 6)
    assert network.features(torch.randn(1, 3, 9, 21)).shape == (1, 192 * 1 * 4)


def test_initialisation():
    *hidden, last = convolutions(create_model("allcnn_c", seed=0))
    for layer in hidden:
        assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / layer.weight[0].numel()), rel=0.05)
        assert not layer.bias.any()
    assert last.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert last.bias.tolist() == [1.0] * 10


@pytest.mark.parametrize("seed", range(4))
def test_no_class_is_shut_before_training(seed):
    logits = create_model("allcnn_c", seed=seed).eval()(torch.randn(8, 3, 32, 32))
    assert logits.min() > 0.2 and logits.max() < 2


def test_learns_a_few_pictures():
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(4, 3, 12, 12, generator=generator)
    labels = torch.arange(4)
    network = create_model("allcnn_c", num_classes=4, seed=0).eval()  # without dropout
    optimizer = torch.optim.Adam(network.parameters(), lr=0.0003)
    for _ in range(25):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
    assert network(images).argmax(dim=1).tolist() == labels.tolist()
