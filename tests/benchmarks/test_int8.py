"""int8 beside fp32, network by network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
def test_a_small_network(drawn, tmp_path):
    pytest.importorskip("nncf")
    pictures = drawn(tmp_path / "pictures", ("across",), 60) / "across"
    command = [sys.executable, FOLDER / "int8.py", pictures, "--rows", "resnet20", "--rounds", "1", "--json"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    row = said["rows"]["resnet20"]
    assert said["compared"] == 20 and (row["layers"], row["layers_fp32"]) == (20, 0)
    assert min(row["pictures_per_second"].values()) > 0 and 0 <= row["agreement"] <= 1
