"""The recipe of docs/prediction-without-torch.md, in an environment of its own, beside the one that has everything."""

import csv
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def run(*command, **options):
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, env=ENVIRONMENT, **options
    )


@pytest.fixture(scope="module")
def binaries(tmp_path_factory):
    """The `bin` folder of an environment that was made by the recipe."""
    place = tmp_path_factory.mktemp("predict")
    source = place / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "src"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    assert run(sys.executable, "-m", "venv", place / "environment").returncode == 0
    pip = [place / "environment" / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    needed = run(*pip, "--constraint", ROOT / "constraints.txt", "-r", ROOT / "requirements-runtime.txt")
    if needed.returncode and "connection" in needed.stderr.lower():
        pytest.skip("no package registry can be reached")
    assert needed.returncode == 0, needed.stderr
    done = run(*pip, "--no-deps", source)
    assert done.returncode == 0, done.stderr
    return place / "environment" / "bin"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_predicts_what_the_whole_environment_predicts(binaries, finished_run, striped):
    assert run(binaries / "python", "-c", "import torch").returncode == 1
    arguments = ["predict", finished_run.folder, striped, "--format", "csv"]
    rows = []
    for python in (binaries / "python", sys.executable):
        done = run(python, "-m", "striate", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        rows.append(list(csv.DictReader(io.StringIO(done.stdout))))
    assert len(rows[0]) == 60
    for own, whole in zip(*rows, strict=True):
        assert (own["path"], own["label"]) == (whole["path"], whole["label"])
        assert abs(float(own["probability"]) - float(whole["probability"])) < 1e-5


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_loads_in_python(binaries, finished_run, striped):
    picture = next(iter(sorted(striped.rglob("*.png"))))
    program = "import sys, striate; print(striate.load(sys.argv[1]).predict(sys.argv[2])[0]); assert 'torch' not in sys.modules"
    done = run(binaries / "python", "-c", program, finished_run.folder, picture)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (
        0,
        str(finished_run.classifier().predict(picture)[0]),
        "",
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "command", [["train", "DATA", "--quiet"], ["predict", "RUN", "DATA", "--engine", "torch"], ["models"]]
)
def test_what_needs_torch_says_so(binaries, finished_run, striped, command, tmp_path):
    places = {"DATA": striped, "RUN": finished_run.folder}
    done = run(binaries / "python", "-m", "striate", *(places.get(part, part) for part in command), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("striate: this needs the package ") and done.stderr.count("\n") == 1
    assert done.stderr.rstrip().endswith("install all that Striate uses: pip install striate")
