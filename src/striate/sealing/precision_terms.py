"""What holds in each number format: how often an engine in it gives the same answer, and how much faster it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from striate.bundle import PrecisionTerms
from striate.bundle.contract import LARGEST_TOLERANCE
from striate.encodings import Encoding
from striate.runtime import Engine, OpenVINOEngine
from striate.sealing.measuring import MeasuredSplit, Measurements, network_logits
from striate.timing import time_side_by_side

COMPARED_PICTURES = 100
"""On so many pictures the engine's answers are compared with the network's own, which takes several times as long."""

TIMED_PICTURES = 16
"""On so many, twice, number formats are timed beside each other."""


def precision_terms(
    network: nn.Module,
    graph: Path,
    engine: Engine,
    preprocessing: Encoding,
    splits: list[MeasuredSplit],
    measured: Measurements,
) -> dict[str, PrecisionTerms]:
    """What the contract says of each number format that the graph is computed in: `"fp32"`, `"bf16"` and `"fp16"`.

    Args:
        network: The network in torch, which the engine in fp32 is compared with.
        graph: The `.xml` file.
        engine: What computes it in fp32, which narrower formats are compared with.
        preprocessing: How what is given becomes the network's input.
        splits: The pictures; agreement is measured on `COMPARED_PICTURES` of the first split.
        measured: What the engine answers to them.
    """
    agreement, pictures = agreement_with_network(network, preprocessing, splits, measured)
    terms = {"fp32": PrecisionTerms(LARGEST_TOLERANCE["fp32"], agreement, pictures)}
    for precision in ("bf16", "fp16"):
        terms[precision] = narrow_terms(graph, engine, precision, preprocessing, splits, measured)
    return terms


def agreement_with_network(
    network: nn.Module, preprocessing: Encoding, splits: list[MeasuredSplit], measured: Measurements
) -> tuple[float | None, int]:
    """On which share of the first split's pictures the engine's answer is the network's, and on how many that was measured."""
    if not splits:
        return None, 0
    first = splits[0]
    pictures = min(len(first.labels), COMPARED_PICTURES)
    logits = network_logits(network, preprocessing, first.pixels(np.arange(pictures)))
    return measured.agreement(first.name, logits), pictures


def narrow_terms(
    graph: Path,
    fp32: Engine,
    precision: str,
    preprocessing: Encoding,
    splits: list[MeasuredSplit],
    measured: Measurements,
) -> PrecisionTerms:
    """What holds in a narrower number format: measured on the first split, if this processor computes it.

    Args:
        graph: The `.xml` file.
        fp32: The engine that computes it in fp32.
        precision: `"bf16"` or `"fp16"`.
        preprocessing: How what is given becomes the network's input.
        splits: The pictures; agreement is measured on `COMPARED_PICTURES` of the first split that has any.
        measured: What the engine answers in fp32.
    """
    tolerance = LARGEST_TOLERANCE[precision]
    split = next((split for split in splits if len(split.labels)), None)
    if split is None:
        return PrecisionTerms(tolerance)
    engine = OpenVINOEngine(graph, preprocessing, precision=precision)
    if engine.precision != precision:
        return PrecisionTerms(tolerance)  # in fp32 after all: that would show nothing
    count = min(len(split.labels), COMPARED_PICTURES)
    pixels = split.pixels(np.arange(count))
    agreement = measured.agreement(split.name, engine.infer(pixels)[0])
    return PrecisionTerms(tolerance, agreement, count, times_as_fast(engine, fp32, pixels))


def times_as_fast(engine: Engine, peer: Engine, pixels: npt.NDArray[Any]) -> float:
    """How many times as many pictures a second an engine answers as another, both being warm: the median of two rounds in turns."""
    some = pixels[:TIMED_PICTURES]
    work = {"engine": lambda: engine.infer(some), "peer": lambda: peer.infer(some)}
    return time_side_by_side(work, rounds=2, warm_up=0).ratio("engine", "peer")[0]
