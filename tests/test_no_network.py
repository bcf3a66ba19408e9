"""No command opens a connection unless it is asked to: the whole life of a classifier, with the network cut off and every try noted."""

import os
import shutil
import subprocess
import sys

import pytest

GUARDED = """
import sys
tried = []

def hear(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.bind") and isinstance(arguments[1], tuple):
        tried.append((event, arguments[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request", "ftplib.connect", "http.client.connect"):
        tried.append((event, arguments[0]))

sys.addaudithook(hear)
from striate.cli.main import run

for line in sys.stdin.read().splitlines():
    sys.argv = ["striate", *line.split("\\t")]
    try:
        run()
    except SystemExit as ended:
        if ended.code not in (0, None):
            sys.exit(f"{sys.argv}: exit code {ended.code}")
if tried:
    sys.exit(f"tried to reach {tried}")
print("nothing was tried")
"""


def cut_off():
    """What a command begins with to have no network at all; nothing where the system does not let us."""
    unshare = shutil.which("unshare")
    if unshare and subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0:
        return [unshare, "-rn"]
    return []


def run_guarded(lines, tmp_path, *, program=GUARDED):
    lines = "\n".join("\t".join(map(str, line)) for line in lines)
    surroundings = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [*cut_off(), sys.executable, "-c", program]
    return subprocess.run(command, input=lines, capture_output=True, text=True, env=surroundings, check=False)


def test_prediction_and_evaluation_reach_for_nothing(finished_run, striped, tmp_path):
    picture = sorted(striped.rglob("*.png"))[0]
    done = run_guarded(
        [["predict", finished_run.folder, picture], ["evaluate", finished_run.folder, striped, "--include-seen"]],
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "nothing was tried"


def test_the_guard_hears_a_try(tmp_path):
    program = GUARDED.replace(
        "if tried:",
        "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 9), 0.1)\nexcept OSError:\n    pass\nif tried:",
    )
    done = run_guarded([], tmp_path, program=program)
    assert (
        done.returncode == 1 and "tried to reach [('socket.getaddrinfo', '192.0.2.1'), ('socket.connect'" in done.stderr
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_whole_life_of_a_classifier_reaches_for_nothing(striped, tmp_path):
    pytest.importorskip("nncf")
    run, picture = tmp_path / "run", sorted(striped.rglob("*.png"))[0]
    done = run_guarded(
        [
            ["check", striped],
            ["train", striped, "--model", "resnet20", "--epochs", 1, "--output", run],
            ["train", striped, "--quick", "--output", tmp_path / "default"],
            ["evaluate", run, striped],
            ["predict", run, striped, "--output", tmp_path / "rows.csv"],
            ["visualize", run, picture, "--method", "grad-cam", "--output", tmp_path / "map.png"],
            ["export", run, "--output", tmp_path / "a.onnx"],
            ["export", run, "--output", tmp_path / "a.xml"],
            ["quantize", run, striped, "--output", tmp_path / "int8", "--max-drop", 100],
            ["predict", tmp_path / "int8", picture, "--precision", "int8"],
            ["predict", run, picture, "--engine", tmp_path / "a.onnx"],
            ["stress", run, striped, "--pictures", 4, "--html", tmp_path / "card.html"],
            ["compare-runs", run, tmp_path / "default"],
            ["inspect", "resnet18"],
        ],
        tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "nothing was tried"
