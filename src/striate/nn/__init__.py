"""Layers and losses that the papers need and `torch.nn` lacks, one family a file."""

from __future__ import annotations

from striate.nn.euclidean_rbf import EuclideanRBF
from striate.nn.layer_facts import LayerFacts, StatesFacts
from striate.nn.lenet_loss import lenet_map_loss, lenet_mle_loss
from striate.nn.partial_convolution import PartialConv2d
from striate.nn.scaled_tanh import ScaledTanh
from striate.nn.subsampling import Subsampling
from striate.nn.zero_padded_identity import ZeroPaddedIdentity

__all__ = [
    "EuclideanRBF",
    "LayerFacts",
    "PartialConv2d",
    "ScaledTanh",
    "StatesFacts",
    "Subsampling",
    "ZeroPaddedIdentity",
    "lenet_map_loss",
    "lenet_mle_loss",
]
