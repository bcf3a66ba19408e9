"""Networks of every kind of input, exported to ONNX and OpenVINO, answer what they answer in torch; one row is converted always."""

import numpy as np
import onnxruntime
import pytest
import torch

from striate.conversion import convert_to_onnx, convert_to_openvino, export_program
from striate.models import create_model, list_models, model_row
from striate.openvino_loading import compile_graph
from striate.pixels import Preprocessing
from striate.pixels.clip_encoding import ClipEncoding
from striate.text import SentenceEncoding

WORDS, FRAMES = 30, 5
SMALL = ("rcnn", "linear", "airbench", "resnet9")
"""Families for pictures of which every row is tried here; those of photographs are in `test_onnx_model`."""

ROWS = [
    name
    for name in list_models()
    if model_row(name).kind != "picture" or model_row(name).sequential or name.startswith(SMALL)
]


def rule_of(name):
    """What makes the input of a row."""
    row = model_row(name)
    if row.kind == "text":
        return SentenceEncoding(tuple(f"word{number}" for number in range(WORDS)), length=12)
    channels = 1 if row.sequential else row.in_channels
    frame = Preprocessing(
        colour="rgb" if channels == 3 else "grey",
        resize="exact",
        resize_size=row.input_size,
        mean=(0.4,) * channels,
        std=(0.3,) * channels,
    )
    return frame if row.kind == "picture" else ClipEncoding(FRAMES, frame)


def inputs(name, rule, count):
    generator = np.random.default_rng(count)
    if model_row(name).kind == "text":
        return rule.ready(generator.integers(0, WORDS + 2, (count, 12)).astype(np.int32))
    return rule.ready(generator.integers(0, 256, (count, *rule.shape)).astype(np.uint8))


@pytest.mark.parametrize(
    "name", [name if name == "textcnn_multichannel" else pytest.param(name, marks=pytest.mark.slow) for name in ROWS]
)
def test_it_answers_the_same_in_onnx_and_openvino(name):
    rule = rule_of(name)
    network = create_model(name, num_classes=7, in_channels=rule.channels, seed=0)
    with torch.no_grad():
        network(torch.from_numpy(inputs(name, rule, 6)))  # statistics that are not those of the start
    network.eval()
    model = convert_to_onnx(export_program(network, rule), metadata={})
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    compiled = compile_graph(convert_to_openvino(network, torch.from_numpy(inputs(name, rule, 1))))
    for count in (1, 3):
        given = inputs(name, rule, count)
        with torch.no_grad():
            expected = network(torch.from_numpy(given)).numpy(), network.features(torch.from_numpy(given)).numpy()
        of_openvino = compiled(given)
        for ours, onnx, output in zip(
            expected, session.run(None, {"images": given}), ("logits", "features"), strict=True
        ):
            assert ours.shape == onnx.shape == of_openvino[output].shape
            assert np.abs(ours - onnx).max() <= 2e-4 * np.abs(ours).max()
            assert np.abs(ours - of_openvino[output]).max() <= 2e-4 * np.abs(ours).max()


def test_no_kind_is_forgotten():
    assert {model_row(name).kind for name in ROWS} == {"picture", "text", "frames"}
    assert [name for name in ROWS if model_row(name).sequential] == ["crnn", "crnn_paper"]
