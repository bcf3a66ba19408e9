"""Each way of reading hands out every picture in every epoch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["striate", "torchvision", "timm"])
def test_every_picture_comes_in_every_epoch(way, drawn, tmp_path):
    if way == "timm":
        pytest.importorskip("timm")
    folder = drawn(tmp_path / "pictures", ("across", "bands"), 20)  # one batch: timm leaves out one that is not full
    command = [sys.executable, FOLDER / "loader.py", way, folder, "--epochs", "2"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["pictures"] == 40 and said["first"] > 0 and len(said["later"]) == 2
