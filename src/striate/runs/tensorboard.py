"""A run's figures for TensorBoard, which shows curves while they grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from striate.training import EpochResult

EVENTS = "tensorboard"
"""The folder of its event files, in that of the run."""


@contextmanager
def tensorboard_events(folder: Path, *, asked: bool) -> Iterator[Callable[[EpochResult], None]]:
    """A function that records an epoch's result for TensorBoard; where the run did not ask for it, one that does nothing."""
    if not asked:
        yield lambda result: None
        return
    from torch.utils.tensorboard import SummaryWriter  # that it is installed was seen to before the pictures were read

    writer = SummaryWriter(str(folder / EVENTS))

    def record(result: EpochResult) -> None:
        figures: Mapping[str, float] = {
            "train/loss": result.train_loss,
            "train/accuracy": result.train_accuracy,
            "val/loss": result.val_loss,
            "val/accuracy": result.val_accuracy,
            "learning_rate": result.learning_rate,
        }
        for name, value in figures.items():
            writer.add_scalar(name, value, result.epoch)

    try:
        yield record
    finally:
        writer.close()
