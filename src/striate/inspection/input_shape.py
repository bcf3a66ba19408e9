"""What pictures a network takes."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from striate.errors import UsageError
from striate.nn.arguments import whole_number


def input_shape(network: nn.Module, input_size: int | Sequence[int] | None) -> tuple[int, ...]:
    """(channels, height, width) of a picture: as asked for, or the network's own.

    Of a sentence it is (words,), of a clip (frames, channels, height, width).

    Raises:
        UsageError: The network does not say what pictures it takes.
    """
    own = getattr(network, "input_size", None)
    size = own if input_size is None else input_size
    if size is None:
        raise UsageError(
            f"{type(network).__name__} does not say what pictures it takes; give input_size=(height, width), "
            "or (channels, height, width)"
        )
    if getattr(network, "kind", "") == "text":
        return (whole_number("inspect", "input_size", size if isinstance(size, int) else size[-1]),)
    sides = (size, size) if isinstance(size, int) else tuple(size)
    sides = tuple(whole_number("inspect", "input_size", side) for side in sides)
    shape = sides if len(sides) != 2 else (_channels(network), *sides)
    frames = getattr(network, "frames", 0) if getattr(network, "kind", "") == "frames" else 0
    return (frames, *shape) if frames and len(shape) == 3 else shape


def _channels(network: nn.Module) -> int:
    own = getattr(network, "in_channels", None)
    if isinstance(own, int):
        return own
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            return module.in_channels
    raise UsageError(
        f"{type(network).__name__} does not say how many channels a picture has; "
        "give input_size=(channels, height, width)"
    )
