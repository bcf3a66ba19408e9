"""How fast a bundle predicts here: pictures a second in each number format, where the time goes, and how near the limit that is."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from striate.bundle import Bundle, open_bundle
from striate.errors import UsageError
from striate.hardware import available_processors, describe_processor
from striate.openvino_loading import load_openvino
from striate.pixels import decode
from striate.pixels.picture_arguments import expand
from striate.runtime import Classifier, load_classifier
from striate.runtime.peak import PeakMeter, graph_macs
from striate.text_layout import table, wrapped
from striate.timing import time_side_by_side
from striate.watching import Watcher
from striate.wording import plural

STAGED_PICTURES = 40
"""On so many pictures the steps are timed one by one."""


@dataclass(frozen=True)
class PredictionSpeed:
    """A bundle in one number format."""

    precision: str
    pictures_per_second: float
    """From files to rows; the median round."""
    ratio: tuple[float, float, float]
    """How many times as fast as fp32: median, smallest and largest over the rounds."""
    agreement: float | None
    """Share of the labels that were those of fp32 when the bundle was made."""
    inferences_per_second: float
    """Of the network alone, on all processors; the best round."""
    peak: float
    """Multiply-adds a second of matrix products in this format, on all processors; the best round."""
    fraction: float
    """Of the peak, that the network alone reaches."""


@dataclass(frozen=True)
class PredictionBenchmark:
    """How fast a bundle predicts in several number formats, measured in turns in one process."""

    model: str
    pictures: int
    macs: int
    """Multiply-adds a picture."""
    device: str
    versions: str
    rounds: int
    milliseconds: dict[str, float]
    """A picture's, on one thread: `decode`, `preprocess`, `inference` (the first format's) and `output`."""
    ways: tuple[PredictionSpeed, ...]

    def to_dict(self) -> dict[str, Any]:
        """All as JSON types."""
        return asdict(self)

    def to_text(self, *, width: int | None = None) -> str:
        """What was measured where, and a row a number format."""
        heads, rows = self._table()
        lines = table(heads, rows, left=(heads[2], heads[5]), width=width)
        return "\n".join([*wrapped("\n".join(self._circumstances()), width), "", *lines])

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        said = map(notebook.text, self._circumstances())
        return notebook.block("Speed of prediction", *said, notebook.table(*self._table()))

    def _circumstances(self) -> list[str]:
        rounds = plural(self.rounds, "round")
        steps = ", ".join(f"{name} {taken:.2f}" for name, taken in self.milliseconds.items())
        return [
            f"{self.model}, {self.pictures:,} pictures, {self.macs / 1e9:.2f} G multiply-adds each, {rounds} in turns",
            f"{self.device}; {self.versions}",
            f"one picture on one thread, in ms: {steps} (fp32)",
        ]

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        heads = ("format", "pictures/s", "x fp32 (smallest to largest)")
        rows: list[tuple[str, ...]] = []
        for way in self.ways:
            median, low, high = way.ratio
            rows.append(
                (
                    way.precision,
                    f"{way.pictures_per_second:,.1f}",
                    f"{median:.2f} ({low:.2f} to {high:.2f})",
                    "-" if way.agreement is None else f"{way.agreement:.2%}",
                    f"{way.inferences_per_second:,.1f}",
                    f"{way.fraction:.0%} of {way.peak / 1e9:,.0f} G multiply-adds/s",
                )
            )
        return (*heads, "agreement", "network alone/s", "of the peak of matrix products"), rows


def bench_predicting(
    bundle: str | os.PathLike[str],
    paths: Iterable[str | os.PathLike[str]],
    *,
    rounds: int = 3,
    watcher: Watcher | None = None,
) -> PredictionBenchmark:
    """Measures prediction from files to rows in every number format that the bundle has and the processor computes.

    Args:
        bundle: A run or a bundle.
        paths: Picture files, folders of them, or globs.
        rounds: How often each format is timed, after once that does not count.
        watcher: Hears how far it is.

    Raises:
        UsageError: If there is no such bundle, no picture, or `rounds` is below 1.
        PictureError: If a picture cannot be read.
    """
    watcher = watcher or Watcher()
    files = [str(path) for path in expand(paths)]
    if not files:
        raise UsageError("no pictures to measure on")
    if rounds < 1:
        raise UsageError(f"rounds must be 1 or more, got {rounds}")
    opened = open_bundle(bundle)
    classifiers = in_each_precision(opened)
    done, whole = 0, (rounds + 1) * len(classifiers)

    def reader(classifier: Classifier) -> Callable[[], None]:
        def run() -> None:
            nonlocal done
            for row in classifier.stream(files):
                json.dumps(row.to_dict())
            done += 1
            watcher.task("measuring", done, whole)

        return run

    watcher.task("measuring", 0, whole)
    timing = time_side_by_side({name: reader(classifier) for name, classifier in classifiers.items()}, rounds=rounds)
    macs = graph_macs(opened.engine_path)
    ways = []
    for name, classifier in classifiers.items():
        # In turns, and of each the best: what else the machine does only ever takes away.
        meter, inference = PeakMeter(name), prepared_inference(classifier, files)
        both = [(inference(), meter.measure()) for _ in range(max(3, rounds))]
        inferences, peak = (max(column) for column in zip(*both, strict=True))
        ways.append(
            PredictionSpeed(
                precision=name,
                pictures_per_second=len(files) / timing.median(name),
                ratio=timing.ratio(name, "fp32"),
                agreement=terms.agreement if (terms := opened.contract.precisions.get(name)) else None,
                inferences_per_second=inferences,
                peak=peak,
                fraction=inferences * macs / peak,
            )
        )
    return PredictionBenchmark(
        model=opened.contract.architecture.model,
        pictures=len(files),
        macs=macs,
        device=f"{describe_processor()}, {available_processors()} processors",
        versions=f"openvino {load_openvino().__version__.partition('-')[0]}, Python {platform.python_version()}",
        rounds=rounds,
        milliseconds=time_steps(classifiers["fp32"], files[:STAGED_PICTURES]),
        ways=tuple(ways),
    )


def in_each_precision(bundle: Bundle) -> dict[str, Classifier]:
    """The bundle's classifier in every number format that it has and the processor computes."""
    precisions = ("fp32", "bf16", "fp16", *(["int8"] if bundle.int8_path else []))
    classifiers = {precision: load_classifier(bundle, precision=precision) for precision in precisions}
    # What the processor does not compute says that it runs in fp32.
    return {name: classifier for name, classifier in classifiers.items() if classifier.engine.precision == name}


def prepared_inference(classifier: Classifier, files: list[str], *, seconds: float = 0.5) -> Callable[[], float]:
    """A function that measures inferences a second of the network alone, with all processors at work."""
    preprocessing, engine = classifier.contract.picture_preprocessing, classifier.engine
    count = 2 * engine.requests * engine.batch
    prepared = [preprocessing.pixels(path) for path in files[:count]]
    pixels = np.stack([prepared[place % len(prepared)] for place in range(count)])
    engine.infer(pixels)

    def measure() -> float:
        done, begun = 0, time.perf_counter()
        while (passed := time.perf_counter() - begun) < seconds or not done:
            engine.infer(pixels)
            done += count
        return done / passed

    return measure


def time_steps(classifier: Classifier, files: list[str]) -> dict[str, float]:
    """Milliseconds a picture of each step, one after the other, on one thread."""
    preprocessing = classifier.contract.picture_preprocessing
    taken = dict.fromkeys(("decode", "preprocess", "inference", "output"), 0.0)
    for path in files:
        times = [time.perf_counter()]
        picture = decode(path, channels=preprocessing.channels)
        times.append(time.perf_counter())
        pixels = preprocessing.resized(picture)[np.newaxis]
        times.append(time.perf_counter())
        logits = classifier.engine.infer(pixels)[0]
        times.append(time.perf_counter())
        json.dumps(classifier.describe(path, logits[0]).to_dict())
        times.append(time.perf_counter())
        for name, begun, ended in zip(taken, times, times[1:], strict=False):
            taken[name] += 1000 * (ended - begun) / len(files)
    return taken
