"""What every row of the catalogue answers."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn

from striate.errors import UsageError
from striate.initialization import drafting
from striate.models import create_model, list_models
from striate.models.class_maps import ClassMaps
from striate.openvino_loading import load_openvino, openvino_core

NAMES = list_models("picture", sequential=False)
FIXED = ["lenet5", "lenet5_dense", "lenet5_relu", "linear", "alexnet", "alexnet_caffe", "caffenet", "zfnet"]
FLEXIBLE = [name for name in NAMES if name not in FIXED]


def width(network, maps):
    """The length of a picture's vector, which grows with the picture where the head averages over pixels itself."""
    return maps[0].numel() if isinstance(network.head, ClassMaps) else network.feature_width


@pytest.mark.parametrize("name", NAMES)
def test_forward_is_its_parts(name, evaluated):
    network, images = evaluated(name)
    logits = network(images)
    maps = network.forward_features(images)
    vectors = network.features(images)
    assert logits.shape == (2, network.num_classes)
    assert maps.ndim == 4
    assert vectors.shape == (2, width(network, maps))
    assert torch.equal(network.forward_head(maps), logits)
    assert torch.equal(network.forward_head(maps, vector_only=True), vectors)
    assert torch.equal(network.head(vectors), logits)


@pytest.mark.parametrize(("num_classes", "in_channels"), [(1, 2), (2, 1), (10, 3), (1000, 4)])
@pytest.mark.parametrize("name", NAMES)
def test_any_classes_and_channels(name, num_classes, in_channels, evaluated):
    network, images = evaluated(name, num_classes=num_classes, in_channels=in_channels)
    assert (network.num_classes, network.in_channels) == (num_classes, in_channels)
    assert images.shape[1] == in_channels
    logits = network(images)
    assert logits.shape == (2, num_classes)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("name", NAMES)
def test_gradient_reaches_every_parameter(name, evaluated):
    network, images = evaluated(name)
    images = images.repeat(2, 1, 1, 1) + torch.randn(4, 1, 1, 1)
    logits, auxiliary = network.train().forward_with_auxiliary(images)
    sum((answer * torch.randn_like(answer)).sum() for answer in (logits, *auxiliary)).backward()
    without = [path for path, parameter in network.named_parameters() if parameter.grad is None]
    assert without == []
    assert [path for path, parameter in network.named_parameters() if not parameter.grad.any()] == []


@pytest.mark.parametrize("size", [(33, 47), (65, 40), (32, 32), (8, 8), (1, 1)])
@pytest.mark.parametrize("name", FLEXIBLE)
def test_other_sizes(name, size, evaluated):
    network, images = evaluated(name)
    images = torch.randn(2, network.in_channels, *map(max, size, network.minimum_size))
    assert network(images).shape == (2, network.num_classes)
    assert network.features(images).shape == (2, width(network, network.forward_features(images)))


@pytest.mark.parametrize("size", [(30, 30), (32, 31), (64, 64), (1, 1)])
@pytest.mark.parametrize("name", FIXED)
def test_other_sizes_are_refused(name, size, evaluated):
    network, _ = evaluated(name)
    shape = f"(N, {network.in_channels}, {network.input_size[0]}, {network.input_size[1]})"
    for call in (network, network.features, network.forward_features):
        with pytest.raises(UsageError) as error:
            call(torch.zeros(1, network.in_channels, *size))
        assert str(error.value) == (
            f"{type(network).__name__} takes a float tensor of shape {shape}, "
            f"got pictures of {size[0]} x {size[1]} pixels; resize or pad them"
        )


def test_wrong_channels(evaluated):
    network, images = evaluated("mobilenet_v2")
    for call in (network, network.features, network.forward_features):
        with pytest.raises(UsageError) as error:
            call(images[:, :1])
        assert str(error.value) == (
            "MobileNetV2 takes a float tensor of shape (N, 3, height, width), got 1 channels; "
            "convert the pictures, or create the network with in_channels=1"
        )


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", FLEXIBLE)
def test_too_small(name, axis, evaluated):
    network, images = evaluated(name)
    least = network.minimum_size
    size = list(images.shape[2:])
    size[axis] = least[axis] - 1
    with pytest.raises(UsageError) as error:
        network(images[:, :, : size[0], : size[1]])
    assert str(error.value) == (
        f"{type(network).__name__} takes a float tensor of shape (N, 3, height, width) with pictures of at least "
        f"{least[0]} x {least[1]} pixels, got {size[0]} x {size[1]} pixels; enlarge them"
    )


@pytest.mark.parametrize(
    ("images", "got"),
    [
        (torch.zeros(3, 32, 32), "torch.float32 of shape (3, 32, 32)"),
        (torch.zeros(1, 3, 32, 32, dtype=torch.uint8), "torch.uint8 of shape (1, 3, 32, 32)"),
    ],
)
def test_no_batch_of_floats(images, got, evaluated):
    network, _ = evaluated("resnet20")
    with pytest.raises(UsageError) as error:
        network(images)
    assert str(error.value) == f"ResNet takes a float tensor of shape (N, 3, height, width), got {got}"


@pytest.mark.parametrize("name", NAMES)
def test_no_pictures(name, evaluated):
    network, images = evaluated(name)
    assert network(images[:0]).shape == (0, network.num_classes)


@pytest.mark.parametrize("num_classes", [1, 2, 10, 37])
@pytest.mark.parametrize("name", NAMES)
def test_replace_head(name, num_classes, evaluated):
    network, images = evaluated(name, num_classes=5)
    old, vectors = network.head, network.features(images)
    network.replace_head(num_classes, seed=3)
    assert network.num_classes == num_classes
    assert network.head is not old
    assert torch.equal(network.features(images), vectors)
    assert network(images).shape == (2, num_classes)
    assert not network.head.training
    with drafting():
        state = create_model(name, num_classes=num_classes).state_dict()
    assert {path: tensor.shape for path, tensor in network.state_dict().items()} == {
        path: tensor.shape for path, tensor in state.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_new_head_is_drawn_reproducibly_and_can_be_trained(name, built):
    before = torch.random.get_rng_state()
    network, twin = built(name, seed=0).requires_grad_(False), built(name, seed=1)
    network.replace_head(6, seed=9)
    twin.replace_head(6, seed=9)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert network.head.training
    ours, theirs = network.head.state_dict(), twin.head.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert all(parameter.requires_grad for parameter in network.head.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_a_new_head_keeps_the_precision(name, built):
    network = built(name).to(torch.bfloat16)
    network.replace_head(4)
    assert {tensor.dtype for tensor in network.head.state_dict().values()} == {torch.bfloat16}


def test_bad_new_head():
    network = create_model("resnet20")
    head = network.head
    with pytest.raises(UsageError) as error:
        network.replace_head(0)
    assert str(error.value) == "ResNet: num_classes must be a whole number of at least 1, got 0"
    assert network.head is head and network.num_classes == 10


@pytest.mark.parametrize("name", NAMES)
def test_the_head_s_parameters_begin_with_its_name(name, drafted):
    network = drafted(name)
    assert network.fixed_size == (name in FIXED)
    keys = {key for key in network.state_dict() if key.startswith(f"{network.head_name}.")}
    assert keys == {f"{network.head_name}.{key}" for key in network.head.state_dict()}
    assert keys


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_is_its_own_module_and_runs_once(name, evaluated):
    network, images = evaluated(name)
    calls = {path: 0 for path, module in network.named_modules() if not list(module.children())}
    for path in calls:
        network.get_submodule(path).register_forward_hook(
            lambda module, inputs, output, path=path: calls.update({path: calls[path] + 1})
        )
    network.forward_with_auxiliary(images)
    again = {path: count for path, count in calls.items() if count != 1}
    # A recurrent convolution's weights are the same at each iteration; its nonlinearities are modules of their own.
    over_time = {path for path in calls if path.endswith(".recurrent")}
    assert again == dict.fromkeys(over_time, getattr(network.config, "iterations", 1))
    assert [path for path, module in network.named_modules() if getattr(module, "inplace", False)] == []


@pytest.mark.parametrize("name", NAMES)
def test_stages_are_submodules_in_the_order_they_run(name, evaluated):
    network, images = evaluated(name)
    order = []
    for stage in network.stages:
        network.get_submodule(stage).register_forward_hook(
            lambda module, inputs, output, stage=stage: order.append(stage)
        )
    network(images)
    assert tuple(order) == network.stages


@pytest.mark.parametrize("name", NAMES)
def test_copies_and_pickles_answer_for_themselves(name, evaluated):
    network, images = evaluated(name)
    expected = network.features(images)
    stored = io.BytesIO()
    torch.save(network, stored)
    stored.seek(0)
    for twin in (copy.deepcopy(network), pickle.loads(pickle.dumps(network)), torch.load(stored, weights_only=False)):
        assert torch.equal(twin.features(images), expected)
        with torch.no_grad():
            for parameter in twin.parameters():
                parameter.zero_()
        assert not torch.equal(twin(images), network(images))
        if name != "linear":  # whose features are the pixels
            assert not torch.equal(twin.features(images), expected)
    assert torch.equal(network.features(images), expected)


@pytest.mark.parametrize("name", NAMES)
def test_state_round_trip(name, evaluated, built):
    network, images = evaluated(name)
    twin = built(name, seed=5).eval()
    assert not torch.equal(twin(images), network(images))
    twin.load_state_dict(network.state_dict(), strict=True)
    assert torch.equal(twin(images), network(images))


class TwoOutputs(nn.Module):
    """Logits and the vector that they are made from, in one graph."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        vectors = self.network.features(images)
        return self.network.head(vectors), vectors


@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
@pytest.mark.parametrize("name", NAMES)
def test_tracing(name, evaluated):
    network, images = evaluated(name)
    module = TwoOutputs(network)
    traced = torch.jit.trace(module, images, check_trace=False)
    other = torch.randn(3, *images.shape[1:])
    with torch.no_grad():
        torch.testing.assert_close(traced(other), module(other), rtol=0, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_export_with_any_number_of_pictures(name, evaluated):
    network, images = evaluated(name)
    module = TwoOutputs(network)
    program = torch.export.export(module, (images,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    other = torch.randn(5, *images.shape[1:])
    torch.testing.assert_close(program.module()(other), module(other), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_symbolic_tracing_keeps_the_check(name, evaluated):
    network, images = evaluated(name)
    graph = torch.fx.symbolic_trace(network)
    assert torch.equal(graph(images), network(images))
    with pytest.raises(UsageError, match="got 5 channels"):
        graph(torch.zeros(1, 5, *images.shape[2:]))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
@pytest.mark.parametrize("name", ["lenet5", "resnet20"])
def test_openvino_answers_the_same(name, evaluated):
    network, images = evaluated(name)
    module = TwoOutputs(network).eval()
    converted = load_openvino().convert_model(module, example_input=images)
    # The connection table's gather folds into the constant weight of an ordinary convolution.
    assert not {"Gather", "Concat"} & {operation.get_type_name() for operation in converted.get_ops()}
    compiled = openvino_core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = compiled(images.numpy())
    with torch.no_grad():
        expected = module(images)
    for output, tensor in enumerate(expected):
        largest = tensor.abs().max().item()
        torch.testing.assert_close(torch.from_numpy(answers[output]), tensor, rtol=0, atol=1e-5 * largest)


def test_bfloat16_autocast(evaluated):
    network, images = evaluated("lenet5")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = network(images)
    torch.testing.assert_close(logits, network(images), rtol=0.01, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_channels_last(name, evaluated):
    network, images = evaluated(name)
    expected = network(images)
    network.to(memory_format=torch.channels_last)
    answers = network(images.to(memory_format=torch.channels_last))
    torch.testing.assert_close(answers, expected, rtol=1e-4, atol=1e-5 * expected.abs().max().item())
