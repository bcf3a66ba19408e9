import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from striate.training.memory import (
    available_memory,
    hand_back_freed_memory,
    keep_freed_memory,
    kept_for_backward,
    ran_out_of_memory,
    trim_memory,
)

CODE = """
import resource, sys, torch
from striate.training.memory import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        torch.ones(50_000_000 // 4)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(min(faults() for _ in range(6)))  # a small piece that lies in the way for a while makes one round grow the heap
"""


@pytest.mark.slow
@pytest.mark.skipif(not keep_freed_memory(), reason="the C library is not glibc")
def test_freed_memory_is_used_again_without_asking_the_system():
    def faults(how):
        return int(subprocess.run([sys.executable, "-c", CODE, how], capture_output=True, text=True, check=True).stdout)

    assert faults("return") > 50_000  # five times 12,000 pages
    assert faults("keep") < 2_000


def resident() -> int:
    """Bytes of this process that lie in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(
    not (keep_freed_memory() and Path("/proc/self/statm").exists()), reason="no Linux whose C library is glibc"
)
def test_what_was_kept_for_a_next_step_is_handed_back():
    keep_freed_memory()
    maps = [torch.ones(1 << 20) for _ in range(64)]  # 256 MiB
    last = torch.ones(1 << 20)  # what lies behind them is still used
    del maps
    kept = resident()
    trim_memory()
    assert kept - resident() > 200 << 20 and last.sum() == 1 << 20


class Allocator:
    """The C library, as far as it lets itself be told how to allocate."""

    def __init__(self, answer=1):
        self.told, self.answer = {}, answer

    def mallopt(self, name, value):
        self.told[name] = value
        return self.answer


# Numbers of glibc's malloc.h.
TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4


def test_what_the_allocator_is_told(monkeypatch):
    library = Allocator()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    assert keep_freed_memory()
    assert library.told == {MMAP_MAX: 0, TRIM_THRESHOLD: 2_147_483_647}  # no piece of its own, and no end is given back
    assert hand_back_freed_memory()
    assert library.told == {MMAP_MAX: 65_536, MMAP_THRESHOLD: 33_554_432, TRIM_THRESHOLD: 67_108_864}


def test_an_allocator_that_does_not_listen(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Allocator(answer=0))
    assert not keep_freed_memory() and not hand_back_freed_memory()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not keep_freed_memory() and not hand_back_freed_memory()


def test_running_out_of_memory_is_recognised():
    full = "[enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."
    for error in (MemoryError(), torch.OutOfMemoryError("CUDA out of memory"), RuntimeError(full)):
        assert ran_out_of_memory(error)
    for error in (RuntimeError("shapes"), ValueError("can't allocate memory"), KeyboardInterrupt()):
        assert not ran_out_of_memory(error)
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert ran_out_of_memory(caught.value)  # what torch really says here


def test_what_is_kept_for_backward_grows_with_the_batch_and_leaves_the_network_alone(small_network):
    network = small_network("resnet20").eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    sizes = [
        kept_for_backward(network, torch.rand(count, 1, 32, 32), lambda logits: logits.sum(), "fp32")
        for count in (2, 8)
    ]
    assert sizes[1] == pytest.approx(4 * sizes[0], rel=0.01)
    assert not network.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_available_memory():
    available = available_memory(torch.device("cpu"))
    assert available is None or 1 << 20 < available < 1 << 50
