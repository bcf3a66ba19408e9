"""The device that training runs on."""

from __future__ import annotations

import torch

from striate.errors import UsageError


def choose_device(name: str) -> torch.device:
    """The device of a name; `auto` is a GPU if there is one.

    Raises:
        UsageError: If there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"unknown device {name!r}; expected auto, cpu, cuda or cuda:1") from error
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"device {name!r} is not supported; expected auto, cpu, cuda or cuda:1")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"there is no device {name!r} here: {torch.cuda.device_count()} CUDA devices were found")
    return device
