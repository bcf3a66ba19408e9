"""The measuring scripts run, or say why not."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

FOLDER = Path(__file__).parents[2] / "benchmarks"


def load(name):
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*arguments):
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so_and_ends_well():
    done = run(FOLDER / "gpu.py")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "skipped: there is no GPU here; --device cpu shows that the file runs\n",
        "",
    )


@pytest.mark.slow
def test_it_runs_on_a_processor(tmp_path):
    options = ["--device", "cpu", "--size", 64, "--batch-size", 2, "--steps", 1, "--rounds", 1, "--no-compile"]
    done = run(FOLDER / "gpu.py", *options, "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| timm step |") == 4 and (tmp_path / "gpu.json").exists()


def test_cifar_pictures_are_laid_out_byte_for_byte(tmp_path):
    pieces = [bytes([number] * (number + 1)) for number in range(6)]
    arrays = {"classes": np.array(["cat", "dog"])}
    for split in ("train", "test"):
        arrays[f"{split}_bytes"] = np.frombuffer(b"".join(pieces), np.uint8)
        arrays[f"{split}_offsets"] = np.cumsum([0, *map(len, pieces)])
        arrays[f"{split}_labels"] = np.array([0, 0, 0, 1, 1, 1])
    np.savez(tmp_path / "set.npz", **arrays)
    lay_out = load("cifar10_folders").lay_out
    assert lay_out(tmp_path / "set.npz", tmp_path / "all") == {"train": 6, "test": 6}
    assert (tmp_path / "all" / "train" / "dog" / "00004.jpg").read_bytes() == pieces[4]
    assert lay_out(tmp_path / "set.npz", tmp_path / "some", limit=2) == {"train": 2, "test": 2}
    kept = sorted(str(path.relative_to(tmp_path / "some")) for path in (tmp_path / "some" / "test").rglob("*.jpg"))
    assert kept == ["test/cat/00000.jpg", "test/dog/00005.jpg"]


@pytest.mark.parametrize(("best", "words"), [(0.71, "the accuracies do not overlap"), (0.73, "the accuracies overlap")])
def test_accuracies_overlap_where_their_ranges_do(capsys, best, words):
    rows = [{"precision": "fp32", "accuracy": accuracy, "bf16_natively": True} for accuracy in (0.72, 0.75)]
    rows += [{"precision": "bf16", "accuracy": accuracy, "bf16_natively": True} for accuracy in (0.7, best)]
    load("precision").compare(rows)
    out = capsys.readouterr().out
    assert f"\n{words}\n" in out and "| fp32 | 2 | 73.50% | 72.00% to 75.00% |" in out and "emulated" not in out
