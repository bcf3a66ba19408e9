"""Sealing: from a trained network to a bundle that was seen to do what its contract says."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import nn

from striate.bundle import (
    Bundle,
    BundleContent,
    Canary,
    CanarySheet,
    Contract,
    SeenPictures,
    write_bundle,
)
from striate.bundle.contract import Architecture
from striate.conversion import convert_to_openvino, save_graph
from striate.durable_writing import scratch_folder
from striate.encodings import Encoding, named_encoding
from striate.errors import DataError
from striate.initialization import drafting
from striate.models import CutNetwork, create_model
from striate.pixels import Preprocessing
from striate.runtime import OpenVINOEngine
from striate.sealing.cut_figures import cut_figures
from striate.sealing.measuring import MeasuredSplit, Measurements, measure_splits, network_logits
from striate.sealing.precision_terms import precision_terms
from striate.sealing.ruling import RuleRequest, fit_rule_to_engine, rule_files
from striate.tasks import USUAL_TASK, Task
from striate.tasks.rule_fitting import FittedRule
from striate.version import __version__


@dataclass(frozen=True)
class Sealed:
    """A bundle and what was measured on it."""

    bundle: Bundle
    measured: Measurements
    agreement: float | None
    rule_fault: str = ""
    """Why the decision rule that was asked for is not there."""


def seal(
    network: nn.Module,
    folder: Path,
    *,
    model: str,
    classes: tuple[str, ...],
    preprocessing: Encoding,
    splits: list[MeasuredSplit],
    canary_pictures: Mapping[str, bytes],
    seen: SeenPictures,
    data: Mapping[str, Any],
    task: Task = USUAL_TASK,
    rule: RuleRequest | None = None,
) -> Sealed:
    """Converts a network, measures the engine, and writes the bundle.

    Args:
        network: The trained network, of the catalogue; not changed.
        folder: Where the bundle shall be; nothing may be there.
        model: The network's name in the catalogue.
        classes: Their names, in the order of the logits.
        preprocessing: How what is given becomes its input; of pictures a `Preprocessing`.
        splits: What the engine is measured on, none of them empty; its agreement with the network is measured on the first one, and the
            temperature fitted on `val`.
        canary_pictures: The canaries by file name, as `preprocessing.canaries` makes them.
        seen: The pictures it was trained on.
        data: What the contract says of the training data.
        task: What the network was asked.
        rule: The decision rule that was asked for; where the pictures of `val` cannot promise it, there is none, and `rule_fault` says so.

    Raises:
        UsageError: If the folder exists.
        OSError: If it cannot be written; then nothing is left behind.
    """
    plain = network.cpu().eval()
    with scratch_folder("seal") as scratch:
        graph = scratch / "engine.xml"
        save_graph(convert_to_openvino(plain, blank_input(preprocessing)), graph)
        engine = OpenVINOEngine(graph, preprocessing)
        measured = measure_splits(engine, splits, classes, task)
        precisions = precision_terms(plain, graph, engine, preprocessing, splits, measured)
        fitted, fault = None, ""
        if rule is not None:
            fitted, fault = rule_or_fault(
                rule, engine, splits, classes, measured, named_encoding(preprocessing.kind).one
            )
        contract = Contract(
            architecture=architecture_of(plain, model, task.width(classes), preprocessing),
            classes=classes,
            preprocessing=preprocessing,
            precisions=precisions,
            metrics={split.name: measured.figures(split.name) | {"fingerprint": split.fingerprint} for split in splits},
            data=data,
            versions=versions(),
            files={},
            calibration=measured.calibration,
            thresholds=measured.thresholds,
            task=task.name,
            rule=None if fitted is None else fitted.rule,
        )
        tensors = needed_tensors(plain, contract.architecture)
        files: dict[str, Path | bytes] = {
            "model.safetensors": save(tensors),
            "engine.xml": graph,
            "engine.bin": graph.with_suffix(".bin"),
            "seen.bin": seen.to_bytes(),
            **rule_files(fitted, validation_of(splits)),
        }
        files |= {f"canaries/{name}": picture for name, picture in canary_pictures.items()}
        canaries = seal_canaries(plain, preprocessing, canary_pictures, contract.outputs)
        bundle = write_bundle(folder, BundleContent(files), contract, canaries)
    return Sealed(bundle, measured, precisions["fp32"].agreement, fault)


def validation_of(splits: list[MeasuredSplit]) -> MeasuredSplit | None:
    """The split that thresholds are chosen on, if it is there."""
    return next((split for split in splits if split.name == "val"), None)


def rule_or_fault(
    rule: RuleRequest,
    engine: OpenVINOEngine,
    splits: list[MeasuredSplit],
    classes: tuple[str, ...],
    measured: Measurements,
    one: str,
) -> tuple[FittedRule | None, str]:
    """The decision rule, or why there is none: a run that took hours does not end for that."""
    validation = validation_of(splits)
    if validation is None:
        return None, f"there is no validation {one} to choose a threshold on"
    try:
        return fit_rule_to_engine(rule, engine, validation, classes, measured.task, measured.calibration, one=one), ""
    except DataError as error:
        return None, str(error)


def seal_canaries(
    network: nn.Module, preprocessing: Encoding, pictures: Mapping[str, bytes], outputs: tuple[str, ...]
) -> CanarySheet:
    """The canaries with the network's own logits and a sample of what they are encoded to."""
    encoded = np.stack([preprocessing.encode(picture) for picture in pictures.values()])
    logits = network_logits(network, preprocessing, encoded).astype(float)
    canaries = (
        Canary(name, dict(zip(outputs, row.T.tolist(), strict=True)), preprocessing.sample(prepared))
        for name, row, prepared in zip(pictures, logits, encoded, strict=True)
    )
    return CanarySheet(tuple(canaries), {})


def blank_input(encoding: Encoding) -> torch.Tensor:
    """(1, ...) a network's input of nothing but zeros, which has the shape and type of every one."""
    return torch.from_numpy(encoding.ready(np.zeros((1, *encoding.shape), encoding.dtype)))


def architecture_of(network: nn.Module, model: str, width: int, encoding: Encoding) -> Architecture:
    """What the contract says of a network: its row, and of a cut one where it is cut and what that saves."""
    cut = None
    if isinstance(network, CutNetwork) and isinstance(encoding, Preprocessing):
        cut = cut_figures(network, model, encoding.size)
    return Architecture(model, width, encoding.channels, cut)


def needed_tensors(network: nn.Module, architecture: Architecture) -> dict[str, torch.Tensor]:
    """The network's tensors by name, without its auxiliary heads', which only training needs."""
    with drafting():  # names without values
        needed = create_model(**architecture.arguments, auxiliary=False).state_dict()
    return {name: tensor.detach().contiguous() for name, tensor in network.state_dict().items() if name in needed}


def versions() -> dict[str, str]:
    """The versions of what made a bundle."""
    packages = ("torch", "openvino", "numpy", "pillow")
    return {"striate": __version__, "python": platform.python_version()} | {
        name: metadata.version(name) for name in packages
    }
