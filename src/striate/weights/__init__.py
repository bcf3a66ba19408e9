"""Published and foreign weights: read safely, matched with a network by name and shape."""

from __future__ import annotations

from striate.weights.known_files import KNOWN_FILES, KnownFile
from striate.weights.matching import MatchReport, Reshaped, load_weights
from striate.weights.reading import WeightsFile, read_weights

__all__ = [
    "KNOWN_FILES",
    "KnownFile",
    "MatchReport",
    "Reshaped",
    "WeightsFile",
    "load_weights",
    "read_weights",
]
