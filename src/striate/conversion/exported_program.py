"""From a network to torch's exported program: one graph without Python, which ONNX is made from too."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from striate.conversion.openvino_ir import LogitsAndFeatures
from striate.conversion.prepared_pictures import PreparedPictures
from striate.encodings import Encoding
from striate.errors import UsageError
from striate.pixels import Preprocessing
from striate.pixels.clip_encoding import ClipEncoding

INPUT = "images"
"""What the input is called."""

OUTPUTS = ("logits", "features")
"""What the outputs are called."""


class FromPictures(nn.Module):
    """A module over a network's inputs, put behind the resize, crop and normalisation that make them."""

    def __init__(self, prepared: PreparedPictures, module: nn.Module) -> None:
        super().__init__()
        self.prepared = prepared
        self.module = module

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, num_classes) and features (N, d) of decoded pictures (N, H, W, C) uint8."""
        answer: tuple[Tensor, Tensor] = self.module(self.prepared(images))
        return answer


def export_program(network: nn.Module, preprocessing: Encoding, *, with_preprocessing: bool = False) -> ExportedProgram:
    """A network of the catalogue as an exported program in fp32, in evaluation mode.

    Args:
        network: The network; it is not changed. Auxiliary heads are left out.
        preprocessing: What makes its input of a picture, a sentence or a clip.
        with_preprocessing: Whether the program takes decoded pictures and does that itself.

    Returns:
        A program with the input `images`, (batch, C, height, width) float32 with a free batch, or with preprocessing
        (batch, height, width, C) uint8, of which all but C is free; of sentences (batch, length) int64, the ids of their
        words, of clips (batch, frames, C, height, width) float32. And the outputs `logits` (batch, num_classes) and
        `features` (batch, d).

    Raises:
        UsageError: Preprocessing of sentences or clips is asked for.
    """
    plain = copy.deepcopy(network).cpu().float().eval().to(memory_format=torch.contiguous_format)
    module = LogitsAndFeatures(plain)
    if with_preprocessing:
        rule = picture_rule(preprocessing)
        return _exported_from_pictures(FromPictures(PreparedPictures(rule), module), rule)
    blank = preprocessing.ready(np.zeros((2, *preprocessing.shape), preprocessing.dtype))
    return _exported(module, torch.zeros_like(torch.from_numpy(blank)), ("batch",))


def picture_rule(encoding: Encoding) -> Preprocessing:
    """The preprocessing that a graph can do by itself, which is that of pictures.

    Raises:
        UsageError: It is of another kind.
    """
    if isinstance(encoding, ClipEncoding):
        raise UsageError(
            "which frames of a clip are taken depends on how many it has, which a graph that takes decoded pictures does not see: "
            "leave --with-preprocessing out; the file takes prepared frames, and says of itself how they are made"
        )
    if not isinstance(encoding, Preprocessing):
        raise UsageError(
            "words become ids by a rule and a vocabulary, which no graph of numbers can hold: leave --with-preprocessing out; "
            "the file takes the ids, and says of itself which word has which"
        )
    return encoding


def export_preparation(preprocessing: Preprocessing) -> ExportedProgram:
    """Resize, crop and normalisation alone, without branches.

    Args:
        preprocessing: The rule.

    Returns:
        A program with the input `images`, (batch, height, width, C) uint8, of which all but C is free, and one output,
        (batch, C, height, width) float32.
    """
    return _exported_from_pictures(PreparedPictures(preprocessing, branches=False), preprocessing)


def _exported_from_pictures(module: nn.Module, preprocessing: Preprocessing) -> ExportedProgram:
    height, width = preprocessing.size
    # No two sides alike: what is alike by chance would be taken for the same.
    example = torch.zeros(2, height + 3, height + width + 5, preprocessing.channels, dtype=torch.uint8)
    return _exported(module, example, ("batch", "height", "width"))


def _exported(module: nn.Module, example: Tensor, free: tuple[str, ...]) -> ExportedProgram:
    dimensions = {axis: Dim(name) for axis, name in enumerate(free)}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of its own machinery; what comes out is compared with the network's answers
        return torch.export.export(module.eval(), (example,), dynamic_shapes=(dimensions,), strict=False)
