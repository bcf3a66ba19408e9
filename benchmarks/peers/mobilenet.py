"""torchvision's mobilenet_v2 with the weights that all contenders start from, computing what their publisher's network computes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import MobileNetV2, mobilenet_v2

EPSILON = 1e-3
"""What TensorFlow's batch norm adds to the variance; torchvision's adds 1e-5."""


class SamePadding(nn.Conv2d):
    """A convolution of stride 2 padded as TensorFlow's SAME: the odd zero at the bottom and the right."""

    def forward(self, images: Tensor) -> Tensor:
        """Pads and convolves."""
        zeros = []
        for side, kernel, stride in zip(
            reversed(images.shape[-2:]), reversed(self.kernel_size), reversed(self.stride), strict=True
        ):
            missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            zeros += [missing // 2, missing - missing // 2]
        return functional.conv2d(
            functional.pad(images, zeros), self.weight, self.bias, self.stride, 0, self.dilation, self.groups
        )


def trained(weights: Path | None) -> MobileNetV2:
    """The network; with weights it pads and normalises as they were trained, which torchvision's own does not."""
    network = mobilenet_v2()
    if weights is None:
        return network
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.stride == (2, 2):
            module.__class__ = SamePadding
        elif isinstance(module, nn.BatchNorm2d):
            module.eps = EPSILON
    return network
