"""What a processor can do at most: matrix products in a number format, by the engine that runs the networks."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from striate.hardware import available_processors
from striate.openvino_loading import compile_graph, load_openvino, openvino_core

SIDE = 1024
"""Rows and columns of the matrices: large enough to be bound by arithmetic, small enough for the caches."""


class PeakMeter:
    """Measures multiply-adds a second of matrix products on all processors, each with products of its own.

    Args:
        precision: `"fp32"`, `"bf16"`, `"fp16"` or `"int8"`; what the processor does not compute natively is measured as it falls back.
    """

    def __init__(self, precision: str) -> None:
        processors = available_processors()
        compiled = compile_graph(product_graph(precision), precision=precision, requests=processors)
        self._matrix = np.random.default_rng(0).random(tuple(compiled.inputs[0].shape), dtype=np.float32)
        self._requests = [compiled.create_infer_request() for _ in range(processors)]
        for request in self._requests:
            request.infer([self._matrix])

    def measure(self, *, seconds: float = 0.3) -> float:
        """Multiply-adds a second, over so many seconds."""

        def multiply(request: Any) -> int:
            done = 0
            while time.perf_counter() - begun < seconds:
                request.start_async([self._matrix], share_inputs=True)
                request.wait()
                done += 1
            return done

        with ThreadPoolExecutor(len(self._requests)) as pool:
            begun = time.perf_counter()
            done = sum(pool.map(multiply, self._requests))
            return done * SIDE**3 / (time.perf_counter() - begun)


def product_graph(precision: str) -> Any:
    """The product of a constant matrix and an input, both (SIDE, SIDE): an `openvino.Model`; for int8 both are quantised.

    It is written as a convolution of 1 x 1, which is the same and what networks consist of: for it engines have their best kernels.
    """
    openvino = load_openvino()
    opset13 = openvino.opset13
    rows = int(SIDE**0.5)
    images: Any = opset13.parameter([1, SIDE, rows, SIDE // rows], np.float32, name="images")
    weights: Any = opset13.constant(
        np.random.default_rng(1).standard_normal((SIDE, SIDE, 1, 1), dtype=np.float32).clip(-4, 4)
    )
    factor = images
    if precision == "int8":
        low, high = np.float32(0), np.float32(1)
        factor = opset13.fake_quantize(images, low, high, low, high, 256)
        limit = np.full((SIDE, 1, 1, 1), 4, np.float32)
        weights = opset13.fake_quantize(weights, -limit, limit, -limit, limit, 255)
    product = opset13.convolution(factor, weights, [1, 1], [0, 0], [0, 0], [1, 1])
    return openvino.Model([product], [images], "product")


def graph_macs(path: Path) -> int:
    """Multiply-adds of a picture in a graph's convolutions and dense layers.

    Args:
        path: The graph's `.xml` file, whose input is (?, C, H, W).
    """
    graph = openvino_core().read_model(str(path))
    graph.reshape([1, *(size.get_length() for size in list(graph.inputs[0].get_partial_shape())[1:])])
    total = 0
    for node in graph.get_ops():
        kind = node.get_type_name()
        if kind not in ("Convolution", "GroupConvolution", "MatMul"):
            continue
        weights, made = tuple(node.input_value(1).get_shape()), tuple(node.get_output_shape(0))
        if kind == "MatMul":
            total += math.prod(weights) * math.prod(made[:-1])
        else:  # each weight is used once at each place of the output
            total += math.prod(weights) * math.prod(made[2:])
    return total
