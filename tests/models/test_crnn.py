"""The network for lines of signs, by hand and against the oracle's counts."""

import copy
import io

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

import striate
from striate.conversion import convert_to_onnx, convert_to_openvino, export_program
from striate.errors import UsageError
from striate.models import create_model, list_models, model_row
from striate.openvino_loading import compile_graph
from striate.pixels import Preprocessing

NAMES = list_models(sequential=True)


@pytest.fixture(scope="module", params=NAMES)
def network(request):
    """In evaluation mode, after a look at some lines."""
    made = create_model(request.param, num_classes=11, seed=0)
    with torch.no_grad():
        made(torch.randn(4, 1, 32, 40, generator=torch.Generator().manual_seed(0)))
    return made.eval()


def lines(width=40, count=2):
    return torch.randn(count, 1, 32, width, generator=torch.Generator().manual_seed(1))


def test_the_names():
    assert NAMES == ["crnn", "crnn_paper"]
    assert {model_row(name).kind for name in NAMES} == {"picture"}
    assert not set(NAMES) & set(list_models(sequential=False))


@pytest.mark.parametrize(("name", "parameters"), [("crnn", 8_331_594), ("crnn_paper", 8_331_082)])
def test_parameters(name, parameters):
    convolutions = [9 * before * maps + maps for before, maps in ((1, 64), (64, 128), (128, 256), (256, 256))]
    convolutions += [9 * 256 * 512 + 512, 9 * 512 * 512 + 512, 4 * 512 * 512 + 512]
    norms = 2 * (256 + 512 + 512) if name == "crnn" else 2 * (512 + 512)
    recurrent = 2 * 4 * 256 * (512 + 256 + 2) + 2 * (256 * 256 + 256) + 2 * 4 * 256 * (256 + 256 + 2)
    assert sum(convolutions) + norms + recurrent + 2 * (256 * 37 + 37) == parameters
    inspection = striate.inspect(name)
    assert inspection.parameters == parameters
    assert sum(layer.parameters for layer in inspection.layers) == parameters


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        # A product for each weight at each place: pixels of the maps; of the recurrent layers T places.
        ("crnn", 633_085_952 + 26 * (2 * 1024 * 768 + 2 * 256 * 256 + 2 * 1024 * 512 + 2 * 256 * 37)),
        ("crnn_paper", 616_833_024 + 24 * (2 * 1024 * 768 + 2 * 256 * 256 + 2 * 1024 * 512 + 2 * 256 * 37)),
    ],
)
def test_multiply_adds(name, macs):
    assert striate.inspect(name).macs == macs


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("crnn", [(64, 16, 50), (128, 8, 25), (256, 4, 26), (512, 2, 27), (512, 1, 26)]),
        ("crnn_paper", [(64, 16, 50), (128, 8, 25), (256, 4, 25), (512, 2, 25), (512, 1, 24)]),
    ],
)
def test_stages_of_a_line_of_a_hundred_pixels(name, shapes):
    by_name = {layer.name: layer.output_shape for layer in striate.inspect(name).layers}
    assert [by_name[stage] for stage in ("pool1", "pool2", "pool3", "pool4", "relu7")] == shapes


@pytest.mark.parametrize("width", [8, 9, 31, 40, 100, 131])
def test_the_places_of_a_line(network, width):
    assert network(lines(width)).shape == (2, network.places(width), 11)


def test_places_as_the_program_and_the_table_have_them():
    assert create_model("crnn").places(100) == 26
    assert create_model("crnn_paper").places(100) == 24


def test_forward_is_its_parts(network):
    images = lines()
    with torch.no_grad():
        maps, vectors, logits = network.forward_features(images), network.features(images), network(images)
        assert maps.shape == (2, 512, 1, network.places(40))
        assert vectors.shape == (2, network.places(40), network.feature_width)
        assert torch.equal(network.forward_head(maps), logits)
        assert torch.equal(network.head(vectors), logits)


def test_what_it_computes(network):
    name = "crnn" if network.config.pool_width == 2 else "crnn_paper"
    images = lines()
    with torch.no_grad():
        maps = nn.functional.max_pool2d(network.convolution1(images).relu(), 2)
        maps = nn.functional.max_pool2d(network.convolution2(maps).relu(), 2)
        pool = {"kernel_size": (2, 2), "stride": (2, 1), "padding": (0, 1)}
        if name == "crnn_paper":
            pool = {"kernel_size": (2, 1), "stride": (2, 1)}
        maps = network.convolution3(maps)
        maps = (network.norm3(maps) if name == "crnn" else maps).relu()
        maps = nn.functional.max_pool2d(network.convolution4(maps).relu(), **pool)
        maps = network.norm5(network.convolution5(maps)).relu()
        maps = network.convolution6(maps)
        maps = (maps if name == "crnn" else network.norm6(maps)).relu()
        maps = network.convolution7(nn.functional.max_pool2d(maps, **pool))
        maps = (network.norm7(maps) if name == "crnn" else maps).relu()
        first = network.recurrent1(maps[:, :, 0].permute(0, 2, 1))[0]
        joined = network.join1.forwards(first[..., :256]) + network.join1.backwards(first[..., 256:])
        second = network.recurrent2(joined)[0]
        logits = network.join2.forwards(second[..., :256]) + network.join2.backwards(second[..., 256:])
        torch.testing.assert_close(network(images), logits, rtol=1e-5, atol=1e-6)


def test_both_directions_see_the_whole_line(network):
    images = lines(400).requires_grad_()  # wider than the field of the convolutions
    network(images)[0, network.places(400) // 2].sum().backward()
    assert images.grad[0, 0, :, 0].any() and images.grad[0, 0, :, 399].any()
    assert not images.grad[1].any()


def test_gradient_reaches_every_parameter(network):
    twin = copy.deepcopy(network).train()
    (twin(lines(count=4)) * torch.randn(4, twin.places(40), 11)).sum().backward()
    assert [path for path, parameter in twin.named_parameters() if not parameter.grad.any()] == []


def test_any_signs_and_channels():
    for name in NAMES:
        made = create_model(name, num_classes=3, in_channels=2, seed=0).eval()
        made.replace_head(5, seed=1)
        assert made(torch.zeros(1, 2, 32, 16)).shape == (1, made.places(16), 5)
        assert made.num_classes == 5


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((1, 1, 48, 100), "(N, 1, 32, width), got pictures of 48 x 100 pixels; resize lines to a height of 32"),
        ((1, 3, 32, 100), "got 3 channels; convert the pictures, or create the network with in_channels=3"),
        ((1, 1, 32, 3), "pixels, got 32 x 3 pixels; enlarge them"),
    ],
)
def test_what_is_no_line_is_refused(network, shape, said):
    with pytest.raises(UsageError) as error:
        network(torch.zeros(shape))
    assert str(error.value).endswith(said)


def test_stored_and_read_it_answers_the_same(network):
    stored = io.BytesIO()
    torch.save(network.state_dict(), stored)
    stored.seek(0)
    name = "crnn" if network.config.pool_width == 2 else "crnn_paper"
    twin = create_model(name, num_classes=11, seed=5).eval()
    assert not torch.equal(twin(lines()), network(lines()))
    twin.load_state_dict(torch.load(stored, weights_only=True))
    assert torch.equal(twin(lines()), network(lines()))


@pytest.mark.slow
def test_onnx_and_openvino_answer_the_same(network):
    rule = Preprocessing(colour="grey", resize="exact", resize_size=(32, 40), mean=(0.5,), std=(0.5,))
    model = convert_to_onnx(export_program(network, rule), metadata={})
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    compiled = compile_graph(convert_to_openvino(network, lines()))
    for count in (1, 3):
        images = lines(count=count)
        with torch.no_grad():
            expected = [network(images).numpy(), network.features(images).numpy()]
        of_openvino = compiled(images.numpy())
        for ours, onnx, name in zip(
            expected, session.run(None, {"images": images.numpy()}), ("logits", "features"), strict=True
        ):
            assert ours.shape == onnx.shape == of_openvino[name].shape
            assert np.abs(ours - onnx).max() <= 2e-4 * np.abs(ours).max()
            assert np.abs(ours - of_openvino[name]).max() <= 2e-4 * np.abs(ours).max()


def test_training_for_one_answer_a_picture_is_refused(tmp_path):
    with pytest.raises(UsageError) as error:
        striate.train("digits", model="crnn", output=tmp_path / "run")
    assert (
        str(error.value)
        == "crnn reads a string of signs in each picture, and what is asked for is one answer a picture; what pictures say stands in a "
        "table with the columns path and text"
    )
