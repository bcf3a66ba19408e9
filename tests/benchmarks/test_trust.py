"""Short goes of what measures that nothing is lost."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks/trust"


def run(name, *arguments):
    command = [sys.executable, str(FOLDER / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=False)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_kill_in_every_stage_of_a_run_leaves_the_same_bundle():
    done = run("kills.py", "--kills", 4, "--seed", 1)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_small_disks():
    unshare = shutil.which("unshare")
    mounts = [unshare or "unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt"]
    if unshare is None or subprocess.run(mounts, capture_output=True, check=False).returncode:
        pytest.skip("the system does not let us mount a disk of memory")
    done = run("full_disk.py", "--sizes", 4, "--only", "filter,export openvino")
    assert done.returncode == 0, done.stdout + done.stderr
