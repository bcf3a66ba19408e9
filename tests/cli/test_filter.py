import json

import numpy as np
import pytest
from PIL import Image

from striate.nn import list_kernels
from striate.pixels import decode


@pytest.fixture
def step(tmp_path):
    path = tmp_path / "step.png"
    Image.fromarray(np.repeat(np.array([[[0], [0], [255], [255]]] * 3, np.uint8), 3, axis=2)).save(path)
    return path


def test_edges(striate_command, step, tmp_path):
    output = tmp_path / "edges.png"
    code, out, err = striate_command("filter", step, "--kernel", "sobel_x", "--output", output)
    assert (code, out, err) == (0, f"{output}  4x3, colour, sobel_x, absolute\n", "")
    assert decode(output)[1, :, 0].tolist() == [0, 255, 255, 0]


def test_signed_and_grey_as_json(striate_command, step, tmp_path):
    output = tmp_path / "edges.png"
    arguments = ("--kernel", "sobel_x", "--output", output, "--signed", "--grey", "--contrast", 0.5, "--json")
    code, out, _ = striate_command("filter", step, *arguments)
    assert code == 0
    assert json.loads(out) == {
        "output": str(output),
        "picture": str(step),
        "kernel": "sobel_x",
        "mapping": "signed",
        "width": 4,
        "height": 3,
        "channels": 1,
    }
    assert decode(output, channels=1)[1, :, 0].tolist() == [128, 191, 191, 128]  # 127.5 + 0.5 * 255 / 2


def test_the_list(striate_command):
    code, out, _ = striate_command("filter", "--list")
    assert code == 0
    assert [line.partition(":")[0] for line in out.splitlines() if not line.startswith(" ") and line] == list_kernels()
    assert (
        "\n\ngaussian_blur: soft blur, variance 1/2 pixel^2\n  1 2 1\n  2 4 2  / 16\n  1 2 1\n  Burt and Adelson" in out
    )
    code, out, _ = striate_command("filter", "--list", "--json")
    rows = json.loads(out)
    assert [row["name"] for row in rows] == list_kernels()
    assert rows[list_kernels().index("sobel_x")]["rows"] == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


@pytest.mark.parametrize(
    ("kernel", "output", "code", "message"),
    [
        (
            "sobelx",
            "e.png",
            2,
            "unknown kernel 'sobelx'; did you mean 'sobel_x', 'sobel_y'? see `striate filter --list`",
        ),
        ("sobel_x", "step.png", 2, "cannot write step.png: it is the picture itself; name another --output"),
        ("sobel_x", "none/e.png", 2, "cannot write none/e.png: there is no folder none"),
    ],
)
def test_clear_errors(striate_command, step, monkeypatch, kernel, output, code, message):
    monkeypatch.chdir(step.parent)
    assert striate_command("filter", "step.png", "--kernel", kernel, "--output", output) == (
        code,
        "",
        f"striate: {message}\n",
    )
    assert [path.name for path in step.parent.iterdir()] == ["step.png"]


def test_a_bad_picture(striate_command, tmp_path):
    (tmp_path / "bad.jpg").write_text("no picture")
    code, _, err = striate_command("filter", tmp_path / "bad.jpg", "--kernel", "sobel_x", "-o", tmp_path / "e.png")
    assert (code, err) == (
        1,
        f"striate: {tmp_path}/bad.jpg: the file is no JPEG, PNG, BMP, GIF, TIFF, WebP, AVIF, JPEG 2000 or HEIC picture\n",
    )
    assert not (tmp_path / "e.png").exists()


@pytest.mark.parametrize("arguments", [(), ("picture.png",), ("picture.png", "--kernel", "sobel_x")])
def test_what_is_missing_is_said(striate_command, arguments):
    code, _, err = striate_command("filter", *arguments)
    assert code == 2 and "--kernel NAME and --output FILE; or --list" in err


def test_two_mappings(striate_command, step, tmp_path):
    arguments = ("--kernel", "sobel_x", "--output", tmp_path / "e.png", "--absolute", "--signed")
    code, _, err = striate_command("filter", step, *arguments)
    assert code == 2 and "give --absolute or --signed, not both" in err
