"""A bundle with int8 beside its other number formats: calibrated, compared with fp32 picture by picture, and written."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.bundle import Bundle, BundleContent, PrecisionTerms, write_bundle
from striate.bundle.contract import LARGEST_TOLERANCE
from striate.bundle.folder import CANARY_SHEET, INT8, INT8_WEIGHTS
from striate.conversion import save_graph
from striate.conversion.quantization import layers_by_format, quantize_graph, quantize_graph_within
from striate.data import Dataset
from striate.durable_writing import scratch_folder
from striate.errors import QuantizationError
from striate.pixels import Preprocessing
from striate.runtime import OpenVINOEngine
from striate.runtime.canary_check import encoded_canaries
from striate.sealing.agreement import answers_of, largest_difference, share_alike
from striate.sealing.precision_terms import times_as_fast
from striate.tasks import Task
from striate.tasks.task import Targets
from striate.watching import Watcher

LEAST_TOLERANCE = 0.1
"""Of the canaries in int8, as a share of the logits' range; twice what was measured, where that is more."""

BATCH = 64


@dataclass(frozen=True)
class Int8Figures:
    """How a graph in int8 compares with the one in fp32."""

    accuracy: float
    accuracy_fp32: float
    agreement: float
    """Share of the pictures on which both give the same answer."""
    pictures: int
    speed: float
    """How many times as many pictures a second as in fp32."""
    layers: int
    """Convolutions and dense layers in int8."""
    layers_fp32: int
    """Those left in fp32."""
    size: int
    """Bytes of the weights."""

    @property
    def drop(self) -> float:
        """Percentage points of accuracy lost."""
        return 100 * (self.accuracy_fp32 - self.accuracy)


def add_int8(
    folder: Path,
    bundle: Bundle,
    training: Dataset,
    validation: Dataset,
    labels: npt.NDArray[np.int64],
    *,
    max_drop: float,
    watcher: Watcher,
) -> Int8Figures:
    """Writes a copy of a bundle with int8, if that keeps the accuracy; else the layers that cost most are left in fp32 first.

    Args:
        folder: Where the copy shall be; nothing may be there.
        bundle: What is quantised.
        training: The pictures that ranges are calibrated on.
        validation: Those that the accuracy is measured on.
        labels: Of these, in the order of the bundle's classes.
        max_drop: The largest loss of accuracy, in percentage points.
        watcher: Hears how far it is.

    Raises:
        QuantizationError: If int8 loses more even so; the message has the numbers, and nothing is written.
    """
    rule = bundle.contract.picture_preprocessing
    prepared = [rule.pixels(training.pictures.read(row)) for row in range(len(training))]
    trial = Int8Trial(bundle, prepared, validation, labels, watcher)
    with scratch_folder("int8") as scratch:
        path = scratch / "int8.xml"
        watcher.task("calibrating", 0, len(training))
        graph = quantize_graph(bundle.engine_path, trial.calibration, len(training))
        figures, engine = trial.measure(graph, path)
        if figures.drop > max_drop:
            watcher.note(f"int8 loses {figures.drop:.2f} points: looking for the layers that cost most")
            graph = quantize_graph_within(
                bundle.engine_path,
                trial.calibration,
                len(training),
                judge=trial.judge,
                validation_count=len(validation),
                max_drop=max_drop / 100,
            )
            figures, engine = trial.measure(graph, path)
        if figures.drop > max_drop:
            raise QuantizationError(
                f"int8 scores {figures.accuracy:.2%} where fp32 scores {figures.accuracy_fp32:.2%} on {figures.pictures:,} pictures: "
                f"a loss of {figures.drop:.2f} points, more than the {max_drop:g} allowed, with {figures.layers_fp32} of "
                f"{figures.layers + figures.layers_fp32} layers left in fp32; allow more with --max-drop, or stay with fp32"
            )
        write_int8(folder, bundle, path, engine, figures)
    return figures


@dataclass
class Int8Trial:
    """What graphs in int8 are calibrated and judged by: the pictures, as the bundle takes them."""

    bundle: Bundle
    prepared: list[npt.NDArray[np.uint8]]
    """The training pictures, resized."""
    validation: Dataset
    labels: npt.NDArray[np.int64]
    """Of the validation pictures."""
    watcher: Watcher

    @property
    def preprocessing(self) -> Preprocessing:
        """How pictures become the network's input."""
        return self.bundle.contract.picture_preprocessing

    @property
    def task(self) -> Task:
        """What the network is asked."""
        return self.bundle.contract.asked

    @cached_property
    def fp32(self) -> OpenVINOEngine:
        """The bundle's own engine."""
        return OpenVINOEngine(self.bundle.engine_path, self.preprocessing)

    def calibration(self, row: int) -> npt.NDArray[np.float32]:
        """A training picture as the network's input, (1, C, H, W)."""
        self.watcher.task("calibrating", row + 1, len(self.prepared))
        return self.preprocessing.normalise(self.prepared[row][np.newaxis])

    def judge(self, logits: Callable[..., npt.NDArray[np.float32]], rows: Iterable[int]) -> list[float]:
        """Which of some validation pictures are answered right by what gives their logits: 1.0, else 0.0."""
        chosen = list(rows)
        batches = map(self.preprocessing.normalise, self.batches(chosen))
        answers = np.concatenate([self.answers(logits(images)) for images in batches])
        return [float(right) for right in self.task.same(answers, self.labels[chosen])]

    def answers(self, logits: npt.NDArray[np.float32]) -> Targets:
        """What logits come to."""
        return answers_of(logits, self.task, self.bundle.contract.calibration)

    def batches(self, rows: Sequence[int]) -> Iterator[npt.NDArray[np.uint8]]:
        """Some validation pictures, prepared, a batch at a time."""
        for start in range(0, len(rows), BATCH):
            read = [self.validation.pictures.read(row) for row in rows[start : start + BATCH]]
            yield np.stack([self.preprocessing.pixels(picture) for picture in read])

    def measure(self, graph: Any, path: Path) -> tuple[Int8Figures, OpenVINOEngine]:
        """Writes a quantised graph, starts it, and compares it with fp32, picture by picture."""
        save_graph(graph, path)
        int8 = OpenVINOEngine(path, self.preprocessing, precision="int8")
        parts, first = [], np.empty(0, np.uint8)
        self.watcher.task("comparing", 0, len(self.labels))
        for pixels in self.batches(range(len(self.labels))):
            first = first if len(first) else pixels
            parts.append([self.answers(engine.infer(pixels)[0]) for engine in (self.fp32, int8)])
            self.watcher.task("comparing", sum(len(part[0]) for part in parts), len(self.labels))
        wide, narrow = (np.concatenate(column) for column in zip(*parts, strict=True))
        layers, layers_fp32 = layers_by_format(graph)
        figures = Int8Figures(
            accuracy=share_alike(self.task, narrow, self.labels),
            accuracy_fp32=share_alike(self.task, wide, self.labels),
            agreement=share_alike(self.task, narrow, wide),
            pictures=len(self.labels),
            speed=times_as_fast(int8, self.fp32, first),
            layers=layers,
            layers_fp32=layers_fp32,
            size=path.with_suffix(".bin").stat().st_size,
        )
        return figures, int8


def write_int8(folder: Path, bundle: Bundle, graph: Path, engine: OpenVINOEngine, figures: Int8Figures) -> None:
    """A copy of the bundle with the graph, and in the contract what was measured."""
    sheet, contract = bundle.canaries, bundle.contract
    sealed = sheet.logits(contract.outputs)
    found = engine.infer(np.stack(encoded_canaries(bundle)))[0]
    difference = largest_difference(sealed, found)
    largest = LARGEST_TOLERANCE["int8"]
    if not difference <= largest:
        raise QuantizationError(
            f"int8 changes the logits of the canaries by {difference:.2g} of their range, more than the {largest:g} that a bundle "
            "may allow; stay with fp32"
        )
    tolerance = min(max(LEAST_TOLERANCE, 2 * difference), largest)
    terms = PrecisionTerms(tolerance, figures.agreement, figures.pictures, figures.speed)
    kept = [name for name in contract.files if name not in (CANARY_SHEET, INT8, INT8_WEIGHTS)]
    files: dict[str, Path | bytes] = {name: bundle.folder / name for name in kept}
    files |= {INT8: graph, INT8_WEIGHTS: graph.with_suffix(".bin")}
    changed = dataclasses.replace(contract, precisions={**contract.precisions, "int8": terms})
    write_bundle(folder, BundleContent(files), changed, sheet)
