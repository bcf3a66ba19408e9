"""A graph that takes pictures as they are prepared, in bytes: normalisation and layout become its first layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from striate.openvino_loading import load_openvino
from striate.pixels import Preprocessing


def take_pixels(graph: Any, preprocessing: Preprocessing) -> None:
    """Changes a graph of normalised pictures, (?, C, H, W) float32, to take prepared ones, (?, H, W, C) uint8.

    It does what `Preprocessing.normalise` does, in the same order, and the engine does it while it is at the picture anyway. What is
    sealed stays as it is: this is done when a graph is opened.

    Args:
        graph: An `openvino.Model` with one input, whose channels, height and width are known.
        preprocessing: How pictures are normalised.

    Raises:
        RuntimeError: If the graph's input is of another kind.
    """
    operations: Any = load_openvino().opset13
    images = graph.get_parameters()[0]
    count, channels, height, width = images.get_partial_shape()
    pixels = operations.parameter([count, height, width, channels], np.uint8, name="pixels")
    pixels.output(0).set_names({"pixels"})
    ordered = operations.convert(pixels, "f32")
    if preprocessing.reverses_channels:
        backwards = np.arange(preprocessing.channels)[::-1].astype(np.int64)
        ordered = operations.gather(ordered, backwards, np.int64(3))
    scale, shift = preprocessing.scale_and_shift
    normalised = operations.add(operations.multiply(ordered, scale), shift)
    planes = operations.transpose(normalised, np.array([0, 3, 1, 2]))
    for reader in list(images.output(0).get_target_inputs()):
        reader.replace_source_output(planes.output(0))
    graph.add_parameters([pixels])
    graph.remove_parameter(images)
    graph.validate_nodes_and_infer_types()
