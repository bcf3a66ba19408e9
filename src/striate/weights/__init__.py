"""Published and foreign weights: read safely, matched with a network by name and shape."""

from __future__ import annotations

from striate.weights.downloading import fetch_weights, weights_folder
from striate.weights.input_channels import AdaptedChannels, adapt_input_channels, first_convolution
from striate.weights.known_files import KNOWN_FILES, KnownFile, known_file
from striate.weights.matching import MatchReport, Reshaped, is_auxiliary, load_weights
from striate.weights.published import IMAGENET, PUBLISHED, PublishedWeights, published_weights, siblings
from striate.weights.reading import WeightsFile, read_weights
from striate.weights.starting_weights import StartingWeights, recognised
from striate.weights.tensor_tables import Which

__all__ = [
    "AdaptedChannels",
    "IMAGENET",
    "KNOWN_FILES",
    "KnownFile",
    "MatchReport",
    "PUBLISHED",
    "PublishedWeights",
    "Reshaped",
    "StartingWeights",
    "WeightsFile",
    "Which",
    "adapt_input_channels",
    "fetch_weights",
    "first_convolution",
    "is_auxiliary",
    "known_file",
    "load_weights",
    "published_weights",
    "read_weights",
    "recognised",
    "siblings",
    "weights_folder",
]
