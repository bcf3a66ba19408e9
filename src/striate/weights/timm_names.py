"""How timm names the tensors of MobileNet, EfficientNet and VGG, and which of its networks are rows here: data.

timm numbers blocks by stage and names layers by what they do; torchvision, and the networks here, number layers in order. Its VGGs have
convolutions in place of dense layers. Its ResNets are named as here.

Source: timm, `mobilenetv1_100`, `mobilenetv2_100`, `efficientnet_b0` and `vgg11`: the names of `state_dict()`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from striate.weights.keymaps import ExpectedInputs, KeyMap

BLOCK = re.compile(r"blocks\.(\d+)\.(\d+)\.(.+)")


@dataclass(frozen=True)
class TimmBlocks:
    """timm's names for a network of inverted residuals."""

    publisher: str
    block: str
    """Where a block is, of its stage and its place there, and counted through all stages; stages and blocks from 1."""
    blocks: tuple[int, ...]
    """Blocks of each stage."""
    first_stage: KeyMap
    """Names inside a block of the first stage, which has no expansion."""
    later_stages: KeyMap
    rest: KeyMap
    """Names outside blocks."""
    rows: tuple[str, ...] = ()
    inputs: ExpectedInputs | None = None

    def ours(self, name: str) -> str:
        """Our name for a tensor of theirs.

        Example:
            >>> TIMM[0].ours("blocks.1.0.conv_dw.weight"), TIMM[1].ours("blocks.1.0.conv_dw.weight")
            ('features.2.conv.1.0.weight', 'features.2.0.block.1.0.weight')
        """
        found = BLOCK.fullmatch(name)
        if found is None or int(found[1]) >= len(self.blocks):
            return self.rest.ours(name)
        stage, place = int(found[1]), int(found[2])
        before = list(itertools.accumulate(self.blocks, initial=0))[stage]
        inside = (self.later_stages if stage else self.first_stage).ours(found[3])
        return self.block.format(stage=stage + 1, place=place, number=before + place + 1) + inside


def _named(publisher: str, beginnings: Mapping[str, str]) -> KeyMap:
    return KeyMap(publisher, tuple(beginnings.items()))


_MOBILENET_V1 = "timm's mobilenetv1"
_MOBILENET_V2 = "timm's mobilenetv2"
_EFFICIENTNET = "timm's efficientnet"

_SEPARABLE = {"conv_dw.": "depthwise.", "conv_pw.": "pointwise."}

TIMM: tuple[TimmBlocks | KeyMap, ...] = (
    TimmBlocks(
        publisher=_MOBILENET_V2,
        block="features.{number}.conv.",
        blocks=(1, 2, 3, 4, 3, 3, 1),
        first_stage=_named(_MOBILENET_V2, {"conv_dw.": "0.0.", "bn1.": "0.1.", "conv_pw.": "1.", "bn2.": "2."}),
        later_stages=_named(
            _MOBILENET_V2,
            {"conv_pw.": "0.0.", "bn1.": "0.1.", "conv_dw.": "1.0.", "bn2.": "1.1.", "conv_pwl.": "2.", "bn3.": "3."},
        ),
        rest=_named(
            _MOBILENET_V2,
            {
                "conv_stem.": "features.0.0.",
                "bn1.": "features.0.1.",
                "conv_head.": "features.18.0.",
                "bn2.": "features.18.1.",
                "classifier.": "classifier.1.",
            },
        ),
    ),
    TimmBlocks(
        publisher=_EFFICIENTNET,
        block="features.{stage}.{place}.block.",
        blocks=(1,) * 7,  # how many there are depends on the row, and does not matter
        first_stage=_named(
            _EFFICIENTNET,
            {
                "conv_dw.": "0.0.",
                "bn1.": "0.1.",
                "se.conv_reduce.": "1.fc1.",
                "se.conv_expand.": "1.fc2.",
                "conv_pw.": "2.0.",
                "bn2.": "2.1.",
            },
        ),
        later_stages=_named(
            _EFFICIENTNET,
            {
                "conv_pw.": "0.0.",
                "bn1.": "0.1.",
                "conv_dw.": "1.0.",
                "bn2.": "1.1.",
                "se.conv_reduce.": "2.fc1.",
                "se.conv_expand.": "2.fc2.",
                "conv_pwl.": "3.0.",
                "bn3.": "3.1.",
            },
        ),
        rest=_named(
            _EFFICIENTNET,
            {
                "conv_stem.": "features.0.0.",
                "bn1.": "features.0.1.",
                "conv_head.": "features.8.0.",
                "bn2.": "features.8.1.",
                "classifier.": "classifier.1.",
            },
        ),
    ),
    TimmBlocks(
        publisher=_MOBILENET_V1,
        block="block{number}.",
        blocks=(1, 2, 2, 6, 2),
        first_stage=_named(_MOBILENET_V1, _SEPARABLE),
        later_stages=_named(_MOBILENET_V1, _SEPARABLE),
        rest=_named(_MOBILENET_V1, {"conv_stem.": "conv1.", "classifier.": "fc."}),
    ),
    _named(
        "timm's vgg",
        {"pre_logits.fc1.": "classifier.0.", "pre_logits.fc2.": "classifier.3.", "head.fc.": "classifier.6."},
    ),
)
"""A map for each family."""

TIMM_ROWS: Mapping[str, str] = MappingProxyType(
    {"mobilenet_v1_relu6": "mobilenetv1_100"}
    | {name: name for name in ("resnet18", "resnet34", "vgg11", "vgg13", "vgg16", "vgg19")}
    | {name: name for name in ("vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn")}
    | {f"{name}_v1_5": name for name in ("resnet50", "resnet101", "resnet152")}
    | {"mobilenet_v2": "mobilenetv2_100", "mobilenet_v2_x1_4": "mobilenetv2_140"}
    | {"mobilenet_v2_x0_75": "mobilenetv2_075", "mobilenet_v2_x0_5": "mobilenetv2_050"}
    | {"mobilenet_v2_x0_35": "mobilenetv2_035"}
    # From B5 on torchvision's, which the rows are, add 0.001 to variances, and timm's 0.00001.
    | {f"efficientnet_b{size}": f"efficientnet_b{size}" for size in range(5)}
    | {f"efficientnet_b{size}_tf": f"tf_efficientnet_b{size}" for size in range(8)}
)
"""Which of timm's networks a row is: with its weights the row answers what timm's network answers."""
