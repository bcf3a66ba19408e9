"""From an OpenVINO graph in fp32 to one that computes in int8, by post-training quantisation."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError
from striate.openvino_loading import load_openvino, openvino_core

MISSING = "int8 needs the package nncf; install it with: pip install 'striate[export]'"

Images = npt.NDArray[np.float32]
Judge = Callable[[Callable[[Images], npt.NDArray[np.float32]], Iterable[int]], list[float]]
"""Called with what gives logits (N, classes) of images, and with the places of validation pictures; answers a score for each."""


def quantize_graph(path: Path, calibration: Callable[[int], Images], count: int) -> Any:
    """A graph with its convolutions and dense layers in int8: an `openvino.Model`.

    Weights get a scale for each channel; the ranges of activations are those seen on the calibration pictures, and biases are corrected by
    what rounding shifts there. Weights use 7 of the 8 bits: processors without VNNI add two products in 16 bits, which the full range
    overflows, and a bundle does not know where it will run.

    Args:
        path: The graph's `.xml` file, with one input `images` and an output `logits`.
        calibration: Answers the images (1, C, H, W), normalised, of a place below `count`.
        count: How many there are.

    Raises:
        UsageError: If nncf is not installed.

    Source: Krishnamoorthi 2018, "Quantizing deep convolutional networks for efficient inference", sections 3 and 4.
    """
    nncf = load_nncf()
    graph = openvino_core().read_model(str(path))
    with quiet(), one_core():
        return nncf.quantize(
            graph,
            nncf.Dataset(range(count), calibration),
            subset_size=count,
            preset=nncf.QuantizationPreset.MIXED,  # activations need no symmetry: those of a ReLU have none
            advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE),
        )


def quantize_graph_within(
    path: Path,
    calibration: Callable[[int], Images],
    count: int,
    *,
    judge: Judge,
    validation_count: int,
    max_drop: float,
) -> Any:
    """A graph of which only so many layers compute in int8 that it loses no more than `max_drop`: an `openvino.Model`.

    The layers are tried one after the other, and those whose rounding costs most are put back to fp32 until the loss is small enough,
    or none is left that helps: the caller measures what came of it.

    Args:
        path: The graph's `.xml` file.
        calibration: Answers the images (1, C, H, W) of a place below `count`.
        count: How many calibration pictures there are.
        judge: Scores a graph on validation pictures; the score of the whole is the mean.
        validation_count: How many validation pictures there are.
        max_drop: The largest loss of the mean score.

    Raises:
        UsageError: If nncf is not installed.
    """
    nncf = load_nncf()
    graph = openvino_core().read_model(str(path))

    def validate(compiled: Any, places: Iterable[int]) -> tuple[float, list[float]]:
        scores = judge(lambda images: np.array(compiled(images)["logits"]), places)
        return float(np.mean(scores)), scores

    with quiet(), one_core():
        return nncf.quantize_with_accuracy_control(
            graph,
            nncf.Dataset(range(count), calibration),
            nncf.Dataset(range(validation_count)),
            validate,
            max_drop=max_drop,
            drop_type=nncf.DropType.ABSOLUTE,
            subset_size=count,
            advanced_accuracy_restorer_parameters=nncf.AdvancedAccuracyRestorerParameters(ranking_subset_size=100),
            preset=nncf.QuantizationPreset.MIXED,
            advanced_quantization_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE),
        )


def layers_by_format(graph: Any) -> tuple[int, int]:
    """How many of a graph's convolutions and dense layers are quantised, and how many are not.

    Args:
        graph: An `openvino.Model`.
    """
    layers = [node for node in graph.get_ops() if node.get_type_name() in ("Convolution", "GroupConvolution", "MatMul")]
    quantised = sum(_has_quantised_weights(layer) for layer in layers)
    return quantised, len(layers) - quantised


def _has_quantised_weights(layer: Any) -> bool:
    """Told by the weights: what a layer takes may be quantised further up, before a pooling or where branches join."""
    node = layer.input_value(1).get_node()
    while node.get_input_size() and node.get_type_name() != "FakeQuantize":
        node = node.input_value(0).get_node()
    return bool(node.get_type_name() == "FakeQuantize" or node.get_element_type().size == 1)


def check_nncf() -> None:
    """Finds before any work is done whether nncf is there, without loading it, which takes seconds.

    Raises:
        UsageError: If it is not installed.
    """
    if find_spec("nncf") is None:
        raise UsageError(MISSING)


def load_nncf() -> Any:
    """The `nncf` module, without the telemetry that it shares with OpenVINO.

    Raises:
        UsageError: If it is not installed.
    """
    load_openvino()
    try:
        with quiet():
            import nncf
    except ImportError as error:
        raise UsageError(MISSING) from error
    return nncf


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Lends nncf this process's core where it would make its own: see `openvino_core` for what two of them do to signals."""
    openvino: Any = load_openvino()
    core = openvino_core()
    own = openvino.Core, openvino.compile_model
    openvino.Core, openvino.compile_model = lambda: core, core.compile_model
    try:
        yield
    finally:
        openvino.Core, openvino.compile_model = own


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing of what nncf prints and logs: results belong on stdout, and progress is shown by the caller."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.ERROR)
        try:
            yield
        finally:
            logging.disable(before)
