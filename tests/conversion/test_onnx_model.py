"""Networks as ONNX: what the file says, that any batch goes in, and that every network of the catalogue answers the same."""

import dataclasses
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from striate.conversion import OPSET, convert_to_onnx, convert_to_openvino, export_program
from striate.errors import UsageError
from striate.models import create_model, list_models, model_row
from striate.openvino_loading import openvino_core
from striate.pixels import Preprocessing

FAMILIES = {
    "alexnet": ("groups", "LRN"),
    "zfnet": ("LRN",),
    "nin_imagenet": ("ceil",),
    "vgg11_lrn": ("LRN",),
    "googlenet": ("LRN", "ceil", "auxiliary"),
    "allcnn_c": (),
    "rcnn_96": ("recurrence", "LRN"),
    "resnet20": ("option A",),
    "mobilenet_v1_x0_25_tf": ("SAME",),
    "mobilenet_v2": ("depthwise",),
    "efficientnet_b0": ("squeeze",),
    "linear": (),
    "resnet9_x0_25": (),
    "airbench94": ("GELU", "no scale in batch norm"),
}


def example(name, *, num_classes=7):
    """A small network of a row, after a look at some pictures, and a rule for its input."""
    network = create_model(name, num_classes=num_classes, seed=0)
    least = network.minimum_size
    size = network.input_size if network.fixed_size else (max(64, least[0]), max(48, least[1]))
    with torch.no_grad():
        network(torch.randn(4, network.in_channels, *size, generator=torch.Generator().manual_seed(0)))
    channels = network.in_channels
    rule = Preprocessing(
        colour="rgb" if channels == 3 else "grey",
        resize="exact",
        resize_size=size,
        mean=(0.5,) * channels,
        std=(0.25,) * channels,
    )
    return network, rule


def answers_of_torch(network, images):
    network.eval()
    with torch.no_grad():
        features = network.features(torch.from_numpy(images))
        return network.head(features).numpy(), features.numpy()


def check_answers(network, rule, session):
    generator = np.random.default_rng(1)
    for count in (1, 3):
        images = generator.normal(0, 1, (count, rule.channels, *rule.size)).astype(np.float32)
        for ours, theirs in zip(answers_of_torch(network, images), session.run(None, {"images": images}), strict=True):
            assert ours.shape == theirs.shape
            assert np.abs(ours - theirs).max() <= 2e-4 * np.abs(ours).max()


def test_a_model_says_what_it_takes_and_answers():
    network, rule = example("lenet5", num_classes=10)
    model = convert_to_onnx(export_program(network, rule), metadata={"classes": '["a", "ä"]', "striate_version": "1.2"})
    assert network.training
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
    assert (model.producer_name, model.producer_version) == ("striate", "1.2")
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString()
    assert b".py" not in content and b"stack_trace" not in content
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["classes"] == '["a", "ä"]'
    assert [(one.name, one.shape, one.type) for one in session.get_inputs()] == [
        ("images", ["batch", 1, 32, 32], "tensor(float)")
    ]
    assert [(one.name, one.shape) for one in session.get_outputs()] == [
        ("logits", ["batch", 10]),
        ("features", ["batch", 84]),
    ]
    check_answers(network, rule, session)


@pytest.mark.slow
@pytest.mark.parametrize("pixels", [(61, 47), (20, 90)])
def test_the_order_of_channels_and_the_range_are_in_a_file_that_takes_pictures(from_pictures, pixels):
    network, rule, session, program = from_pictures
    picture = np.random.default_rng(0).integers(0, 256, (1, *pixels, 3)).astype(np.uint8)
    expected = answers_of_torch(network, rule.normalise(rule.resized(picture[0])[np.newaxis]))
    with torch.no_grad():
        exported = [answer.numpy() for answer in program.module()(torch.from_numpy(picture))]
    for answers in (session.run(None, {"images": picture}), exported):
        for ours, theirs in zip(expected, answers, strict=True):
            assert np.abs(ours - theirs).max() <= 2e-4 * np.abs(ours).max()


@pytest.fixture(scope="module")
def from_pictures():
    """A small network that takes what Caffe's do, with its preprocessing in the graph."""
    network, rule = example("resnet20")
    caffe = {"mean": (104.0, 117.0, 123.0), "std": (60.0, 50.0, 40.0), "range": "0..255", "channel_order": "bgr"}
    rule = dataclasses.replace(rule, resize="exact", resize_size=(32, 32), **caffe)
    program = export_program(network.eval(), rule, with_preprocessing=True)
    content = convert_to_onnx(program, metadata={}).SerializeToString()
    return network, rule, onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]), program


def test_a_missing_package_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UsageError, match=r"ONNX needs the package onnxscript, .* pip install 'striate\[export\]'"):
        convert_to_onnx(None, metadata={})


def test_every_family_has_a_network_here():
    assert {model_row(name).family for name in [*FAMILIES, "lenet5"]} == {
        model_row(name).family for name in list_models("picture", sequential=False)
    }


@pytest.mark.parametrize(
    "name",
    [
        *(pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES),
        *(
            pytest.param(name, marks=pytest.mark.exhaustive)
            for name in list_models("picture", sequential=False)
            if name not in FAMILIES
        ),
    ],
)
def test_every_network_answers_the_same_in_onnx_and_openvino(name):
    network, rule = example(name)
    model = convert_to_onnx(export_program(network, rule), metadata={})
    assert not [tensor.name for tensor in model.graph.initializer if "aux" in tensor.name]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    check_answers(network, rule, session)
    graph = convert_to_openvino(network, torch.zeros(1, rule.channels, *rule.size))
    compiled = openvino_core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    images = np.random.default_rng(2).normal(0, 1, (2, rule.channels, *rule.size)).astype(np.float32)
    result = compiled({"images": images})
    for ours, name_of in zip(answers_of_torch(network, images), ("logits", "features"), strict=True):
        assert np.abs(ours - result[name_of]).max() <= 2e-4 * np.abs(ours).max()
