"""Seeing inside a network: what its units answer to, and what its answers rest on."""

from __future__ import annotations

from striate.visualization.deconvnet import deconvnet
from striate.visualization.gradient import gradient
from striate.visualization.guided_backpropagation import guided_backpropagation
from striate.visualization.layers import HEAD, last_maps_layer, layer_output, list_layers
from striate.visualization.units import Start, Unit, strongest_maps

__all__ = [
    "HEAD",
    "Start",
    "Unit",
    "deconvnet",
    "gradient",
    "guided_backpropagation",
    "last_maps_layer",
    "layer_output",
    "list_layers",
    "strongest_maps",
]
