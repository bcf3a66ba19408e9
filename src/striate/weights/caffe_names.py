"""How Caffe's classic networks name their tensors, and the inputs that their weights expect: data.

Programs that convert a `.caffemodel` keep the layers' names, with `/` or with `_` in its place: `conv1/7x7_s2.weight`.

Source: BVLC's `models/` (bvlc_googlenet, bvlc_alexnet, bvlc_reference_caffenet: train_val.prototxt) and Oxford's
VGG_ILSVRC_16_layers and VGG_ILSVRC_19_layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from striate.pixels.preprocessing_settings import ResizeRule
from striate.weights.keymaps import ExpectedInputs, KeyMap


@dataclass(frozen=True)
class CaffeNames:
    """The names of one network's layers."""

    publisher: str
    rows: tuple[str, ...]
    layers: Mapping[str, str]
    """Our name for each of theirs, in which `/` is `_`."""
    inputs: ExpectedInputs

    def ours(self, name: str) -> str:
        """Our name for a tensor of theirs.

        Example:
            >>> CAFFE[0].ours("inception_3a/5x5_reduce.bias"), CAFFE[0].ours("fc.weight")
            ('inception3a.branch3.0.conv.bias', 'fc.weight')
        """
        layer, _, kind = name.rpartition(".")
        own = self.layers.get(layer.replace("/", "_"))
        return f"{own}.{kind}" if own is not None and kind in ("weight", "bias") else name


def _inputs(mean: tuple[float, ...], resize: ResizeRule, source: str) -> ExpectedInputs:
    """Blue, green and red of 0 to 255 less their means, from pictures of 256 pixels."""
    return ExpectedInputs(
        mean, (1.0, 1.0, 1.0), source, range="0..255", channel_order="bgr", resize=resize, resize_side=256
    )


def _googlenet() -> dict[str, str]:
    layers = {
        "conv1_7x7_s2": "conv1.conv",
        "conv2_3x3_reduce": "conv2.conv",
        "conv2_3x3": "conv3.conv",
        "loss3_classifier": "fc",
    }
    branches = {
        "1x1": "branch1.conv",
        "3x3_reduce": "branch2.0.conv",
        "3x3": "branch2.1.conv",
        "5x5_reduce": "branch3.0.conv",
        "5x5": "branch3.1.conv",
        "pool_proj": "branch4.1.conv",
    }
    for module in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        layers |= {f"inception_{module}_{theirs}": f"inception{module}.{ours}" for theirs, ours in branches.items()}
    for number in (1, 2):
        auxiliary = {"conv": "conv.conv", "fc": "fc1", "classifier": "fc2"}
        layers |= {f"loss{number}_{theirs}": f"aux{number}.{ours}" for theirs, ours in auxiliary.items()}
    return layers


def _dense() -> dict[str, str]:
    return {"fc6": "classifier.0", "fc7": "classifier.3", "fc8": "classifier.6"}


def _vgg(blocks: tuple[int, ...]) -> dict[str, str]:
    """Blocks of so many convolutions, each followed by a ReLU, each block by a pooling."""
    layers, place = {}, 0
    for block, convolutions in enumerate(blocks, 1):
        for number in range(1, convolutions + 1):
            layers[f"conv{block}_{number}"] = f"features.{place}"
            place += 2
        place += 1
    return layers | _dense()


_ALEXNET = {"conv1": "features.0", "conv2": "features.4", "conv3": "features.8", "conv4": "features.10"}
_MEAN_PICTURE = (104.007, 116.669, 122.679)
_OXFORD = "Oxford's page: the mean of each channel, of BGR pixels of 0 to 255; the shorter side to 256"
_OXFORD_INPUTS = _inputs((103.939, 116.779, 123.68), "shorter_side", _OXFORD)

CAFFE = (
    CaffeNames(
        "Caffe's bvlc_googlenet",
        ("googlenet",),
        MappingProxyType(_googlenet()),
        _inputs((104.0, 117.0, 123.0), "exact", "its train_val.prototxt: mean_value; pictures of 256 x 256"),
    ),
    CaffeNames(
        "Caffe's bvlc_alexnet",
        ("alexnet_caffe", "caffenet"),
        MappingProxyType(_ALEXNET | {"conv5": "features.12"} | _dense()),
        _inputs(
            _MEAN_PICTURE, "exact", "BVLC's imagenet_mean.binaryproto, the mean of each channel; pictures of 256 x 256"
        ),
    ),
    CaffeNames("Caffe's VGG_ILSVRC_16_layers", ("vgg16",), MappingProxyType(_vgg((2, 2, 3, 3, 3))), _OXFORD_INPUTS),
    CaffeNames("Caffe's VGG_ILSVRC_19_layers", ("vgg19",), MappingProxyType(_vgg((2, 2, 4, 4, 4))), _OXFORD_INPUTS),
    # Numbered as in torchvision, but for a flattening layer before each dense one.
    KeyMap(
        "jcjohnson/pytorch-vgg, which are Oxford's for Caffe",
        (("classifier.1.", "classifier.0."), ("classifier.4.", "classifier.3.")),
        rows=("vgg16", "vgg19"),
        inputs=_OXFORD_INPUTS,
    ),
)
"""A map for each network."""
