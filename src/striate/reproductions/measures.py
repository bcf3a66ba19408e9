"""What an experiment measures: names, what they are called, and how their values are written."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from striate.wording import duration, number, percent

SMALL = 0.02
"""Shares below are written with two decimals: papers tell errors of 0.95 and 0.8 %."""


@dataclass(frozen=True)
class Measure:
    """A figure of an arm."""

    title: str
    """What people call it."""
    kind: Literal["share", "count", "seconds", "number"] = "number"
    """How it is written: as a percentage, with separated thousands, as a time, or with four digits."""
    exact: bool = False
    """Whether it is counted, so that every seed has the same."""

    def text(self, value: float) -> str:
        """The value as people read it.

        Example:
            >>> MEASURES["macs"].text(1500.0), MEASURES["gradient_ratio"].text(0.25)
            ('1,500', '0.25')
        """
        if self.kind == "share":
            digits = 2 if abs(value) < SMALL else 1
            return percent(value, digits) if 0 <= value <= 1 else f"{100 * value:.{digits}f}\u202f%"
        if self.kind == "seconds":
            return duration(value)
        return number(int(value) if self.kind == "count" and float(value).is_integer() else value)


MEASURES = MappingProxyType(
    {
        "error": Measure("test error", "share"),
        "train_error": Measure("training error", "share"),
        "gap": Measure("test error less training error", "share"),
        "seconds": Measure("processor time of learning", "seconds"),
        "elapsed": Measure("time of learning", "seconds"),
        "epoch_elapsed": Measure("time of an epoch of all training pictures", "seconds"),
        "epoch_seconds": Measure("processor time of an epoch", "seconds"),
        "predict_seconds": Measure("processor time of a thousand answers, asked in batches", "seconds"),
        "single_seconds": Measure("processor time of a thousand answers, asked one by one", "seconds"),
        "stages": Measure("stages before the head"),
        "first_gradient": Measure("gradient's norm in the first layer before learning"),
        "gradient_ratio": Measure("gradient's norm in the first layer over that in the last, before learning"),
        "parameters": Measure("parameters", "count", exact=True),
        "macs": Measure("multiply-adds", "count", exact=True),
        "noise_left": Measure("noise left, in deviations of what was there before"),
        "shift": Measure("mean of what noise adds, in deviations of the noise before"),
        "contrast_left": Measure("contrast left, as a share of what was there before", "share"),
        "signal_to_noise": Measure("contrast over noise, as a multiple of what it was before"),
    }
)
"""By name. `CONDITION.error` is the test error where the test pictures are changed as the experiment's table `tests` has it."""


def named_measure(name: str) -> Measure:
    """The measure of a name that is known to exist.

    Example:
        >>> named_measure("shifted.error").title
        'test error, pictures shifted'
    """
    condition, dot, base = name.rpartition(".")
    found = MEASURES[base]
    return Measure(f"{found.title}, pictures {condition}", found.kind, found.exact) if dot else found
