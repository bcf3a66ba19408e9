import io
import itertools

import numpy as np
import pytest
import torch

from striate.errors import WeightsError
from striate.models import ResNet, create_model, model_row
from striate.weights import AdaptedChannels, Reshaped, known_file, load_weights, read_weights


def state_of(name, **arguments):
    return dict(create_model(name, seed=1, **arguments).state_dict())


def refusal(model, tensors, **arguments):
    """What the error says; the network must be as it was."""
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(WeightsError) as error:
        load_weights(model, tensors, **arguments)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    return str(error.value)


@pytest.mark.parametrize("name", ["lenet5", "lenet5_dense", "resnet20", "mobilenet_v2"])
def test_everything_fits(name):
    model, tensors = create_model(name, seed=0), state_of(name)
    report = load_weights(model, tensors)
    assert set(report.matched) == set(tensors)
    assert (report.missing, report.unexpected, report.reshaped, report.head_replaced) == ((), (), (), ())
    assert report.publisher is None
    assert report.file_classes == report.num_classes == model.num_classes
    assert report.summary() == f"{len(tensors)} of {len(tensors)} tensors loaded"
    assert all(torch.equal(tensor, tensors[key]) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("lenet5", ["output.rbf.prototypes"]),
        ("lenet5_dense", ["output.weight", "output.bias"]),
        ("resnet20", ["fc.weight", "fc.bias"]),
        ("mobilenet_v2", ["classifier.1.weight", "classifier.1.bias"]),
    ],
)
def test_another_number_of_classes_keeps_the_network_s_head(name, head):
    model, tensors = create_model(name, num_classes=3, seed=0), state_of(name, num_classes=1200)
    before = {key: tensor.clone() for key, tensor in model.head.state_dict().items()}
    report = load_weights(model, tensors)
    assert list(report.head_replaced) == head
    assert (report.file_classes, report.num_classes) == (1200, 3)
    assert (report.missing, report.unexpected, report.reshaped) == ((), (), ())
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.head.state_dict().items())
    assert all(torch.equal(tensor, tensors[key]) for key, tensor in model.state_dict().items() if key not in head)
    fitting = len(tensors) - len(head)
    assert report.summary() == (
        f"{fitting} of {len(tensors)} tensors loaded; the head is new: 1,200 classes in the file, 3 here"
    )


def test_a_file_without_a_head():
    tensors = {name: tensor for name, tensor in state_of("resnet20").items() if not name.startswith("fc.")}
    report = load_weights(create_model("resnet20"), tensors)
    assert report.head_replaced == ()
    assert report.file_classes is None
    assert report.summary() == "114 of 116 tensors loaded; not in the file: fc.weight, fc.bias"


def test_another_head_altogether():
    tensors = state_of("resnet20")
    tensors["fc.weight"] = torch.zeros(10, 128)
    report = load_weights(create_model("resnet20", num_classes=10), tensors)
    assert report.reshaped == (Reshaped("fc.weight", (10, 128), (10, 64)),)


def test_other_input_channels():
    model, tensors = create_model("mobilenet_v2", in_channels=1, seed=0), state_of("mobilenet_v2")
    report = load_weights(model, tensors)
    assert (report.missing, report.reshaped) == ((), ())
    assert report.adapted == AdaptedChannels("features.0.0.weight", 3, 1)
    assert "features.0.0.weight" in report.matched
    assert report.summary() == (
        "314 of 314 tensors loaded; features.0.0.weight adapted to 1 input channel from 3 (summed)"
    )
    assert torch.equal(model.features[0][0].weight, tensors["features.0.0.weight"].sum(1, keepdim=True))
    assert tensors["features.0.0.weight"].shape == (32, 3, 3, 3)


def test_four_input_channels_of_one():
    report = load_weights(create_model("lenet5", in_channels=4), state_of("lenet5"))
    assert "c1.convolution.weight adapted to 4 input channels from 1 (repeated, times 1/4)" in report.summary()


def test_other_channels_further_in_are_left_as_drawn():
    tensors = state_of("resnet20")
    tensors["layer1.0.conv1.weight"] = torch.zeros(16, 8, 3, 3)
    model = create_model("resnet20", seed=0)
    before = model.layer1[0].conv1.weight.clone()
    report = load_weights(model, tensors)
    assert report.adapted is None
    assert report.reshaped == (Reshaped("layer1.0.conv1.weight", (16, 8, 3, 3), (16, 16, 3, 3)),)
    assert torch.equal(model.layer1[0].conv1.weight, before)
    assert report.summary() == (
        "115 of 116 tensors loaded; left as drawn: layer1.0.conv1.weight is (16, 8, 3, 3) in the file and "
        "(16, 16, 3, 3) here (made for 8 input channels, not 16)"
    )


def test_missing_and_unexpected():
    tensors = state_of("resnet20") | {"extra.weight": torch.zeros(1)}
    for name in ("bn1.weight", "bn1.bias", "layer1.0.conv1.weight", "layer2.0.conv1.weight"):
        del tensors[name]
    report = load_weights(create_model("resnet20"), tensors)
    assert report.missing == ("bn1.weight", "bn1.bias", "layer1.0.conv1.weight", "layer2.0.conv1.weight")
    assert report.unexpected == ("extra.weight",)
    assert report.summary() == (
        "112 of 116 tensors loaded; not in the file: bn1.weight, bn1.bias, layer1.0.conv1.weight and 1 more; "
        "not used: extra.weight"
    )


def test_batch_norm_s_counters_are_not_missed():
    tensors = {name: tensor for name, tensor in state_of("resnet20").items() if "num_batches" not in name}
    report = load_weights(create_model("resnet20"), tensors)
    assert report.missing == ()
    assert report.summary() == "97 of 97 tensors loaded"


def test_a_publisher_s_names():
    tensors = {name.replace("fc.", "linear."): tensor for name, tensor in state_of("resnet20").items()}
    model = create_model("resnet20", seed=0)
    report = load_weights(model, tensors)
    assert report.publisher == "akamaster/pytorch_resnet_cifar10"
    assert report.unexpected == ()
    assert torch.equal(model.fc.weight, tensors["linear.weight"])
    assert report.summary() == "116 of 116 tensors loaded (named as by akamaster/pytorch_resnet_cifar10)"


def test_other_precisions_are_converted():
    tensors = {
        name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in state_of("lenet5").items()
    }
    model = create_model("lenet5", seed=0)
    load_weights(model, tensors)
    assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32}
    assert torch.equal(model.f6.dense.weight, tensors["f6.dense.weight"].float())


def test_the_network_does_not_share_memory_with_the_file():
    model, tensors = create_model("lenet5", seed=0), state_of("lenet5")
    load_weights(model, tensors)
    with torch.no_grad():
        model.c1.convolution.weight.zero_()
    assert tensors["c1.convolution.weight"].any()


def test_nothing_fits():
    tensors = {"a.weight": torch.zeros(2), "b.weight": torch.zeros(2)}
    assert refusal(create_model("resnet20"), tensors) == (
        "the weights do not fit the network: 0 of its 95 tensors outside the head are in the file; "
        "the file has a.weight, b.weight; the network has conv1.weight, bn1.weight, bn1.bias and 92 more"
    )


def test_of_a_network_that_is_but_a_head_everything_must_fit():
    model, tensors = create_model("linear", seed=0), state_of("linear")
    assert load_weights(model, tensors).summary() == "2 of 2 tensors loaded"
    assert torch.equal(model.output.weight, tensors["output.weight"])
    assert refusal(model, state_of("linear", in_channels=3)) == (
        "the weights do not fit the network: 1 of its 2 tensors are in the file; "
        "shapes differ: output.weight is (10, 2352) in the file and (10, 784) here"
    )
    assert refusal(model, state_of("resnet20"), row="linear").endswith(
        "linear has output.weight, output.bias; they look like weights of resnet20: create that network"
    )
    message = refusal(create_model("resnet20"), tensors, row="resnet20")
    assert message.endswith("; they look like weights of linear: create that network")


@pytest.mark.parametrize("classes", [2, 1000])
def test_weights_of_another_row_are_recognised(classes):
    tensors = state_of("mobilenet_v2", num_classes=classes)
    assert refusal(create_model("lenet5"), tensors, row="lenet5") == (
        "the weights do not fit lenet5: 0 of its 12 tensors outside the head are in the file; "
        "the file has features.0.0.weight, features.0.1.weight, features.0.1.bias and 311 more; "
        "lenet5 has c1.convolution.weight, c1.convolution.bias, s2.subsampling.coefficient and 9 more; "
        "they look like weights of mobilenet_v2: create that network"
    )


def test_a_publisher_s_weights_of_another_row_are_recognised():
    tensors = {name.replace("fc.", "linear."): tensor for name, tensor in state_of("resnet20").items()}
    message = refusal(create_model("mobilenet_v2"), tensors, row="mobilenet_v2")
    assert message.endswith("; they look like weights of resnet20: create that network")


def test_the_same_names_in_other_shapes():
    tensors = {
        name: torch.zeros(tuple(2 * size for size in tensor.shape)) for name, tensor in state_of("resnet20").items()
    }
    assert refusal(create_model("resnet20"), tensors, row="resnet20") == (
        "the weights do not fit resnet20: 0 of its 95 tensors outside the head are in the file; shapes differ: "
        "conv1.weight is (32, 6, 6, 6) in the file and (16, 3, 3, 3) here, "
        "bn1.weight is (32,) in the file and (16,) here, bn1.bias is (32,) in the file and (16,) here and 92 more"
    )


def test_fewer_than_half():
    body = [name for name in state_of("resnet20") if not name.startswith("fc.") and "num_batches" not in name]
    tensors = state_of("resnet20")
    assert len(body) == 95
    report = load_weights(create_model("resnet20"), {name: tensors[name] for name in body[:48]})
    assert len(report.matched) == 48
    message = refusal(create_model("resnet20"), {name: tensors[name] for name in body[:47]})
    assert message.startswith(
        "the weights do not fit the network: 47 of its 95 tensors outside the head are in the file"
    )


def test_looking_for_another_row_draws_nothing():
    before = torch.random.get_rng_state()
    model = create_model("resnet20", seed=0)
    refusal(model, {"a": torch.zeros(1)})
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite(value):
    tensors = state_of("resnet20")
    tensors["layer2.0.bn1.bias"][3] = value
    assert refusal(create_model("resnet20"), tensors) == (
        "the weights hold NaN or infinity in layer2.0.bn1.bias; "
        "the file is damaged, or the training that wrote it diverged"
    )


def test_quantized_weights():
    tensors = state_of("resnet20")
    tensors["conv1.weight"] = (tensors["conv1.weight"] * 100).to(torch.int8)
    assert refusal(create_model("resnet20"), tensors) == (
        "the weights hold conv1.weight as torch.int8, expected torch.float32; quantized weights cannot be loaded"
    )


def test_real_resnet20_weights_see(real_data):
    """The published weights score on pictures whose compression costs about ten points; better with their own mean."""
    from PIL import Image

    weights = read_weights(real_data("weights/cifar_resnet20_akamaster.th"))
    network = create_model("resnet20", seed=0)
    report = load_weights(network, weights.tensors, row="resnet20")
    assert report.summary() == "97 of 97 tensors loaded (named as by akamaster/pytorch_resnet_cifar10)"
    known = known_file(weights.sha256).inputs
    with np.load(real_data("cifar10_jpeg/cifar10_jpeg.npz")) as data:
        starts, encoded, labels = data["test_offsets"][:401], data["test_bytes"], data["test_labels"][:400]
    pictures = [
        np.asarray(Image.open(io.BytesIO(encoded[start:end].tobytes())).convert("RGB"))
        for start, end in itertools.pairwise(starts)
    ]
    pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (known.mean, known.std))
    with torch.no_grad():
        answers = network.eval()((pixels - mean) / std).argmax(dim=1)
    assert (answers.numpy() == labels).mean() > 0.7


def test_real_mobilenet_v2_weights_fit(real_data):
    weights = read_weights(real_data("weights/mobilenet_v2_imagenet_torchvision_names.pth"))
    network = create_model("mobilenet_v2", seed=0)
    network.load_state_dict(weights.tensors, strict=True)
    assert load_weights(network, weights.tensors).summary() == "314 of 314 tensors loaded"


class WithAuxiliary(ResNet):
    """A network with an auxiliary head."""

    def __init__(self, num_classes):
        super().__init__(model_row("resnet20").config, num_classes=num_classes, in_channels=3)
        self.aux1 = torch.nn.Linear(16, num_classes)


def test_auxiliary_heads_for_another_number_of_classes_are_left_too():
    report = load_weights(WithAuxiliary(3), WithAuxiliary(10).state_dict())
    assert report.head_replaced == ("fc.weight", "fc.bias", "aux1.weight", "aux1.bias")
    assert (report.missing, report.reshaped) == ((), ())


def test_auxiliary_heads_for_as_many_classes_are_loaded():
    ours, theirs = WithAuxiliary(3), WithAuxiliary(3)
    assert load_weights(ours, theirs.state_dict()).head_replaced == ()
    assert torch.equal(ours.aux1.weight, theirs.aux1.weight)


def test_of_rows_with_the_same_shapes_the_published_one_is_named():
    message = refusal(create_model("resnet20"), state_of("efficientnet_b0"))
    assert message.endswith("; they look like weights of efficientnet_b0: create that network")
    message = refusal(create_model("resnet20"), state_of("efficientnet_b0_tf"), row="efficientnet_b1")
    assert message.endswith("; they look like weights of efficientnet_b0: create that network")
