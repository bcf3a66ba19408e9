"""`striate.quantize`: a bundle that can also compute in int8, measured on pictures that it was not trained on."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.bundle import PrecisionTerms, open_bundle
from striate.bundle.contract import ENOUGH_AGREEMENT
from striate.conversion.quantization import check_nncf
from striate.data import Dataset
from striate.data.known_classes import labels_of
from striate.errors import UsageError
from striate.runs.calibration_pictures import calibration_and_validation
from striate.runs.run import Run
from striate.sealing.int8 import add_int8
from striate.text_layout import facts
from striate.watching import Watcher

CALIBRATION_PICTURES = 300
"""The ranges of activations hardly change with more."""


@dataclass(frozen=True)
class Quantization:
    """What int8 does to a classifier."""

    bundle: Path
    """The new bundle's folder."""
    accuracy: float
    """Of int8, on the validation pictures."""
    accuracy_fp32: float
    agreement: float
    """Share of the validation pictures on which int8 and fp32 give the same label."""
    pictures: int
    """How many validation pictures there were."""
    speed: float
    """How many times as many pictures a second as in fp32, of the network alone, here."""
    calibration_pictures: int
    layers: int
    """Convolutions and dense layers in int8; where an engine has no such kernel for one, it widens its numbers again."""
    layers_fp32: int
    """Those left in fp32."""
    size: int
    """Bytes of the weights in int8."""
    size_fp32: int

    @property
    def drop(self) -> float:
        """Percentage points of accuracy lost; below 0 where int8 scored better."""
        return 100 * (self.accuracy_fp32 - self.accuracy)

    @property
    def taken(self) -> bool:
        """Whether prediction takes int8 unasked, as `--precision auto`."""
        return PrecisionTerms(0, self.agreement, self.pictures, self.speed).is_better()

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON types."""
        return dataclasses.asdict(self) | {"bundle": str(self.bundle), "drop": self.drop, "taken": self.taken}

    def to_text(self, *, width: int | None = None) -> str:
        """What int8 costs and gains, whether it is taken unasked, and where the bundle is."""
        return "\n".join(facts(self._facts(), width=width))

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block("Quantization to int8", notebook.facts(self._facts()))

    def _facts(self) -> list[tuple[str, str]]:
        change = f"{abs(self.drop):.2f} points {'lost' if self.drop >= 0 else 'gained'}"
        otherwise = f"stays with fp32: it takes what agrees on {ENOUGH_AGREEMENT:.1%} and is faster"
        layers = f"{self.layers} of {self.layers + self.layers_fp32} in int8"
        return [
            ("accuracy", f"{self.accuracy:.2%} in int8, {self.accuracy_fp32:.2%} in fp32: {change}"),
            ("agreement", f"{self.agreement:.2%} of the labels, on {self.pictures:,} validation pictures"),
            ("speed", f"{self.speed:.2f} times as many pictures a second as in fp32, of the network alone"),
            ("auto", "takes int8" if self.taken else otherwise),
            ("layers", f"{layers}, calibrated on {self.calibration_pictures:,} training pictures"),
            ("size", f"{self.size / 1e6:.1f} MB of weights, {self.size_fp32 / 1e6:.1f} MB in fp32"),
            ("bundle", str(self.bundle)),
        ]


def quantize(
    classifier: str | Path | Run,
    data: str | Path | Dataset,
    *,
    output: str | Path | None = None,
    max_drop: float = 0.5,
    calibration_pictures: int = CALIBRATION_PICTURES,
    root: str | Path | None = None,
    watcher: Watcher | None = None,
) -> Quantization:
    """Adds int8 to a copy of a bundle, if it keeps the accuracy.

    Ranges are calibrated on training pictures and the accuracy is measured on validation pictures: the data's own splits, else those of the
    run, else what the classifier was trained on and the rest. Where int8 loses more than `max_drop`, the layers that cost most are left
    in fp32.

    Args:
        classifier: A run or a bundle.
        data: The data it was trained on; as for `striate.train`.
        output: The new bundle's folder; by default beside the bundle, its name with `-int8`.
        max_drop: The largest loss of accuracy, in percentage points, 0 to 100.
        calibration_pictures: How many training pictures the ranges are calibrated on at most.
        root: Where the local copy of a built-in set is.
        watcher: Hears how far it is.

    Raises:
        UsageError: If nncf is not installed, there is no such bundle or data, or the output exists.
        DataError: If the data has no training or no validation pictures, or classes that the classifier does not know.
        QuantizationError: If int8 loses more than `max_drop` even so; the message has the numbers, and nothing is written.
    """
    watcher = watcher or Watcher()
    if not (0 <= max_drop <= 100 and calibration_pictures >= 1):
        raise UsageError(
            f"max_drop must lie in 0..100 percentage points and calibration_pictures at least 1, got {max_drop}, {calibration_pictures}"
        )
    check_nncf()
    place = Path(classifier)
    named = place.resolve() if place.name in ("", "..") else place
    folder = Path(output) if output else named.with_name(f"{named.name}-int8")
    if folder.exists():
        raise UsageError(f"{folder} exists already; name another --output")
    parent = next(place for place in folder.absolute().parents if place.exists())
    if not os.access(parent, os.W_OK):
        raise UsageError(f"cannot write {folder}: there is no permission to write in {parent}")
    bundle = open_bundle(place)
    training, validation = calibration_and_validation(bundle, place, data, root, calibration_pictures, watcher)
    labels = labels_of(validation, bundle.contract.classes)
    figures = add_int8(folder, bundle, training, validation, labels, max_drop=max_drop, watcher=watcher)
    return Quantization(
        bundle=folder,
        accuracy=figures.accuracy,
        accuracy_fp32=figures.accuracy_fp32,
        agreement=figures.agreement,
        pictures=figures.pictures,
        speed=figures.speed,
        calibration_pictures=len(training),
        layers=figures.layers,
        layers_fp32=figures.layers_fp32,
        size=figures.size,
        size_fp32=bundle.engine_path.with_suffix(".bin").stat().st_size,
    )
