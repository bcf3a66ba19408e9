"""The cells of an experiment, an arm and a seed each, kept in files, so that it can go on where it ended."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.durable_writing import write_durably
from striate.hardware import available_processors, describe_processor
from striate.reproductions.work import Measured
from striate.row_writing import json_line
from striate.version import __version__

CELLS = "cells"
MOST_BYTES = 8 << 20
"""No cell's file is larger; a larger one is none."""


@dataclass(frozen=True)
class Cell:
    """A measured cell."""

    arm: str
    seed: int
    measured: Measured
    seconds: float
    """Processor time of all of it."""
    made_on: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As JSON types, without which pictures were answered wrong."""
        return {
            "arm": self.arm,
            "seed": self.seed,
            "values": dict(self.measured.values),
            "seconds": self.seconds,
            "made_on": dict(self.made_on),
        }


def describe_machine(device: str) -> dict[str, Any]:
    """Hardware and versions, as results carry them."""
    import torch

    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else describe_processor()
    return {
        "device": device,
        "processor": name,
        "processors": available_processors(),
        "threads": torch.get_num_threads(),
        "striate": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def write_cell(folder: Path, cell: Cell, digest: str) -> None:
    """Keeps a cell."""
    wrong = {
        name: {"pictures": len(answers), "bits": np.packbits(answers).tobytes().hex()}
        for name, answers in cell.measured.wrong.items()
    }
    (folder / CELLS).mkdir(parents=True, exist_ok=True)
    write_durably(_path(folder, cell.arm, cell.seed), json_line({**cell.to_dict(), "digest": digest, "wrong": wrong}))


def read_cell(folder: Path, arm: str, seed: int, digest: str) -> Cell | None:
    """A cell that is kept, if it is what would be measured again; a file that is none, or of another experiment, counts for nothing."""
    path = _path(folder, arm, seed)
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        table = json.loads(path.read_bytes())
        if table["digest"] != digest:
            return None
        values = {str(name): float(value) for name, value in table["values"].items()}
        wrong = {str(name): _bits(row) for name, row in table["wrong"].items()}
        return Cell(arm, seed, Measured(values, wrong), float(table["seconds"]), dict(table["made_on"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _bits(row: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    count = int(row["pictures"])
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(row["bits"]), np.uint8))
    if not 0 < count <= len(bits):
        raise ValueError("bits are missing")
    return bits[:count].astype(bool)


def _path(folder: Path, arm: str, seed: int) -> Path:
    return folder / CELLS / f"{arm}-{seed}.json"
