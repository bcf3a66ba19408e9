"""A graph that takes bytes computes what it computes of normalised pictures."""

import numpy as np
import pytest

from striate.openvino_loading import compile_graph, load_openvino
from striate.pixels import Preprocessing
from striate.runtime.pixel_input import take_pixels

SIZE = (5, 7)


def same_pictures(count, channels):
    """A graph whose answer is its input, (count, channels, 5, 7); the minus keeps it from being nothing."""
    operations = load_openvino().opset13
    images = operations.parameter([count, channels, *SIZE], np.float32, name="images")
    return load_openvino().Model([operations.negative(images)], [images], "same")


RULES = {
    "rgb": Preprocessing(
        colour="rgb", resize="exact", resize_size=SIZE, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
    ),
    "bgr, as Caffe has it": Preprocessing(
        colour="rgb",
        resize="exact",
        resize_size=SIZE,
        mean=(103.939, 116.779, 123.68),
        std=(1.0, 1.0, 1.0),
        range="0..255",
        channel_order="bgr",
    ),
    "grey": Preprocessing(colour="grey", resize="exact", resize_size=SIZE, mean=(0.1307,), std=(0.3081,)),
}


@pytest.mark.parametrize("count", [1, -1])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_bytes_are_normalised_in_the_graph(rule, count):
    graph = same_pictures(count, rule.channels)
    take_pixels(graph, rule)
    pixels = np.random.default_rng(0).integers(0, 256, (abs(count), *SIZE, rule.channels), np.uint8)
    answer = -compile_graph(graph)([pixels])[0]
    expected = rule.normalise(pixels)
    # Where the processor multiplies and adds in one step, that rounds once and not twice.
    assert answer.shape == expected.shape
    assert np.abs(answer - expected).max() <= np.spacing(np.abs(rule.scale_and_shift[1]).max() + 1)


def test_a_graph_of_another_number_of_channels_is_refused():
    with pytest.raises(RuntimeError):
        take_pixels(same_pictures(1, 4), RULES["rgb"])
