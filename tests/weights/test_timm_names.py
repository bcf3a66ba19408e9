"""Weights of timm's networks answer here what they answer in timm."""

from pathlib import Path

import pytest
import timm
import torch

from striate.initialization import drafting
from striate.models import create_model
from striate.weights import load_weights
from striate.weights.timm_names import TIMM, TIMM_ROWS

ANSWERED = ("resnet18", "mobilenet_v2", "efficientnet_b0", "mobilenet_v1_relu6")
"""One of each family but VGG, which is large; the others by the slow tests."""


def each_row(answered):
    return [pytest.param(row, marks=[] if row in answered else pytest.mark.slow) for row in TIMM_ROWS]


@pytest.mark.parametrize("row", each_row(ANSWERED))
def test_the_answers_are_timms(row):
    generator = torch.Generator().manual_seed(0)
    peer = timm.create_model(TIMM_ROWS[row], num_classes=7).eval()
    with torch.no_grad():
        for tensor in peer.state_dict().values():
            if tensor.is_floating_point():  # statistics and weights that are not those of the start
                tensor.mul_(1 + 0.1 * torch.rand(tensor.shape, generator=generator))
    network = create_model(row, num_classes=7, seed=0).eval()
    report = load_weights(network, peer.state_dict(), row=row)
    assert not report.missing and not report.unexpected and not report.head_replaced and not report.reshaped
    side = 224 if row.startswith("vgg") else 64  # where timm's last pooling is ours
    images = torch.randn(2, 3, side, side, generator=generator)
    with torch.no_grad():
        expected, answer = peer(images), network(images)
    assert float((expected - answer).abs().max()) <= 1e-5 * float(expected.abs().max())


@pytest.mark.parametrize("row", each_row((*ANSWERED, "vgg11_bn", "vgg19", "mobilenet_v2_x0_35", "resnet50_v1_5")))
def test_every_tensor_of_timms_has_its_place(row):
    with torch.device("meta"):
        theirs = timm.create_model(TIMM_ROWS[row]).state_dict()
    from striate.weights.naming import best_named

    with drafting():
        ours = create_model(row).state_dict()
    named = best_named(ours.keys(), theirs, row).tensors
    assert named.keys() == ours.keys()
    assert [name for name in ours if named[name].numel() != ours[name].numel()] == []


def test_the_page_names_all_of_them_and_no_others():
    page = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
    table = page.partition("| timm's network | row |\n|---|---|\n")[2].partition("\n\n")[0]
    rows = dict(line.strip("| ").split(" | ") for line in table.splitlines())
    assert {theirs.strip("`"): ours.strip("`") for theirs, ours in rows.items()} == {
        theirs: ours for ours, theirs in TIMM_ROWS.items()
    }


def test_a_name_that_is_no_blocks_is_left_alone():
    assert TIMM[0].ours("blocks.9.0.conv_dw.weight") == "blocks.9.0.conv_dw.weight"
    assert TIMM[0].ours("blocks.5.2.bn3.bias") == "features.16.conv.3.bias"
    assert TIMM[1].ours("blocks.0.1.se.conv_expand.bias") == "features.1.1.block.1.fc2.bias"
    assert TIMM[2].ours("blocks.3.5.conv_pw.weight") == "block11.pointwise.weight"
