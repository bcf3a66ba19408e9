"""What the README promises, on real pictures; slow."""

import subprocess
import sys
import time

import numpy as np
import pytest

import striate

pytestmark = pytest.mark.slow


@pytest.mark.timeout(900)
def test_handwritten_digits(tmp_path):
    accuracies = []
    for seed in range(5):
        begun = time.monotonic()
        run = striate.train("digits", model="lenet5", seed=seed, output=tmp_path / str(seed))
        accuracies.append(run.metrics["test"]["accuracy"])
        print(f"digits, seed {seed}: {accuracies[-1]:.4f} in {time.monotonic() - begun:.0f} s")
    assert min(accuracies) >= 0.96
    assert np.mean(accuracies) >= 0.98


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("model", ["lenet5", "lenet5_dense"])
def test_mnist_in_five_epochs(real_data, tmp_path, model):
    run = striate.train(real_data("mnist"), model=model, epochs=5, output=tmp_path / "run")
    print(f"mnist, {model}: {run.metrics['test']['accuracy']:.4f}")
    assert run.metrics["test"]["count"] == 10_000
    assert run.metrics["test"]["accuracy"] >= 0.985


@pytest.mark.timeout(900)
def test_ten_classes_of_photographs_in_six_minutes(real_data, tmp_path):
    begun = time.monotonic()
    run = striate.train(
        real_data("imagenette"),
        model="mobilenet_v2",
        weights=real_data("weights") / "mobilenet_v2_imagenet_torchvision_names.pth",
        mean=[0.5],
        std=[0.5],
        time_limit="6m",
        output=tmp_path / "run",
    )
    seconds = time.monotonic() - begun
    print(f"imagenette: {run.metrics['val']['accuracy']:.4f} in {seconds:.0f} s")
    assert seconds < 360
    assert run.metrics["val"]["accuracy"] >= 0.94
    command = [
        sys.executable,
        "-m",
        "striate",
        "predict",
        run.folder,
        real_data("imagenette") / "val",
        "--format",
        "csv",
    ]
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(rows) == 1 + 600
