"""A tournament that is killed, or interrupted by the keyboard, at any moment goes on to the same winner and bytes."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

import striate
from striate.bundle import open_bundle
from striate.durable_writing import is_left_over
from striate.runs.tournament_record import INTERRUPTED, read_tournament

PROGRAM = """
import json, sys
import striate.deciding.tournament_plan as planning
import striate.runs.beginning, striate.runs.tournament as room
from striate.deciding.candidates import Proposal
from striate.errors import Interrupted

def proposal(name, epochs, rate, first=False):
    return Proposal(
        name=name, kind="scratch", why="it is small", model="resnet20", side=lambda facts: 32, looks=48 * epochs,
        settings=("batch_size=16", "optimizer.learning_rate=" + rate), gain=0.5, first=first, suits=lambda situation: True,
    )

planning.ROWS = (proposal("first", 1, "0.0000001", True), proposal("second", 3, "0.05"), proposal("third", 2, "0.0001"))
striate.runs.beginning.planned_time = lambda situation: 1e6
room.WORTH = 0.0
import striate
print("begins", flush=True)
try:
    if sys.argv[3] == "resume":
        striate.resume(sys.argv[2])
    else:
        striate.train(sys.argv[1], output=sys.argv[2])
except Interrupted as stopped:
    print(json.dumps({"kept": stopped.kept is not None, "said": str(stopped)}), flush=True)
    sys.exit(stopped.exit_code)
"""


def started(striped, folder, what="train"):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(striped), str(folder), what],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert process.stdout.readline() == "begins\n"
    return process


def let_run(striped, folder, what="train"):
    """To the end, which it must come to."""
    process = started(striped, folder, what)
    process.communicate()
    assert process.returncode == 0


@pytest.fixture(scope="module")
def undisturbed(striped, once):
    """A tournament that was let run to its end, and how many seconds it took; do not change it."""

    def make(folder):
        begun = time.monotonic()
        let_run(striped, folder)
        (folder / "seconds").write_text(str(time.monotonic() - begun))

    folder = once("runs/undisturbed", make)
    return folder, float((folder / "seconds").read_text())


def outcome(folder):
    record = read_tournament(folder)
    return (
        (folder / "bundle" / "model.safetensors").read_bytes(),
        [(entry.state, entry.correct) for entry in record.entries],
    )


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
@pytest.mark.parametrize("kill", range(6))
def test_every_kill_can_be_gone_on_from(undisturbed, striped, tmp_path, kill):
    whole, seconds = undisturbed
    folder, luck = tmp_path / "run", random.Random(kill)
    what = "train"
    for _ in range(2):  # killed once more while it goes on
        process = started(striped, folder, what)
        while process.poll() is None and not (folder / "tournament.json").exists():
            time.sleep(0.001)
        time.sleep(luck.random() * seconds)
        process.kill()
        process.communicate()
        if (folder / "bundle").exists():
            assert open_bundle(folder).digest  # whole at any moment
        what = "resume"
    let_run(striped, folder, "resume")
    assert outcome(folder) == outcome(whole)
    assert not [path for path in folder.rglob(".*") if is_left_over(path.name)]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", [0.4, 0.7])
def test_a_signal_after_the_first_classifier_leaves_a_sealed_and_reported_run(
    undisturbed, striped, tmp_path, number, moment
):
    whole, seconds = undisturbed
    folder = tmp_path / "run"
    process = started(striped, folder)
    while process.poll() is None and not (folder / "bundle").exists():
        time.sleep(0.01)
    time.sleep(moment * seconds / 2)
    process.send_signal(number)
    said, _ = process.communicate()
    if process.returncode in (0, -number):  # it had ended already; on its way out signals are the system's again
        assert outcome(folder) == outcome(whole)
        return
    assert process.returncode == 128 + number and json.loads(said)["kept"]
    assert read_tournament(folder).ended == INTERRUPTED
    assert set(striate.Run(folder).metrics) == {"val", "test"} and (folder / "report.html").is_file()
    let_run(striped, folder, "resume")
    assert outcome(folder) == outcome(whole)


@pytest.mark.slow
def test_a_second_signal_ends_at_once_and_leaves_the_classifier_whole(undisturbed, striped, tmp_path):
    whole, _ = undisturbed
    folder = tmp_path / "run"
    process = started(striped, folder)
    while process.poll() is None and not (folder / "bundle").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode != 0 and open_bundle(folder).digest
    let_run(striped, folder, "resume")
    assert outcome(folder) == outcome(whole)
