"""The same network is the same bytes on the disk, whatever was converted before."""

import errno
import hashlib
import re
import subprocess
import sys

import pytest
import torch

from striate.conversion import convert_to_openvino, save_graph
from striate.models import create_model
from striate.openvino_loading import openvino_core

PROGRAM = """
import sys
from pathlib import Path
import torch
from striate.conversion import convert_to_openvino, save_graph
from striate.models import create_model
network = create_model(sys.argv[1], seed=0)
save_graph(convert_to_openvino(network, torch.zeros(1, network.in_channels, 32, 32)), Path(sys.argv[2]))
"""


def digests(path):
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in (path, path.with_suffix(".bin"))]


def converted(name, path):
    network = create_model(name, seed=0)
    save_graph(convert_to_openvino(network, torch.zeros(1, network.in_channels, 32, 32)), path)
    return digests(path)


@pytest.mark.parametrize(
    "name",
    ["lenet5", "resnet20", *(pytest.param(name, marks=pytest.mark.slow) for name in ("mobilenet_v2", "googlenet_bn"))],
)
def test_converted_twice_and_after_others_and_in_a_fresh_process(name, tmp_path):
    first = converted(name, tmp_path / "first.xml")
    converted("resnet20" if name == "lenet5" else "lenet5", tmp_path / "other.xml")
    assert converted(name, tmp_path / "second.xml") == first
    fresh = tmp_path / "fresh.xml"
    subprocess.run([sys.executable, "-c", PROGRAM, name, str(fresh)], check=True)
    assert digests(fresh) == first


def test_every_node_has_a_name_of_its_own(tmp_path):
    converted("resnet20", tmp_path / "a.xml")
    names = [node.get_friendly_name() for node in openvino_core().read_model(str(tmp_path / "a.xml")).get_ops()]
    assert len(set(names)) == len(names)
    assert "images" in names
    text = (tmp_path / "a.xml").read_text()
    assert '<net name="network" ' in text
    counters = [int(number) for number in re.findall(r' name="[^"]*_(\d+)"', text)]
    assert 0 < max(counters) < len(names)


def test_a_quantised_graph_too(tmp_path):
    nncf = pytest.importorskip("nncf")
    import numpy as np

    from striate.conversion.quantization import quantize_graph

    assert nncf
    converted("lenet5", tmp_path / "engine.xml")
    images = np.random.default_rng(0).standard_normal((4, 1, 1, 32, 32), dtype=np.float32)
    for name in ("one.xml", "two.xml"):
        save_graph(quantize_graph(tmp_path / "engine.xml", lambda place: images[place], 4), tmp_path / name)
    assert digests(tmp_path / "one.xml") == digests(tmp_path / "two.xml")


@pytest.mark.parametrize(
    ("beside", "number", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), errno.ENOSPC, "No space left on device"),
        (None, errno.EIO, "OpenVINO cannot write it (iostream error)"),
    ],
)
def test_a_graph_that_cannot_be_written_is_told_as_the_system_tells_it(tmp_path, monkeypatch, beside, number, said):
    """OpenVINO says of a full disk no more than that a stream failed."""

    class Broken:
        @staticmethod
        def save_model(*arguments, **options):
            raise RuntimeError("Exception from src:1\niostream error")

    def write(path, content):
        if beside is not None:
            raise beside

    network = create_model("lenet5_relu")
    graph = convert_to_openvino(network, torch.zeros(1, 1, 32, 32))
    monkeypatch.setattr("striate.conversion.saving.load_openvino", Broken)
    monkeypatch.setattr("striate.conversion.saving.write_durably", write)
    with pytest.raises(OSError, match=re.escape(said)) as raised:
        save_graph(graph, tmp_path / "engine.xml")
    assert (raised.value.errno, raised.value.filename) == (number, str(tmp_path / "engine.xml"))
    assert list(tmp_path.iterdir()) == []
