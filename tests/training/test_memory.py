import subprocess
import sys

import pytest

from striate.training.memory import keep_freed_memory

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
faults()
print(faults())
"""


@pytest.mark.skipif(not keep_freed_memory(), reason="the C library is not glibc")
def test_freed_memory_is_used_again_without_asking_the_system():
    def faults(how):
        return int(subprocess.run([sys.executable, "-c", CODE, how], capture_output=True, text=True, check=True).stdout)

    assert faults("return") > 50_000  # five times 12,000 pages
    assert faults("keep") < 2_000
