import re
import subprocess
import sys
from pathlib import Path

import pytest

from striate.openvino_loading import load_openvino, openvino_core

SIGNAL_AFTER_TWO_NETWORKS = """
import faulthandler, gc, signal, subprocess
import numpy as np
from striate.openvino_loading import load_openvino
from striate.openvino_loading import compile_graph

faulthandler.enable()  # it gives signals a stack of their own
signal.signal(signal.SIGCHLD, lambda *_: print("a child has ended"))
openvino = load_openvino()
inputs = openvino.opset13.parameter([1, 4], np.float32)
graph = openvino.Model([openvino.opset13.relu(inputs)], [inputs])
first = compile_graph(graph)
second = compile_graph(graph)
del first
gc.collect()
del second
gc.collect()
subprocess.run(["true"])
"""


def test_there_is_one_core():
    assert openvino_core() is openvino_core()
    assert isinstance(openvino_core(), load_openvino().Core)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind are not on Windows")
def test_a_signal_after_two_networks_ends_nothing():
    done = subprocess.run(
        [sys.executable, "-c", SIGNAL_AFTER_TWO_NETWORKS], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "a child has ended\n"), done.stderr


def test_nothing_else_imports_it():
    """Whoever did would bring its telemetry, which then reports each conversion: a process, and a second's wait for the network."""
    root = Path(__file__).parents[1]
    pages = [path for folder in ("src", "tests", "benchmarks", "examples") for path in (root / folder).rglob("*.py")]
    imports = re.compile(r"^ *(import|from) openvino\b", re.MULTILINE)
    found = {str(path.relative_to(root)) for path in pages if imports.search(path.read_text(encoding="utf-8"))}
    assert found == {"src/striate/openvino_loading.py"}
