"""The network of an arm: a row of the catalogue with some of its fields changed, or a stack of layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from striate.errors import UnknownNameError, UsageError
from striate.initialization import initialize, named_scheme, seeded
from striate.models import Network, model_row
from striate.models.catalog import Row
from striate.models.config import Benchmark
from striate.reproductions.experiment import Arm
from striate.reproductions.layer_stack import LayerStack, LayerStackConfig


def build_network(
    arm: Arm, *, num_classes: int | None, in_channels: int | None, size: tuple[int, int] | None, seed: int
) -> Network:
    """The arm's network, newly drawn.

    Args:
        arm: It names a row or layers.
        num_classes: How many logits; None: the row's own.
        in_channels: Channels of a picture; None: the row's own.
        size: Height and width of a picture; a stack of layers needs them. None: the row's own.
        seed: Draws the weights.

    Raises:
        UsageError: The arm has neither a row nor layers, or one of them makes no sense.
    """
    if arm.layers:
        if num_classes is None or in_channels is None or size is None:
            raise UsageError("a stack of layers needs data that it is made for")
        row = Benchmark("pictures", num_classes, in_channels, size, (0.5,) * in_channels, (0.5,) * in_channels)
        with seeded(seed):
            network: Network = LayerStack(
                LayerStackConfig(layers=arm.layers, benchmark=row), num_classes=num_classes, in_channels=in_channels
            )
    else:
        found = arm_row(arm)
        with seeded(seed):
            network = found.family(
                found.config,
                num_classes=found.num_classes if num_classes is None else num_classes,
                in_channels=found.in_channels if in_channels is None else in_channels,
            )
    scheme = named_scheme(arm.init)
    if scheme is not None:
        initialize(network, scheme, seed=seed)
    return network


def arm_row(arm: Arm) -> Row:
    """The row of the catalogue with the arm's fields in its config.

    Raises:
        UnknownNameError: There is no such row or field.
        UsageError: The row has no auxiliary heads that could be left out.

    Example:
        >>> arm_row(Arm(model="vgg11", config={"widths": [8, 8, 8, 8, 8]})).config.widths
        (8, 8, 8, 8, 8)
    """
    row = model_row(arm.model)
    known = [field.name for field in dataclasses.fields(row.config)]
    for name in arm.config:
        if name not in known:
            raise UnknownNameError(f"field of {arm.model}", name, known)
    changed: dict[str, Any] = {name: _plain(value) for name, value in arm.config.items()}
    if not arm.auxiliary:
        if not row.config.auxiliary_weight:
            raise UsageError(f"{arm.model} has no auxiliary heads that could be left out")
        changed["auxiliary_weight"] = 0.0
    return dataclasses.replace(row, config=dataclasses.replace(row.config, **changed))


def check_network(arm: Arm) -> None:
    """Refuses an arm without a network, or with two, and a row, field or scheme that is not there.

    Raises:
        UsageError: So it is.
    """
    if bool(arm.model) == bool(arm.layers):
        raise UsageError(f"an arm needs either a model or layers, got model {arm.model!r} and {len(arm.layers)} layers")
    if arm.model:
        arm_row(arm)
    named_scheme(arm.init)


def _plain(value: Any) -> Any:
    """Lists as the tuples that configs hold."""
    if isinstance(value, list | tuple):
        return tuple(_plain(element) for element in value)
    if isinstance(value, Mapping):
        raise UsageError("a field of a config is a number, a text, a truth value or a list of these, got a table")
    return value
