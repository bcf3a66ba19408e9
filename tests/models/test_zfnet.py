import dataclasses

import pytest
import torch
from torch import nn

from striate.initialization import drafting
from striate.models import ZFNet, create_model, model_row
from striate.models.zfnet import FIGURE_3, VARIANTS
from striate.nn import LocalResponseNormalization
from striate.openvino_loading import load_openvino, openvino_core


@pytest.fixture
def tiny():
    """A network of the same structure with an eighth of the maps."""
    lines = tuple(line._replace(maps=line.maps // 8) for line in FIGURE_3)
    torch.manual_seed(0)
    return ZFNet(dataclasses.replace(VARIANTS["zfnet"], convolutions=lines), num_classes=5, in_channels=3).eval()


@pytest.fixture(scope="module")
def shapes_alone():
    with drafting():
        return create_model("zfnet").eval()


def weighted(network):
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def test_parameters_of_each_layer(shapes_alone):
    counts = [sum(parameter.numel() for parameter in module.parameters()) for module in weighted(shapes_alone)]
    assert counts == [14_208, 614_656, 885_120, 1_327_488, 884_992, 37_752_832, 16_781_312, 4_097_000]


def test_multiply_adds_of_each_layer(multiply_adds):
    assert multiply_adds("zfnet") == [
        170_755_200,
        415_334_400,
        149_520_384,
        224_280_576,
        149_520_384,
        37_748_736,
        16_777_216,
        4_096_000,
    ]


def test_sizes_that_figure_3_prints(shapes_alone):
    sizes = []
    for module in shapes_alone.modules():
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            module.register_forward_hook(lambda module, inputs, output: sizes.append(output.shape[-1]))
    shapes_alone(torch.empty(1, 3, 224, 224, device="meta"))
    assert sizes == [110, 55, 26, 13, 13, 13, 13, 6]


def test_the_order_within_a_layer(shapes_alone):
    names = [[name for name, _ in shapes_alone.get_submodule(stage).named_children()] for stage in shapes_alone.stages]
    assert names[:2] == [["convolution", "relu", "pool", "normalization"]] * 2
    assert names[2:4] == [["convolution", "relu"]] * 2
    assert names[4] == ["convolution", "relu", "pool"]
    assert names[5:] == [["dense", "relu", "dropout"]] * 2


def test_contrast_normalization_is_alexnet_s(shapes_alone):
    layers = [module for module in shapes_alone.modules() if isinstance(module, LocalResponseNormalization)]
    constants = [(layer.size, layer.alpha, layer.beta, layer.k, layer.alpha_divided_by_size) for layer in layers]
    assert constants == [(5, 1e-4, 0.75, 2.0, False)] * 2


def test_no_groups(shapes_alone):
    assert {module.groups for module in shapes_alone.modules() if isinstance(module, nn.Conv2d)} == {1}


def test_initialisation(tiny):
    for layer in weighted(tiny):
        assert not layer.bias.any()
        assert layer.weight.std().item() == pytest.approx(0.01, rel=0.05)


def test_inputs_are_pixels_less_their_mean():
    row = model_row("zfnet")
    assert row.input_size == (224, 224)
    assert (1 - row.mean[1]) / row.std[1] == pytest.approx(255 * (1 - 0.456))


def test_forward_is_its_parts(tiny):
    images = 50 * torch.randn(2, 3, 224, 224)
    vectors, logits = tiny.features(images), tiny(images)
    assert vectors.shape == (2, 4096) and logits.shape == (2, 5)
    assert torch.equal(tiny.head(vectors), logits)


@pytest.mark.parametrize("in_channels", [1, 3, 4])
def test_gradient_reaches_every_parameter(in_channels):
    lines = tuple(line._replace(maps=line.maps // 8) for line in FIGURE_3)
    torch.manual_seed(0)
    config = dataclasses.replace(VARIANTS["zfnet"], convolutions=lines)
    network = ZFNet(config, num_classes=5, in_channels=in_channels)
    logits = network(50 * torch.randn(2, in_channels, 224, 224))
    (logits * torch.randn_like(logits)).sum().backward()
    assert [path for path, parameter in network.named_parameters() if not parameter.grad.any()] == []


def test_every_layer_is_its_own_module_and_runs_once(tiny):
    leaves = [path for path, module in tiny.named_modules() if not list(module.children())]
    calls = []
    for path in leaves:
        tiny.get_submodule(path).register_forward_hook(lambda module, inputs, output, path=path: calls.append(path))
    tiny(torch.zeros(1, 3, 224, 224))
    assert calls == leaves


def test_replace_head(tiny):
    vectors = torch.rand(2, 4096)
    tiny.replace_head(7, seed=1)
    assert tiny.head(vectors).shape == (2, 7)
    assert tiny.head.weight.std().item() == pytest.approx(0.01, rel=0.05)


def test_symbolic_trace(tiny):
    images = torch.randn(1, 3, 224, 224)
    assert torch.equal(torch.fx.symbolic_trace(tiny)(images), tiny(images))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
def test_openvino_answers_the_same(tiny):
    images = 50 * torch.randn(2, 3, 224, 224)
    converted = load_openvino().convert_model(tiny, example_input=images)
    compiled = openvino_core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    with torch.no_grad():
        expected = tiny(images)
    answers = torch.from_numpy(compiled(images.numpy())[0])
    torch.testing.assert_close(answers, expected, rtol=0, atol=1e-5 * expected.abs().max().item())
