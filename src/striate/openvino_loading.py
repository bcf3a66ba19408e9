"""The only place that imports OpenVINO, without the telemetry package that would report the import over the network."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType
from typing import Any


def load_openvino() -> ModuleType:
    """The `openvino` module, imported without torch and without telemetry.

    OpenVINO's package sends usage events through `openvino_telemetry` as soon as it is imported, and writes an identifier to the
    home folder. It does without when that package is not there; so for this process it is not.
    """
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None makes an import fail
    import openvino

    module: ModuleType = openvino
    return module


@cache
def openvino_core() -> Any:
    """The one `openvino.Core` of this process.

    Each core puts a stack for signal handlers in the place of the one that is there, and brings that back in the end. Where
    the lives of two overlap, what is brought back may be a stack that is gone: the next signal, a Ctrl-C say, then ends the
    process with a segmentation fault (seen with OpenVINO 2026.4).
    """
    return load_openvino().Core()
