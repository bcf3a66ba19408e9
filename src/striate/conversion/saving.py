"""A graph on the disk: the same bytes for the same network, whatever was converted before."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Any

from striate.durable_writing import write_durably
from striate.openvino_loading import load_openvino

PROBED = 1 << 16
"""Bytes that are written where OpenVINO could not."""

_COUNTED = re.compile(r"(.*?)_\d+")


def save_graph(model: Any, path: Path) -> None:
    """Writes an `openvino.Model` as two files, in fp32: the graph, and its weights beside it in a `.bin` file.

    What OpenVINO names by itself it numbers through the life of the process; here those names are numbered through the graph.

    Args:
        model: The graph; its nodes are renamed.
        path: The `.xml` file.

    Raises:
        OSError: If it cannot be written, as where the disk is full.
    """
    number_names(model)
    try:
        load_openvino().save_model(model, str(path), compress_to_fp16=False)
    except RuntimeError as error:
        raise _reason(path, error) from error


def _reason(path: Path, error: RuntimeError) -> OSError:
    """Why OpenVINO could not write: it says only that it could not, and the system says more where something is written beside."""
    beside = path.with_name(f"{path.name}.probe")
    try:
        write_durably(beside, bytes(PROBED))
    except OSError as found:
        return OSError(found.errno, found.strerror, str(path))
    finally:
        beside.unlink(missing_ok=True)
    said = (str(error).strip().splitlines() or ["no reason given"])[-1]
    return OSError(errno.EIO, f"OpenVINO cannot write it ({said})", str(path))


def number_names(model: Any) -> None:
    """Numbers the names that end in a counter in the order of the graph, and gives the graph a name without one.

    Args:
        model: An `openvino.Model`. The names of its inputs and outputs are those of tensors, and stay.
    """
    model.set_friendly_name("network")
    taken: dict[str, int] = {}
    for node in model.get_ordered_ops():
        counted = _COUNTED.fullmatch(node.get_friendly_name())
        kind = counted[1] if counted else node.get_friendly_name()
        number = taken[kind] = taken.get(kind, -1) + 1
        # A name of its own is kept where it is the only one; what is numbered is numbered from 0.
        node.set_friendly_name(f"{kind}_{number}" if counted or number else kind)
