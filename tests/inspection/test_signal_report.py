import io
import json

import pytest
import torch
from PIL import Image
from torch import nn

from striate.inspection import SignalReport, network_signal
from striate.inspection.signal_report import COLUMNS, number_text


@pytest.fixture(scope="module")
def report():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 2))
    images, labels = torch.randn(4, 1, 4, 4), torch.tensor([0, 1, 0, 1])
    good = network_signal(network, images, labels, scheme="first")
    with torch.no_grad():
        network[1].bias.fill_(-100)
    bad = network_signal(network, images, labels, scheme="<second>")
    return SignalReport("small", "", (1, 4, 4), "4 random pictures", (good, bad))


def test_text(report):
    lines = report.to_text().splitlines()
    assert lines[0] == "small, 1x4x4: 4 random pictures"
    assert lines[2] == "first"
    assert [word for column in COLUMNS for word in column.split()] == lines[3].split()
    assert lines[4].split()[:3] == ["1", "Linear", "8"]
    assert lines[-2].startswith("first: will train: from 1 to 3 the variance goes from ")
    assert lines[-1] == "<second>: will not train: every unit of 2 is dead, and no gradient reaches the weights"


def test_markdown(report):
    text = report.to_markdown()
    assert text.startswith("# small\n\n1x4x4: 4 random pictures\n\n- first: will train")
    assert "\n## first\n\n| layer | kind | output | mean |" in text


def test_json_has_no_infinite_numbers(report):
    table = json.loads(report.to_json())
    assert table["schemes"][0]["outcome"] == "trains" and table["schemes"][1]["outcome"] == "fails"
    assert table["schemes"][1]["rate"] is None
    assert [layer["dead"] for layer in table["schemes"][1]["layers"]] == [None, 1.0, None]
    assert set(table["schemes"][0]["layers"][0]) == {
        "name", "kind", "is_activation", "shape", "mean", "variance", "gradient_mean", "gradient_variance", "dead", "pull", "normalized",
    }  # fmt: skip


def test_picture(report):
    with Image.open(io.BytesIO(report.picture())) as picture:
        assert picture.format == "PNG" and picture.width == 1210
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 50


def test_picture_without_relus():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    signal = network_signal(network, torch.randn(4, 1, 2, 2), torch.tensor([0, 1, 0, 1]))
    report = SignalReport("plain", "", (1, 2, 2), "4 random pictures", (signal,))
    with Image.open(io.BytesIO(report.picture())) as picture:
        assert picture.height == 770
    assert report.verdicts()[0].startswith("as it is: will train: ")


def test_page_is_whole_and_escaped(report):
    page = report.to_html()
    assert page.lstrip().startswith("<!doctype html>")
    assert "&lt;second&gt;" in page and "<second>" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<table>") == 2 and "data:image/png;base64," in page


def test_numbers():
    assert [number_text(number) for number in (None, 0.0, 123456.0, -1e-20)] == ["", "0", "1.23e+05", "-1e-20"]
