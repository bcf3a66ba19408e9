"""Killed at any moment, a run goes on to the same bytes, or says in one sentence what to do."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

import striate
from striate.durable_writing import is_left_over
from striate.errors import UsageError

PROGRAM = """
import json, sys, striate
print("begins", flush=True)
striate.train(sys.argv[1], output=sys.argv[2], **json.loads(sys.argv[3]))
"""

KILLS = 8


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
@pytest.mark.parametrize("kill", range(KILLS))
def test_every_kill_can_be_gone_on_from(finished_run, finished_options, striped, tmp_path, kill):
    folder = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(striped), str(folder), json.dumps(finished_options)],
        stdout=subprocess.PIPE,
        env=dict(os.environ),
    )
    assert process.stdout.readline() == b"begins\n"
    while process.poll() is None and not folder.exists():  # before that there is nothing to leave behind
        time.sleep(0.0005)
    # The first ones in the moments in which the folder is filled, the others anywhere in the run.
    time.sleep(random.Random(kill).random() * (0.02 if kill < KILLS // 2 else 3))
    process.kill()
    process.communicate()
    try:
        run = striate.resume(folder)
    except UsageError as error:
        assert "was stopped before it began, and nothing of it is kept; start it anew by: striate train DATA" in str(
            error
        )
        run = striate.train(striped, output=folder, **finished_options)
    one, other = (path / "bundle" / "model.safetensors" for path in (run.folder, finished_run.folder))
    assert one.read_bytes() == other.read_bytes()
    assert not [path for path in folder.rglob(".*") if is_left_over(path.name)]
