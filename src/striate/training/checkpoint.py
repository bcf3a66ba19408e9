"""Checkpoints: one safetensors file each, with the place in the run in its header; written whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import safetensors
from safetensors.torch import save

from striate.durable_writing import write_durably
from striate.errors import TrainingError
from striate.training.state import Tally, TrainingState

KEPT = 2
"""How many checkpoints a run keeps: the newest, and the one before it in case the newest is lost with the disk."""

_NAME = re.compile(r"step-(\d{8})\.safetensors")
_COUNTERS = ("total_steps", "epoch", "batch", "step", "progress", "micro_batch")


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
        with safetensors.safe_open(path, framework="pt") as file:
            place = json.loads((file.metadata() or {})["place"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        state.restore(tensors)
        for name in _COUNTERS:
            if name != "micro_batch" or name in place:  # older checkpoints do not know it
                setattr(state, name, place[name])
        state.tally = Tally(**place["tally"])
    except (safetensors.SafetensorError, KeyError, ValueError, RuntimeError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise TrainingError(
            f"the checkpoint {path} cannot be read ({reason}); delete it to go on from the one before"
        ) from error
