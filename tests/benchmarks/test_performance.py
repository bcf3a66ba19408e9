"""The measuring of whole processes, and the page that is made of it."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def performance():
    return loaded("performance")


@pytest.fixture(scope="module")
def write_page():
    return loaded("performance_page").write_page


def loaded(name):
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


def test_processes_take_turns_and_the_first_is_compared_with(performance, tmp_path):
    log = tmp_path / "log"
    log.touch()

    def command(letter):
        return [sys.executable, "-S", "-c", f"open({str(log)!r}, 'a').write({letter!r})"]

    result = performance.in_turns({"striate": command("o"), "peer": command("p")}, 2)
    assert log.read_text() == "po" + "op" + "po"  # one round that does not count, then two
    assert len(result["striate"]["seconds"]) == len(result["peer"]["seconds"]) == 2
    assert result["striate"]["ratios"] == {}
    for own, theirs, ratio in zip(
        result["striate"]["seconds"], result["peer"]["seconds"], result["peer"]["ratios"]["striate"], strict=True
    ):
        assert abs(ratio - theirs / own) < 0.1 * ratio
    with pytest.raises(SystemExit, match="ended with 3: no such thing"):
        performance.in_turns(
            {"own": [sys.executable, "-c", "import sys; print('no such thing', file=sys.stderr); sys.exit(3)"]}, 1
        )


@pytest.mark.parametrize("given", [False, True])
def test_pictures_are_jpeg_files_of_one_size(performance, tmp_path, monkeypatch, given):
    monkeypatch.setattr(performance, "PICTURES", 3)
    source = None
    if given:
        source = tmp_path / "photographs"
        source.mkdir()
        Image.new("RGB", (90, 200), "red").save(source / "a.png")
    performance.make_photographs(tmp_path / "pictures", source)
    found = []
    for path in sorted((tmp_path / "pictures").iterdir()):
        with Image.open(path) as picture:
            found.append((picture.format, picture.size))
    assert found == [("JPEG", (375, 500) if given else (500, 375))] * 3


def test_the_page(write_page):
    on = {
        "date": "2026-01-02",
        "processor": "A processor",
        "processors": 2,
        "load": 0.1,
        "python": "3.11.0",
        "versions": {"striate": "1.0", "timm": "2.0"},
        "pictures": "photographs",
        "rounds": 3,
    }
    result = {
        "predict_folder": {
            "resnet50": {
                "striate": {"seconds": [2.0, 1.0, 4.0], "megabytes": 300, "ratios": {"striate, int8": [2.0, 2.0, 2.0]}},
                "striate, int8": {"seconds": [1.0, 0.5, 2.0], "megabytes": 290, "ratios": {"striate": [0.5, 0.5, 0.5]}},
                "timm": {
                    "seconds": [12.0, 7.0, 20.0],
                    "megabytes": 1400,
                    "ratios": {"striate": [6.0, 7.0, 5.0], "striate, int8": [12.0, 14.0, 10.0]},
                },
            },
            "on": on,
        },
        "transfer": {
            "bees": {
                "striate": {"seconds": [20.0], "ratios": {}, "accuracies": [0.96]},
                "fastai": {"seconds": [50.0], "ratios": {"striate": [2.5]}, "accuracies": [0.9]},
            },
            "on": on,
        },
    }
    page = write_page(result)
    assert "## Predicting 200 pictures, whole processes: resnet50\n" in page
    assert (
        "| | n | seconds, median (range) | times as long as striate | times as long as striate, int8 | memory |\n"
        "|---|---|---|---|---|---|\n"
        "| striate | 3 | 2.00 (1.00 to 4.00) |  | 2.0 (2.0 to 2.0) | 300 MB |\n"
        "| striate, int8 | 3 | 1.00 (0.50 to 2.00) | 0.5 (0.5 to 0.5) |  | 290 MB |\n"
        "| timm | 3 | 12.00 (7.00 to 20.00) | 6.0 (5.0 to 7.0) | 12.0 (10.0 to 14.0) | 1,400 MB |\n"
    ) in page
    assert "## Transfer learning, whole processes: bees\n" in page
    assert "| fastai | 1 | 50.00 (50.00 to 50.00) | 2.5 (2.5 to 2.5) | 90.00 (90.00 to 90.00) % |\n" in page
    assert "A processor, 2 processors, load average 0.1" in page and "striate 1.0, timm 2.0" in page
    assert "`python benchmarks/performance.py --only predict_folder --rounds 3`" in page


def test_the_page_is_that_of_the_last_measurement(write_page):
    result = json.loads((FOLDER / "results" / "performance.json").read_text(encoding="utf-8"))
    assert (FOLDER.parent / "docs" / "performance.md").read_text(encoding="utf-8") == write_page(result)


@pytest.mark.slow
def test_a_peer_predicts(tmp_path):
    pytest.importorskip("timm")
    Image.new("RGB", (50, 40), "red").save(tmp_path / "a.jpg")
    for peer in ("timm", "torchvision"):
        command = [sys.executable, FOLDER / "peer_predict.py", peer, "mobilenet_v2", tmp_path / "a.jpg"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
        path, *rest = done.stdout.strip().split(",")
        assert path == str(tmp_path / "a.jpg") and len(rest) == 10
