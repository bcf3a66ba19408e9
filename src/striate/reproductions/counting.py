"""The method `count`: what a network is, without learning: parameters and multiply-adds at the row's own size."""

from __future__ import annotations

from striate.initialization import drafting
from striate.inspection import inspect_network
from striate.reproductions.networks import arm_row
from striate.reproductions.work import Measured, Work

MEASURES = frozenset({"parameters", "macs"})


def count(work: Work) -> Measured:
    """Counts the arm's row; the same for every seed."""
    row = arm_row(work.arm)
    with drafting():
        network = row.family(row.config, num_classes=row.num_classes, in_channels=row.in_channels)
    inspection = inspect_network(network, (row.in_channels, *row.input_size))
    return Measured({"parameters": float(inspection.parameters), "macs": float(inspection.macs)})
