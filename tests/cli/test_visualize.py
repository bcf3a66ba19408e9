import json

import numpy as np
import pytest
from PIL import Image

from striate.cli.visualize import parse_unit
from striate.errors import UsageError


@pytest.fixture
def digit(tmp_path):
    path = tmp_path / "seven.png"
    pixels = np.zeros((28, 28), np.uint8)
    pixels[6, 6:22] = pixels[6:24, 20] = 255
    Image.fromarray(pixels).save(path)
    return path


def test_a_projection_is_written(striate_command, digit, tmp_path):
    output = tmp_path / "out.png"
    arguments = ("--method", "deconvnet", "--layer", "s2", "--unit", "3", "--output", output)
    code, out, err = striate_command("visualize", "lenet5", digit, *arguments)
    assert code == 0
    assert out.splitlines()[0].startswith("seven.png  class ") and out.splitlines()[-1] == f"written to {output}"
    assert "DeconvNet of s2: The unit where the map answers most: what it sees of the picture" in out
    assert "note: the weights are random" in err
    with Image.open(output) as picture:
        assert picture.mode == "RGB"


def test_a_page_and_json(striate_command, digit, tmp_path):
    page = tmp_path / "page.html"
    code, out, _ = striate_command("visualize", "lenet5_relu", digit, "--html", page, "--json", "--quiet")
    assert code == 0
    result = json.loads(out)
    assert result["written"] == [str(page)] and result["picture"] == "seven.png" and len(result["predictions"]) == 5
    text = page.read_text()
    assert "<script" not in text and "http://" not in text and "https://" not in text


def test_without_a_method_the_picture_is_a_choice_of_bounded_height(striate_command, digit, tmp_path):
    output, page = tmp_path / "out.png", tmp_path / "page.html"
    code, out, _ = striate_command("visualize", "lenet5_relu", digit, "--output", output, "--quiet")
    assert code == 0
    choice = "the picture is a choice of what was seen; --html FILE writes a page with everything"
    assert out.splitlines()[-2:] == [f"written to {output}", choice]
    with Image.open(output) as picture:
        assert picture.height < 2600 and picture.width < 1400
    assert (
        choice not in striate_command("visualize", "lenet5_relu", digit, "--html", page, "--output", output, "-q").out
    )


def test_the_list_of_layers(striate_command):
    code, out, _ = striate_command("visualize", "lenet5", "--layer", "list")
    assert code == 0
    assert out.splitlines()[:3] == [
        "layer  answers             a unit sees     units apart",
        "c1     6 maps of 28 x 28   5 x 5 pixels    1 pixel",
        "s2     6 maps of 14 x 14   6 x 6 pixels    2 pixels",
    ]
    code, out, _ = striate_command("visualize", "lenet5", "--layer", "list", "--json")
    assert json.loads(out)[1] == {
        "name": "s2",
        "shape": [6, 14, 14],
        "receptive_field": [6, 6],
        "jump": [2, 2],
        "sees_everything": False,
    }


def test_units():
    assert parse_unit("top") is None and parse_unit("0") == 0 and parse_unit("1, 2,3") == (1, 2, 3)
    for text in ("", "-1", "1,2", "1.5", "x"):
        with pytest.raises(UsageError, match="--unit takes a map such as 7"):
            parse_unit(text)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("lenet", "seven.png", "-o", "o.png"), 2, "unknown model 'lenet'; did you mean 'lenet5'"),
        (
            ("lenet5", "seven.png", "-m", "deconvnet", "-l", "s22", "-o", "o.png"),
            2,
            "unknown layer 's22'; did you mean 's2'",
        ),
        (
            ("lenet5", "seven.png", "-m", "deconvnet", "-l", "s2", "-u", "6", "-o", "o.png"),
            2,
            "has 6 maps, 0 to 5; got 6",
        ),
        (("lenet5", "none.png", "-o", "o.png"), 1, "none.png: "),
        (("lenet5", "seven.png", "-o", "o.gif"), 2, "cannot write o.gif: expected a name that ends in"),
        (("lenet5", "seven.png", "-o", "seven.png"), 2, "cannot write seven.png: it is the picture itself"),
        (("lenet5", "seven.png", "--html", "no/page.html"), 2, "cannot write no/page.html: there is no folder no"),
        (("lenet5",), 2, "give a PICTURE (for top and hierarchy: DATA); or --layer list"),
        (("lenet5", "seven.png"), 2, "give --output FILE, --html FILE, --check or --json"),
        (("lenet5", "seven.png", "--weights", "none.pth", "--json"), 1, "none.pth"),
    ],
)
def test_clear_errors(striate_command, digit, monkeypatch, arguments, code, message):
    monkeypatch.chdir(digit.parent)
    result = striate_command("visualize", *arguments)
    assert (result.code, result.out) == (code, "") and message in result.err and "Traceback" not in result.err
    assert [path.name for path in digit.parent.iterdir()] == ["seven.png"]
