"""What an inspection gives to people and programs."""

import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

import striate.inspection
from striate.api.inspect import compare, inspect
from striate.errors import UsageError
from striate.inspection import compare_inspections, effective_field, inspect_network
from striate.models import create_model, list_models


def test_public_names_are_sorted_and_there():
    assert striate.inspection.__all__ == sorted(striate.inspection.__all__)
    assert all(hasattr(striate.inspection, name) for name in striate.inspection.__all__)


def test_json_has_the_totals_at_the_top():
    table = json.loads(inspect("mobilenet_v2").to_json(batch_size=2))
    assert (table["parameters"], table["macs"], table["flops"]) == (3_504_872, 300_774_272, 601_548_544)
    assert table["receptive_field"] == 491
    assert table["memory"]["batch_size"] == 2
    assert table["layers"][0] == {
        "name": "features.0.0",
        "kind": "Conv2d",
        "stage": "features.0",
        "inputs": ["input"],
        "input_shapes": [[3, 224, 224]],
        "output_shape": [32, 112, 112],
        "kernel": [3, 3],
        "stride": [2, 2],
        "padding": [1, 1],
        "dilation": [1, 1],
        "groups": 1,
        "parameters": 864,
        "frozen_parameters": 0,
        "fixed": 0,
        "arithmetic": "3*3*3*32",
        "macs": 10_838_016,
        "flops": 21_676_032,
        "element_operations": 0,
        "activation_bytes": 1_605_632,
        "receptive_field": {"size": [3, 3], "jump": [2, 2], "start": [-1, -1], "centre": [0.0, 0.0], "exact": True},
        "sees_everything": False,
        "auxiliary": False,
        "settings": "3, 32, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False",
        "layers": 1,
        "uncounted": {},
        "notes": [],
    }


def test_text():
    lines = inspect_network(nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU()), (3, 32, 32), name="small").to_text()
    assert lines.split("\n")[:4] == [
        "small",
        "",
        "layer  kind    kernel  output   parameters  arithmetic            MACs  element ops    memory  field  jump  start",
        "0      Conv2d  5x5     6x28x28         456  (5*5*3+1)*6 = 456  352,800            0  18.4 KiB      5     1      0",
    ]
    assert "FLOPs               705,600 (2 x MACs)" in lines


def test_markdown_is_a_table():
    text = inspect("lenet5").to_markdown()
    assert "| c1.convolution | Conv2d | 5x5 | 6x28x28 | 156 | (5\\*5\\*1+1)\\*6 = 156 | 117,600 |" in text


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("name", ["lenet5", "resnet20", "mobilenet_v2"])
def test_folding_keeps_the_sums(name, depth):
    inspection = inspect(name)
    rows = inspection.folded(depth)
    assert sum(row.layers for row in rows) == len(inspection.layers)
    for figure in ("parameters", "macs", "element_operations", "activation_bytes"):
        assert sum(getattr(row, figure) for row in rows) == sum(getattr(row, figure) for row in inspection.layers)
    known = {row.name for row in rows} | {"input"}
    assert all(source in known for row in rows for source in row.inputs)


def test_folded_blocks_by_name():
    rows = {row.name: row for row in inspect("resnet20").folded(2)}
    block = rows["layer2.0"]
    assert (block.kind, block.layers, block.parameters, block.output_shape) == ("BasicBlock", 8, 13_952, (32, 16, 16))
    assert block.inputs == ("layer1.2",)
    assert block.receptive_field.size == (21, 21)


def test_bad_depth_and_batch_size():
    inspection = inspect("lenet5")
    with pytest.raises(UsageError, match="the depth must be at least 1, got 0"):
        inspection.folded(0)
    with pytest.raises(UsageError, match="the batch size must be at least 1, got 0"):
        inspection.memory(0)


DRAWN = {"lenet5", "alexnet", "vgg16", "googlenet", "resnet20", "resnet50", "mobilenet_v2", "efficientnet_b0"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in DRAWN else pytest.mark.slow)
        for name in list_models("picture", sequential=False)
    ],
)
def test_pages_are_whole_and_need_nothing_else(name):
    page = inspect(name).to_html()
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "<script" not in page
    drawings = re.findall(r"<svg viewBox.*?</svg>", page, re.DOTALL)
    assert len(drawings) >= 2
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        boxes = [rect for rect in root.iter("rect") if rect.get("class") == "box"]
        width = float(root.get("viewBox").split()[2])
        assert all(float(box.get("x")) >= 0 for box in boxes)
        assert all(float(box.get("x")) + float(box.get("width")) <= width for box in boxes)
        places = [tuple(float(box.get(key)) for key in ("x", "y", "width", "height")) for box in boxes]
        for place, (x, y, wide, high) in enumerate(places):
            for left, top, other_wide, other_high in places[place + 1 :]:
                assert x + wide <= left or left + other_wide <= x or y + high <= top or top + other_high <= y


def test_names_are_escaped_on_the_page():
    page = inspect_network(nn.Conv2d(1, 1, 1), (1, 2, 2), name="<b>&").to_html()
    assert "<h1>&lt;b&gt;&amp;</h1>" in page


def test_comparison_side_by_side():
    three = nn.Sequential(*[nn.Conv2d(8, 8, 3, padding=1) for _ in range(3)])
    one = nn.Sequential(nn.Conv2d(8, 8, 7, padding=3))
    comparison = compare_inspections(
        [inspect_network(network, (8, 16, 16), name=name) for network, name in ((three, "three"), (one, "one"))]
    )
    first, second = comparison.to_dict()["networks"]
    assert first["receptive_field"] == second["receptive_field"] == 7
    assert (first["parameters"], second["parameters"]) == (3 * (8 * 9 + 1) * 8, (8 * 49 + 1) * 8)
    assert "parameters" in comparison.to_text() and "| parameters |" in comparison.to_markdown()


def test_every_departure_is_listed():
    plain = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 5, padding=2))
    other = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1))
    comparison = compare_inspections([inspect_network(network, (3, 8, 8)) for network in (plain, other)])
    assert [departure.text for departure in comparison.departures] == [
        "1 BatchNorm2d 8x8x8 -> 8x8x8 is added",
        "2 Conv2d 5x5 pad 2 8x8x8 -> 8x8x8 became 3 Conv2d 3x3 pad 1 8x8x8 -> 8x8x8",
    ]


def test_what_differs_is_said_and_what_follows_from_it_is_not():
    def network(stride, rate):
        return nn.Sequential(nn.Conv2d(3, 4, 3, stride, bias=False), nn.ReLU(), nn.Dropout(rate), nn.Conv2d(4, 4, 1))

    first, second = (inspect_network(network(*sizes), (3, 9, 9), name=str(sizes)) for sizes in ((1, 0.5), (2, 0.2)))
    comparison = compare_inspections([first, second])
    assert [departure.differences for departure in comparison.departures] == [
        ("stride (1, 1) -> (2, 2)",),
        ("p 0.5 -> 0.2",),
    ]
    assert comparison.to_text().split("\n")[-5:] == [
        "(2, 0.2) departs from (1, 0.5) in 2 places:",
        "~ Conv2d: stride (1, 1) -> (2, 2)",
        "    0 Conv2d 3x3 3x9x9 -> 4x7x7 became 0 Conv2d 3x3 /2 3x9x9 -> 4x4x4",
        "~ Dropout: p 0.5 -> 0.2",
        "    2 Dropout 4x7x7 -> 4x7x7 became 2 Dropout 4x4x4 -> 4x4x4",
    ]


def test_a_network_does_not_depart_from_itself():
    assert compare(["resnet20", "resnet20"]).departures == ()
    assert "resnet20 has the same layers as resnet20" in compare(["resnet20", "resnet20"]).to_text()


def test_a_comparison_needs_two():
    with pytest.raises(UsageError, match="at least two networks, got 1"):
        compare(["lenet5"])


def test_effective_field_of_one_convolution_is_its_kernel():
    layer = nn.Conv2d(1, 1, 5, padding=2)
    nn.init.ones_(layer.weight)
    field = effective_field(nn.Sequential(layer), (1, 21, 21), pictures=2)
    assert (field.theoretical, field.side, field.centre) == ((5, 5), 5, (10.0, 10.0))
    assert field.importance.sum() == pytest.approx(1)
    assert (field.importance > 0).sum() == 25
    assert field.picture().startswith(b"\x89PNG")


def test_effective_field_of_a_stack_is_smaller():
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 1, 3, padding=1) for _ in range(10)]
    for layer in layers:
        nn.init.ones_(layer.weight)
    field = effective_field(nn.Sequential(*layers), (1, 41, 41), pictures=1)
    assert field.theoretical == (21, 21)
    assert 9 <= field.side <= 13  # two deviations of the bell: 2 * sqrt(10 * 2/3) on either side


def test_effective_field_needs_a_place_in_the_picture():
    with pytest.raises(UsageError, match="has no layer 'f6' with a place in the picture"):
        effective_field(create_model("lenet5"), (1, 32, 32), layer="f6")


def test_the_compiler_is_not_loaded():
    code = (
        "import sys\nimport striate\n"
        "for name in ('lenet5', 'resnet20', 'mobilenet_v2'): striate.inspect(name).to_text()\n"
        "print([name for name in ('torch._dynamo', 'sympy', 'torchvision', 'matplotlib', 'openvino') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
