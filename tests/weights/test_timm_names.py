"""Weights of timm's networks answer here what they answer in timm."""

import pytest
import timm
import torch

from striate.models import create_model
from striate.weights import load_weights

PAIRS = [
    ("resnet18", "resnet18"),
    ("mobilenetv2_100", "mobilenet_v2"),
    ("efficientnet_b0", "efficientnet_b0"),
    pytest.param("resnet50", "resnet50_v1_5", marks=pytest.mark.slow),
    pytest.param("mobilenetv2_050", "mobilenet_v2_x0_5", marks=pytest.mark.slow),
    pytest.param("efficientnet_b3", "efficientnet_b3", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_the_answers_are_timms(theirs, ours):
    generator = torch.Generator().manual_seed(0)
    peer = timm.create_model(theirs, num_classes=7).eval()
    with torch.no_grad():
        for tensor in peer.state_dict().values():
            if tensor.is_floating_point():  # statistics and weights that are not those of the start
                tensor.mul_(1 + 0.1 * torch.rand(tensor.shape, generator=generator))
    network = create_model(ours, num_classes=7, seed=0).eval()
    report = load_weights(network, peer.state_dict(), row=ours)
    assert not report.missing and not report.unexpected and not report.head_replaced
    images = torch.randn(2, 3, 64, 64, generator=generator)
    with torch.no_grad():
        expected, answer = peer(images), network(images)
    assert float((expected - answer).abs().max()) <= 1e-5 * float(expected.abs().max())


def test_a_name_that_is_no_blocks_is_left_alone():
    from striate.weights.timm_names import TIMM

    assert TIMM[0].ours("blocks.9.0.conv_dw.weight") == "blocks.9.0.conv_dw.weight"
    assert TIMM[0].ours("blocks.5.2.bn3.bias") == "features.16.conv.3.bias"
    assert TIMM[1].ours("blocks.0.1.se.conv_expand.bias") == "features.1.1.block.1.fc2.bias"
