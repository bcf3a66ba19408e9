"""Planning a run so that it ends, sealed, within a time limit."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass

from striate.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(duration: str | float) -> float:
    """Seconds of a duration: a number of them, or text with units such as `90s`, `10m` or `1h30m`.

    Raises:
        UsageError: If it is not a duration above zero, or text without a unit: 3 may be seconds, minutes or hours.

    Example:
        >>> parse_duration("10m"), parse_duration("1h30m"), parse_duration(45)
        (600.0, 5400.0, 45.0)
    """
    if isinstance(duration, str):
        text = duration.strip().lower()
        if re.fullmatch(r"\d+(?:\.\d+)?", text):
            raise UsageError(f"a duration needs a unit: {text}s, {text}m or {text}h; got {duration!r}")
        if re.fullmatch(r"(?:\d+(?:\.\d+)?[smhd])+", text) is None:
            raise UsageError(f"a duration is written like 90s, 10m or 1h30m, got {duration!r}")
        seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?)([smhd])", text))
    else:
        seconds = float(duration)
    if not 0 < seconds < math.inf:
        raise UsageError(f"a time limit must be above zero, got {duration!r}")
    return seconds


@dataclass
class TimePlan:
    """How many steps still fit before a deadline.

    What is measured while training replaces the first estimate, so that a machine that slows down still ends in time.
    """

    deadline: float
    """`time.monotonic()` by which all must be over."""
    reserve: float
    """Seconds kept free for sealing, evaluating and reporting."""
    step_seconds: float
    """Seconds a training step takes."""
    validation_seconds: float
    """Seconds a validation takes."""
    safety: float = 0.92
    """Share of the remaining time that is planned with."""

    def steps_left(self, *, steps_per_epoch: int, batch: int) -> int:
        """How many more steps fit, with a validation after each epoch and one at the end; never negative.

        Args:
            steps_per_epoch: Batches of an epoch.
            batch: Batches of the current epoch that are done.
        """
        seconds = (self.deadline - self.reserve - time.monotonic()) * self.safety - self.validation_seconds
        # Spread the validations over the steps: an epoch costs its steps and one validation.
        epoch_seconds = steps_per_epoch * self.step_seconds + self.validation_seconds
        to_epoch_end = steps_per_epoch - batch
        if seconds <= to_epoch_end * self.step_seconds:
            return max(0, int(seconds / self.step_seconds))
        seconds -= to_epoch_end * self.step_seconds
        epochs, rest = divmod(seconds, epoch_seconds)
        rest_steps = min(steps_per_epoch, int(max(0.0, rest - self.validation_seconds) / self.step_seconds))
        return to_epoch_end + int(epochs) * steps_per_epoch + rest_steps

    def observe_step(self, seconds: float) -> None:
        """Takes in how long a step took; a moving average over about twenty steps."""
        self.step_seconds += 0.05 * (seconds - self.step_seconds)

    def observe_validation(self, seconds: float) -> None:
        """Takes in how long a validation took."""
        self.validation_seconds = seconds
