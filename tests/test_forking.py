"""Forks and running networks keep apart, and torch goes on in a child."""

import subprocess
import sys
import threading
import time

import pytest

import striate.forking
from striate.forking import ForkGate


def test_a_fork_waits_for_what_runs_and_lets_nothing_begin():
    gate = ForkGate()
    order = []
    inside, leave = threading.Event(), threading.Event()

    def run():
        with gate.running():
            inside.set()
            leave.wait(10)
            order.append("ran")

    def run_later():
        with gate.running():
            order.append("ran later")

    first = threading.Thread(target=run)
    first.start()
    inside.wait(10)
    fork = threading.Thread(target=lambda: (gate.close(), order.append("forked"), time.sleep(0.05), gate.reopen()))
    fork.start()
    while not gate._forks:
        time.sleep(0.001)
    second = threading.Thread(target=run_later)
    second.start()
    leave.set()
    for thread in (first, fork, second):
        thread.join(10)
    assert order == ["ran", "forked", "ran later"]


def test_a_fork_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(striate.forking, "PATIENCE", 0.05)
    gate = ForkGate()
    with gate.running():
        gate.close()
    gate.renew()
    with gate.running():  # as in the child, where nothing runs and no fork is under way
        pass


TORCH_IN_A_CHILD = """
import os, signal, striate.forking, torch
torch.set_num_threads(2)
network, images = torch.nn.Conv2d(3, 64, 3), torch.ones(4, 3, 96, 96)
before = network(images).sum()
child = os.fork()
if not child:
    signal.alarm(30)
    os._exit(not torch.isclose(network(images).sum(), before) or torch.get_num_threads() != 1)
assert torch.get_num_threads() == 2
raise SystemExit(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_torch_computes_in_a_child():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TORCH_IN_A_CHILD], capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
