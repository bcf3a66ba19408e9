"""What a network is, without running it: layers, parameters, multiply-adds, memory and receptive fields."""

from __future__ import annotations

from striate.inspection.drafting import drafting
from striate.inspection.inspection import Inspection, Memory, Stage, inspect_network
from striate.inspection.layers import Layer, ReceptiveField

__all__ = [
    "Inspection",
    "Layer",
    "Memory",
    "ReceptiveField",
    "Stage",
    "drafting",
    "inspect_network",
]
