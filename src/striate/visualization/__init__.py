"""Seeing inside a network: what its units answer to, and what its answers rest on."""

from __future__ import annotations

from striate.visualization.deconvnet import deconvnet
from striate.visualization.grad_cam import grad_cam
from striate.visualization.gradient import gradient
from striate.visualization.guided_backpropagation import guided_backpropagation
from striate.visualization.integrated_gradients import integrated_gradients
from striate.visualization.layers import HEAD, last_maps_layer, layer_output, list_layers
from striate.visualization.saliency import saliency
from striate.visualization.targets import Target
from striate.visualization.units import Start, Unit, strongest_maps

__all__ = [
    "HEAD",
    "Start",
    "Target",
    "Unit",
    "deconvnet",
    "grad_cam",
    "gradient",
    "guided_backpropagation",
    "integrated_gradients",
    "last_maps_layer",
    "layer_output",
    "list_layers",
    "saliency",
    "strongest_maps",
]
