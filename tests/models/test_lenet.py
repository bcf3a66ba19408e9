import pytest
import torch

from striate.models import create_model
from striate.models.lenet import C3_TABLE, output_codes
from striate.nn import EuclideanRBF, PartialConv2d, ScaledTanh, Subsampling, lenet_map_loss, lenet_mle_loss


def trainable(module):
    return sum(parameter.numel() for parameter in module.parameters())


def hamming(codes):
    """The least Hamming distance between two of the codes."""
    distances = (codes.shape[1] - codes @ codes.T) / 2
    return int(distances.fill_diagonal_(codes.shape[1]).min())


def test_parameters_of_each_layer():
    network = create_model("lenet5")
    counts = {name: trainable(network.get_submodule(name)) for name in (*network.stages, "output")}
    assert counts == {"c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48120, "f6": 10164, "output": 0}


def test_dense_output():
    network = create_model("lenet5_dense")
    assert trainable(network.output) == 850
    assert isinstance(network.output, torch.nn.Linear)
    assert trainable(create_model("lenet5_dense", num_classes=3)) == 60_000 + 85 * 3


def test_the_modern_form():
    network = create_model("lenet5_relu", seed=0)
    counts = {name: trainable(network.get_submodule(name)) for name in (*network.stages, "output")}
    assert counts == {"c1": 156, "s2": 0, "c3": 2416, "s4": 0, "c5": 48120, "f6": 10164, "output": 850}
    leaves = [type(module).__name__ for module in network.modules() if not list(module.children())]
    assert leaves == [
        *["Conv2d", "ReLU", "MaxPool2d"] * 2,
        *["Conv2d", "ReLU", "Flatten", "Linear", "ReLU", "Linear"],
    ]
    assert sum(counts.values()) == 61_706


def test_the_modern_form_is_drawn_by_he_s_rule():
    network = create_model("lenet5_relu", seed=0)
    for layer, fan_in in ((network.c5.convolution, 400), (network.f6.dense, 120), (network.output, 84)):
        assert layer.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.05)
        assert not layer.bias.any()


def test_multiply_adds_of_each_layer(multiply_adds):
    assert multiply_adds("lenet5") == [117_600, 150_000, 48_000, 10_080, 840]
    assert multiply_adds("lenet5_relu") == [117_600, 240_000, 48_000, 10_080, 840]


def test_first_layer_on_colour_pictures():
    assert trainable(create_model("lenet5", in_channels=3).c1) == (5 * 5 * 3 + 1) * 6 == 456


def test_the_kinds_of_layers():
    network = create_model("lenet5")
    kinds = [type(module) for module in network.modules() if not list(module.children())]
    assert kinds.count(ScaledTanh) == 6  # C1 to F6
    assert kinds.count(Subsampling) == 2
    assert kinds.count(PartialConv2d) == 1
    assert kinds.count(EuclideanRBF) == 1


def test_table_i():
    assert len(C3_TABLE) == 16
    assert sum(len(row) for row in C3_TABLE) == 60
    assert [len(row) for row in C3_TABLE] == [3] * 6 + [4] * 9 + [6]
    # Each map of S2 is seen by ten maps of C3.
    assert [sum(input_map in row for row in C3_TABLE) for input_map in range(6)] == [10] * 6


def test_a_code_s_own_answer_has_distance_zero():
    network = create_model("lenet5")
    codes = output_codes(10)
    logits = network.head(codes)
    assert logits.diagonal().tolist() == [0.0] * 10
    assert logits[6, 8].item() == -4 * 12  # 12 pixels that differ by 2 each
    assert logits.argmax(dim=1).tolist() == list(range(10))


def test_logits_are_negative_squared_distances():
    network = create_model("lenet5", seed=0)
    images = torch.randn(3, 1, 32, 32)
    vectors = network.features(images)
    expected = -(torch.cdist(vectors, network.output.rbf.prototypes) ** 2)
    torch.testing.assert_close(network(images), expected, rtol=1e-5, atol=1e-4)


def test_digits():
    codes = output_codes(10)
    assert codes.shape == (10, 84)
    assert codes.unique().tolist() == [-1.0, 1.0]
    assert hamming(codes) == 12
    drawn = ["".join(".#"[int(pixel > 0)] for pixel in row) for row in codes[4].view(12, 7)]
    assert drawn == [
        ".#####.",
        ".......",
        ".......",
        ".##..##",
        ".##..##",
        "###..##",
        "##...##",
        "##...##",
        "##..###",
        ".######",
        ".....##",
        ".....##",
    ]


def test_ink_of_each_digit():
    assert ((output_codes(10) + 1) / 2).sum(dim=1).int().tolist() == [35, 27, 33, 32, 41, 35, 39, 25, 43, 39]


@pytest.mark.parametrize(("classes", "least"), [(2, 59), (3, 48), (37, 37), (100, 34), (1000, 29)])
def test_drawn_codes_are_far_apart(classes, least):
    codes = output_codes(classes)
    assert codes.shape == (classes, 84)
    assert codes.unique().tolist() == [-1.0, 1.0]
    assert hamming(codes) == least


def test_drawn_codes_are_the_same_for_ever():
    codes = output_codes(3)
    bits = ["".join("01"[int(pixel > 0)] for pixel in code) for code in codes]
    assert [hex(int(code, 2)) for code in bits] == [
        "0xe071c3b4a1e89776b9aa5",
        "0x5e4ea6431a3e09f94f77e",
        "0xd591332a364150ab924c8",
    ]
    assert torch.equal(output_codes(12)[:3], codes)
    assert torch.equal(output_codes(11), output_codes(12)[:11])


def test_one_class():
    assert output_codes(1).shape == (1, 84)


def test_initialisation():
    network = create_model("lenet5", seed=0)
    bounds = {
        "c1.convolution.weight": 2.4 / 25,
        "s2.subsampling.coefficient": 2.4 / 4,
        "c3.convolution.weight": 2.4 / 75,  # the largest: maps that see three
        "s4.subsampling.coefficient": 2.4 / 4,
        "c5.convolution.weight": 2.4 / 400,
        "f6.dense.weight": 2.4 / 120,
    }
    parameters = dict(network.named_parameters())
    for name, bound in bounds.items():
        assert 0.5 * bound < parameters.pop(name).abs().max().item() <= bound
    assert all(name.endswith("bias") and not parameter.any() for name, parameter in parameters.items())
    last_map = network.c3.convolution.dense_weight()[15]
    assert 0.9 * 2.4 / 150 < last_map.abs().max().item() <= 2.4 / 150


def test_the_dense_output_is_drawn_by_the_same_rule():
    head = create_model("lenet5_dense", seed=0).head
    assert 0.9 * 2.4 / 84 < head.weight.abs().max().item() <= 2.4 / 84
    assert not head.bias.any()


def test_learns_a_few_pictures():
    """Both losses of the paper fall, and each picture finds its class."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(10, 1, 32, 32, generator=generator)
    labels = torch.arange(10)
    for loss in (lenet_mle_loss, lenet_map_loss):
        network = create_model("lenet5", seed=0)
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        first = loss(network(images), labels).item()
        for _ in range(12):
            optimizer.zero_grad()
            loss(network(images), labels).backward()
            optimizer.step()
        assert loss(network(images), labels).item() < first / 4
        assert network(images).argmax(dim=1).tolist() == labels.tolist()
