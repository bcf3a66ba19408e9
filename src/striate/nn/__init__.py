"""Layers and losses that the papers need and `torch.nn` lacks, one family a file."""

from __future__ import annotations

from striate.nn.batch_norm_without_scale import batch_norm_without_scale
from striate.nn.convolutional_lstm import ConvLSTMCell
from striate.nn.cross_correlation import convolve2d, cross_correlate2d
from striate.nn.depthwise_separable import DepthwiseSeparableConv2d
from striate.nn.euclidean_rbf import EuclideanRBF
from striate.nn.hand_made_kernels import NamedKernel, list_kernels, named_kernel
from striate.nn.inception import ConvolutionUnit, InceptionModule
from striate.nn.layer_arithmetic import LayerArithmetic, convolution_arithmetic, dense_arithmetic
from striate.nn.layer_facts import LayerFacts, StatesFacts
from striate.nn.lenet_loss import lenet_map_loss, lenet_mle_loss
from striate.nn.local_response_normalization import LocalResponseNormalization
from striate.nn.output_size import output_size, same_padding
from striate.nn.partial_convolution import PartialConv2d
from striate.nn.patch_whitening import PatchWhitening
from striate.nn.pooling import GlobalAveragePool2d, GlobalMaxPool2d, MeanAndMaxPool2d, MinPool2d
from striate.nn.recurrent_convolution import RecurrentConv2d
from striate.nn.residual import BasicBlock, BottleneckBlock
from striate.nn.same_padding import SamePaddingConv2d, padded_conv2d
from striate.nn.scale import Scale
from striate.nn.scaled_tanh import ScaledTanh
from striate.nn.squeeze_excitation import SqueezeExcitation
from striate.nn.standardized_linear import StandardizedLinear
from striate.nn.stochastic_depth import StochasticDepth
from striate.nn.subsampling import Subsampling
from striate.nn.zero_padded_identity import ZeroPaddedIdentity

__all__ = [
    "BasicBlock",
    "BottleneckBlock",
    "ConvLSTMCell",
    "ConvolutionUnit",
    "DepthwiseSeparableConv2d",
    "EuclideanRBF",
    "GlobalAveragePool2d",
    "GlobalMaxPool2d",
    "InceptionModule",
    "LayerArithmetic",
    "LayerFacts",
    "LocalResponseNormalization",
    "MeanAndMaxPool2d",
    "MinPool2d",
    "NamedKernel",
    "PartialConv2d",
    "PatchWhitening",
    "RecurrentConv2d",
    "SamePaddingConv2d",
    "Scale",
    "ScaledTanh",
    "SqueezeExcitation",
    "StandardizedLinear",
    "StatesFacts",
    "StochasticDepth",
    "Subsampling",
    "ZeroPaddedIdentity",
    "batch_norm_without_scale",
    "convolution_arithmetic",
    "convolve2d",
    "cross_correlate2d",
    "dense_arithmetic",
    "lenet_map_loss",
    "lenet_mle_loss",
    "list_kernels",
    "named_kernel",
    "output_size",
    "padded_conv2d",
    "same_padding",
]
