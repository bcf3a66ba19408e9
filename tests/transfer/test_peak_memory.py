"""How much memory frozen features take: in a process of its own, whose peak the system counts."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
import numpy as np
import torch
from striate.models import create_model
from striate.training import Recipe
from striate.transfer import compute_outputs, stage_vectors

class Noise:
    mean, std, reverses_channels, digest = (0.5,) * 3, (0.25,) * 3, False, "noise"
    labels = samples = np.arange(128)
    def pixels(self, positions):
        return np.zeros((len(positions), 224, 224, 3), np.uint8)
    def key(self, position):
        return str(position)

network = create_model("mobilenet_v2", num_classes=2, seed=0).eval()
part = stage_vectors(network, (224, 224))
from striate.conversion import convert_module
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
from pathlib import Path
import tempfile
with tempfile.TemporaryDirectory() as folder:
    rows = compute_outputs(part, Noise(), recipe=Recipe(), device=torch.device("cpu"), cache_folder=Path(folder))
    assert rows.shape[0] == 128
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count the peak in other units")
def test_features_of_large_pictures_take_a_few_hundred_megabytes():
    """OpenVINO and eight pictures' maps: 264 MB were measured, 810 with sixty-four at once."""
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) < 500
