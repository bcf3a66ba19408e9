"""How timm names the tensors of MobileNetV2 and EfficientNet: data.

timm numbers blocks by stage and names layers by what they do; torchvision, and the networks here, number layers in order. Its ResNets are
named as here.

Source: timm, `mobilenetv2_100` and `efficientnet_b0`: the names of `state_dict()`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from striate.weights.keymaps import KeyMap

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


_MOBILENET_V2 = "timm's mobilenetv2"
_EFFICIENTNET = "timm's efficientnet"

TIMM = (
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
)
"""A map for each family."""
