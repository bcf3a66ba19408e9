"""The only place that imports OpenVINO, without the telemetry package that would report the import over the network."""

from __future__ import annotations

import sys
from types import ModuleType


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
