"""Sealing: from a trained network to a bundle that was seen to do what its contract says."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save
from torch import nn

from striate.bundle import (
    Bundle,
    BundleContent,
    Canary,
    CanarySheet,
    Contract,
    PrecisionTerms,
    SeenPictures,
    sample_pixels,
    write_bundle,
)
from striate.bundle.contract import LARGEST_TOLERANCE, Architecture
from striate.conversion import convert_to_openvino, save_graph
from striate.evaluation import Scores
from striate.initialization import drafting
from striate.models import create_model
from striate.pixels import Preprocessing
from striate.runtime import Engine, OpenVINOEngine
from striate.sealing import calibrate, uncalibrated_figures
from striate.tasks import SINGLE_LABEL, Task
from striate.timing import time_side_by_side
from striate.version import __version__

COMPARED_PICTURES = 100
"""On so many pictures the engine's answers are compared with the network's own, which takes several times as long."""

TIMED_PICTURES = 16
"""On so many, twice, number formats are timed beside each other."""


@dataclass(frozen=True)
class Measured:
    """A split to measure the sealed engine on: pictures that are already preprocessed, a batch at a time."""

    name: str
    labels: npt.NDArray[np.int64]
    pixels: Any
    """Called with positions (k,), answers (k, H, W, C) uint8."""
    fingerprint: str


@dataclass(frozen=True)
class Measurements:
    """What the sealed engine scores, by split."""

    task: Task
    calibration: Mapping[str, int | float]
    """As the contract has it."""
    probabilities: Mapping[str, npt.NDArray[np.float64]]
    """(n, classes), in the order of the labels."""
    labels: Mapping[str, npt.NDArray[np.int64]]
    """(n,)."""
    scores: Mapping[str, Scores]
    uncalibrated: Mapping[str, Scores]
    """What the scores are at temperature 1."""

    def agreement(self, split: str, logits: npt.NDArray[np.floating[Any]]) -> float:
        """On which share of a split's first pictures these (n, classes) logits come to the sealed engine's answer."""
        with np.errstate(invalid="ignore"):  # logits that are not finite come to an answer of their own
            probabilities = self.task.probabilities(logits, self.calibration)
        answers = self.task.decide(self.probabilities[split][: len(logits)])
        return float(np.mean(self.task.same(self.task.decide(probabilities), answers)))

    def figures(self, split: str) -> dict[str, Any]:
        """The single figures of a split, JSON-ready."""
        return self.scores[split].headline() | uncalibrated_figures(self.uncalibrated[split])


@dataclass(frozen=True)
class Sealed:
    """A bundle and what was measured on it."""

    bundle: Bundle
    measured: Measurements
    agreement: float | None


def seal(
    network: nn.Module,
    folder: Path,
    *,
    model: str,
    classes: tuple[str, ...],
    preprocessing: Preprocessing,
    splits: list[Measured],
    canary_pictures: Mapping[str, bytes],
    seen: SeenPictures,
    data: Mapping[str, Any],
    task: Task = SINGLE_LABEL,
) -> Sealed:
    """Converts a network, measures the engine, and writes the bundle.

    Args:
        network: The trained network, of the catalogue; not changed.
        folder: Where the bundle shall be; nothing may be there.
        model: The network's name in the catalogue.
        classes: Their names, in the order of the logits.
        preprocessing: How pictures become its input.
        splits: What the engine is measured on, none of them empty; its agreement with the network is measured on the first one, and the
            temperature fitted on `val`.
        canary_pictures: The canaries by file name, of `striate.sealing.make_canaries`.
        seen: The pictures it was trained on.
        data: What the contract says of the training data.
        task: What the network was asked.

    Raises:
        UsageError: If the folder exists.
        OSError: If it cannot be written; then nothing is left behind.
    """
    plain = network.cpu().eval()
    with tempfile.TemporaryDirectory(prefix="striate-seal-") as scratch:
        graph = Path(scratch) / "engine.xml"
        model_ir = convert_to_openvino(plain, in_channels=preprocessing.channels, input_size=preprocessing.size)
        save_graph(model_ir, graph)
        engine = OpenVINOEngine(graph)
        measured = measure_splits(engine, preprocessing, splits, classes, task)
        agreement, pictures = agreement_with_network(plain, preprocessing, splits, measured)
        contract = Contract(
            architecture=Architecture(model, task.width(classes), preprocessing.channels),
            classes=classes,
            preprocessing=preprocessing,
            precisions={
                "fp32": PrecisionTerms(LARGEST_TOLERANCE["fp32"], agreement, pictures),
                "bf16": narrow_terms(graph, engine, "bf16", preprocessing, splits, measured),
                "fp16": narrow_terms(graph, engine, "fp16", preprocessing, splits, measured),
            },
            metrics={split.name: measured.figures(split.name) | {"fingerprint": split.fingerprint} for split in splits},
            data=data,
            versions=versions(),
            files={},
            calibration=measured.calibration,
            task=task.name,
        )
        tensors = needed_tensors(plain, contract.architecture)
        files: dict[str, Path | bytes] = {
            "model.safetensors": save(tensors),
            "engine.xml": graph,
            "engine.bin": graph.with_suffix(".bin"),
            "seen.bin": seen.to_bytes(),
        }
        files |= {f"canaries/{name}": picture for name, picture in canary_pictures.items()}
        canaries = seal_canaries(plain, preprocessing, canary_pictures, classes)
        bundle = write_bundle(folder, BundleContent(files), contract, canaries)
    return Sealed(bundle, measured, agreement)


def measure_splits(
    engine: OpenVINOEngine, preprocessing: Preprocessing, splits: list[Measured], classes: tuple[str, ...], task: Task
) -> Measurements:
    """What the engine answers to the splits, with the temperature that is fitted on one of them, and without."""
    logits = {split.name: engine_logits(engine, preprocessing, split) for split in splits}
    labels = {split.name: split.labels for split in splits}
    calibration = calibrate(logits, labels)
    probabilities = {name: task.probabilities(found, calibration) for name, found in logits.items()}
    plain = {name: task.probabilities(found, {"temperature": 1.0}) for name, found in logits.items()}
    return Measurements(
        task=task,
        calibration=calibration,
        probabilities=probabilities,
        labels=labels,
        scores={name: task.score(probabilities[name], labels[name], classes) for name in logits},
        uncalibrated={name: task.score(plain[name], labels[name], classes) for name in logits},
    )


def agreement_with_network(
    network: nn.Module, preprocessing: Preprocessing, splits: list[Measured], measured: Measurements
) -> tuple[float | None, int]:
    """On which share of the first split's pictures the engine's answer is the network's, and on how many that was measured."""
    if not splits:
        return None, 0
    first = splits[0]
    pictures = min(len(first.labels), COMPARED_PICTURES)
    own = network_logits(network, preprocessing, first.pixels(np.arange(pictures)))
    return measured.agreement(first.name, own), pictures


def seal_canaries(
    network: nn.Module, preprocessing: Preprocessing, pictures: Mapping[str, bytes], classes: tuple[str, ...]
) -> CanarySheet:
    """The canaries with the network's own logits and some of their prepared pixels."""
    pixels = np.stack([preprocessing.pixels(picture) for picture in pictures.values()])
    logits = network_logits(network, preprocessing, pixels).astype(float)
    canaries = (
        Canary(name, dict(zip(classes, row.tolist(), strict=True)), sample_pixels(prepared))
        for name, row, prepared in zip(pictures, logits, pixels, strict=True)
    )
    return CanarySheet(tuple(canaries), {})


def needed_tensors(network: nn.Module, architecture: Architecture) -> dict[str, torch.Tensor]:
    """The network's tensors by name, without its auxiliary heads', which only training needs."""
    with drafting():  # names without values
        needed = create_model(
            architecture.model,
            num_classes=architecture.num_classes,
            in_channels=architecture.in_channels,
            auxiliary=False,
        ).state_dict()
    return {name: tensor.detach().contiguous() for name, tensor in network.state_dict().items() if name in needed}


def narrow_terms(
    graph: Path,
    fp32: Engine,
    precision: str,
    preprocessing: Preprocessing,
    splits: list[Measured],
    measured: Measurements,
) -> PrecisionTerms:
    """What holds in a narrower number format: measured on the first split, if this processor computes it.

    Args:
        graph: The `.xml` file.
        fp32: The engine that computes it in fp32.
        precision: `"bf16"` or `"fp16"`.
        preprocessing: How pictures become the network's input.
        splits: The pictures; agreement is measured on `COMPARED_PICTURES` of the first split that has any.
        measured: What the engine answers in fp32.
    """
    tolerance = LARGEST_TOLERANCE[precision]
    split = next((split for split in splits if len(split.labels)), None)
    if split is None:
        return PrecisionTerms(tolerance)
    engine = OpenVINOEngine(graph, precision=precision)
    if engine.precision != precision:
        return PrecisionTerms(tolerance)  # in fp32 after all: that would show nothing
    count = min(len(split.labels), COMPARED_PICTURES)
    images = preprocessing.normalise(split.pixels(np.arange(count)))
    agreement = measured.agreement(split.name, engine.infer(images)[0])
    return PrecisionTerms(tolerance, agreement, count, times_as_fast(engine, fp32, images))


def times_as_fast(engine: Engine, peer: Engine, images: npt.NDArray[np.float32]) -> float:
    """How many times as many pictures a second an engine answers as another, both being warm: the median of two rounds in turns."""
    some = images[:TIMED_PICTURES]
    work = {"engine": lambda: engine.infer(some), "peer": lambda: peer.infer(some)}
    return time_side_by_side(work, rounds=2, warm_up=0).ratio("engine", "peer")[0]


def engine_logits(engine: OpenVINOEngine, preprocessing: Preprocessing, split: Measured) -> npt.NDArray[np.float32]:
    """The engine's logits on a split: (n, classes)."""
    starts = range(0, len(split.labels), 64)
    parts = [
        engine.infer(preprocessing.normalise(split.pixels(np.arange(start, min(start + 64, len(split.labels))))))[0]
        for start in starts
    ]
    return np.concatenate(parts)


@torch.inference_mode()
def network_logits(
    network: nn.Module, preprocessing: Preprocessing, pixels: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """The network's own logits, in fp32 torch: (n, classes) of (n, H, W, C) uint8."""
    parts = [
        network(torch.from_numpy(preprocessing.normalise(pixels[start : start + 64]))).float().numpy()
        for start in range(0, len(pixels), 64)
    ]
    return np.concatenate(parts)


def versions() -> dict[str, str]:
    """The versions of what made a bundle."""
    packages = ("torch", "openvino", "numpy", "pillow")
    return {"striate": __version__, "python": platform.python_version()} | {
        name: metadata.version(name) for name in packages
    }
