"""Checkpoints: one safetensors file each, with the place in the run in its header; written whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import safetensors
from safetensors.torch import load_file, save
from torch import Tensor

from striate.durable_writing import write_durably
from striate.errors import TrainingError
from striate.training.state import Tally, TrainingState
from striate.utf8_paths import utf8_path

KEPT = 2
"""How many checkpoints a run keeps: the newest, and the one before it in case the newest is lost with the disk."""

_NAME = re.compile(r"step-(\d{8})\.safetensors")
_EPOCH_NAME = re.compile(r"epoch-(\d{5})\.safetensors")
_COUNTERS = ("total_steps", "epoch", "batch", "step", "progress", "side", "micro_batch")
_LATER = ("side", "micro_batch")
"""Counters that older checkpoints do not know."""


def save_checkpoint(state: TrainingState, folder: Path) -> Path:
    """Writes the state to `folder`, durably and atomically, and removes all but the newest checkpoints.

    Raises:
        OSError: If the disk is full or the folder cannot be written; what was there before stays as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{state.step:08d}.safetensors"
    place = {name: getattr(state, name) for name in _COUNTERS} | {"tally": dataclasses.asdict(state.tally)}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors()}
    write_durably(path, save(tensors, metadata={"place": json.dumps(place)}))
    for old in checkpoints(folder)[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def load_checkpoint(state: TrainingState, path: Path) -> None:
    """Brings a state to the place of a checkpoint.

    Raises:
        TrainingError: If the file is damaged or belongs to another network.
    """
    try:
        with utf8_path(path) as readable, safetensors.safe_open(readable, framework="pt") as file:
            place = json.loads((file.metadata() or {})["place"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        state.restore(tensors)
        for name in _COUNTERS:
            if name not in _LATER or name in place:
                setattr(state, name, place[name])
        state.tally = Tally(**place["tally"])
    except (safetensors.SafetensorError, KeyError, ValueError, RuntimeError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise TrainingError(
            f"the checkpoint {path} cannot be read ({reason}); delete it to go on from the one before"
        ) from error


def keep_epoch(state: TrainingState, folder: Path, *, epochs: int, keep: int) -> None:
    """Keeps the averaged weights to look back at, if the state's epoch is one of those that are kept; a resume does not read them.

    Args:
        state: At the start of an epoch.
        folder: That of the checkpoints.
        epochs: How many the run has.
        keep: How many of them are kept, evenly spaced.

    Raises:
        OSError: If the disk is full or the folder cannot be written.
    """
    if state.epoch in evenly_spaced(epochs, keep):
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.averaged.state_dict().items()}
        write_durably(folder / f"epoch-{state.epoch:05d}.safetensors", save(tensors))


def evenly_spaced(epochs: int, keep: int) -> list[int]:
    """Epochs from 0, before the first step, to the last; of one alone, the last.

    Example:
        >>> evenly_spaced(30, 4), evenly_spaced(2, 9), evenly_spaced(30, 1), evenly_spaced(30, 0)
        ([0, 10, 20, 30], [0, 1, 2], [30], [])
    """
    if keep <= 1:
        return [epochs] * keep
    return sorted({round(epochs * number / (keep - 1)) for number in range(keep)})


def kept_epochs(folder: Path) -> dict[int, Path]:
    """The files of epochs that were kept, by epoch, in order.

    Args:
        folder: That of the checkpoints.
    """
    names = {path: _EPOCH_NAME.fullmatch(path.name) for path in folder.iterdir()} if folder.is_dir() else {}
    return dict(sorted((int(match[1]), path) for path, match in names.items() if match))


def read_epoch(path: Path) -> dict[str, Tensor]:
    """The averaged weights of an epoch that was kept, by name.

    Raises:
        TrainingError: If the file is damaged.
    """
    try:
        with utf8_path(path) as readable:
            tensors: dict[str, Tensor] = load_file(readable)
    except (safetensors.SafetensorError, ValueError, OSError) as error:
        raise TrainingError(f"the weights {path} cannot be read ({str(error).partition(chr(10))[0]})") from error
    return tensors
