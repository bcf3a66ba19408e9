"""Weights trained with TensorFlow's padding: the rows that have it answer better than those that pad evenly."""

import json

import numpy as np
import pytest
import torch

from striate.models import create_model, model_row
from striate.pixels import Preprocessing
from striate.weights import read_weights

# The pictures are 160 pixels on their shorter side. Enlarged to the rows' own 224, ten classes are too easy a question:
# MobileNetV2 answers .990 with TensorFlow's padding and .983 with symmetric padding.
PREPROCESSING = Preprocessing(
    colour="rgb",
    resize="shorter_side",
    resize_size=(160, 160),
    filter="bilinear",
    crop=(128, 128),
    mean=model_row("mobilenet_v2_tf").mean,
    std=model_row("mobilenet_v2_tf").std,
)


@pytest.fixture(scope="module")
def pictures(real_data):
    """Imagenette's 600 validation pictures as uint8, each one's class, and the ten classes' places among 1,000."""
    index = json.loads(real_data("imagenet_class_index.json").read_text())
    places = {wordnet: int(place) for place, (wordnet, _) in index.items()}
    folders = sorted((real_data("imagenette") / "val").iterdir())
    files = [(path, number) for number, folder in enumerate(folders) for path in sorted(folder.iterdir())]
    pixels = np.stack([PREPROCESSING.pixels(path) for path, _ in files])
    return pixels, torch.tensor([number for _, number in files]), [places[folder.name] for folder in folders]


@torch.inference_mode()
def correct(name, tensors, pictures):
    """Whether each picture's right class has the largest of the ten classes' logits."""
    pixels, labels, places = pictures
    network = create_model(name).eval()
    network.load_state_dict(tensors, strict=True)
    inputs = torch.from_numpy(PREPROCESSING.normalise(pixels))  # -1 to 1, which the weights expect in either network
    return torch.cat([network(batch) for batch in inputs.split(20)])[:, places].argmax(1) == labels


def unfolded(tensors, name):
    """Weights whose batch norm was folded into convolutions with biases: put into batch norms that only add these."""
    network = create_model(name)
    state = network.state_dict()
    for key in state:
        layer, _, kind = key.rpartition(".")
        if kind == "running_var":
            state[key] = torch.ones_like(state[key]) - network.get_submodule(layer).eps
    names = {"conv0": ("conv1", "bn1"), "fc": ("fc", "fc")}
    for number in range(1, 14):
        names[f"dw{number}"] = (f"block{number}.depthwise", f"block{number}.bn1")
        names[f"pw{number}"] = (f"block{number}.pointwise", f"block{number}.bn2")
    for theirs, (weight, bias) in names.items():
        state[f"{weight}.weight"] = tensors[f"{theirs}.weight"]
        state[f"{bias}.bias"] = tensors[f"{theirs}.bias"]
    assert {f"{theirs}.{kind}" for theirs in names for kind in ("weight", "bias")} == set(tensors)
    return state


def assert_clearly_better(same, symmetric, shares):
    """The shares answered right are as measured; and of the pictures that one alone has right, few are the second's."""
    assert (same.float().mean().item(), symmetric.float().mean().item()) == pytest.approx(shares, abs=0.01)
    assert (same & ~symmetric).sum() > 3 * (symmetric & ~same).sum()


@pytest.mark.slow
def test_mobilenet_v2(pictures, real_data):
    tensors = read_weights(real_data("weights/mobilenet_v2_imagenet_torchvision_names.pth")).tensors
    answers = [correct(name, tensors, pictures) for name in ("mobilenet_v2_tf", "mobilenet_v2")]
    assert_clearly_better(*answers, (0.947, 0.863))


@pytest.mark.slow
def test_mobilenet_v1(pictures, real_data):
    tensors = read_weights(real_data("weights/mobilenet_v1_0.25_224_float32_bnfolded.pth")).tensors
    answers = [
        correct(name, unfolded(tensors, name), pictures) for name in ("mobilenet_v1_x0_25_tf", "mobilenet_v1_x0_25")
    ]
    assert_clearly_better(*answers, (0.853, 0.395))
