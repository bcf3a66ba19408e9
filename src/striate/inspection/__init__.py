"""What a network is, without running it: layers, parameters, multiply-adds, memory and receptive fields."""

from __future__ import annotations

from striate.inspection.comparison import Comparison, compare_inspections
from striate.inspection.effective import EffectiveField, effective_field
from striate.inspection.gradients import gradient_norms
from striate.inspection.inspection import Inspection, inspect_network
from striate.inspection.layers import Layer, ReceptiveField
from striate.inspection.record import Memory, Stage
from striate.inspection.signal import LayerSignal, Signal, network_signal
from striate.inspection.signal_report import SignalReport

__all__ = [
    "Comparison",
    "EffectiveField",
    "Inspection",
    "Layer",
    "LayerSignal",
    "Memory",
    "ReceptiveField",
    "Signal",
    "SignalReport",
    "Stage",
    "compare_inspections",
    "effective_field",
    "gradient_norms",
    "inspect_network",
    "network_signal",
]
